//! The one door to the pattern engine.

use serde_json::Value;

/// Whether EventBridge takes the pattern; the error is its reason.
pub(crate) fn check(pattern: &str) -> Result<(), String> {
    fn leaves(value: &Value) -> Result<(), String> {
        match value {
            Value::Object(fields) => fields.values().try_for_each(leaves),
            Value::Array(items) if !items.is_empty() => Ok(()),
            _ => Err("a pattern field must be an object or a non-empty array".to_owned()),
        }
    }
    let fields = serde_json::from_str::<serde_json::Map<String, Value>>(pattern)
        .map_err(|error| error.to_string())?;
    fields.values().try_for_each(leaves)
}

/// Whether the event matches. A pattern that does not parse matches nothing.
pub(crate) fn matches(pattern: &str, event: &Value) -> bool {
    fn fits(pattern: &Value, event: Option<&Value>) -> bool {
        match pattern {
            Value::Object(fields) => fields
                .iter()
                .all(|(key, inner)| fits(inner, event.and_then(|e| e.get(key)))),
            Value::Array(any) => event.is_some_and(|e| any.contains(e)),
            _ => false,
        }
    }
    serde_json::from_str::<Value>(pattern).is_ok_and(|pattern| fits(&pattern, Some(event)))
}
