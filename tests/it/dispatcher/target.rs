//! What a detector's target hands over.

use iamwatch::dispatcher::{Constants, LONGEST_TEMPLATE, fits, input_template};
use serde_json::{Value, json};

fn constants() -> Constants {
    Constants {
        id: "root/sign-in".to_owned(),
        title: "\"Root\" <signed> in & out".to_owned(),
        severity: "critical".to_owned(),
        channels: vec!["mail".to_owned()],
        todo: Some("Call <aws.events.rule-arn> 'now'\nor ask {% $x %}".to_owned()),
        runbook: None,
        headline: Some(json!(["did <", { "of": ["requestParameters.roleName"] }])),
    }
}

#[test]
fn only_the_event_is_a_variable_and_the_constants_come_back_whole() {
    let template = input_template(&constants());
    assert_eq!(template.matches('<').count(), 1, "{template}");
    assert_eq!(template.matches('>').count(), 1, "{template}");
    let input: Value =
        serde_json::from_str(&template.replace("<aws.events.event.json>", "{}")).unwrap();
    assert_eq!(input["rule"], json!(constants()));
    assert_eq!(input["rule"]["title"], "\"Root\" <signed> in & out");
    assert_eq!(input["rule"].get("runbook"), None);
    assert_eq!(input["event"], json!({}));
}

#[test]
fn a_template_has_8192_characters_at_most() {
    let without = Constants::default();
    let room = LONGEST_TEMPLATE - input_template(&without).chars().count();
    let titled = |length: usize| {
        let title = "ü".repeat(length);
        input_template(&Constants {
            title,
            ..Constants::default()
        })
    };
    assert!(fits(&titled(room)));
    assert!(!fits(&titled(room + 1)));
}
