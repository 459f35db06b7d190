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
        leaves(&Value::Object(compiled.clone()))?;
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
        all_fit(&self.compiled, Some(event.0))
    }

    /// Whether it uses wildcards, which have a quota of their own.
    pub fn has_wildcard(&self) -> bool {
        // A field of an event may be called so too: only operators count, and they stand in lists.
        fn search(value: &Value, in_list: bool) -> bool {
            match value {
                Value::Object(fields) => fields
                    .iter()
                    .any(|(key, inner)| (in_list && key == "wildcard") || search(inner, in_list)),
                Value::Array(items) => items.iter().any(|item| search(item, true)),
                _ => false,
            }
        }
        serde_json::from_str(&self.text).is_ok_and(|value| search(&value, false))
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

/// A stand-in until the pattern engine is here: it knows the operators below and refuses others.
fn leaves(value: &Value) -> Result<(), String> {
    let operator = |item: &Value| match item.as_object() {
        Some(fields) => fields.iter().try_for_each(|(name, operand)| {
            let known = match name.as_str() {
                "prefix" | "suffix" | "wildcard" => operand.is_string(),
                "exists" => operand.is_boolean(),
                "anything-but" => operand.is_string() || operand.is_array(),
                _ => false,
            };
            let unknown = || format!("the sandbox does not know `{name}: {operand}`");
            known.then_some(()).ok_or_else(unknown)
        }),
        None => Ok(()),
    };
    match value {
        Value::Object(fields) => fields.iter().try_for_each(|(key, inner)| match inner {
            Value::Array(any) if key == "$or" => any.iter().try_for_each(leaves),
            inner => leaves(inner),
        }),
        Value::Array(items) if !items.is_empty() => items.iter().try_for_each(operator),
        _ => Err("a pattern field must be an object or a non-empty array".to_owned()),
    }
}

fn all_fit(fields: &Map<String, Value>, event: Option<&Value>) -> bool {
    fields.iter().all(|(key, inner)| match inner {
        Value::Array(any) if key == "$or" => any.iter().any(|branch| fits(branch, event)),
        inner => fits(inner, event.and_then(|event| event.get(key))),
    })
}

fn fits(pattern: &Value, event: Option<&Value>) -> bool {
    match pattern {
        Value::Object(fields) => all_fit(fields, event),
        Value::Array(any) => any.iter().any(|item| match (item, event) {
            (_, Some(Value::Array(many))) => many.iter().any(|one| holds(item, Some(one))),
            (item, event) => holds(item, event),
        }),
        _ => false,
    }
}

fn holds(item: &Value, event: Option<&Value>) -> bool {
    let Some((name, operand)) = item.as_object().and_then(|fields| fields.iter().next()) else {
        return event == Some(item);
    };
    let texts = || event.and_then(Value::as_str).zip(operand.as_str());
    match name.as_str() {
        "prefix" => texts().is_some_and(|(text, prefix)| text.starts_with(prefix)),
        "suffix" => texts().is_some_and(|(text, suffix)| text.ends_with(suffix)),
        "wildcard" => texts().is_some_and(|(text, glob)| super::policy::like(glob, text)),
        "exists" => operand.as_bool() == Some(event.is_some_and(|e| !e.is_object())),
        "anything-but" => event.is_some_and(|event| match operand {
            Value::Array(none) => !none.contains(event),
            one => one != event,
        }),
        _ => false,
    }
}
