//! Event patterns, matched by the one engine there is.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::pattern;

/// An event pattern that EventBridge takes, saved as its text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Pattern {
    text: String,
    compiled: pattern::EventPattern,
}

/// An event, ready to be matched against many patterns.
pub(crate) struct Event(Option<pattern::Event>);

impl Event {
    pub(crate) fn new(value: &Value) -> Self {
        // What is not an event matches nothing.
        Self(pattern::Event::from_value(value).ok())
    }
}

impl Pattern {
    /// Reads a pattern; the error is EventBridge's reason to refuse it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let compiled =
            pattern::EventPattern::parse(text).map_err(|error| error.cause.to_string())?;
        Ok(Self {
            text: text.to_owned(),
            compiled,
        })
    }

    /// The text as it was given.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn matches(&self, event: &Event) -> bool {
        event
            .0
            .as_ref()
            .is_some_and(|event| self.compiled.matches(event))
    }

    /// Whether it uses wildcards, which have a quota of their own.
    pub(crate) fn has_wildcard(&self) -> bool {
        self.compiled.uses_wildcard()
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
    }
}
