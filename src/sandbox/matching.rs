//! The one door to the pattern engine.

use serde_json::Value;

/// A compiled event pattern, or the reason why EventBridge refuses it.
pub(crate) fn check(pattern: &str) -> Result<(), String> {
    serde_json::from_str::<serde_json::Map<String, Value>>(pattern)
        .map(|_| ())
        .map_err(|error| error.to_string())
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
