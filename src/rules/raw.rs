//! `pattern`: the escape hatch to EventBridge's own language.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use super::model::Trigger;
use super::read::{duplicate, empty, key_text, number_as_text, wrong_type};
use super::traps::{self, Step};
use super::yaml::{Node, Plain, Value};
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::diagnostic::{Report, shown};

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
            match serde_json::from_str::<Unique>(text) {
                Ok(Unique(value)) => Some(value),
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
        Some(Json::Array(sources)) if !sources.is_empty() && sources.iter().all(is_pinned) => {}
        Some(Json::Array(_)) => {
            report
                .error(codes::PATTERN, key)
                .message("the pattern's `source` does not pin who sends")
                .label("expected names, or `prefix` of names")
                .help("write `source: [aws.iam]` or `source: [{ prefix: aws. }]`: anybody can send events under other names");
            return None;
        }
        Some(source) => {
            let source = match source.as_str() {
                Some(text) => match traps::service_with_domain(text) {
                    Some(service) => format!("aws.{service}"),
                    None => text.to_owned(),
                },
                None => source.to_string(),
            };
            // In JSON text the whole of it.
            let at = traps::place(node, &[Step::Key("source")]);
            report
                .error(codes::PATTERN, if at == node.span { key } else { at })
                .message("the pattern's `source` is not a list")
                .label("expected a list of sources")
                .help(format!("write {}", shown(&format!("source: [{source}]"))));
            return None;
        }
        None if map
            .get("detail")
            .is_some_and(|detail| detail.get("source").is_some()) =>
        {
            report
                .error(codes::PATTERN, key)
                .message("the pattern does not pin `source`")
                .label("`source` stands under `detail`, where no event has it")
                .help("move `source` out of `detail`, to the top of the pattern");
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
    let before = report.errors();
    traps::bare_values(map, node, report);
    if report.errors() > before {
        return None;
    }
    let before = report.errors();
    traps::warn(map, node, report);
    report.set_aside(before);
    pattern.map(|pattern| Trigger::Raw { pattern, span: key })
}

/// A source by its name, or by how the name begins.
fn is_pinned(source: &Json) -> bool {
    let prefix = source.get("prefix").and_then(Json::as_str);
    source.is_string() || prefix.is_some_and(|prefix| !prefix.is_empty())
}

/// JSON in which no object has a key twice: the reader would keep the last in silence.
pub(super) struct Unique(pub Json);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueKeys)
    }
}

struct UniqueKeys;

impl<'de> Visitor<'de> for UniqueKeys {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Unique, A::Error> {
        let mut map = serde_json::Map::new();
        while let Some((key, Unique(value))) = access.next_entry::<String, Unique>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!(
                    "the key {} stands twice",
                    shown(&key)
                )));
            }
            map.insert(key, value);
        }
        Ok(Unique(Json::Object(map)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Unique, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(value)) = access.next_element()? {
            list.push(value);
        }
        Ok(Unique(Json::Array(list)))
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique(Json::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }
}

/// Reports what JSON would silently lose: doubled keys, merge keys, account ids as numbers.
pub(super) fn check(node: &Node, report: &mut Report) {
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
