//! The expression gives what the reference implementation of JSONata gives.

use iamwatch::alert::{Reader, expression};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::hostile::{attachment, attacks, with};
use super::{event, in_zone, rule};
use crate::reference::asked;
use crate::shared;

/// Reads `[expression, [input, …]]`, and prints what each gives.
const PROGRAM: &str = r#"
const jsonata = require("jsonata");
const [text, inputs] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const expression = jsonata(text);
expression.registerFunction("parse", text => JSON.parse(text), "<s:x>");
(async () => {
  const answers = [];
  for (const input of inputs) answers.push(await expression.evaluate(null, { states: { input } }));
  process.stdout.write(JSON.stringify(answers));
})();
"#;

#[test]
fn alerts_are_those_of_the_reference_implementation() {
    let mut events: Vec<Value> = Vec::new();
    for (_, text) in shared::records().unwrap_or_default() {
        events.extend(
            text.lines()
                .map(|line| event(&serde_json::from_str(line).unwrap())),
        );
    }
    let mut runner = TestRunner::deterministic();
    for _ in 0..2000 {
        let mut event = attachment();
        for (path, value) in attacks().new_tree(&mut runner).unwrap().current() {
            with(&mut event, path, value);
        }
        events.push(event);
    }
    are_those_of_the_reference(None, &events);
    // Local time is the same arithmetic, whatever else is in the record.
    for zone in ["America/St_Johns", "Pacific/Chatham"] {
        let last = events.len() - 60;
        are_those_of_the_reference(Some(zone), &events[last..]);
    }
}

fn are_those_of_the_reference(zone: Option<&str>, events: &[Value]) {
    let inputs: Vec<Value> = events
        .iter()
        .map(|event| json!({ "rule": rule(), "event": event }))
        .collect();
    let text = in_zone(zone, expression);
    let Some(wanted) = asked(PROGRAM, &json!([text, inputs])) else {
        return;
    };
    let wanted = wanted.as_array().unwrap();
    assert_eq!(wanted.len(), events.len());
    let reader = in_zone(zone, |surroundings| Reader::new(surroundings).unwrap());
    for (event, wanted) in events.iter().zip(wanted) {
        let found = reader.alert(&rule(), event).unwrap();
        assert_eq!(found, *wanted, "{event}");
    }
}
