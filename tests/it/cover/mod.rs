//! Laws of the forwarder cover: it passes whatever a detector wants, and nothing twice.

mod raw;

use iamwatch::compile::{
    self, Compiled, Forwarder, PATTERN_LIMIT, PATTERN_QUOTA, RuleState, Where, cover,
};
use iamwatch::pattern::{Event, EventPattern};
use iamwatch::rules::GLOBAL_SERVICES;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::laws::{event, file_with, matches, rule};
use crate::shared;
use raw::{detector, odd_event, raw_pattern};

const PLACES: [Where; 2] = [Where::GlobalRegion, Where::OtherRegion];
/// As many forwarders as a place should ever have.
const FEW: usize = 10;

/// Whether such an event can come in such a place.
fn appears(event: &Value, place: Where) -> bool {
    let text = |pointer: &str| {
        event
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let global = |name: Option<&str>| name.is_some_and(|name| GLOBAL_SERVICES.contains(&name));
    let root_sign_in =
        text("/detail/eventName") == "ConsoleLogin" && text("/detail/userIdentity/type") == "Root";
    place == Where::GlobalRegion
        || !(global(text("/source").strip_prefix("aws."))
            || global(text("/detail/eventSource").strip_suffix(".amazonaws.com"))
            || root_sign_in)
}

/// The same event as iamwatch sends it for a test.
fn synthetic(event: &Value, source: &str) -> Value {
    let mut event = event.clone();
    event["source"] = json!(source);
    if event["detail"].is_object() {
        event["detail"]["iamwatch"] = json!(compile::TEST_MARK);
    }
    event
}

/// How often events were passed, wanted or not.
#[derive(Default)]
struct Seen {
    wanted: usize,
    passed: usize,
    alerting: usize,
    parts: usize,
}

/// Checks the laws on some events, and counts.
fn obeys(
    compiled: &[Compiled],
    events: &[Value],
    place: Where,
    quota: usize,
    seen: &mut Seen,
) -> Vec<Forwarder> {
    let forwarders = cover(compiled, place, quota);
    assert!(forwarders.len() <= FEW, "{} forwarders", forwarders.len());
    seen.parts = seen.parts.max(forwarders.len());
    let parsed = |pattern: &Value| {
        let text = pattern.to_string();
        EventPattern::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    let covers: Vec<EventPattern> = forwarders.iter().map(|f| parsed(&f.pattern)).collect();
    let detectors: Vec<EventPattern> = compiled.iter().map(|c| parsed(&c.pattern)).collect();
    for text in covers.iter().map(EventPattern::text) {
        assert!(
            text.chars().count() <= quota,
            "{} > {quota}: {text}",
            text.len()
        );
    }
    for json in events.iter().filter(|event| appears(event, place)) {
        let event = Event::parse(&json.to_string()).unwrap();
        let passing = covers
            .iter()
            .zip(&forwarders)
            .filter(|(cover, _)| cover.matches(&event));
        let states: Vec<RuleState> = passing.map(|(_, forwarder)| forwarder.state).collect();
        assert!(states.len() <= 1, "twice: {json}\n{covers:#?}");
        seen.passed += states.len();
        seen.alerting += usize::from(detectors.iter().any(|d| d.matches(&event)));
        let wanting = detectors
            .iter()
            .zip(compiled)
            .filter(|(d, _)| d.matches(&event));
        for (pattern, detector) in wanting {
            seen.wanted += 1;
            let lets_through =
                |state: &RuleState| *state == RuleState::EnabledWithAll || *state == detector.state;
            assert!(
                states.iter().any(lets_through),
                "lost: {json}\nwanted by {}\n{:#?}",
                pattern.text(),
                covers.iter().map(EventPattern::text).collect::<Vec<_>>()
            );
        }
    }
    forwarders
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    })
}

/// Events of the generated kind, in envelopes of their own and in synthetic ones.
fn events() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec((event(), any::<bool>()), 12).prop_map(|events| {
        events
            .into_iter()
            .map(|(event, test)| {
                if test {
                    synthetic(&event, "iamwatch.test.laws")
                } else {
                    event
                }
            })
            .collect()
    })
}

fn quota() -> impl Strategy<Value = usize> {
    select(&[PATTERN_LIMIT, PATTERN_QUOTA, 900, 600, 400, 300][..])
}

