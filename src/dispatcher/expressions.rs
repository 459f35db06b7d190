//! How is JSONata written into a state machine?
//!
//! Step Functions takes JSONata 2.0.6 between `{%` and `%}`. Expressions here stand in one line and ask nothing of
//! bare names at their top: Step Functions refuses those, `asl-validator` the former.

use serde_json::{Value, json};

pub(super) use crate::jsonata::literal;

/// A JSONata expression as a field of a state takes it.
pub(super) fn expression(text: &str) -> Value {
    json!(format!("{{% {text} %}}"))
}

/// A text of the rules file as a field of a state: one that looks like an expression is none.
pub(super) fn constant(text: &str) -> Value {
    if text.starts_with("{%") {
        expression(&literal(&json!(text)))
    } else {
        json!(text)
    }
}

/// What an expression gives, cut to so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    let kept = most.saturating_sub(3);
    format!(
        "($whole := {text}; \
         $length($whole) > {most} ? $substring($whole, 0, {kept}) & '...' : $whole)"
    )
}

/// What an expression gives, without what chats take for links, mentions and code.
pub(super) fn without_markup(text: &str) -> String {
    format!("$replace($replace($replace({text}, '<', '('), '>', ')'), '`', \"'\")")
}

/// What an expression gives, in characters that a header, and any service as a key, takes. Whole runs of others go:
/// engines do not agree on whether a character beyond the basic plane is one or two.
pub(super) fn key(text: &str) -> String {
    format!("$replace({text}, /[^!-~]+/, '-')")
}

/// A service's word for the alert's severity. An unknown severity counts as high, as everywhere in an alert.
pub(super) fn by_severity([critical, high, medium, low, info]: [&str; 5]) -> String {
    format!(
        "($severity := $alert.severity; $severity = 'critical' ? '{critical}' \
         : $severity = 'medium' ? '{medium}' : $severity = 'low' ? '{low}' \
         : $severity = 'info' ? '{info}' : '{high}')"
    )
}

/// What to do first, or else what happened at all.
pub(super) const TO_DO: &str =
    "($alert.todo = '' ? $alert.title : 'What to do first: ' & $alert.todo)";

/// The fields of an alert as an object of texts.
pub(super) const FIELDS: &str =
    "$merge($map($alert.fields, function($field) {{$field.k: $field.v}}))";
