//! An event that a pattern matches.

use serde_json::{Map, Value, json};

use super::json::{Document, Kind};
use super::test::Test;
use super::{Event, EventPattern, Field};

/// `base`, changed where the pattern demands it. Whatever is returned has been checked by the matcher.
pub(super) fn over(pattern: &EventPattern, base: &Value) -> Option<Value> {
    let fits =
        |candidate: &Value| Event::from_value(candidate).is_ok_and(|event| pattern.matches(&event));
    if fits(base) {
        return Some(base.clone());
    }
    let mut candidates: Vec<(usize, Value)> = pattern
        .branches
        .iter()
        .filter_map(|branch| changed(pattern, branch, base))
        .collect();
    // The branch that leaves most of the base as it is.
    candidates.sort_by_key(|(changes, _)| *changes);
    candidates
        .into_iter()
        .map(|(_, candidate)| candidate)
        .find(fits)
}

/// The base with every failing field of one branch changed, and how many those are.
fn changed(pattern: &EventPattern, branch: &[usize], base: &Value) -> Option<(usize, Value)> {
    let mut event = base.clone();
    let mut changes = 0;
    for field in branch.iter().filter_map(|index| pattern.fields.get(*index)) {
        if holds(field, &event) {
            continue;
        }
        changes += 1;
        let steps: Vec<&str> = field.path.split('.').collect();
        match field.any_of.iter().find_map(sample) {
            Some(value) => set(&mut event, &steps, value),
            None => remove(&mut event, &steps),
        }
    }
    Some((changes, event))
}

fn holds(field: &Field, event: &Value) -> bool {
    let alone = EventPattern {
        fields: vec![field.clone()],
        branches: vec![vec![0]],
        text: String::new(),
    };
    Event::from_value(event).is_ok_and(|event| alone.matches(&event))
}

/// A value that passes; `None` for [`Test::Absent`], or where none was found.
fn sample(test: &Test) -> Option<Value> {
    let candidates: Vec<Value> = match test {
        Test::Exactly(text) => vec![json!(text)],
        Test::Keyword(Kind::True) => vec![json!(true)],
        Test::Keyword(Kind::False) => vec![json!(false)],
        Test::Keyword(_) => vec![Value::Null],
        Test::Number { value, .. } => value.iter().map(|n| number(*n)).collect(),
        Test::Block(block) => vec![json!(block.sample())],
        Test::Prefix(text) => vec![json!(format!("{text}example")), json!(text)],
        Test::Suffix(text) => vec![json!(format!("example{text}")), json!(text)],
        Test::PrefixFolded(folded) => vec![json!(format!("{}example", folded.sample()))],
        Test::SuffixFolded(folded) => vec![json!(format!("example{}", folded.sample()))],
        Test::EqualsFolded(folded) => vec![json!(folded.sample())],
        Test::Wildcard(wildcard) => vec![json!(wildcard.sample())],
        Test::Range { low, high } => {
            let (low, high) = (low.map(|(n, _)| n), high.map(|(n, _)| n));
            let between = match (low, high) {
                (Some(low), Some(high)) => vec![low.midpoint(high), low, high],
                (Some(low), None) => vec![low + 1.0, low],
                (None, Some(high)) => vec![high - 1.0, high],
                (None, None) => Vec::new(),
            };
            between.into_iter().map(number).collect()
        }
        Test::Exists => vec![json!("example")],
        Test::Absent => Vec::new(),
        Test::AnythingBut(_) => ["example", "No", "x", "other-1", ""]
            .iter()
            .map(|text| json!(text))
            .chain((0..20).map(|n| json!(n)))
            .collect(),
    };
    candidates.into_iter().find(|value| {
        Document::from_value(value)
            .is_ok_and(|document| document.root().is_some_and(|root| test.holds(root)))
    })
}

/// Whole numbers without a fraction.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
    let whole = value as i64;
    if value.fract() == 0.0 && value.abs() < 9.0e15 {
        json!(whole)
    } else {
        json!(value)
    }
}

/// Puts a value at a path; what stands in the way is replaced.
fn set(event: &mut Value, steps: &[&str], value: Value) {
    let Some((first, rest)) = steps.split_first() else {
        *event = value;
        return;
    };
    if !event.is_object() {
        *event = Value::Object(Map::new());
    }
    if let Value::Object(fields) = event {
        let inner = fields.entry(*first).or_insert(Value::Null);
        set(inner, rest, value);
    }
}

fn remove(event: &mut Value, steps: &[&str]) {
    let Some((first, rest)) = steps.split_first() else {
        return;
    };
    if let Value::Object(fields) = event {
        if rest.is_empty() {
            fields.shift_remove(*first);
        } else if let Some(inner) = fields.get_mut(*first) {
            remove(inner, rest);
        }
    }
}