#[test]
fn whatever_a_rule_wants_is_passed_once() {
    let mut counted = Seen::default();
    {
        let cell = std::cell::RefCell::new(&mut counted);
        runner(100)
            .run(
                &(
                    prop::collection::vec(rule(), 1..12),
                    events(),
                    select(&PLACES[..]),
                    quota(),
                ),
                |(rules, events, place, quota)| {
                    let compiled: Vec<Compiled> = rules
                        .into_iter()
                        .filter_map(|rule| compile::compile(&file_with(rule), PATTERN_LIMIT).ok())
                        .flatten()
                        .collect();
                    obeys(&compiled, &events, place, quota, &mut cell.borrow_mut());
                    Ok(())
                },
            )
            .unwrap();
    }
    // Some hundred as a rule: by chance fewer.
    assert!(counted.wanted > 50, "{}", counted.wanted);
    assert!(counted.parts > 1, "never more than one part");
}

fn loaded(text: &str) -> Vec<Compiled> {
    let file = iamwatch::check::load_text("rules.yaml", text).file.unwrap();
    compile::compile(&file, PATTERN_QUOTA).unwrap()
}

fn acme() -> Vec<Compiled> {
    loaded(include_str!("../../../examples/acme.yaml"))
}

#[test]
fn the_example_needs_one_forwarder_that_leaves_the_rest_alone() {
    let compiled = acme();
    let call = |service: &str, name: &str, kind: &str| {
        json!({
            "source": format!("aws.{service}"), "detail-type": "AWS API Call via CloudTrail",
            "detail": {
                "eventSource": format!("{service}.amazonaws.com"), "eventName": name,
                "eventType": "AwsApiCall", "userIdentity": { "type": kind },
            },
        })
    };
    for place in PLACES {
        let forwarders = cover(&compiled, place, PATTERN_QUOTA);
        assert_eq!(forwarders.len(), 1);
        let passed = |event: Value| forwarders.iter().any(|f| matches(&f.pattern, &event));
        let home = place == Where::GlobalRegion;
        assert!(!passed(call("ec2", "RunInstances", "IAMUser")));
        assert!(!passed(call("iam", "ListUsers", "IAMUser")));
        assert!(!passed(call("sts", "AssumeRole", "AWSService")));
        assert!(passed(call("ec2", "RunInstances", "Root")));
        assert!(passed(call("sts", "GetFederationToken", "IAMUser")));
        assert_eq!(passed(call("iam", "CreateUser", "IAMUser")), home);
    }
}

#[test]
fn whatever_a_raw_pattern_wants_is_passed_once() {
    let mut counted = Seen::default();
    let cell = std::cell::RefCell::new(&mut counted);
    let state = || select(&[RuleState::Enabled, RuleState::EnabledWithAll][..]);
    let detectors = prop::collection::vec((raw_pattern(), state()), 1..10);
    let events = prop::collection::vec(odd_event(), 16);
    runner(100)
        .run(
            &(detectors, events, select(&PLACES[..]), quota()),
            |(detectors, events, place, quota)| {
                let compiled: Vec<Compiled> = detectors
                    .into_iter()
                    .filter(|(pattern, _)| EventPattern::parse(&pattern.to_string()).is_ok())
                    .map(|(pattern, state)| detector(pattern, state))
                    .collect();
                obeys(&compiled, &events, place, quota, &mut cell.borrow_mut());
                Ok(())
            },
        )
        .unwrap();
    assert!(counted.wanted > 200, "{}", counted.wanted);
}

/// Whether some path of a pattern leads through another one, whatever branch of `$or` either stands in.
fn is_value_and_object(pattern: &Value) -> bool {
    fn paths(value: &Value, here: &str, found: &mut Vec<String>) {
        for (key, inner) in value.as_object().into_iter().flatten() {
            match (key.as_str(), inner) {
                ("$or", Value::Array(branches)) => {
                    for branch in branches {
                        paths(branch, here, found);
                    }
                }
                (key, Value::Object(_)) => paths(inner, &format!("{here}{key}."), found),
                (key, _) => found.push(format!("{here}{key}.")),
            }
        }
    }
    let mut found = Vec::new();
    paths(pattern, "", &mut found);
    found.iter().any(|path| {
        let mut others = found.iter();
        others.any(|other| other != path && other.starts_with(path.as_str()))
    })
}

