//! What can be said about a rules file without AWS: what loading and compiling say, the tests of its rules,
//! and lints that look at compiled patterns.
//!
//! | question | room |
//! |---|---|
//! | can an event fire the rule at all | `never` |
//! | does the rule listen where its events appear | `places` |
//! | does it fire on what it should not | `federated`, `feedback` |
//! | are readers told twice | `overlap` |
//! | does it all fit on an event bus | `quota` |
//! | do the tests pass | `tests` |
//! | do they show what they seem to | `vacuous` |

mod federated;
mod feedback;
mod never;
mod overlap;
mod places;
mod quota;
mod subject;
pub mod tests;
mod vacuous;

use std::collections::BTreeSet;

use crate::compile::{self, PATTERN_QUOTA};
use crate::diagnostic::{Diagnostic, Level, Sources};
use crate::rules::{Loaded, RuleId, RulesFile};

use subject::Subject;

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

/// Checks what was loaded. `raised_quotas`: quotas that AWS raises for those who ask are not looked at.
pub fn check(loaded: Loaded, raised_quotas: bool) -> Checked {
    let mut checked = Checked {
        sources: loaded.sources,
        diagnostics: loaded.diagnostics,
        rules: 0,
        patterns: 0,
        tests: 0,
    };
    // Where the rules are whole, one run says the rest too.
    let file = loaded.file.as_ref().or(loaded.in_spite_of_errors.as_ref());
    if let Some(file) = file {
        look(file, &loaded.never, raised_quotas, &mut checked);
    }
    let found = &mut checked.diagnostics;
    found.sort_by(|a, b| (a.span, a.level, a.code).cmp(&(b.span, b.level, b.code)));
    found.dedup();
    checked
}

/// `hopeless`: rules of which it has been said that nothing can fire them.
fn look(file: &RulesFile, hopeless: &BTreeSet<RuleId>, raised_quotas: bool, checked: &mut Checked) {
    let each = compile::each(file, PATTERN_QUOTA);
    let test_source = compile::test_source(&file.name);
    checked.rules = file.rules.iter().filter(|rule| rule.enabled).count();
    checked.patterns = each.compiled.len();
    checked.tests = file.rules.iter().map(|rule| rule.tests.len()).sum();
    let subjects = Subject::all(file, &each, &test_source);
    let found = &mut checked.diagnostics;
    found.extend(each.problems.iter().cloned());
    found.extend(tests::run(file, &each.compiled, &checked.sources));
    let hoped = |subject: &Subject<'_>| !hopeless.contains(&subject.rule.id);
    let never = subjects.iter();
    let never: Vec<Option<Diagnostic>> = never
        .map(|s| never::warning(s).filter(|_| hoped(s)))
        .collect();
    found.extend(subjects.iter().filter_map(|s| federated::warning(s, file)));
    found.extend(feedback::warnings(&subjects, file));
    found.extend(subjects.iter().filter_map(|s| places::limited(s, file)));
    found.extend(places::sign_ins(&subjects, file));
    // What cannot fire tells nobody twice.
    let alive = subjects
        .iter()
        .zip(&never)
        .filter(|(subject, never)| never.is_none() && hoped(subject));
    let alive: Vec<&Subject<'_>> = alive.map(|(subject, _)| subject).collect();
    found.extend(overlap::warnings(alive, file));
    found.extend(never.into_iter().flatten());
    found.extend(quota::warnings(&subjects, file, raised_quotas));
}
