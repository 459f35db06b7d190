//! The definition is one that Step Functions takes, however large the file.

use iamwatch::dispatcher::{Channel, LARGEST, size};
use iamwatch::jsonata::Expression;
use serde_json::{Value, json};

use super::{branch, definition, evaluated, expression, rule, topic, with_dispatcher};

fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        _ => {}
    }
}

#[test]
fn every_expression_parses_and_no_constant_ends_one() {
    let hostile = "50%} \"off\" {% $error('x') %} 'a' \\";
    let definition = with_dispatcher(3, |dispatcher| {
        let account = "222233334444".parse().unwrap();
        let accounts = &mut dispatcher.surroundings.accounts;
        accounts.insert(account, hostile.to_owned());
        if let Some(Channel::Slack { channel, .. }) = dispatcher.channels.get_mut("slack") {
            *channel = "{% $error('x') %}".to_owned();
        }
        dispatcher.fallback.name = hostile.to_owned();
        dispatcher.definition()
    });
    let mut found = Vec::new();
    texts(&definition, &mut found);
    let mut count = 0;
    for text in found.iter().filter(|text| text.starts_with("{%")) {
        let inside = expression(text).unwrap_or_else(|| panic!("{text}"));
        assert!(!inside.contains("%}") && !inside.contains('\n'), "{text}");
        Expression::parse(inside).unwrap_or_else(|e| panic!("{e}: {inside}"));
        count += 1;
    }
    assert!(count > 80, "{count}");
    let body = &super::delivery(&definition)["To slack"]["Arguments"]["RequestBody"];
    let channel = evaluated(&body["channel"], &[]).unwrap();
    assert_eq!(channel, "{% $error('x') %}");
}

#[test]
fn thousands_of_accounts_fit() {
    for accounts in [1_000, 10_000] {
        let definition = definition(accounts);
        assert!(size(&definition) < LARGEST, "{}", size(&definition));
        // The request carries the definition as a text.
        let request = json!(definition.to_string()).to_string();
        assert!(request.len() < LARGEST, "{}", request.len());
    }
}

#[test]
fn the_digest_says_which_definition_spoke() {
    let digest = |definition: &Value| {
        let digest = branch(definition)["Read"]["Assign"]["digest"].as_str();
        digest.unwrap().to_owned()
    };
    let (first, again) = (definition(3), definition(3));
    assert_eq!(first, again);
    assert_eq!(digest(&first).len(), 12);
    let other = with_dispatcher(3, |dispatcher| {
        let other = Channel::Sns {
            topic: topic("another"),
        };
        dispatcher.channels.insert("another".to_owned(), other);
        dispatcher.definition()
    });
    assert_ne!(digest(&first), digest(&other));
}

#[test]
fn a_rule_without_channels_is_heard_by_the_fallback_channel_and_a_probe_by_the_prober() {
    let definition = definition(3);
    let states = branch(&definition);
    let items = |mode: &str, rule: &Value| {
        let seen = json!({ "input": { "rule": rule } });
        let channels = evaluated(&states["Read"]["Assign"]["channels"], &[("states", &seen)]);
        let (channels, alert) = (channels.unwrap(), json!({ "mode": mode }));
        let variables = [("channels", &channels), ("alert", &alert)];
        evaluated(&states["Deliver"]["Items"], &variables).unwrap()
    };
    let three = json!([{ "channel": "mail" }, { "channel": "slack" }, { "channel": "pagerduty" }]);
    assert_eq!(items("real", &rule()), three);
    assert_eq!(items("test", &rule()), three);
    assert_eq!(items("probe", &rule()), json!([{ "channel": "probe" }]));
    for (channels, wanted) in [
        (json!(["slack"]), "slack"),
        (json!("slack"), "slack"),
        (json!(["slack", "slack"]), "slack"),
        (json!([]), "mail"),
        (json!(null), "mail"),
        (json!([1, null, {}, ""]), "mail"),
    ] {
        let rule = json!({ "channels": channels });
        assert_eq!(
            items("real", &rule),
            json!([{ "channel": wanted }]),
            "{rule}"
        );
    }
    for rule in [json!(null), json!("iam/changes"), json!([])] {
        assert_eq!(
            items("real", &rule),
            json!([{ "channel": "mail" }]),
            "{rule}"
        );
    }
}

#[test]
fn integrations_are_those_of_the_partition() {
    let china = "cn-north-1".parse().unwrap();
    let definition = with_dispatcher(0, |dispatcher| {
        let mut dispatcher = dispatcher.clone();
        dispatcher.surroundings.home = &china;
        dispatcher.definition()
    });
    let resource = &branch(&definition)["Keep"]["Resource"];
    assert_eq!(*resource, "arn:aws-cn:states:::dynamodb:putItem");
}