#[test]
fn what_fits_passes_exactly_what_the_patterns_do() {
    let mut same = (0, 0);
    let cell = std::cell::RefCell::new(&mut same);
    let detectors = prop::collection::vec(raw_pattern(), 1..4);
    runner(100)
        .run(
            &(detectors, prop::collection::vec(odd_event(), 24)),
            |(patterns, events)| {
                // What is widened on purpose stays out: the mark, wildcards in names, rare names of fields, and
                // fields that are tested both as a value and as an object.
                let plain = |pattern: &Value| {
                    let text = pattern.to_string();
                    EventPattern::parse(&text).is_ok()
                        && !is_value_and_object(pattern)
                        && !["wildcard", "iamwatch", "\"prefix\":[", "\"prefix\":{"]
                            .iter()
                            .any(|odd| text.contains(odd))
                };
                let patterns: Vec<Value> = patterns.into_iter().filter(plain).collect();
                // As plain alternatives they would fit, so nothing needs to be given up.
                if patterns.is_empty() || json!({ "$or": patterns }).to_string().len() > 1_500 {
                    return Ok(());
                }
                let compiled: Vec<Compiled> = patterns
                    .iter()
                    .map(|p| detector(p.clone(), RuleState::Enabled))
                    .collect();
                let forwarders = cover(&compiled, Where::GlobalRegion, PATTERN_LIMIT);
                for event in &events {
                    let wanted = patterns.iter().any(|p| matches(p, event));
                    let passed = forwarders.iter().any(|f| matches(&f.pattern, event));
                    let text = &forwarders[0].pattern;
                    prop_assert_eq!(passed, wanted, "{}\n{:?}\n{}", event, patterns, text);
                    let mut counts = cell.borrow_mut();
                    *(if wanted { &mut counts.0 } else { &mut counts.1 }) += 1;
                }
                Ok(())
            },
        )
        .unwrap();
    assert!(same.0 > 50 && same.1 > 50, "{same:?}");
}

/// Rules that need several forwarders: many services, many names, each with a condition.
fn many(count: usize) -> Vec<Compiled> {
    let rules: Vec<String> = (0..count)
        .map(|n| {
            let service = ["kms", "s3", "ec2", "lambda", "guardduty", "cloudtrail", "config"][n % 7];
            format!("  - id: own-{n}\n    events: ['{service}:DeleteThing{n}', '{service}:PutThing{n}']\n    when: {{ requestParameters.name: 'some-resource-{n}-*' }}\n")
        })
        .collect();
    loaded(&format!("{HEAD}rules:\n{}", rules.concat()))
}

const HEAD: &str = "version: 1\nname: acme\nhome: { region: us-east-1 }\nchannels: { mail: { email: a@example.com } }\nnotify: { default: [mail] }\n";

#[test]
fn parts_are_disjoint_and_together_the_whole_cover() {
    for count in [20, 40] {
        let compiled = many(count);
        let events: Vec<Value> = compiled
            .iter()
            .filter_map(|c| {
                EventPattern::parse(&c.pattern.to_string())
                    .unwrap()
                    .witness()
            })
            .collect();
        assert_eq!(events.len(), count);
        let mut seen = Seen::default();
        let forwarders = obeys(
            &compiled,
            &events,
            Where::OtherRegion,
            PATTERN_QUOTA,
            &mut seen,
        );
        assert!(
            seen.wanted >= count && forwarders.len() > 1,
            "{} {}",
            seen.wanted,
            forwarders.len()
        );
        let parts: Vec<Option<usize>> = forwarders.iter().map(|f| f.part).collect();
        assert_eq!(parts, (1..=parts.len()).map(Some).collect::<Vec<_>>());
        assert_eq!(
            cover(&compiled, Where::OtherRegion, PATTERN_QUOTA),
            forwarders
        );
    }
}

/// Every rule of the catalogue.
fn catalogue() -> Vec<Compiled> {
    let rules = iamwatch::rules::catalogue()
        .iter()
        .filter(|entry| entry.rules.is_empty());
    let rules: Vec<String> = rules
        .map(|entry| format!("  - use: {}\n", entry.id))
        .collect();
    loaded(&format!("{HEAD}rules:\n{}", rules.concat()))
}

/// What CloudTrail really recorded, as events.
fn records() -> Option<Vec<Value>> {
    let mut events = Vec::new();
    for (_, text) in shared::records()? {
        for line in text.lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            let Some(service) = record["eventSource"]
                .as_str()
                .and_then(|s| s.strip_suffix(".amazonaws.com"))
            else {
                continue;
            };
            let kind = match record["eventType"].as_str() {
                Some("AwsConsoleSignIn") => "AWS Console Sign In via CloudTrail",
                Some("AwsServiceEvent") => "AWS Service Event via CloudTrail",
                _ => "AWS API Call via CloudTrail",
            };
            events.push(json!({ "source": format!("aws.{service}"), "detail-type": kind, "detail": record }));
        }
    }
    Some(events)
}

