//! Synthetic events: they match, and change as little as possible.

use iamwatch::pattern::{Event, EventPattern};
use serde_json::{Value, json};

use super::vectors::own_files;

fn pattern(value: &Value) -> EventPattern {
    EventPattern::from_value(value).unwrap()
}

#[test]
fn a_minimal_event_is_made_of_natural_values() {
    let witness = pattern(&json!({
        "source": [{ "prefix": "iamwatch.test." }],
        "detail": {
            "eventName": [{ "wildcard": "Attach*Policy" }],
            "userIdentity": { "type": ["Root"], "invokedBy": [{ "exists": false }] },
            "eventType": [{ "anything-but": "AwsServiceEvent" }],
            "sourceIPAddress": [{ "cidr": "203.0.113.0/24" }],
            "count": [{ "numeric": [">", 0, "<=", 5] }],
            "errorCode": [{ "exists": true }],
        }
    }))
    .witness();
    let expected = json!({
        "source": "iamwatch.test.",
        "detail": {
            "eventName": "AttachxPolicy",
            "userIdentity": { "type": "Root" },
            "eventType": "other",
            "sourceIPAddress": "203.0.113.1",
            "count": 1,
            "errorCode": "x",
        }
    });
    assert_eq!(witness, Some(expected));
}

#[test]
fn over_a_base_only_failing_fields_change() {
    let base = json!({
        "source": "aws.iam",
        "detail": {
            "eventName": "AttachRolePolicy",
            "errorCode": "AccessDenied",
            "requestParameters": null,
            "resources": [{ "ARN": "arn:1", "type": "role" }],
        }
    });
    let changed = pattern(&json!({
        "source": ["aws.iam"],
        "detail": {
            "eventName": [{ "prefix": "Attach" }],
            "errorCode": [{ "exists": false }],
            "requestParameters": { "policyArn": [{ "suffix": ":policy/AdministratorAccess" }] },
            "resources": { "type": ["role"] },
        }
    }))
    .witness_over(&base);
    let expected = json!({
        "source": "aws.iam",
        "detail": {
            "eventName": "AttachRolePolicy",
            "requestParameters": { "policyArn": ":policy/AdministratorAccess" },
            "resources": [{ "ARN": "arn:1", "type": "role" }],
        }
    });
    assert_eq!(changed, Some(expected));
}

#[test]
fn contradictions_have_no_event() {
    let none = pattern(&json!({ "a": [{ "equals-ignore-case": "\u{1F600}" }] })).witness();
    assert!(none.is_some(), "two question marks match it");
    let none = pattern(&json!({ "a": [{ "numeric": ["<", -1.7976931348623157e308] }] })).witness();
    assert_eq!(none, None);
}

#[test]
fn nearly_every_pattern_of_the_vectors_has_an_event() {
    let (mut found, mut missing) = (0, Vec::new());
    for file in own_files() {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            if line["expect"] != true {
                continue;
            }
            let text = line["pattern_text"]
                .as_str()
                .map_or_else(|| line["pattern"].to_string(), str::to_owned);
            let pattern = EventPattern::parse(&text).unwrap();
            match pattern.witness() {
                Some(event) => {
                    assert!(
                        pattern.matches(&Event::from_value(&event).unwrap()),
                        "{text}"
                    );
                    found += 1;
                }
                None => missing.push(text),
            }
        }
    }
    // Numbers that no float holds cannot be written into a JSON value in memory.
    assert!(
        missing.len() * 50 < found,
        "{found} found, missing {missing:#?}"
    );
}
