//! `pattern`: the escape hatch to EventBridge's own language.

use serde_json::Value as Json;

use super::codes;
use super::model::Trigger;
use super::read::{duplicate, empty, key_text, number_as_text, wrong_type};
use super::report::{Report, shown};
use super::source::Span;
use super::yaml::{Node, Plain, Value};

/// A pattern as a YAML map or as JSON text.
pub(super) fn pattern(node: &Node, key: Span, report: &mut Report) -> Option<Trigger> {
    let pattern = match &node.value {
        Value::Map(_) => {
            let before = report.errors();
            check(node, report);
            if report.errors() > before {
                return None;
            }
            node.to_json()
        }
        Value::Scalar { text, .. } if text.is_empty() => {
            empty(node.span, "an event pattern", report);
            return None;
        }
        Value::Scalar { text, .. } => {
            match serde_json::from_str::<Json>(text) {
                Ok(value) => Some(value),
                Err(error) => {
                    report
                    .error(codes::PATTERN, node.span)
                    .message(format!("the pattern is not JSON: {error}"))
                    .label("expected a map or JSON text")
                    .help("write the pattern as a YAML map, or paste it as JSON behind `pattern: |`");
                    return None;
                }
            }
        }
        Value::Refused => return None,
        Value::List(_) => {
            wrong_type(node, "an event pattern: a map, or JSON text", report);
            return None;
        }
    };
    let Some(Json::Object(map)) = &pattern else {
        report
            .error(codes::PATTERN, key)
            .message("the pattern is not a JSON object")
            .label("expected a map")
            .help("an event pattern is a map such as `{ source: [aws.iam] }`");
        return None;
    };
    match map.get("source") {
        Some(Json::Array(sources)) if !sources.is_empty() => {}
        Some(_) => {
            report
                .error(codes::PATTERN, key)
                .message("the pattern's `source` is not a list")
                .label("expected a list of sources")
                .help("write `source: [aws.iam]`");
            return None;
        }
        None => {
            report
                .error(codes::PATTERN, key)
                .message("the pattern does not pin `source`")
                .label("`source` is missing")
                .help("add `source: [aws.iam]`, or the sources that it is about, at the top of the pattern");
            return None;
        }
    }
    pattern.map(|pattern| Trigger::Raw { pattern, span: key })
}

/// Reports what JSON would silently lose: doubled keys, merge keys, account ids as numbers.
fn check(node: &Node, report: &mut Report) {
    match &node.value {
        Value::Map(entries) => {
            let mut seen = std::collections::BTreeSet::new();
            for (key, value) in entries {
                if let Some(text) = key_text(key, report)
                    && !seen.insert(text)
                {
                    duplicate(key.span, text, report);
                }
                check(value, report);
            }
        }
        Value::List(items) => items.iter().for_each(|item| check(item, report)),
        Value::Scalar { .. } => {
            if let Some((text, Plain::Number)) = node.scalar() {
                let digits = text.bytes().all(|b| b.is_ascii_digit());
                if digits && (text.len() == 12 || (text.len() > 1 && text.starts_with('0'))) {
                    number_as_text(node.span, text, "an id in an event", report);
                } else if super::yaml::json_number(text).is_none() {
                    report
                        .error(codes::NUMBER, node.span)
                        .message(format!("{} is not a number that JSON has", shown(text)))
                        .label("expected a finite number");
                }
            }
        }
        Value::Refused => {}
    }
}
