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
    let mut json = String::new();
    value.write(&mut json);
    let mut text = visible(&json);
    if text.chars().count() > SHOWN {
        text = text.chars().take(SHOWN).chain(['…']).collect();
    }
    text
}

/// Events are written by strangers: what could steer a terminal is escaped, as JSON may have it. JSON itself
/// escapes only what lies below U+0020.
fn visible(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        let steers = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if character.is_control() || steers {
            shown.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    shown
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
            let (path, wanted) = (visible(&field.path), visible(&field.wanted));
            write!(f, "{path} {held}, wanted {wanted}")?;
        }
        Ok(())
    }
}
