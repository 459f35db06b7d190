//! The one door to the pattern engine.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An event pattern that EventBridge takes, saved as its text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Pattern {
    text: String,
    compiled: Map<String, Value>,
}

/// An event, ready to be matched against many patterns.
pub(crate) struct Event<'e>(&'e Value);

impl<'e> Event<'e> {
    pub fn new(value: &'e Value) -> Self {
        Self(value)
    }
}

impl Pattern {
    /// Reads a pattern; the error is EventBridge's reason to refuse it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let compiled: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| error.to_string())?;
        compiled.values().try_for_each(leaves)?;
        Ok(Self {
            text: text.to_owned(),
            compiled,
        })
    }

    /// The text as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn matches(&self, event: &Event<'_>) -> bool {
        let fields = self.compiled.iter();
        fields
            .clone()
            .all(|(key, inner)| fits(inner, event.0.get(key)))
    }

    /// Whether it uses wildcards, which have a quota of their own.
    pub fn has_wildcard(&self) -> bool {
        fn search(value: &Value) -> bool {
            match value {
                Value::Object(fields) => fields
                    .iter()
                    .any(|(key, value)| key == "wildcard" || search(value)),
                Value::Array(items) => items.iter().any(search),
                _ => false,
            }
        }
        serde_json::from_str(&self.text).is_ok_and(|value| search(&value))
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

fn leaves(value: &Value) -> Result<(), String> {
    match value {
        Value::Object(fields) => fields.values().try_for_each(leaves),
        Value::Array(items) if !items.is_empty() => Ok(()),
        _ => Err("a pattern field must be an object or a non-empty array".to_owned()),
    }
}

fn fits(pattern: &Value, event: Option<&Value>) -> bool {
    match pattern {
        Value::Object(fields) => fields
            .iter()
            .all(|(key, inner)| fits(inner, event.and_then(|e| e.get(key)))),
        Value::Array(any) => event.is_some_and(|e| any.contains(e)),
        _ => false,
    }
}
