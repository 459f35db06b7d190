//! Does a condition hold of an item?

use std::borrow::Cow;
use std::cmp::Ordering;

use super::condition::{Comparison, Condition, Operand};
use crate::sandbox::dynamodb::number::Number;
use crate::sandbox::dynamodb::value::{Attribute, Item};

impl Condition {
    /// Whether it holds; an item that is not there has no attributes.
    pub(crate) fn holds(&self, item: &Item) -> bool {
        match self {
            Self::And(one, other) => one.holds(item) && other.holds(item),
            Self::Or(one, other) => one.holds(item) || other.holds(item),
            Self::Not(inner) => !inner.holds(item),
            Self::Compare(left, comparison, right) => {
                comparison.holds(left.of(item).as_deref(), right.of(item).as_deref())
            }
            Self::Between(value, low, high) => {
                let value = value.of(item);
                let value = value.as_deref();
                Comparison::GreaterOrEqual.holds(value, low.of(item).as_deref())
                    && Comparison::LessOrEqual.holds(value, high.of(item).as_deref())
            }
            Self::In(value, values) => {
                let value = value.of(item);
                let is = |other: &Operand| {
                    Comparison::Equal.holds(value.as_deref(), other.of(item).as_deref())
                };
                values.iter().any(is)
            }
            Self::Exists(path) => path.get(item).is_some(),
            Self::NotExists(path) => path.get(item).is_none(),
            Self::Type(path, kind) => path.get(item).is_some_and(|value| value.kind() == kind),
            Self::BeginsWith(whole, part) => {
                let (whole, part) = (whole.of(item), part.of(item));
                let pair = whole.as_deref().zip(part.as_deref());
                pair.is_some_and(|(whole, part)| begins_with(whole, part))
            }
            Self::Contains(whole, part) => {
                let (whole, part) = (whole.of(item), part.of(item));
                let pair = whole.as_deref().zip(part.as_deref());
                pair.is_some_and(|(whole, part)| contains(whole, part))
            }
        }
    }
}

impl Operand {
    /// What it is in an item.
    fn of<'a>(&'a self, item: &'a Item) -> Option<Cow<'a, Attribute>> {
        match self {
            Self::Path(path) => path.get(item).map(Cow::Borrowed),
            Self::Value(value) => Some(Cow::Borrowed(value)),
            Self::Size(path) => {
                let size = length(path.get(item)?)?;
                Some(Cow::Owned(Attribute::N(Number::of(size))))
            }
        }
    }
}

impl Comparison {
    /// Values of different types are not equal and have no order. What is not there is unequal to everything.
    fn holds(self, left: Option<&Attribute>, right: Option<&Attribute>) -> bool {
        let equal = left.is_some() && left == right;
        let order = left.zip(right).and_then(|(left, right)| left.order(right));
        match self {
            Self::Equal => equal,
            Self::NotEqual => !equal,
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => order.is_some_and(Ordering::is_le),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
        }
    }
}

/// What `size` says of a value; numbers, truth values and nulls have no size.
fn length(value: &Attribute) -> Option<usize> {
    match value {
        Attribute::S(text) => Some(text.encode_utf16().count()),
        Attribute::B(bytes) => Some(bytes.0.len()),
        Attribute::Strings(set) => Some(set.len()),
        Attribute::Numbers(set) => Some(set.len()),
        Attribute::Binaries(set) => Some(set.len()),
        Attribute::L(list) => Some(list.len()),
        Attribute::M(fields) => Some(fields.len()),
        Attribute::N(_) | Attribute::Bool(_) | Attribute::Null(_) => None,
    }
}

fn begins_with(whole: &Attribute, part: &Attribute) -> bool {
    match (whole, part) {
        (Attribute::S(whole), Attribute::S(part)) => whole.starts_with(part.as_str()),
        (Attribute::B(whole), Attribute::B(part)) => whole.0.starts_with(&part.0),
        _ => false,
    }
}

fn contains(whole: &Attribute, part: &Attribute) -> bool {
    match (whole, part) {
        (Attribute::S(whole), Attribute::S(part)) => whole.contains(part.as_str()),
        (Attribute::B(whole), Attribute::B(part)) => {
            part.0.is_empty()
                || whole
                    .0
                    .windows(part.0.len())
                    .any(|w| w == part.0.as_slice())
        }
        (Attribute::Strings(set), Attribute::S(part)) => set.contains(part),
        (Attribute::Numbers(set), Attribute::N(part)) => set.contains(part),
        (Attribute::Binaries(set), Attribute::B(part)) => set.contains(part),
        (Attribute::L(list), part) => list.contains(part),
        _ => false,
    }
}
