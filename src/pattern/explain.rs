//! Why an event does not match.

use std::fmt;

use serde::Serialize;

use super::matching::{leaves, matches};
use super::{Event, EventPattern};

/// How much of an event's value is shown.
const SHOWN: usize = 120;

/// What an event and a pattern have to do with each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Equal to [`EventPattern::matches`].
    pub matches: bool,
    /// For an event that does not match: what fails in the branch that comes nearest. Empty where each
    /// field holds for itself, but no element of an array satisfies them together.
    pub failing: Vec<Failing>,
}

/// A field that fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failing {
    /// Its path, dotted.
    pub path: String,
    /// What the event holds there, as JSON; empty: nothing.
    pub held: Vec<String>,
    /// The pattern's list, as JSON.
    pub wanted: String,
}

pub(super) fn explain(pattern: &EventPattern, event: &Event) -> Explanation {
    if matches(pattern, event) {
        return Explanation {
            matches: true,
            failing: Vec::new(),
        };
    }
    let nearest = pattern
        .branches
        .iter()
        .map(|branch| failing(pattern, branch, event))
        .min_by_key(Vec::len);
    Explanation {
        matches: false,
        failing: nearest.unwrap_or_default(),
    }
}

/// The fields of one branch that hold nowhere in the event.
fn failing(pattern: &EventPattern, branch: &[usize], event: &Event) -> Vec<Failing> {
    branch
        .iter()
        .filter_map(|index| pattern.fields.get(*index))
        .filter_map(|field| {
            let leaves = leaves(event, &field.path);
            let holds = leaves
                .iter()
                .any(|leaf| field.any_of.iter().any(|test| test.holds(leaf.value)));
            let absent = leaves.is_empty() && field.any_of.contains(&super::Test::Absent);
            (!holds && !absent).then(|| Failing {
                path: field.path.clone(),
                held: leaves
                    .iter()
                    .take(5)
                    .map(|leaf| shown(leaf.value))
                    .collect(),
                wanted: field.wanted.clone(),
            })
        })
        .collect()
}

fn shown(value: super::json::Item<'_>) -> String {
    let mut text = String::new();
    value.write(&mut text);
    if text.chars().count() > SHOWN {
        text = text.chars().take(SHOWN).chain(['…']).collect();
    }
    text
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.matches {
            return write!(f, "the event matches");
        }
        if self.failing.is_empty() {
            return write!(
                f,
                "no single element of an array satisfies all fields together"
            );
        }
        for (n, field) in self.failing.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            let held = match field.held.as_slice() {
                [] => "is absent".to_owned(),
                held => format!("is {}", held.join(", ")),
            };
            write!(f, "{} {held}, wanted {}", field.path, field.wanted)?;
        }
        Ok(())
    }
}
