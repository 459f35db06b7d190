//! Verdicts that Amazon EventBridge gave, and those of the library inside it.

use std::collections::BTreeMap;

use iamwatch::pattern::{Event, EventPattern};
use serde_json::{Value, json};

use crate::shared;

/// Vectors on which the service itself differs from its library, with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[];

/// One line of a vector file, judged.
pub fn verdict(vector: &Value) -> Value {
    let text = |name: &str| match vector.get(format!("{name}_text")) {
        Some(text) => text.as_str().unwrap().to_owned(),
        None => vector[name].to_string(),
    };
    match (
        EventPattern::parse(&text("pattern")),
        Event::parse(&text("event")),
    ) {
        (Ok(pattern), Ok(event)) => {
            let matches = pattern.matches(&event);
            assert_eq!(pattern.explain(&event).matches, matches);
            json!(matches)
        }
        _ => json!("invalid"),
    }
}

fn check(file: &str, expected: usize) {
    let Some(folder) = shared::data() else { return };
    let text = std::fs::read_to_string(folder.join("patterns").join(file)).unwrap();
    let mut wrong = BTreeMap::new();
    let mut count = 0;
    for line in text.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let id = vector["id"].as_str().unwrap().to_owned();
        count += 1;
        let got = verdict(&vector);
        if got != vector["expect"] && !EXCEPTIONS.iter().any(|(known, _)| *known == id) {
            wrong.insert(
                id,
                format!("got {got}, expected {}: {line}", vector["expect"]),
            );
        }
    }
    assert_eq!(count, expected);
    assert!(
        wrong.is_empty(),
        "{} of {count} differ: {wrong:#?}",
        wrong.len()
    );
}

#[test]
fn aws_itself_agrees_on_163_of_163() {
    check("aws-validated.jsonl", 163);
}

#[test]
fn event_ruler_agrees_on_919_of_919() {
    check("event-ruler.jsonl", 919);
}
