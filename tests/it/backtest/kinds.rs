//! Kinds of records: what EventBridge makes of each, what it makes nothing of, and those that nobody knows yet.

use iamwatch::cloudtrail::{Identity, RecordKind, detail_type, is_record, needs_wider_state};
use serde_json::{Value, json};

use super::command::{made, report, write};
use crate::cli::TestEnv;

/// A call that the rules below want, of another kind where that is said.
fn record(id: &str, kind: Value) -> Value {
    let mut record = made(
        "kms:Decrypt",
        Identity::IamUser,
        "us-east-1",
        "2026-01-05T08:00:00Z",
    );
    record["eventID"] = json!(id);
    let fields = record.as_object_mut().unwrap();
    for (name, value) in kind.as_object().unwrap() {
        if value.is_null() {
            fields.shift_remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    record
}

fn network() -> Value {
    json!({ "eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity", "managementEvent": false, "vpcEndpointId": "vpce-1", "errorCode": "VpceAccessDenied" })
}

const NETWORK: &str = "AWS Network Activity Event via CloudTrail";
const RULES: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
channels: { mail: { email: a@example.com } }
notify: { default: [mail] }
rules:
  - { id: calls, events: ["kms:Decrypt"] }
  - { id: network, events: ["kms:Decrypt"], detail-type: ["AWS Network Activity Event via CloudTrail"] }
  - { id: insights, pattern: { source: [aws.cloudtrail], detail-type: ["AWS Insight via CloudTrail"] } }
"#;

fn env() -> TestEnv {
    let env = TestEnv::new();
    write(env.path(), "iamwatch.yaml", RULES.as_bytes());
    env
}

fn lines(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

/// The alerts of each rule, in the order of their ids.
fn alerts(report: &Value) -> Vec<(String, u64)> {
    let rules = report["rules"].as_array().unwrap().iter();
    let mut alerts: Vec<(String, u64)> = rules
        .map(|rule| {
            let id = rule["rule"].as_str().unwrap().to_owned();
            (id, rule["alerts"].as_u64().unwrap())
        })
        .collect();
    alerts.sort();
    alerts
}

fn three(calls: u64, insights: u64, network: u64) -> Vec<(String, u64)> {
    [
        ("calls", calls),
        ("insights", insights),
        ("network", network),
    ]
    .map(|(id, count)| (id.to_owned(), count))
    .to_vec()
}

#[test]
fn a_record_says_what_it_is_by_type_and_category() {
    for (kind, expected) in [
        (json!({}), Some("AWS API Call via CloudTrail")),
        (
            json!({ "eventType": "awsapicall" }),
            Some("AWS API Call via CloudTrail"),
        ),
        (
            json!({ "eventType": null, "eventCategory": null }),
            Some("AWS API Call via CloudTrail"),
        ),
        (
            json!({ "eventType": "...", "eventCategory": "" }),
            Some("AWS API Call via CloudTrail"),
        ),
        (
            json!({ "eventCategory": "Data" }),
            Some("AWS API Call via CloudTrail"),
        ),
        (
            json!({ "eventType": "AwsServiceEvent" }),
            Some("AWS Service Event via CloudTrail"),
        ),
        (
            json!({ "eventType": "AwsConsoleAction" }),
            Some("AWS Console Action via CloudTrail"),
        ),
        (
            json!({ "eventType": "AwsConsoleSignin" }),
            Some("AWS Console Sign In via CloudTrail"),
        ),
        (
            json!({ "eventType": null, "eventSource": "signin.amazonaws.com" }),
            Some("AWS Console Sign In via CloudTrail"),
        ),
        (network(), Some(NETWORK)),
        (json!({ "eventType": "AwsVpceEvents" }), Some(NETWORK)),
        (
            json!({ "eventType": null, "eventCategory": "NetworkActivity" }),
            Some(NETWORK),
        ),
        (
            json!({ "eventType": "AwsCloudTrailInsight", "eventCategory": "Insight" }),
            Some("AWS Insight via CloudTrail"),
        ),
        (
            json!({ "eventType": "AwsAggregatedEvent", "eventCategory": "Aggregated" }),
            None,
        ),
        (json!({ "eventCategory": "Aggregated" }), None),
        (
            json!({ "eventType": "ActivityLog", "eventCategory": "ActivityAuditLog" }),
            None,
        ),
        (json!({ "eventType": "AwsQuantumEvent" }), None),
        (
            json!({ "eventType": "AwsQuantumEvent", "eventCategory": "Data" }),
            None,
        ),
        (json!({ "eventCategory": "Posture" }), None),
        (json!({ "eventSource": "aws:s3" }), None),
    ] {
        let record = record("1", kind.clone());
        assert_eq!(is_record(&record), expected.is_some(), "{kind}");
        if let Some(expected) = expected {
            assert_eq!(detail_type(&record), expected, "{kind}");
        }
    }
    let named = |kind: &str| {
        let record = record("1", json!({ "eventType": kind }));
        RecordKind::of(|name| record.get(name).and_then(Value::as_str))
    };
    assert_eq!(
        named("AwsQuantumEvent"),
        RecordKind::Unknown("AwsQuantumEvent".to_owned())
    );
}

#[test]
fn network_activity_is_no_api_call_and_reaches_rules_in_any_state() {
    let env = env();
    let mut bare = network();
    bare["managementEvent"] = Value::Null;
    let records = [
        record("1", network()),
        record("2", bare),
        record("3", json!({})),
    ];
    let wider = records
        .each_ref()
        .map(|record| needs_wider_state(&json!({ "detail": record })));
    assert_eq!(wider, [false, false, true]);
    write(env.path(), "log.jsonl", lines(&records).as_bytes());
    for plain in [&[] as &[&str], &["--plain"]] {
        let args = [plain, &["log.jsonl"]].concat();
        let (code, counted, err) = report(&env, &args);
        assert_eq!(
            (code, alerts(&counted)),
            (0, three(1, 0, 2)),
            "{counted:#}{err}"
        );
        for rule in counted["rules"].as_array().unwrap() {
            assert_eq!(rule["missed"], json!({}), "{rule:#}");
        }
    }
    let (code, out, _) = env.run(&["explain", &records[0].to_string()]);
    assert_eq!(code, 0);
    assert!(
        out.contains("fires    network") && out.contains("misses   calls"),
        "{out}"
    );
    assert!(
        out.contains(&format!("detail-type: found \"{NETWORK}\"")),
        "{out}"
    );
}

#[test]
fn insights_are_events_of_cloudtrail_itself() {
    let env = env();
    let insight = |id: &str| {
        json!({
            "eventVersion": "1.09", "eventTime": "2026-01-05T08:00:00Z", "awsRegion": "us-east-1", "eventID": id,
            "eventType": "AwsCloudTrailInsight", "recipientAccountId": "111122223333", "sharedEventID": "s", "eventCategory": "Insight",
            "insightDetails": { "state": "Start", "eventSource": "kms.amazonaws.com", "eventName": "Decrypt", "insightType": "ApiCallRateInsight" },
        })
    };
    let log = json!({ "Records": [insight("1"), insight("2")] }).to_string();
    write(env.path(), "log.json", log.as_bytes());
    let (code, counted, err) = report(&env, &["log.json"]);
    assert_eq!(
        (code, alerts(&counted)),
        (0, three(0, 2, 0)),
        "{counted:#}{err}"
    );
    let (code, out, _) = env.run(&["explain", "log.json"]);
    assert_eq!(code, 0);
    assert!(
        out.contains("aws.cloudtrail (AWS Insight via CloudTrail)"),
        "{out}"
    );
    assert!(out.contains("2 events: alerts for 2"), "{out}");
}

/// What no rule is asked about: a file, what is said of it, and by which name it is counted.
fn aside() -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (
            json!({ "Records": [{
                "eventVersion": "1.0", "accountId": "111122223333", "eventId": "g1", "eventCategory": "Aggregated",
                "eventType": "AwsAggregatedEvent", "awsRegion": "us-east-1", "eventSource": "s3.amazonaws.com",
                "timeWindow": { "windowStart": "2026-05-02T12:40:00Z" }, "summary": {},
            }] }),
            "1 aggregated event",
            "aggregated event",
        ),
        (
            record("1", json!({ "eventType": "AwsQuantumEvent" })),
            "1 record of the unknown kind `AwsQuantumEvent`",
            "AwsQuantumEvent",
        ),
        (
            json!([record("1", json!({ "eventCategory": "Posture" }))]),
            "1 record of the unknown kind `Posture`",
            "Posture",
        ),
        // The next kind need not have the fields of today's.
        (
            json!({ "Records": [{ "eventVersion": "3.0", "eventType": "AwsLater", "id": 7 }] }),
            "1 record of the unknown kind `AwsLater`",
            "AwsLater",
        ),
        (
            json!({ "eventCategory": "ActivityAuditLog", "eventType": "ActivityLog", "eventTime": "2026-01-05T08:00:00Z", "eventData": { "eventSource": "x", "eventName": "y" } }),
            "1 integration event",
            "integration event",
        ),
    ]
}

#[test]
fn what_eventbridge_has_no_event_of_is_counted_named_and_stops_nothing() {
    let env = env();
    for (value, said, name) in aside() {
        let text = format!("{value}\n{}", record("2", json!({})));
        write(env.path(), "log.jsonl", text.as_bytes());
        for flags in [&[] as &[&str], &["--keep-going"], &["--plain"]] {
            let args = [flags, &["log.jsonl"]].concat();
            let (code, counted, err) = report(&env, &args);
            assert_eq!(
                (code, alerts(&counted)),
                (0, three(1, 0, 0)),
                "{counted:#}{err}"
            );
            assert_eq!(counted["read"]["left_out"], json!({ name: 1 }));
            assert_eq!(counted["read"]["records"], 1);
            assert_eq!(counted["complete"], true);
        }
        let (code, out, _) = env.run(&["backtest", "log.jsonl"]);
        assert!(
            code == 0 && out.contains(&format!("Left out: {said}.")),
            "{out}"
        );
        let (code, out, err) = env.run(&["explain", "log.jsonl"]);
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        assert!(out.contains(&format!("left out: {said}: ")), "{out}");
        assert!(out.contains("fires    calls"), "{out}");
    }
    // Alone there is nothing to ask, which is an answer.
    let (value, said, _) = aside().remove(1);
    let (code, out, err) = env.run(&["explain", &value.to_string()]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains(said) && !out.contains("fires"), "{out}");
}

#[test]
fn a_kind_that_an_escape_hides_is_no_api_call_either() {
    let env = env();
    let quantum = record("1", json!({ "eventType": "AwsQuantumEvent" })).to_string();
    let hidden = [
        quantum.replace("\"eventType\"", "\"event\\u0054ype\""),
        quantum.replace("AwsQuantumEvent", "AwsQuantum\\u0045vent"),
        quantum.replace(
            "AwsQuantumEvent",
            "AwsApiCall\",\"eventType\":\"AwsQuantumEvent",
        ),
    ];
    write(env.path(), "log.jsonl", hidden.join("\n").as_bytes());
    let (code, counted, err) = report(&env, &["log.jsonl"]);
    assert_eq!(
        (code, alerts(&counted)),
        (0, three(0, 0, 0)),
        "{counted:#}{err}"
    );
    assert_eq!(counted["read"]["left_out"], json!({ "AwsQuantumEvent": 3 }));
}

#[test]
fn many_kinds_are_named_in_bounded_memory() {
    let env = env();
    let records: Vec<Value> = (0..1_100)
        .map(|n| {
            record(
                &n.to_string(),
                json!({ "eventType": format!("Aws{n}{}", "x".repeat(500)) }),
            )
        })
        .collect();
    write(env.path(), "log.jsonl", lines(&records).as_bytes());
    let (code, counted, err) = report(&env, &["log.jsonl"]);
    assert_eq!(code, 0, "{err}");
    let named = counted["read"]["left_out"].as_object().unwrap();
    assert!(named.len() <= 1_000 && named.keys().all(|name| name.len() <= 80));
}

#[test]
fn a_test_of_a_rule_takes_what_holds_one_event() {
    let env = env();
    let rules = |given: &str, expect: &str| {
        RULES.replace(
            "  - { id: calls, events: [\"kms:Decrypt\"] }\n",
            &format!("  - id: calls\n    events: [\"kms:Decrypt\"]\n    tests: [{{ name: t, {given}, expect: {expect} }}]\n"),
        )
    };
    let check = |given: &str, expect: &str| {
        write(env.path(), "iamwatch.yaml", rules(given, expect).as_bytes());
        env.run(&["check"])
    };
    let call = record("1", json!({}));
    let notification = json!({ "Type": "Notification", "Message": call.to_string() });
    write(env.path(), "sns.json", notification.to_string().as_bytes());
    write(
        env.path(),
        "network.json",
        record("1", network()).to_string().as_bytes(),
    );
    for (given, expect) in [
        ("file: sns.json", "match"),
        ("file: network.json", "no-match"),
        (
            "like: \"kms:Decrypt\", with: { eventType: AwsVpceEvent }",
            "no-match",
        ),
        (
            "like: \"kms:Decrypt\", with: { eventCategory: Data }",
            "match",
        ),
    ] {
        let (code, out, err) = check(given, expect);
        assert_eq!(code, 0, "{given}: {out}{err}");
    }
    for (number, (value, said, _)) in aside().into_iter().enumerate() {
        let file = format!("aside-{number}.json");
        write(env.path(), &file, value.to_string().as_bytes());
        let (code, out, err) = check(&format!("file: {file}"), "match");
        assert_eq!(code, 1, "{out}{err}");
        let words = said.strip_prefix("1 record of ").unwrap_or(said);
        assert!(
            err.contains(words) || out.contains(words),
            "{words}: {out}{err}"
        );
    }
    for (kind, said) in [
        (
            "AwsQuantumEvent",
            "no record has the kind `AwsQuantumEvent`",
        ),
        ("AwsAggregatedEvent", "EventBridge has no event of"),
    ] {
        let given = format!("like: \"kms:Decrypt\", with: {{ eventType: {kind} }}");
        let (code, out, err) = check(&given, "match");
        assert!(
            code == 1 && (err.contains(said) || out.contains(said)),
            "{out}{err}"
        );
    }
}
