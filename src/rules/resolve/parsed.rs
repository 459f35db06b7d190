//! What came of reading a rules file.

use std::collections::BTreeMap;

use crate::diagnostic::{Report, Sources, Span};
use crate::rules::decode::draft::Sections;
use crate::rules::decode::reading::{Entry, Reading, Written};
use crate::rules::model::{Accepted, Rule, RuleId, RulesFile};

/// A rules file that was read, and everything that is wrong with its form. What it means has not been looked at:
/// `check::check` does that, and `check::load` for those who only want the rules.
#[derive(Debug)]
pub struct Parsed {
    /// Every text that was read: the rules file first, then what it includes, then the catalogue.
    pub sources: Sources,
    /// The diagnostics of what is wrong with the form of the file.
    pub(crate) report: Report,
    /// The parts of rules, also of those that are not whole.
    pub(crate) written: Vec<Written>,
    /// The entries of `rules`, also those of which nothing could be made.
    pub(crate) entries: Vec<Entry>,
    /// The warnings that rules accept, also of those that are not whole.
    pub(crate) accepted: Vec<Accepted>,
    /// The rules that could be made out.
    pub(crate) resolved: Resolved,
}

/// The rules of a file, with their names resolved.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    /// The rules file, unless something is wrong with more than the events of tests.
    pub file: Option<RulesFile>,
    /// Without a file, what is left of it where it is known whose it is: rules with mistakes in them are among it.
    pub rest: Option<RulesFile>,
    /// Where the parts of the file stand that all rules depend on.
    pub sections: Sections,
    /// Without a file, the rules that are whole.
    pub others: Vec<Rule>,
    /// Where all of a rule of one's own stands.
    pub whole: BTreeMap<RuleId, Span>,
}

impl Resolved {
    /// The rules that are whole, sorted by id.
    pub(crate) fn rules(&self) -> &[Rule] {
        self.file
            .as_ref()
            .map_or(self.others.as_slice(), |file| file.rules.as_slice())
    }
}

impl Parsed {
    pub(super) fn new(sources: Sources, reading: Reading, resolved: Option<Resolved>) -> Self {
        let entries = reading.entries.clone();
        let (report, written, accepted) = reading.into_parts();
        Self {
            sources,
            report,
            written,
            entries,
            accepted,
            resolved: resolved.unwrap_or_default(),
        }
    }
}
