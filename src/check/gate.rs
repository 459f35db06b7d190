//! Rules that are about to be deployed: nothing is wrong with them, and their tests pass.

use std::path::Path;

use super::checked::{Whole, whole};
use super::compiled::{not_recorded, quota};
use crate::compile::Compiled;
use crate::diagnostic::{Diagnostic, Level, Sources, Span};
use crate::rules::{self, RulesFile};

/// What a plan says itself, and better: it sees what else stands on the bus, and what the trails record.
const LEFT_TO_PLANS: [&str; 2] = [quota::OVER_QUOTA.id, not_recorded::NOT_RECORDED.id];

/// What came of the look at rules that are about to be deployed.
#[derive(Debug, Clone, PartialEq)]
pub struct Gated {
    /// Every text that was read: the rules file first, then what it includes, then the catalogue.
    pub sources: Sources,
    /// What there is to say, by position.
    pub diagnostics: Vec<Diagnostic>,
    /// The rules and their patterns; there are some exactly if no diagnostic is an error.
    pub rules: Option<(RulesFile, Vec<Compiled>)>,
    /// Whether nothing but tests stands in the way.
    pub only_tests: bool,
}

/// Looks at rules that are about to be deployed. `raised_quotas`: quotas that AWS raises for those who ask are not looked
/// at. `run_tests`: whether the tests are run; where they are not, nothing that is wrong with one stands in the way.
pub fn gated(path: &Path, raised_quotas: bool, run_tests: bool) -> Gated {
    let parsed = rules::parse_file(path);
    let tests = parsed.entries.iter().filter_map(|entry| entry.tests);
    let tests: Vec<Span> = tests.collect();
    let Whole {
        checked,
        file,
        patterns,
    } = whole(parsed, raised_quotas, run_tests);
    let is_error = |found: &&Diagnostic| found.level == Level::Error;
    let is_of_tests = |found: &Diagnostic| tests.iter().any(|tests| found.span.is_inside(*tests));
    let mut diagnostics = checked.diagnostics;
    diagnostics.retain(|found| !LEFT_TO_PLANS.contains(&found.code));
    // A mistake in the form of a test is one of the file; without it there are rules.
    let has_rules = file.is_some();
    if !run_tests && has_rules {
        diagnostics.retain(|found| !is_error(&found) || !is_of_tests(found));
    }
    let errors = || diagnostics.iter().filter(is_error);
    let is_good = errors().next().is_none();
    let only_tests = !is_good && has_rules && errors().all(is_of_tests);
    Gated {
        rules: file.filter(|_| is_good).map(|file| (file, patterns)),
        only_tests,
        sources: checked.sources,
        diagnostics,
    }
}
