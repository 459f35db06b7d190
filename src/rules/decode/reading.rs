//! What comes of reading a file, beside its rules: what is wrong, and what lints look at.

use std::ops::{Deref, DerefMut};

use serde_json::{Map, Value as Json};

use crate::cloudtrail::Identity;
use crate::diagnostic::{Report, Span};
use crate::rules::model::{Change, EventGlob, FieldCondition};
use crate::rules::syntax::read::Spanned;
use crate::rules::syntax::yaml::Node;

/// What comes of reading: a report of what is wrong, and more. It can be used as the report.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    report: Report,
    /// What is wrong with events of tests, which leaves the rules whole.
    pub of_tests: Report,
    /// The parts of rules, in the order of reading.
    pub written: Vec<Written>,
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
    /// Everything that is wrong, and the parts for lints.
    pub(crate) fn into_parts(mut self) -> (Report, Vec<Written>) {
        self.report.take_in(self.of_tests);
        (self.report, self.written)
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
