//! A pattern: how it is made, and what it is as a whole.

use std::sync::OnceLock;

use serde_json::Value;

use super::compile::{Compiled, compile};
use super::error::{Cause, PatternError};
use super::event::Event;
use super::json::{Document, Position};
use super::limits::MAX_PATTERN_LENGTH;

/// A valid event pattern.
#[derive(Debug, Clone)]
pub struct EventPattern {
    text: String,
    /// Made when somebody asks.
    canonical: OnceLock<String>,
    pub(super) compiled: Compiled,
}

impl EventPattern {
    /// A path that is tested inside `$or` and beside it, so that only the later test counts and the order
    /// of the fields decides what the pattern means.
    pub fn overruled(&self) -> Option<&str> {
        self.compiled.overruled.as_deref()
    }

    /// Reads and validates a pattern.
    ///
    /// Every value of every field counts, the last one where a path comes twice. What EventBridge
    /// would refuse is an error with its wording, and the line and column of the cause.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let error = |cause, at| PatternError {
            cause,
            position: Position::of(text, at),
        };
        let length = text.chars().count();
        if length > MAX_PATTERN_LENGTH {
            return Err(error(Cause::TooLong(length), 0));
        }
        let document =
            Document::parse(text).map_err(|(cause, at)| error(Cause::Json(cause), at))?;
        let compiled = compile(text, &document)?;
        Ok(Self {
            text: text.to_owned(),
            canonical: OnceLock::new(),
            compiled,
        })
    }

    /// Reads and validates a pattern that is a value in memory. Positions in errors refer to its compact text.
    pub fn from_value(value: &Value) -> Result<Self, PatternError> {
        let start = Position { line: 1, column: 1 };
        let document = Document::from_value(value).map_err(|cause| PatternError {
            cause: Cause::Json(cause),
            position: start,
        })?;
        let mut text = String::new();
        if let Some(root) = document.root() {
            root.write(&mut text);
        }
        Self::parse(&text)
    }

    /// The text as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The pattern without white space.
    pub fn canonical(&self) -> &str {
        self.canonical.get_or_init(|| {
            let mut canonical = String::new();
            // It was read once already.
            if let Ok(document) = Document::parse(&self.text)
                && let Some(root) = document.root()
            {
                root.write(&mut canonical);
            }
            canonical
        })
    }

    /// Whether `wildcard` occurs, alone or in `anything-but`. EventBridge allows 30 such rules on a
    /// bus.
    pub fn uses_wildcard(&self) -> bool {
        self.compiled.wildcards
    }

    /// How many wildcard positions can be open at once, from 0 to [`MAX_COMPLEXITY`].
    pub fn complexity(&self) -> usize {
        self.compiled.complexity
    }

    /// How many combinations the `$or`s make; 1 without any.
    pub fn combinations(&self) -> usize {
        self.compiled.branches.len()
    }

    /// Whether EventBridge would pass the event to the targets of a rule with this pattern.
    pub fn matches(&self, event: &Event) -> bool {
        self.compiled.matches(event)
    }
}
