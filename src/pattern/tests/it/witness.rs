//! Synthetic events: they match, and change as little as possible.

use eventbridge_pattern::{Event, EventPattern};
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

#[test]
fn an_event_for_two_changes_what_fails_in_one_of_them() {
    let base = json!({ "name": "CreateUser", "by": "alice", "from": "192.0.2.1" });
    let shared = |a: Value, b: Value| {
        let (a, b) = (pattern(&a), pattern(&b));
        let (ours, theirs) = (a.branches().next().unwrap(), b.branches().next().unwrap());
        let event = ours.shared_witness(&theirs, &base)?;
        let parsed = Event::from_value(&event).unwrap();
        assert!(a.matches(&parsed) && b.matches(&parsed), "{event}");
        assert!(!ours.excludes(&theirs) && !theirs.excludes(&ours));
        Some(event)
    };
    assert_eq!(
        shared(
            json!({ "name": [{ "prefix": "Create" }], "code": [{ "exists": false }] }),
            json!({ "name": ["CreateUser", "CreateRole"] }),
        ),
        Some(base.clone())
    );
    assert_eq!(
        shared(
            json!({ "by": [{ "prefix": "b" }], "code": ["Denied"] }),
            json!({ "by": ["carol", "bob"], "name": [{ "exists": true }] }),
        ),
        Some(json!({ "name": "CreateUser", "by": "bob", "from": "192.0.2.1", "code": "Denied" }))
    );
    assert_eq!(
        shared(
            json!({ "by": ["bob", { "exists": false }] }),
            json!({ "by": ["carol", { "exists": false }] }),
        ),
        Some(json!({ "name": "CreateUser", "from": "192.0.2.1" }))
    );
    // Nothing is both; nothing is found where a person would not look either.
    assert_eq!(
        shared(
            json!({ "by": [{ "prefix": "a" }] }),
            json!({ "by": [{ "prefix": "b" }] })
        ),
        None
    );
}

#[test]
fn each_test_of_a_field_accepts_texts_by_itself() {
    let pattern = pattern(&json!({ "a": ["x", { "prefix": "y" }, { "anything-but": "x" }] }));
    let branch = pattern.branches().next().unwrap();
    let accepted = branch.accepted_by_each("a", &["x", "yes", "no"]);
    assert_eq!(
        accepted,
        [vec!["x"], vec!["yes"], vec!["yes", "no"]],
        "in the order of the tests"
    );
    assert!(branch.accepted_by_each("b", &["x"]).is_empty());
}

#[test]
fn branches_exclude_each_other_only_by_texts_that_differ() {
    let excludes = |a: Value, b: Value| {
        let (a, b) = (pattern(&a), pattern(&b));
        let (ours, theirs) = (a.branches().next().unwrap(), b.branches().next().unwrap());
        ours.excludes(&theirs)
    };
    let a = json!({ "a": ["x"], "b": ["1"], "c": [true] });
    assert!(excludes(a.clone(), json!({ "b": ["2", "3"] })));
    assert!(excludes(a.clone(), json!({ "c": [{ "exists": false }] })));
    assert!(!excludes(a.clone(), json!({ "b": ["2", "1"] })));
    assert!(!excludes(a.clone(), json!({ "b": [{ "prefix": "2" }] })));
    assert!(!excludes(a, json!({ "d": ["x"] })));
}
