//! What is left of a rules file in which something is wrong: for those who look at what is deployed, or delete it.
//!
//! A mistake in one rule says nothing about the others, and an alerting that cannot be judged or taken down because of it
//! would be worse than the mistake.

use std::path::Path;

use super::accepted::AcceptedAll;
use super::load::linted;
use crate::compile::{self, Compiled, PATTERN_QUOTA};
use crate::diagnostic::{Diagnostic, Level, SourceId, Sources, Span, codes};
use crate::rules::decode::draft::Sections;
use crate::rules::decode::reading::Entry;
use crate::rules::{self, Parsed, Rule, RulesFile};

/// The rule whose channels depend on those that the other rules have.
const WATCH_OF_THE_WATCH: &str = "pipeline/tamper-watch";

/// A rules file as far as it can be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Salvaged {
    /// Every text that was read: the rules file first, then what it includes, then the catalogue.
    pub sources: Sources,
    /// What there is to say, by position.
    pub diagnostics: Vec<Diagnostic>,
    /// What is left, unless a mistake concerns all of the file.
    pub rest: Option<Rest>,
}

/// What is left of a rules file.
#[derive(Debug, Clone, PartialEq)]
pub struct Rest {
    /// The file with those rules that are whole.
    pub file: RulesFile,
    /// Their patterns.
    pub patterns: Vec<Compiled>,
    /// The rules that are not whole, or may not be.
    pub broken: Vec<BrokenRule>,
}

/// A rule that cannot be read.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokenRule {
    /// The `id` or `use` as it is written; `None` where it may be any rule.
    pub name: Option<String>,
    /// Why it cannot be read.
    pub problem: Diagnostic,
}

/// Loads a rules file, and leaves out the rules that something is wrong with. The tests of the rules are not run: what is
/// wrong with one leaves its rule as it is.
pub fn salvage(path: &Path) -> Salvaged {
    let (parsed, _) = linted(rules::parse_file(path));
    let accepted = AcceptedAll::of(&parsed);
    let Parsed {
        sources,
        report,
        entries,
        resolved,
        ..
    } = parsed;
    let mut diagnostics = report.finish();
    accepted.take_out(&mut diagnostics);
    let file = resolved.file.or(resolved.rest);
    let rest = file.and_then(|file| {
        let damage = Damage::of(&diagnostics, &entries, &resolved.sections)?;
        Some(damage.rest(file))
    });
    let rest = rest.map(|(rest, problems)| {
        diagnostics.extend(problems);
        diagnostics.sort_by(|a, b| (a.span, a.level, a.code).cmp(&(b.span, b.level, b.code)));
        rest
    });
    Salvaged {
        sources,
        diagnostics,
        rest,
    }
}

/// What the mistakes in a file concern.
struct Damage<'a> {
    /// Entries of `rules`, and what is wrong in each.
    entries: Vec<(&'a Entry, &'a Diagnostic)>,
    /// Entries of which a test alone cannot be read.
    tests: Vec<(&'a Entry, &'a Diagnostic)>,
    /// What is wrong with a channel: it concerns those who name it.
    channels: Option<&'a Diagnostic>,
    /// What is wrong with `notify`: it may concern any rule of the file.
    notify: Option<&'a Diagnostic>,
    /// What hides rules.
    hidden: Option<&'a Diagnostic>,
}

impl<'a> Damage<'a> {
    /// What the errors concern; `None` where that is all of the file.
    fn of(
        diagnostics: &'a [Diagnostic],
        entries: &'a [Entry],
        sections: &Sections,
    ) -> Option<Self> {
        let mut damage = Self {
            entries: Vec::new(),
            tests: Vec::new(),
            channels: None,
            notify: None,
            hidden: None,
        };
        for error in diagnostics.iter().filter(|d| d.level == Level::Error) {
            let at = error.span;
            let within = |section: Option<Span>| section.is_some_and(|span| at.is_inside(span));
            if error.code == codes::TOO_MANY.id {
                return None;
            }
            if let Some(entry) = entries.iter().find(|entry| at.is_inside(entry.whole)) {
                let list = if within(entry.tests) {
                    &mut damage.tests
                } else {
                    &mut damage.entries
                };
                if !list.iter().any(|(known, _)| *known == entry) {
                    list.push((entry, error));
                }
            } else if within(sections.channels) {
                damage.channels.get_or_insert(error);
            } else if within(sections.notify) {
                damage.notify.get_or_insert(error);
            } else if within(sections.include)
                || within(sections.rules)
                || at.source != SourceId::default()
            {
                damage.hidden.get_or_insert(error);
            } else {
                return None;
            }
        }
        Some(damage)
    }

    /// What is left of the file, and what is wrong with rules that do not compile.
    fn rest(self, mut file: RulesFile) -> (Rest, Vec<Diagnostic>) {
        let broken = |name: Option<&str>, problem: &Diagnostic| BrokenRule {
            name: name.map(str::to_owned),
            problem: problem.clone(),
        };
        // An entry of which a mistake in a test has left nothing is as broken as one with a mistake elsewhere.
        let stands = |entry: &Entry| file.rules.iter().any(|r| r.span.is_inside(entry.whole));
        let lost = self.tests.iter().filter(|(entry, _)| !stands(entry));
        let entries: Vec<_> = self.entries.iter().chain(lost).collect();
        let named = entries.iter();
        let mut all: Vec<BrokenRule> = named
            .map(|(entry, problem)| broken(entry.name.as_deref(), problem))
            .collect();
        all.extend(self.hidden.map(|problem| broken(None, problem)));
        let of_entry = |rule: &Rule| {
            let is_its = |entry: &Entry| {
                rule.span.is_inside(entry.whole) || entry.name.as_ref() == Some(&rule.id.0)
            };
            entries.iter().any(|(entry, _)| is_its(entry))
        };
        let mut rules = Vec::new();
        for rule in std::mem::take(&mut file.rules) {
            if of_entry(&rule) {
                continue;
            }
            let of_channels = self.channels.filter(|_| {
                let mut channels = rule.channels.iter();
                rule.id.0 == WATCH_OF_THE_WATCH
                    || channels.any(|channel| !file.channels.contains_key(channel))
            });
            match self.notify.or(of_channels) {
                Some(problem) => all.push(broken(Some(&rule.id.0), problem)),
                None => rules.push(rule),
            }
        }
        file.rules = rules;
        let patterns = compile::each(&file, PATTERN_QUOTA).compiled;
        let (mut rules, mut problems) = (Vec::new(), Vec::new());
        for rule in std::mem::take(&mut file.rules) {
            let compiles = patterns.iter().any(|pattern| pattern.rule == rule.id);
            if !rule.enabled || compiles {
                rules.push(rule);
            } else if let Err(problem) = compile::compile_rule(&file, &rule, PATTERN_QUOTA) {
                all.push(broken(Some(&rule.id.0), &problem));
                problems.push(*problem);
            }
        }
        file.rules = rules;
        let rest = Rest {
            file,
            patterns,
            broken: all,
        };
        (rest, problems)
    }
}
