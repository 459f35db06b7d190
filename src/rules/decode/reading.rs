//! What comes of reading a file, beside its rules: what is wrong, and what lints look at.

use std::ops::{Deref, DerefMut};

use serde_json::{Map, Value as Json};

use crate::cloudtrail::Identity;
use crate::diagnostic::{Report, Span};
use crate::rules::model::{Accepted, Change, EventGlob, FieldCondition};
use crate::rules::syntax::read::Spanned;
use crate::rules::syntax::yaml::{Node, Value};

/// What comes of reading: a report of what is wrong, and more. It can be used as the report.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    report: Report,
    /// What is wrong with events of tests, which leaves the rules whole.
    pub of_tests: Report,
    /// The parts of rules, in the order of reading.
    pub written: Vec<Written>,
    /// The entries of `rules`, also those of which nothing could be made.
    pub entries: Vec<Entry>,
    /// The warnings that rules accept, in the order of reading.
    pub accepted: Vec<Accepted>,
}

/// An entry of `rules`: what is wrong inside it concerns its rules alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The `id` or `use`, as far as it can be made out.
    pub name: Option<String>,
    /// Where all of it stands.
    pub whole: Span,
    /// Where its tests stand: what is wrong there leaves the rule as it is.
    pub tests: Option<Span>,
    /// The channels that it names, known or not.
    pub channels: Vec<String>,
}

impl Entry {
    /// An entry as it stands.
    pub(crate) fn of(node: &Node) -> Self {
        let keys = match &node.value {
            Value::Map(keys) => keys.as_slice(),
            _ => &[],
        };
        let value = |names: &[&str]| {
            let mut keys = keys.iter();
            let named = |key: &Node| key.scalar().is_some_and(|(key, _)| names.contains(&key));
            keys.find(|(key, _)| named(key)).map(|(_, value)| value)
        };
        let text = |node: &Node| node.scalar().map(|(text, _)| text.to_owned());
        let channels = match value(&["channels"]) {
            Some(node) => match node.items() {
                Some(items) => items.iter().filter_map(text).collect(),
                None => text(node).into_iter().collect(),
            },
            None => Vec::new(),
        };
        Self {
            name: value(&["id", "use"]).map_or_else(|| text(node), text),
            whole: node.span,
            tests: value(&["tests"]).map(|node| node.span),
            channels,
        }
    }
}

/// A part of a rule as it is written. Each is good by itself, and may stand in a rule that is not.
#[derive(Debug, Clone)]
pub(crate) enum Written {
    /// The events that a rule is about, or the one of a test.
    Event { glob: EventGlob, in_test: bool },
    /// The path of a condition, or of a test's change.
    Path(Spanned<Vec<String>>),
    /// A condition on a field, of `when` or `unless`.
    Condition {
        condition: FieldCondition,
        /// Where its value stands.
        value: Span,
        /// Whether what stands beside it says that somebody else than the root user acts.
        rootless: bool,
    },
    /// The text of `prefix` or `suffix`, if it holds a star.
    Affix {
        operator: &'static str,
        text: Spanned<String>,
    },
    /// A `detail-type` that the rule names.
    DetailType(Spanned<String>),
    /// A raw pattern, and the map or JSON text that it is written as.
    Pattern {
        pattern: Map<String, Json>,
        node: Node,
    },
    /// What a test changes in its event.
    Test {
        /// Who acts in it, as far as the test says it.
        caller: Option<Identity>,
        /// The service and the name of the call that it is about, if it names one.
        call: Option<(String, String)>,
        changes: Vec<Change>,
    },
}

impl Reading {
    /// Everything that is wrong, the parts for lints, and what is accepted of what they find.
    pub(crate) fn into_parts(mut self) -> (Report, Vec<Written>, Vec<Accepted>) {
        self.report.take_in(self.of_tests);
        (self.report, self.written, self.accepted)
    }
}

impl Deref for Reading {
    type Target = Report;

    fn deref(&self) -> &Report {
        &self.report
    }
}

impl DerefMut for Reading {
    fn deref_mut(&mut self) -> &mut Report {
        &mut self.report
    }
}
