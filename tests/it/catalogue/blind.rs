//! What CloudTrail does not say does not hide a call: parameters that were left out.

use iamwatch::check::{self, tests::event_of};
use iamwatch::compile::{Compiled, PATTERN_QUOTA, compile};
use iamwatch::pattern::{Event, EventPattern};
use iamwatch::rules::{Events, Expect, RuleTest, RulesFile, Trigger};
use serde_json::{Value, json};

use super::compiled;

fn fires(parts: &[Compiled], event: &Value) -> bool {
    let event = Event::from_value(event).unwrap();
    let pattern = |part: &Compiled| EventPattern::from_value(&part.pattern).unwrap();
    parts.iter().any(|part| pattern(part).matches(&event))
}

/// The events of a test as CloudTrail records them where the parameters were too large.
fn left_out(file: &RulesFile, test: &RuleTest) -> Vec<Value> {
    let event = event_of(file, test).unwrap();
    let marks = [
        json!({ "omitted": true, "reason": "requestParameters too large", "originalSize": 131_000 }),
        json!({ "omitted": "true" }),
        Value::Null,
    ];
    let without = |asked: Value| {
        let mut event = event.clone();
        event["detail"]["requestParameters"] = asked;
        event
    };
    let refused = event["detail"].get("errorCode").is_some();
    let marks = marks
        .into_iter()
        .filter(|mark| !(mark.is_null() && refused));
    marks.map(without).collect()
}

fn is_about(events: &Events, event: &Value) -> bool {
    let text = |field: &str| event["detail"][field].as_str().unwrap();
    events.globs.iter().any(|glob| {
        let service = text("eventSource").strip_suffix(".amazonaws.com").unwrap();
        (glob.service == "*" || glob.service == service)
            && crate::laws::meaning::glob(&glob.name, text("eventName"))
    })
}

#[test]
fn every_rule_fires_on_its_events_with_parameters_left_out() {
    let file = check::whole_catalogue().file.unwrap();
    let compiled = compiled();
    let (mut asking, mut others) = (0, 0);
    for rule in &file.rules {
        let parts = &compiled[&rule.id.0];
        for test in &rule.tests {
            for event in left_out(&file, test) {
                let name = format!("{}: {}: {event}", rule.id, test.name);
                match (test.expect, &rule.trigger) {
                    (Expect::Match, _) => assert!(fires(parts, &event), "{name}"),
                    // Events of others stay theirs.
                    (Expect::NoMatch, Trigger::Events(events)) if !is_about(events, &event) => {
                        assert!(!fires(parts, &event), "{name}");
                        others += 1;
                    }
                    (Expect::NoMatch, _) => {}
                }
            }
        }
        if let Trigger::Events(events) = &rule.trigger {
            asking += usize::from(events.when_omitted);
        }
    }
    assert!(asking >= 6 && others > 100, "{asking} {others}");
}

#[test]
fn a_call_that_was_refused_says_nothing_of_its_parameters() {
    let compiled = compiled();
    for (id, service, name) in [
        ("iam/admin-attached", "iam", "AttachRolePolicy"),
        ("iam/default-version", "iam", "CreatePolicyVersion"),
        ("pipeline/tamper", "iam", "PutRolePolicy"),
        ("pipeline/tamper-watch", "events", "PutTargets"),
    ] {
        let mut event = json!({
            "source": format!("aws.{service}"), "detail-type": "AWS API Call via CloudTrail",
            "detail": {
                "eventSource": format!("{service}.amazonaws.com"), "eventName": name,
                "userIdentity": { "type": "IAMUser" }, "requestParameters": null, "errorCode": "AccessDenied",
            },
        });
        assert!(!fires(&compiled[id], &event), "{id}");
        event["detail"].as_object_mut().unwrap().remove("errorCode");
        assert!(fires(&compiled[id], &event), "{id}");
    }
}

fn loaded(rules: &str) -> Vec<Compiled> {
    let head = "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\nrules:\n";
    let loaded = check::load_text("rules.yaml", &format!("{head}{rules}"));
    let file = loaded
        .file
        .unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    compile(&file, PATTERN_QUOTA).unwrap()
}

#[test]
fn conditions_of_a_use_do_not_hide_it_either() {
    let narrowed = |more: &str| loaded(&format!("  - use: iam/admin-attached\n    {more}\n"));
    let asked_for = narrowed("when: { requestParameters.roleName: prod-* }");
    let excepted = narrowed("unless: { requestParameters.roleName: [dev, test] }");
    let event = |asked: Value| {
        json!({
            "source": "aws.iam", "detail-type": "AWS API Call via CloudTrail",
            "detail": {
                "eventSource": "iam.amazonaws.com", "eventName": "AttachRolePolicy",
                "userIdentity": { "type": "IAMUser" }, "requestParameters": asked,
            },
        })
    };
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    for (asked, alerts) in [
        (json!({ "roleName": "prod-web", "policyArn": admin }), true),
        (json!({ "roleName": "dev", "policyArn": admin }), false),
        (
            json!({ "roleName": "prod-web", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess" }),
            false,
        ),
        (json!({ "roleName": "prod-web" }), false),
        (json!({ "omitted": true }), true),
        (Value::Null, true),
    ] {
        assert_eq!(fires(&asked_for, &event(asked.clone())), alerts, "{asked}");
        assert_eq!(fires(&excepted, &event(asked.clone())), alerts, "{asked}");
    }
}

/// In a rule of one's own a condition holds where the field is, and what is missing can be asked for.
#[test]
fn a_rule_of_ones_own_says_so_itself() {
    let rule = |more: &str| {
        loaded(&format!(
            "  - id: own\n    events: ['iam:PutRolePolicy']\n    when:\n      - {{ requestParameters.roleName: prod-* }}\n{more}"
        ))
    };
    let event = |asked: Value| {
        json!({
            "source": "aws.iam", "detail-type": "AWS API Call via CloudTrail",
            "detail": { "eventSource": "iam.amazonaws.com", "eventName": "PutRolePolicy", "requestParameters": asked },
        })
    };
    let omitted = || event(json!({ "omitted": true }));
    assert!(!fires(&rule(""), &omitted()));
    let both = rule(
        "      - { requestParameters.omitted: true }\n      - { requestParameters: null, errorCode: { exists: false } }\n",
    );
    assert!(fires(&both, &omitted()) && fires(&both, &event(Value::Null)));
    assert!(!fires(&both, &event(json!({ "roleName": "dev" }))));
}

/// What a person reads of a miss is what the rule is about.
#[test]
fn explanations_and_test_events_are_about_parameters_that_are_there() {
    let parts = loaded("  - use: iam/admin-attached\n");
    let meant = parts[0].as_meant().to_string();
    assert!(
        !meant.contains("omitted") && !meant.contains("[null]"),
        "{meant}"
    );
    assert!(meant.contains("AdministratorAccess"), "{meant}");
    EventPattern::parse(&meant).unwrap();
    for part in compiled().values().flatten() {
        EventPattern::from_value(&part.as_meant()).unwrap();
        EventPattern::from_value(&part.with_parameters()).unwrap();
    }
}
