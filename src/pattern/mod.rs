//! EventBridge event patterns as such: parse, validate, match, explain.
//!
//! Knows neither AWS SDKs nor rules. The semantics are those of `aws/event-ruler`, the library inside
//! EventBridge; each rule is stated where it is decided. An event is the list of its leaf values, each
//! under a path whose steps are joined by dots; a pattern is an *any of* over sets of fields, and a field
//! holds where any value under its path passes any of its tests.

mod canonical;
mod complexity;
mod error;
mod explain;
mod fold;
mod ip;
mod json;
mod matching;
mod number;
mod parse;
mod test;
mod wildcard;
mod witness;

use serde_json::Value;

pub use canonical::canonical;
pub use complexity::MAX_COMPLEXITY;
pub use error::{Cause, EventError, PatternError};
pub use explain::{Explanation, Failing};
pub use json::{JsonError, MAX_DEPTH, Position};

use json::Document;
use test::Test;

/// The longest event pattern that the API takes, in characters. Source: the EventBridge API model.
pub const MAX_PATTERN_LENGTH: usize = 4096;
/// How many combinations the branches of all `$or` may make. Source: EventBridge, event patterns with
/// `$or`.
pub const MAX_COMBINATIONS: usize = 1000;
/// How many fields a pattern is read with; no pattern of the permitted length has more.
pub const MAX_FIELDS: usize = 1000;

/// An event pattern that EventBridge accepts.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPattern {
    /// Every field of every branch, once.
    fields: Vec<Field>,
    /// Any of these must hold: indices into `fields`, sorted by path.
    branches: Vec<Vec<usize>>,
    /// The text without white space.
    text: String,
}

/// The tests on one path.
#[derive(Debug, Clone, PartialEq)]
struct Field {
    path: String,
    any_of: Vec<Test>,
    /// The list as it was written, for explanations.
    wanted: String,
}

/// An event, read for matching.
#[derive(Debug, Clone)]
pub struct Event {
    document: Document,
}

impl EventPattern {
    /// Reads and validates a pattern.
    ///
    /// # Errors
    /// The first reason for which EventBridge would refuse it, with its line and column.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        parse::parse(text)
    }

    /// Reads and validates a pattern that is JSON already. Positions in errors are those of its compact
    /// text.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn from_value(value: &Value) -> Result<Self, PatternError> {
        Self::parse(&value.to_string())
    }

    /// Whether the event matches. Takes time in proportion to the event, arrays included.
    pub fn matches(&self, event: &Event) -> bool {
        matching::matches(self, event)
    }

    /// Why the event does not match: the fields of the branch that comes nearest.
    pub fn explain(&self, event: &Event) -> Explanation {
        explain::explain(self, event)
    }

    /// A small event that matches; `None` if none was found.
    pub fn witness(&self) -> Option<Value> {
        witness::over(self, &serde_json::json!({}))
    }

    /// The event `base`, changed only where the pattern demands it; `None` if none was found.
    pub fn witness_over(&self, base: &Value) -> Option<Value> {
        witness::over(self, base)
    }

    /// Whether it counts against the quota of rules with wildcards on a bus.
    pub fn uses_wildcard(&self) -> bool {
        self.fields
            .iter()
            .any(|field| field.any_of.iter().any(Test::uses_wildcard))
    }

    /// The pattern without white space, as its size is counted.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Event {
    /// Reads an event.
    ///
    /// # Errors
    /// When the text is not a JSON object.
    pub fn parse(text: &str) -> Result<Self, EventError> {
        let document = Document::parse(text).map_err(|(cause, at)| EventError::Json {
            cause,
            position: Position::of(text, at),
        })?;
        Self::of(document)
    }

    /// Takes an event that is JSON already. Numbers are then those of `serde_json`.
    ///
    /// # Errors
    /// When the value is not an object, or nests deeper than [`MAX_DEPTH`].
    pub fn from_value(value: &Value) -> Result<Self, EventError> {
        let document = Document::from_value(value).map_err(|cause| EventError::Json {
            cause,
            position: Position { line: 1, column: 1 },
        })?;
        Self::of(document)
    }

    fn of(document: Document) -> Result<Self, EventError> {
        if document.root().map(json::Item::kind) == Some(json::Kind::Object) {
            Ok(Self { document })
        } else {
            Err(EventError::NotAnObject)
        }
    }
}
