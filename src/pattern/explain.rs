//! Why an event does not match.

use std::fmt;
use std::ops::ControlFlow;

use super::EventPattern;
use super::compile::Field;
use super::event::Event;
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
    /// No value. Objects and empty arrays are none.
    Absent,
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
    if count == 0 {
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
        let wanted = cut(&self.wanted);
        match &self.found {
            Found::Absent => write!(f, "{}: absent, wanted {wanted}", self.path),
            Found::Values { shown, count } => {
                let shown: Vec<String> = shown.iter().map(|value| cut(value)).collect();
                write!(f, "{}: found {}", self.path, shown.join(", "))?;
                if *count > SHOWN {
                    write!(f, " and {} more", count - SHOWN)?;
                }
                write!(f, ", wanted {wanted}")
            }
            Found::Elsewhere => write!(
                f,
                "{}: met, but not in the same array element as the other fields, wanted {wanted}",
                self.path
            ),
        }
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
