//! What a plan says of the alerts to expect.

use iamwatch::cloudtrail::Identity;
use serde_json::{Value, json};

use super::{Folder, RULES};
use crate::backtest::command::made;

/// Ten days less an hour: root signs in twice a day, and the deployer makes a topic.
fn log() -> String {
    let records = (1..=10).flat_map(|day| {
        let at = |hour: u32| format!("2026-03-{day:02}T{hour:02}:00:00Z");
        let root = |hour| {
            made(
                "signin:ConsoleLogin",
                Identity::Root,
                "us-east-1",
                &at(hour),
            )
        };
        let topic = made(
            "sns:CreateTopic",
            Identity::AssumedRole,
            "us-east-1",
            &at(9),
        );
        [root(0), topic, root(23)]
    });
    records.map(|record| format!("{record}\n")).collect()
}

fn folder() -> Folder {
    let folder = Folder::with(RULES);
    std::fs::write(folder.path("log.jsonl"), log()).unwrap();
    folder
}

const PLAN: &[&str] = &["plan", "--with-backtest", "log.jsonl"];

#[test]
fn a_plan_says_how_many_alerts_a_day_to_expect_of_each_rule_that_changes() {
    let folder = folder();
    let out = folder.succeed(PLAN);
    let (_, expected) = out
        .split_once("expected alerts a day, by 10.0 days of logs:\n")
        .unwrap();
    let lines: Vec<&str> = expected.lines().map(str::trim).collect();
    assert_eq!(lines, ["2.0  root/sign-in", "0.0  signin/failed"], "{out}");
    let json: Value = serde_json::from_str(&folder.succeed(&[PLAN, &["--json"]].concat())).unwrap();
    let rules = json["expected"]["rules"].as_array().unwrap();
    assert_eq!(json["expected"]["complete"], true);
    assert_eq!(
        (&rules[0]["rule"], &rules[0]["alerts"]),
        (&json!("root/sign-in"), &json!(20))
    );
    let day = rules[0]["per_day"].as_f64().unwrap();
    assert!((day - 20.0 / (239.0 / 24.0)).abs() < 1e-9, "{day}");
}

#[test]
fn rules_that_stay_as_they_are_are_not_counted_beside_a_plan() {
    let folder = folder();
    folder.succeed(&["apply", "--auto-approve"]);
    let out = folder.succeed(PLAN);
    assert!(
        out.ends_with("No rule changes, so neither do the alerts.\n"),
        "{out}"
    );
    let own =
        "  - id: topic-made\n    title: A topic was made\n    events: [\"sns:CreateTopic\"]\n";
    folder.rules(&format!("{RULES}{own}"));
    let out = folder.succeed(PLAN);
    let (_, expected) = out.split_once("days of logs:\n").unwrap();
    assert_eq!(expected.trim(), "1.0  topic-made", "{out}");
}

#[test]
fn logs_that_cannot_all_be_read_are_said_to_be_incomplete() {
    let folder = folder();
    std::fs::write(folder.path("log.jsonl"), log() + "{\"eventTime\":").unwrap();
    let out = folder.succeed(PLAN);
    assert!(out.contains("2.0  root/sign-in"), "{out}");
    assert!(out.contains("Not all logs could be read"), "{out}");
    let said = folder.fail(&["plan", "--with-backtest", "s3://logs"]);
    assert!(said.contains("aws s3 sync"), "{said}");
}
