//! Verdicts of others on patterns and events: Amazon EventBridge's own, its matching library's, and
//! the project's.

use std::path::{Path, PathBuf};

use eventbridge_pattern::{Event, EventPattern};
use serde_json::Value;

use crate::shared;

/// What the shipped matcher says of one line: "true", "false" or "invalid".
pub(crate) fn verdict(line: &Value) -> &'static str {
    let text = |name: &str| match &line[format!("{name}_text")] {
        Value::String(text) => text.clone(),
        _ => line[name].to_string(),
    };
    match (
        EventPattern::parse(&text("pattern")),
        Event::parse(&text("event")),
    ) {
        (Ok(pattern), Ok(event)) => {
            let matches = pattern.matches(&event);
            assert_eq!(pattern.explain(&event).matches, matches, "{line}");
            if matches { "true" } else { "false" }
        }
        _ => "invalid",
    }
}

/// The lines of a file and those whose verdict is not the expected one.
fn check(file: &Path) -> (usize, Vec<String>) {
    let text = std::fs::read_to_string(file).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let wrong = lines
        .iter()
        .filter_map(|line| {
            let expected = match &line["expect"] {
                Value::Bool(true) => "true",
                Value::Bool(false) => "false",
                _ => "invalid",
            };
            let got = verdict(line);
            (got != expected).then(|| format!("{}: {got}, expected {expected}", line["id"]))
        })
        .collect();
    (lines.len(), wrong)
}

#[test]
fn amazon_eventbridges_own_verdicts_are_ours() {
    let Some(data) = shared::data() else { return };
    let (count, wrong) = check(&data.join("patterns/aws-validated.jsonl"));
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(count, 163);
}

#[test]
fn the_verdicts_of_event_ruler_are_ours() {
    let Some(data) = shared::data() else { return };
    let (count, wrong) = check(&data.join("patterns/event-ruler.jsonl"));
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(count, 919);
}

/// The files of the project's own verdicts, one for each feature.
pub(crate) fn own_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// Each expectation follows from the user guide, a recorded verdict or event-ruler's rules. Where it
/// differs from that library (text behind the end, half surrogate pairs, the length limit), its `why`
/// says so.
#[test]
fn the_projects_own_vectors_hold() {
    let mut total = 0;
    for file in own_files() {
        let (count, wrong) = check(&file);
        assert_eq!(wrong, Vec::<String>::new(), "{}", file.display());
        total += count;
    }
    assert!(total >= 300, "{total}");
}

/// EventBridge's own words, without what it adds on where its parser stood.
#[test]
fn refusals_carry_the_reason_that_eventbridge_gives() {
    let Some(data) = shared::data() else { return };
    let text = std::fs::read_to_string(data.join("patterns/aws-validated.jsonl")).unwrap();
    let mut compared = 0;
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let Some(theirs) = line["aws_error"].as_str() else {
            continue;
        };
        let theirs = theirs.trim_start_matches("Event pattern is not valid. Reason: ");
        let ours = EventPattern::parse(&line["pattern"].to_string()).unwrap_err();
        // The service says "prefix" of a CIDR block that is not a string.
        if line["id"] != "content_ip_address_type_EXC" {
            assert_eq!(ours.cause.to_string(), theirs, "{}", line["id"]);
        }
        compared += 1;
    }
    assert!(compared > 30, "{compared}");
}
