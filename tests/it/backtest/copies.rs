//! One event that two logs hold is one alert, and other events with something in common stay others.

use iamwatch::cloudtrail::Identity;
use serde_json::{Value, json};

use super::command::{gzipped, made, report, write};
use crate::cli::TestEnv;

fn root(id: &str) -> Value {
    let mut record = made(
        "signin:ConsoleLogin",
        Identity::Root,
        "us-east-1",
        "2026-01-05T08:00:00Z",
    );
    record["eventID"] = json!(id);
    record
}

fn lines(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

/// Alerts, copies and records of some files.
fn counts(env: &TestEnv, args: &[&str]) -> (u64, u64, u64) {
    let (code, report, err) = report(env, args);
    assert_eq!(code, 0, "{report:#}{err}");
    let number = |value: &Value| value.as_u64().unwrap();
    (
        number(&report["alerts"]),
        number(&report["read"]["copies"]),
        number(&report["read"]["records"]),
    )
}

#[test]
fn the_logs_of_two_trails_alert_once() {
    let env = TestEnv::new();
    // The trail of the organization and that of the account: other files, other neighbours.
    let log = |ids: &[&str]| {
        let records: Vec<Value> = ids.iter().map(|id| root(id)).collect();
        json!({ "Records": records }).to_string()
    };
    write(
        env.path(),
        "logs/org/a.json.gz",
        &gzipped(&log(&["1", "2", "3"])),
    );
    write(env.path(), "logs/account/a.json", log(&["2"]).as_bytes());
    write(
        env.path(),
        "logs/account/b.json",
        log(&["3", "4", "1"]).as_bytes(),
    );
    for plain in [&[] as &[&str], &["--plain"]] {
        let args = [plain, &["logs"]].concat();
        assert_eq!(counts(&env, &args), (4, 3, 7));
    }
    let (code, out, _) = env.run(&["backtest", "logs"]);
    assert_eq!(code, 0);
    assert!(
        out.contains("3 copies of alerting events, as of a second trail, were not counted again."),
        "{out}"
    );
}

#[test]
fn a_copy_is_one_whatever_it_comes_in() {
    let env = TestEnv::new();
    let record = root("1");
    let event = json!({
        "version": "0", "id": "another", "detail-type": "AWS Console Sign In via CloudTrail", "source": "aws.signin",
        "account": "111122223333", "time": "2026-01-05T08:00:00Z", "region": "us-east-1", "resources": [], "detail": record,
    });
    let mut turned = serde_json::Map::new();
    for (name, value) in record.as_object().unwrap().iter().rev() {
        turned.insert(name.clone(), value.clone());
    }
    let all = [
        record.clone(),
        event,
        Value::Object(turned),
        json!({ "EventId": "1", "CloudTrailEvent": record.to_string() }),
    ];
    write(env.path(), "log.jsonl", lines(&all).as_bytes());
    assert_eq!(counts(&env, &["log.jsonl"]), (1, 3, 4));
    let (code, out, err) = env.run(&["explain", "log.jsonl"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("3 copies of it, as of two trails"), "{out}");
    let (_, out, _) = env.run(&["explain", "--json", "log.jsonl"]);
    let found: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (
            &found["fired"],
            &found["copies"],
            &found["events"][0]["copies"]
        ),
        (&json!(1), &json!(3), &json!(3))
    );
}

#[test]
fn events_that_differ_are_counted_each() {
    let env = TestEnv::new();
    let differing = |field: &str, value: Value| {
        let mut record = root("1");
        record[field] = value;
        record
    };
    let mut nameless = root("1");
    nameless.as_object_mut().unwrap().shift_remove("eventID");
    let all = [
        root("1"),
        // Another account hears of the same call by a record of its own.
        differing("recipientAccountId", json!("444455556666")),
        differing("awsRegion", json!("eu-north-1")),
        // Logs that somebody made anonymous have one id for all.
        differing("eventTime", json!("2026-01-05T08:00:01Z")),
        differing("requestID", json!("another")),
        // Nothing tells these two apart, nor that they are one.
        nameless.clone(),
        nameless,
    ];
    let mut all = all.to_vec();
    // One action as two accounts see it: a common id, and one of its own for each.
    for id in ["2", "3"] {
        let mut record = root(id);
        record["sharedEventID"] = json!("shared");
        all.push(record);
    }
    write(env.path(), "log.jsonl", lines(&all).as_bytes());
    let (code, report, err) = report(&env, &["--rule", "root/sign-in", "log.jsonl"]);
    assert_eq!(code, 0, "{err}");
    let rule = &report["rules"][0];
    let missed = rule["missed"].as_object().unwrap().values();
    let missed: u64 = missed.map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(rule["alerts"].as_u64().unwrap() + missed, 9, "{report:#}");
    assert_eq!(report["read"]["copies"], 0);
}

#[test]
fn copies_of_what_nobody_hears_of_are_missed_once() {
    let env = TestEnv::new();
    let mut record = root("1");
    record["userAgent"] = json!("x".repeat(300_000));
    write(
        env.path(),
        "log.jsonl",
        lines(&[record.clone(), record]).as_bytes(),
    );
    let (_, report, _) = report(&env, &["log.jsonl"]);
    let rule = &report["rules"][0];
    assert_eq!(
        (&rule["alerts"], &rule["missed"]),
        (&json!(0), &json!({ "too_large": 1 }))
    );
    assert_eq!(report["read"]["copies"], 1);
}

#[test]
fn several_events_and_their_copies_are_told_in_few_words() {
    let env = TestEnv::new();
    let log = lines(&[root("1"), root("2"), root("1")]);
    write(env.path(), "log.jsonl", log.as_bytes());
    let (code, out, _) = env.run(&["explain", "log.jsonl"]);
    assert_eq!(code, 0);
    assert!(out.contains("2 events: alerts for 2,"), "{out}");
    assert!(
        out.contains("1 copy of them, as of two trails, not counted again."),
        "{out}"
    );
}
