//! What a test needs to find at its field, whether it is a condition of the rules language or stands in a raw pattern.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::clause::{Dialect, glob_of, glob_of_operator};
use crate::cloudtrail::shapes::Kind;
use crate::diagnostic::Span;
use crate::rules::{FieldCondition, Matcher};

/// What one test needs to find.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Asks<'t> {
    /// No value.
    Absence,
    /// A value of any kind; what it must not be is no matter here.
    Presence,
    /// A text, in which `*` stands for any text.
    Text(Cow<'t, str>),
    /// A number: this one, or one in a range.
    Number(Option<String>),
    /// This one of the two.
    Boolean(bool),
    /// `null`.
    Null,
}

/// The tests of one field.
pub(super) struct Tested<'t> {
    /// The path under `detail`.
    pub(super) path: Vec<&'t str>,
    /// Any of these.
    pub(super) any_of: Vec<Asks<'t>>,
    /// The language that they are written in.
    pub(super) dialect: Dialect,
    /// Whether the rule leaves out what meets them.
    pub(super) is_exception: bool,
    /// Where they stand in the rules file.
    pub(super) span: Span,
}

impl<'t> Asks<'t> {
    fn of_matcher(matcher: &'t Matcher) -> Self {
        match matcher {
            Matcher::Exists(true) | Matcher::Not(_) => Self::Presence,
            Matcher::Exists(false) => Self::Absence,
            Matcher::Glob(text) if text == "*" => Self::Presence,
            Matcher::Exact(value) => Self::of_value(value),
            Matcher::Number(_) => Self::Number(None),
            Matcher::Cidr(block) => Self::Text(block.into()),
            Matcher::Glob(_) | Matcher::Prefix(_) | Matcher::Suffix(_) | Matcher::AnyCase(_) => {
                glob_of(matcher).map_or(Self::Presence, Self::Text)
            }
        }
    }

    fn of_test(test: &'t Json) -> Self {
        let Json::Object(operators) = test else {
            return Self::of_value(test);
        };
        match operators.iter().next() {
            Some((name, Json::Bool(false))) if name == "exists" => Self::Absence,
            Some((name, _)) if name == "exists" => Self::Presence,
            Some((name, _)) if name == "numeric" => Self::Number(None),
            Some((name, Json::String(block))) if name == "cidr" => Self::Text(block.into()),
            Some((name, value)) => glob_of_operator(name, value).map_or(Self::Presence, Self::Text),
            None => Self::Presence,
        }
    }

    fn of_value(value: &'t Json) -> Self {
        match value {
            Json::String(text) => Self::Text(text.into()),
            Json::Number(number) => Self::Number(Some(number.to_string())),
            Json::Bool(value) => Self::Boolean(*value),
            Json::Null => Self::Null,
            Json::Array(_) | Json::Object(_) => Self::Presence,
        }
    }

    /// The kind of value that is asked for, if it is one.
    pub(crate) fn kind(&self) -> Option<Kind> {
        match self {
            Self::Text(_) => Some(Kind::Text),
            Self::Number(_) => Some(Kind::Number),
            Self::Boolean(_) => Some(Kind::Boolean),
            Self::Absence | Self::Presence | Self::Null => None,
        }
    }
}

impl<'t> Tested<'t> {
    /// The tests of a condition.
    pub(super) fn of_condition(condition: &'t FieldCondition, is_exception: bool) -> Self {
        Self {
            path: condition.path.iter().map(String::as_str).collect(),
            any_of: condition.any_of.iter().map(Asks::of_matcher).collect(),
            dialect: Dialect::Rules,
            is_exception,
            span: condition.span,
        }
    }

    /// The tests of a field of a raw pattern.
    pub(super) fn of_tests(path: &'t str, tests: &'t [Json], span: Span) -> Self {
        Self {
            path: path.split('.').collect(),
            any_of: tests.iter().map(Asks::of_test).collect(),
            dialect: Dialect::Raw,
            is_exception: false,
            span,
        }
    }
}
