//! JSON inside a rules file, as YAML or as text, without what its readers would lose in silence.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use crate::diagnostic::{Report, codes, shown};
use crate::rules::syntax::read::{duplicate, key_text, number_as_text};
use crate::rules::syntax::yaml::{Node, Plain, Value, json_number};

/// Reports what JSON would silently lose: doubled keys, merge keys, account ids as numbers.
pub(crate) fn check(node: &Node, report: &mut Report) {
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
                } else if json_number(text).is_none() {
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

/// JSON in which no object has a key twice: the reader would keep the last in silence.
pub(crate) struct Unique(pub Json);

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
