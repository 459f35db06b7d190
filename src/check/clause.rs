//! One view of the tests of fields, whether they are conditions of the rules language or stand in a raw pattern.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::certainty::Certainty;
use crate::diagnostic::Span;
use crate::rules::{FieldCondition, Matcher};

/// In whose words something is written, and help is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Those of the rules language: `service:EventName`, globs, operators.
    Rules,
    /// Those of EventBridge, as a raw pattern is written.
    Raw,
    /// Those of EventBridge, inside `anything-but`.
    RawExcept,
    /// Those of a test, which need not say what version of an operation is recorded.
    Test,
}

/// One thing that a field is compared with.
#[derive(Debug, Clone)]
pub(crate) struct Clause<'c> {
    /// The path under `detail`.
    pub(crate) path: &'c str,
    /// The value, if it is compared with one as it is.
    pub(crate) value: Option<Cow<'c, Json>>,
    /// The text, in which `*` stands for any text, if it is compared with one.
    pub(crate) glob: Option<Cow<'c, str>>,
    /// Whether the case of the text is no matter.
    pub(crate) folds_case: bool,
    /// Whether it must be something else.
    pub(crate) is_negated: bool,
    /// Where the clause stands in the rules file.
    pub(crate) span: Span,
    /// The language that the clause is written in.
    pub(crate) dialect: Dialect,
    /// What comes of it if it does not hold.
    pub(crate) certainty: Certainty<'c>,
}

/// EventBridge's operator for text whatever its case.
const FOLDING: &str = "equals-ignore-case";

impl<'c> Clause<'c> {
    /// A clause that compares with nothing yet.
    fn bare(path: &'c str, span: Span, dialect: Dialect, certainty: Certainty<'c>) -> Self {
        Self {
            path,
            value: None,
            glob: None,
            folds_case: false,
            is_negated: false,
            span,
            dialect,
            certainty,
        }
    }

    /// What a condition compares its field with. `span`: where its value stands.
    pub(crate) fn of_condition(
        path: &'c str,
        condition: &'c FieldCondition,
        span: Span,
        certainty: Certainty<'c>,
    ) -> Vec<Self> {
        let mut clauses = Vec::new();
        let base = Self::bare(path, span, Dialect::Rules, certainty);
        for matcher in &condition.any_of {
            match matcher {
                Matcher::Not(none_of) => clauses.extend(none_of.iter().map(|matcher| Self {
                    is_negated: true,
                    ..base.with(matcher)
                })),
                matcher => clauses.push(base.with(matcher)),
            }
        }
        clauses
    }

    fn with(&self, matcher: &'c Matcher) -> Self {
        Self {
            value: matcher.literal().map(Cow::Owned),
            glob: glob_of(matcher),
            folds_case: matches!(matcher, Matcher::AnyCase(_)),
            ..self.clone()
        }
    }

    /// What one test of a raw pattern compares its field with.
    pub(crate) fn of_test(
        path: &'c str,
        test: &'c Json,
        span: Span,
        certainty: Certainty<'c>,
    ) -> Vec<Self> {
        let base = Self::bare(path, span, Dialect::Raw, certainty);
        let except = Self {
            is_negated: true,
            dialect: Dialect::RawExcept,
            certainty: Certainty::Unlikely,
            ..base.clone()
        };
        let operators = match test {
            Json::Object(operators) => operators,
            value => return vec![base.of(value)],
        };
        // An operator map holds one.
        match operators.iter().next() {
            Some((name, Json::Array(values))) if name == "anything-but" => {
                values.iter().map(|value| except.of(value)).collect()
            }
            Some((name, Json::Object(inner))) if name == "anything-but" => {
                let folds_case = inner.contains_key(FOLDING);
                let globs: Vec<Option<Cow<'_, str>>> = match inner.iter().next() {
                    Some((name, Json::Array(values))) => values
                        .iter()
                        .map(|value| glob_of_operator(name, value))
                        .collect(),
                    Some((name, value)) => vec![glob_of_operator(name, value)],
                    None => vec![None],
                };
                let of_glob = |glob| Self {
                    glob,
                    folds_case,
                    ..except.clone()
                };
                globs.into_iter().map(of_glob).collect()
            }
            Some((name, value)) if name == "anything-but" => vec![except.of(value)],
            Some((name, value)) => match glob_of_operator(name, value) {
                Some(glob) => vec![Self {
                    glob: Some(glob),
                    folds_case: name == FOLDING,
                    ..base
                }],
                None => Vec::new(),
            },
            None => Vec::new(),
        }
    }

    fn of(&self, value: &'c Json) -> Self {
        Self {
            value: Some(Cow::Borrowed(value)),
            glob: value.as_str().map(Cow::Borrowed),
            ..self.clone()
        }
    }

    /// What a test of a rule writes into a field.
    pub(crate) fn of_change(path: &'c str, text: &'c str, span: Span) -> Self {
        Self {
            path,
            value: None,
            glob: Some(text.into()),
            folds_case: false,
            is_negated: false,
            span,
            dialect: Dialect::Test,
            certainty: Certainty::Unlikely,
        }
    }
}

/// The text that a test compares with, as one in which `*` stands for any text.
pub(crate) fn glob_of(matcher: &Matcher) -> Option<Cow<'_, str>> {
    match matcher {
        Matcher::Glob(text) | Matcher::AnyCase(text) | Matcher::Exact(Json::String(text)) => {
            Some(text.into())
        }
        Matcher::Prefix(text) => Some(format!("{text}*").into()),
        Matcher::Suffix(text) => Some(format!("*{text}").into()),
        Matcher::Exact(_)
        | Matcher::Exists(_)
        | Matcher::Number(_)
        | Matcher::Cidr(_)
        | Matcher::Not(_) => None,
    }
}

/// The text of one of EventBridge's operators, as one in which `*` stands for any text.
pub(super) fn glob_of_operator<'j>(name: &str, value: &'j Json) -> Option<Cow<'j, str>> {
    let text = value.as_str()?;
    match name {
        "prefix" => Some(format!("{text}*").into()),
        "suffix" => Some(format!("*{text}").into()),
        "wildcard" | "equals-ignore-case" => Some(text.into()),
        _ => None,
    }
}
