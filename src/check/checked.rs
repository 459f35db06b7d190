//! Everything that can be said about a rules file without AWS, in the order of the file.

use std::collections::BTreeSet;

use super::accepted::AcceptedAll;
use super::checked_rule::CheckedRule;
use super::compiled::{
    duplicate_alerts, federated, feedback, never, nobody_listens, not_in_global_region,
    not_recorded, one_region, quota, sign_in_regions,
};
use super::load::linted;
use super::tests;
use crate::compile::{self, Compiled, Each, PATTERN_QUOTA};
use crate::diagnostic::{Diagnostic, Level, Sources};
use crate::rules::{Parsed, RuleId, RulesFile};

/// What a check found, and of how much.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The texts that diagnostics point into.
    pub sources: Sources,
    /// Everything there is to say, by position, each once.
    pub diagnostics: Vec<Diagnostic>,
    /// Rules that are enabled.
    pub rules: usize,
    /// Event patterns that they compile to.
    pub patterns: usize,
    /// Tests that were run.
    pub tests: usize,
}

impl Checked {
    /// How many diagnostics are of a level.
    pub fn count(&self, level: Level) -> usize {
        let of_level = |diagnostic: &&Diagnostic| diagnostic.level == level;
        self.diagnostics.iter().filter(of_level).count()
    }
}

/// Checks what was read. `raised_quotas`: quotas that AWS raises for those who ask are not looked at.
pub fn check(parsed: Parsed, raised_quotas: bool) -> Checked {
    whole(parsed, raised_quotas, true).checked
}

/// What a check found, and what it was found in.
pub(super) struct Whole {
    pub checked: Checked,
    /// The rules, unless something is wrong with more than tests.
    pub file: Option<RulesFile>,
    /// The patterns of those that compile.
    pub patterns: Vec<Compiled>,
}

/// Checks what was read, and keeps it. `run_tests`: whether the tests of the rules are run.
pub(super) fn whole(parsed: Parsed, raised_quotas: bool, run_tests: bool) -> Whole {
    let (parsed, never) = linted(parsed);
    let accepted = AcceptedAll::of(&parsed);
    let mut checked = Checked {
        sources: parsed.sources,
        diagnostics: parsed.report.finish(),
        rules: 0,
        patterns: 0,
        tests: 0,
    };
    let file = parsed.resolved.file;
    // Where the rules are whole, one run says the rest too.
    let patterns = match &file {
        Some(file) => {
            let each = compile::each(file, PATTERN_QUOTA);
            if run_tests {
                checked.tests = file.rules.iter().map(|rule| rule.tests.len()).sum();
                let found = tests::run(file, &each.compiled, &checked.sources);
                checked.diagnostics.extend(found);
            }
            look(file, &each, &never, raised_quotas, &mut checked);
            each.compiled
        }
        None => Vec::new(),
    };
    let found = &mut checked.diagnostics;
    let in_use = accepted.take_out(found);
    // What is wrong elsewhere may hide what is accepted, and so do tests that are not run.
    if run_tests && found.iter().all(|found| found.level == Level::Warning) {
        found.extend(accepted.idle(&in_use));
    }
    found.sort_by(|a, b| (a.span, a.level, a.code).cmp(&(b.span, b.level, b.code)));
    found.dedup();
    Whole {
        checked,
        file,
        patterns,
    }
}

/// `hopeless`: rules of which it has been said that nothing can fire them.
fn look(
    file: &RulesFile,
    each: &Each,
    hopeless: &BTreeSet<RuleId>,
    raised_quotas: bool,
    checked: &mut Checked,
) {
    let test_source = compile::test_source(&file.name);
    checked.rules = file.rules.iter().filter(|rule| rule.enabled).count();
    checked.patterns = each.compiled.len();
    let rules = CheckedRule::all(file, each, &test_source);
    let found = &mut checked.diagnostics;
    found.extend(each.problems.iter().cloned());
    let hoped = |rule: &CheckedRule<'_>| !hopeless.contains(&rule.rule.id);
    let never: Vec<Option<Diagnostic>> = rules
        .iter()
        .map(|rule| never::warning(rule).filter(|_| hoped(rule)))
        .collect();
    found.extend(
        rules
            .iter()
            .filter_map(|rule| federated::warning(rule, file)),
    );
    found.extend(feedback::warnings(&rules, file));
    // Of global services it is said where their events appear instead.
    let elsewhere = rules.iter().filter_map(|rule| {
        not_in_global_region::look(rule, file).or_else(|| nobody_listens::look(rule, file))
    });
    found.extend(elsewhere);
    let unrecorded = rules
        .iter()
        .filter_map(|rule| not_recorded::look(rule, file));
    found.extend(unrecorded);
    let deaf = rules.iter().filter_map(|rule| one_region::look(rule, file));
    found.extend(deaf);
    found.extend(sign_in_regions::look(&rules, file));
    // What cannot fire tells nobody twice.
    let alive = rules
        .iter()
        .zip(&never)
        .filter(|(rule, never)| never.is_none() && hoped(rule));
    let alive: Vec<&CheckedRule<'_>> = alive.map(|(rule, _)| rule).collect();
    found.extend(duplicate_alerts::warnings(alive, file));
    found.extend(never.into_iter().flatten());
    found.extend(quota::warnings(&rules, file, raised_quotas));
}
