//! Calls that were refused: the rules that hear of them say so, and what to write against a flood of them.

use iamwatch::check::{self, tests::event_of};
use iamwatch::compile::{Compiled, PATTERN_QUOTA, compile};
use iamwatch::pattern::{Event, EventPattern};
use iamwatch::rules::{Expect, WENT_THROUGH};
use serde_json::{Value, json};

use super::{compiled, entry, single_rules};

fn fires(parts: &[Compiled], event: &Value) -> bool {
    let event = Event::from_value(event).unwrap();
    let pattern = |part: &Compiled| EventPattern::from_value(&part.pattern).unwrap();
    parts.iter().any(|part| pattern(part).matches(&event))
}

#[test]
fn whoever_hears_of_refusals_says_so_and_can_leave_them_out() {
    let catalogue = check::whole_catalogue().file.unwrap();
    let compiled = compiled();
    let mut said = 0;
    let narrowable = single_rules().filter(|rule| rule.hears_refusals && !rule.events.is_empty());
    for rule in narrowable {
        let id = &rule.id;
        let text = format!(
            "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\nchannels: {{ mail: {{ email: a@example.com }} }}\nnotify: {{ default: [mail] }}\nrules:\n  - use: {id}\n    {WENT_THROUGH}\n"
        );
        let loaded = check::load_text("rules.yaml", &text);
        let file = loaded
            .file
            .unwrap_or_else(|| panic!("{id}: {:#?}", loaded.diagnostics));
        let narrowed = compile(&file, PATTERN_QUOTA).unwrap();
        let whole = catalogue
            .rules
            .iter()
            .find(|whole| whole.id == *id)
            .unwrap();
        for test in whole
            .tests
            .iter()
            .filter(|test| test.expect == Expect::Match)
        {
            let mut event = event_of(&catalogue, test).unwrap();
            // Sign-ins have no error code.
            if event["detail"]["eventSource"] == "signin.amazonaws.com" {
                continue;
            }
            event["detail"]["errorCode"] = json!("AccessDenied");
            assert!(fires(&compiled[&id.0], &event), "{id}: {}", test.name);
            assert!(!fires(&narrowed, &event), "{id}: {}", test.name);
            event["detail"].as_object_mut().unwrap().remove("errorCode");
            assert!(fires(&narrowed, &event), "{id}: {}", test.name);
            said += 1;
        }
    }
    assert!(said > 150, "{said}");
}

/// Whoever tries to stop a trail is told of, and a flood of such attempts is a flood of alerts: the rule says so.
#[test]
fn raw_patterns_say_it_as_well() {
    for id in ["pipeline/tamper", "pipeline/tamper-watch"] {
        assert!(entry(id).hears_refusals, "{id}");
        let mut event = json!({ "source": "aws.cloudtrail", "detail-type": "AWS API Call via CloudTrail",
            "detail": { "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging" } });
        assert!(fires(&compiled()[id], &event), "{id}");
        event["detail"]["errorCode"] = json!("AccessDenied");
        assert!(fires(&compiled()[id], &event), "{id}");
    }
}

/// An attempt at these is no flood: it is what they are for, or nothing that can be refused.
#[test]
fn the_others_have_a_reason() {
    let mut others: Vec<&str> = single_rules()
        .filter(|rule| !rule.hears_refusals)
        .map(|rule| rule.id.0.as_str())
        .filter(|id| !id.starts_with("signin/"))
        .collect();
    others.sort_unstable();
    assert_eq!(
        others,
        [
            "calls/denied",
            "identity-center/challenge",
            "identity-center/sign-in",
            "identity-center/sign-in-failed",
            "organizations/account-departed",
            "organizations/account-joined",
            "root/credentials",
            "root/sign-in",
        ]
    );
    let denied = &entry("calls/denied").description;
    assert!(
        denied.contains("without any right") && denied.contains("when: {"),
        "{denied}"
    );
}