#[test]
fn of_real_records_little_more_is_forwarded_than_alerts() {
    let Some(events) = records() else { return };
    for (name, compiled, slack) in [
        ("acme", acme(), 0),
        ("catalogue", catalogue(), 80),
        ("many", many(40), 0),
    ] {
        let mut seen = Seen::default();
        let forwarders = obeys(
            &compiled,
            &events,
            Where::GlobalRegion,
            PATTERN_QUOTA,
            &mut seen,
        );
        let alerting = seen.alerting;
        eprintln!(
            "{name}: {} records, {} alert, {} forwarded by {}",
            events.len(),
            alerting,
            seen.passed,
            forwarders.len()
        );
        assert!(
            seen.passed <= alerting + slack,
            "{name}: {} for {alerting}",
            seen.passed
        );
    }
}

#[test]
fn the_order_of_rules_does_not_matter() {
    let compiled = catalogue();
    let backwards: Vec<Compiled> = compiled.iter().rev().cloned().collect();
    for place in PLACES {
        let forwarders = cover(&compiled, place, PATTERN_QUOTA);
        assert!(
            (2..=FEW).contains(&forwarders.len()),
            "{}",
            forwarders.len()
        );
        assert_eq!(cover(&backwards, place, PATTERN_QUOTA), forwarders);
    }
}

#[test]
fn where_nothing_is_wanted_nothing_is_forwarded() {
    let only_global = loaded(&format!(
        "{HEAD}rules:\n  - use: iam/changes\n  - use: root/sign-in\n"
    ));
    assert_eq!(
        cover(&only_global, Where::OtherRegion, PATTERN_QUOTA),
        Vec::new()
    );
    assert_eq!(
        cover(&only_global, Where::GlobalRegion, PATTERN_QUOTA).len(),
        1
    );
    assert_eq!(cover(&[], Where::GlobalRegion, PATTERN_QUOTA), Vec::new());
    for compiled in &only_global {
        assert!(!compile::is_wanted(compiled, Where::OtherRegion));
        assert!(compile::is_wanted(compiled, Where::GlobalRegion));
    }
}

#[test]
fn a_forwarder_for_changes_only_keeps_the_plain_state() {
    let state = |rule: &str| {
        let compiled = loaded(&format!("{HEAD}rules:\n  - use: {rule}\n"));
        cover(&compiled, Where::GlobalRegion, PATTERN_QUOTA)[0].state
    };
    assert_eq!(state("iam/changes"), RuleState::Enabled);
    assert_eq!(state("iam/any-call"), RuleState::EnabledWithAll);
}

/// However short the quota, a forwarder never passes what sending it on causes again.
#[test]
fn widening_never_lets_the_alertings_own_calls_in() {
    let rules = "rules:\n  - { id: a, events: ['sts:*', 'kms:*'] }\n  - { id: b, events: ['sts:GetFederationToken', 'kms:Disable*'] }\n  - { id: c, events: ['*:*'], when: { userIdentity.type: Root } }\n  - { id: d, events: ['*:Put*Policy', 's3:*'], unless: { userIdentity.invokedBy: '*.amazonaws.com' } }\n";
    let file = loaded(&format!("{HEAD}{rules}"));
    let compiled: Vec<Compiled> = file.into_iter().chain(many(20)).collect();
    let own = |service: &str, name: &str| {
        json!({
            "source": format!("aws.{service}"), "detail-type": "AWS API Call via CloudTrail",
            "detail": {
                "eventSource": format!("{service}.amazonaws.com"), "eventName": name,
                "userIdentity": { "type": "AWSService", "invokedBy": "events.amazonaws.com" },
                "sourceIPAddress": "events.amazonaws.com",
            },
        })
    };
    for quota in [PATTERN_LIMIT, PATTERN_QUOTA, 1_000, 500] {
        let forwarders = cover(&compiled, Where::OtherRegion, quota);
        for (service, name) in [
            ("sts", "AssumeRole"),
            ("kms", "Decrypt"),
            ("kms", "GenerateDataKey"),
        ] {
            let passed = forwarders
                .iter()
                .any(|f| matches(&f.pattern, &own(service, name)));
            assert!(!passed, "{quota} {name}\n{forwarders:#?}");
        }
    }
}
