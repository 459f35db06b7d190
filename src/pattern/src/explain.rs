//! Why an event does not match.

use std::fmt;
use std::ops::ControlFlow;

use super::compile::Field;
use super::event::Event;
use super::pattern::EventPattern;
use super::search::Alone;

/// How many of a field's values an explanation shows.
const SHOWN: usize = 3;
/// How many characters of one text it shows.
const SHOWN_CHARACTERS: usize = 200;

/// The verdict on an event, and for a non-match the fields that failed. Where the pattern has `$or`,
/// they are those of the combination that came closest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The verdict, always that of [`EventPattern::matches`].
    pub matches: bool,
    /// How many combinations of `$or` branches were tried; 1 without any.
    pub combinations: usize,
    /// What failed; empty for a match.
    pub failures: Vec<FieldFailure>,
}

/// One field that an event does not meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFailure {
    /// The names from the root to the field, joined by dots.
    pub path: String,
    /// What the event holds there.
    pub found: Found,
    /// The accepted values as the pattern writes them, as JSON.
    pub wanted: String,
}

/// What an event holds at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// No value, and no object either; an empty array is none.
    Absent,
    /// No value of its own: an object, or a list of objects. Tests see the fields in it.
    Fields,
    /// Values that are not accepted, as JSON.
    Values {
        /// The first of them.
        shown: Vec<String>,
        /// How many there are.
        count: usize,
    },
    /// Accepted values, but not in the array elements that other fields of the pattern need.
    Elsewhere,
}

impl EventPattern {
    /// Says why an event matches or not.
    pub fn explain(&self, event: &Event) -> Explanation {
        let matches = self.matches(event);
        let failures = if matches {
            Vec::new()
        } else {
            self.failures(event)
        };
        Explanation {
            matches,
            combinations: self.combinations(),
            failures,
        }
    }

    fn failures(&self, event: &Event) -> Vec<FieldFailure> {
        let judged = self.compiled.judge(event);
        let verdict = |index: &usize| judged.get(*index).copied();
        let failing = |branch: &Vec<usize>| -> Vec<usize> {
            let alone = branch.iter().copied();
            let never: Vec<usize> = alone
                .clone()
                .filter(|index| verdict(index) == Some(Alone::Never))
                .collect();
            if never.is_empty() {
                alone
                    .filter(|index| verdict(index) != Some(Alone::Always))
                    .collect()
            } else {
                never
            }
        };
        let closest = self
            .compiled
            .branches
            .iter()
            .map(failing)
            .min_by_key(Vec::len)
            .unwrap_or_default();
        self.compiled
            .branch_fields(&closest)
            .into_iter()
            .zip(&closest)
            .map(|(field, index)| match verdict(index) {
                Some(Alone::Never) => failure(field, found(field, event)),
                _ => failure(field, Found::Elsewhere),
            })
            .collect()
    }
}

fn failure(field: &Field, found: Found) -> FieldFailure {
    FieldFailure {
        path: field.path.clone(),
        found,
        wanted: field.wanted.clone(),
    }
}

fn found(field: &Field, event: &Event) -> Found {
    let mut shown = Vec::new();
    let mut count = 0;
    event.visit(&field.path, &[], &mut |value, _| {
        count += 1;
        if shown.len() < SHOWN {
            let mut text = String::new();
            value.write(&mut text);
            shown.push(text);
        }
        ControlFlow::Continue(())
    });
    if count == 0 && event.holds_object(&field.path) {
        Found::Fields
    } else if count == 0 {
        Found::Absent
    } else {
        Found::Values { shown, count }
    }
}

impl fmt::Display for Explanation {
    /// `matches`, or one line for each failing field.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.matches {
            return f.write_str("matches");
        }
        for (n, failure) in self.failures.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{failure}")?;
        }
        Ok(())
    }
}

impl fmt::Display for FieldFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, wanted) = (visible(&self.path), visible(&self.wanted));
        match &self.found {
            Found::Absent => write!(f, "{path}: absent, wanted {wanted}"),
            Found::Fields => write!(
                f,
                "{path}: an object, of which only the fields are tested, wanted {wanted}"
            ),
            Found::Values { shown, count } => {
                let shown: Vec<String> = shown.iter().map(|value| visible(value)).collect();
                write!(f, "{path}: found {}", shown.join(", "))?;
                if *count > SHOWN {
                    write!(f, " and {} more", count - SHOWN)?;
                }
                write!(f, ", wanted {wanted}")
            }
            Found::Elsewhere => write!(
                f,
                "{path}: met, but not in the same array element as the other fields, wanted {wanted}"
            ),
        }
    }
}

/// The beginning of a text. Events are written by strangers: what could steer a terminal or turn the order of
/// a line is escaped as JSON may have it; JSON itself demands that below U+0020 only.
fn visible(text: &str) -> String {
    let mut shown = String::new();
    for (n, character) in text.chars().enumerate() {
        if n == SHOWN_CHARACTERS {
            shown.push('…');
            break;
        }
        let steers = matches!(
            character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        );
        if character.is_control() || steers {
            shown.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    shown
}
