//! What is an attribute's value: how is it read from the wire, compared and measured?
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html>; the words of refusals are
//! those that <https://github.com/architect/dynalite> compared with AWS.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use aws_smithy_types::base64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::number::Number;

/// The attributes of an item or of a map, by name.
pub(crate) type Item = BTreeMap<String, Attribute>;

/// A value, in the form of the wire. Sets have no order, and nothing twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Attribute {
    S(String),
    N(Number),
    B(Binary),
    #[serde(rename = "BOOL")]
    Bool(bool),
    #[serde(rename = "NULL")]
    Null(bool),
    #[serde(rename = "SS")]
    Strings(BTreeSet<String>),
    #[serde(rename = "NS")]
    Numbers(BTreeSet<Number>),
    #[serde(rename = "BS")]
    Binaries(BTreeSet<Binary>),
    L(Vec<Attribute>),
    M(Item),
}

/// Bytes; on the wire they are base64.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Binary(pub(crate) Vec<u8>);

/// Values are nested no deeper than this.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const DEEPEST: usize = 32;

impl Attribute {
    /// A value from the wire, or why AWS refuses it.
    pub(crate) fn read(value: &Value) -> Result<Self, String> {
        read(value, 0)
    }

    /// The name of its type on the wire.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::S(_) => "S",
            Self::N(_) => "N",
            Self::B(_) => "B",
            Self::Bool(_) => "BOOL",
            Self::Null(_) => "NULL",
            Self::Strings(_) => "SS",
            Self::Numbers(_) => "NS",
            Self::Binaries(_) => "BS",
            Self::L(_) => "L",
            Self::M(_) => "M",
        }
    }

    /// The name of its type in refusals of update expressions.
    pub(crate) fn long_kind(&self) -> &'static str {
        match self {
            Self::S(_) => "STRING",
            Self::N(_) => "NUMBER",
            Self::B(_) => "BINARY",
            Self::Bool(_) => "BOOLEAN",
            Self::Null(_) => "NULL",
            Self::Strings(_) => "STRING_SET",
            Self::Numbers(_) => "NUMBER_SET",
            Self::Binaries(_) => "BINARY_SET",
            Self::L(_) => "LIST",
            Self::M(_) => "MAP",
        }
    }

    /// How it compares with another; only strings, numbers and bytes have an order, each among themselves.
    pub(crate) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::S(one), Self::S(other)) => Some(one.cmp(other)),
            (Self::N(one), Self::N(other)) => Some(one.cmp(other)),
            (Self::B(one), Self::B(other)) => Some(one.cmp(other)),
            _ => None,
        }
    }

    /// Whether it has an order.
    pub(crate) fn is_ordered(&self) -> bool {
        matches!(self, Self::S(_) | Self::N(_) | Self::B(_))
    }

    /// How many bytes it takes.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::N(number) => number.size(),
            Self::B(Binary(bytes)) => bytes.len(),
            Self::Bool(_) | Self::Null(_) => 1,
            Self::Strings(set) => set.iter().map(String::len).sum(),
            Self::Numbers(set) => set.iter().map(|number| number.size()).sum(),
            Self::Binaries(set) => set.iter().map(|Binary(bytes)| bytes.len()).sum(),
            Self::L(list) => 3 + list.iter().map(|value| value.size() + 1).sum::<usize>(),
            Self::M(fields) => 3 + item_size(fields) + fields.len(),
        }
    }
}

/// How many bytes an item takes.
pub(crate) fn item_size(item: &Item) -> usize {
    item.iter()
        .map(|(name, value)| name.len() + value.size())
        .sum()
}

/// The attributes that a request gives by name.
pub(crate) fn read_item(fields: &BTreeMap<String, Value>) -> Result<Item, String> {
    let mut item = Item::new();
    for (name, value) in fields {
        item.insert(name.clone(), Attribute::read(value)?);
    }
    Ok(item)
}

fn read(value: &Value, depth: usize) -> Result<Attribute, String> {
    let mut fields = value.as_object().ok_or_else(unexpected)?.iter();
    let Some((kind, value)) = fields.next() else {
        let message =
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
        return Err(message.to_owned());
    };
    if fields.next().is_some() {
        return Err("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes".to_owned());
    }
    if depth > DEEPEST {
        return Err("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit".to_owned());
    }
    match (kind.as_str(), value) {
        ("S", Value::String(text)) => Ok(Attribute::S(text.clone())),
        ("N", Value::String(text)) => Number::read(text).map(Attribute::N),
        ("B", Value::String(text)) => Binary::read(text).map(Attribute::B),
        ("BOOL", Value::Bool(value)) => Ok(Attribute::Bool(*value)),
        ("NULL", Value::Bool(true)) => Ok(Attribute::Null(true)),
        ("NULL", Value::Bool(false)) => Err(invalid(
            "Null attribute value types must have the value of true",
        )),
        ("SS", Value::Array(members)) => {
            let empty = "An string set  may not be empty";
            let twice =
                |all: &str| invalid(&format!("Input collection [{all}] contains duplicates."));
            set(members, |text| Ok(text.to_owned()), empty, twice).map(Attribute::Strings)
        }
        ("NS", Value::Array(members)) => {
            let empty = "An number set  may not be empty";
            let twice = |_: &str| "Input collection contains duplicates".to_owned();
            set(members, Number::read, empty, twice).map(Attribute::Numbers)
        }
        ("BS", Value::Array(members)) => {
            let empty = "Binary sets should not be empty";
            let twice = |all: &str| {
                invalid(&format!(
                    "Input collection [{all}]of type BS contains duplicates."
                ))
            };
            set(members, Binary::read, empty, twice).map(Attribute::Binaries)
        }
        ("L", Value::Array(list)) => {
            let list = list.iter().map(|value| read(value, depth + 1));
            list.collect::<Result<_, _>>().map(Attribute::L)
        }
        ("M", Value::Object(fields)) => {
            let mut item = Item::new();
            for (name, value) in fields {
                item.insert(name.clone(), read(value, depth + 1)?);
            }
            Ok(Attribute::M(item))
        }
        _ => Err(unexpected()),
    }
}

fn unexpected() -> String {
    "Unexpected value type in payload".to_owned()
}

fn invalid(reason: &str) -> String {
    format!("One or more parameter values were invalid: {reason}")
}

/// A set. `twice` says, of its members, that one stands there twice.
fn set<T: Ord>(
    members: &[Value],
    read: impl Fn(&str) -> Result<T, String>,
    empty: &str,
    twice: impl Fn(&str) -> String,
) -> Result<BTreeSet<T>, String> {
    let texts: Option<Vec<&str>> = members.iter().map(Value::as_str).collect();
    let texts = texts.ok_or_else(unexpected)?;
    if texts.is_empty() {
        return Err(invalid(empty));
    }
    let read: Result<BTreeSet<T>, String> = texts.iter().map(|text| read(text)).collect();
    let set = read?;
    match set.len() < texts.len() {
        true => Err(twice(&texts.join(", "))),
        false => Ok(set),
    }
}

impl Binary {
    fn read(text: &str) -> Result<Self, String> {
        let bytes = base64::decode(text).map_err(|_| unexpected())?;
        Ok(Self(bytes))
    }
}

impl Serialize for Binary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).map_err(serde::de::Error::custom)
    }
}
