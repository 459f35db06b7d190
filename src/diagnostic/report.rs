//! Collecting diagnostics.

use std::collections::BTreeSet;

use super::codes::{self, Code};
use super::nearest::{MOST_NAMES, did_you_mean, meant, suggestion};
use super::printable::shown;
use super::source::{Diagnostic, Level, Span};

/// Most diagnostics of one load. What comes after them is counted, not kept.
pub const MAX_DIAGNOSTICS: usize = 1_000;

/// The diagnostics of one load.
#[derive(Debug, Default)]
pub(crate) struct Report {
    diagnostics: Vec<Diagnostic>,
    left_out: Option<Span>,
    errors: usize,
    set_aside: usize,
    /// Rules that no event can fire, of which that has been said.
    pub never: BTreeSet<String>,
}

/// What is wrong with a name or a value, before it is said of a place.
#[derive(Debug)]
pub(crate) struct Problem {
    /// What it is where something may match all the same.
    pub code: Code,
    pub message: String,
    pub label: String,
    pub help: String,
    /// Whether no event can have the name or the value; else AWS may have come to write it since.
    pub certain: bool,
}

/// A diagnostic being written: message, label and help follow.
pub(crate) struct Entry<'r> {
    diagnostic: &'r mut Diagnostic,
    kept: bool,
}

impl Report {
    /// Begins a diagnostic that stops the work.
    pub fn error(&mut self, code: Code, span: Span) -> Entry<'_> {
        self.errors += 1;
        self.entry(code, Level::Error, span)
    }

    /// Begins a diagnostic that does not stop the work.
    pub fn warning(&mut self, code: Code, span: Span) -> Entry<'_> {
        self.entry(code, Level::Warning, span)
    }

    /// Begins a warning, or an error with the other code where one is given.
    pub fn warning_or(&mut self, fatal: Option<Code>, code: Code, span: Span) -> Entry<'_> {
        match fatal {
            Some(fatal) => self.error(fatal, span),
            None => self.warning(code, span),
        }
    }

    /// Says what is wrong at a place. `fatal`: the code of an error, where nothing else could match.
    pub fn say(&mut self, problem: Problem, fatal: Option<Code>, span: Span) {
        let fatal = fatal.filter(|_| problem.certain);
        self.warning_or(fatal, problem.code, span)
            .message(problem.message)
            .label(problem.label)
            .help(problem.help);
    }

    /// Makes errors of the warnings with some codes that lie within a place: nothing can fire this rule for them.
    pub fn refuse(&mut self, rule: &str, within: Span, codes: &[Code]) {
        let fatal = codes::CANNOT_FIRE.id;
        let meant = |found: &Diagnostic| {
            found.level == Level::Warning
                && codes.iter().any(|code| code.id == found.code)
                && is_inside(found.span, within)
        };
        // What a `use` says of a whole pack is said once.
        let (refused, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.diagnostics)
            .into_iter()
            .partition(meant);
        self.diagnostics = kept;
        for mut found in refused {
            let why = format!(": {}", found.message);
            let mut others = self.diagnostics.iter().filter(|other| other.code == fatal);
            if !others.any(|other| other.span == found.span && other.message.ends_with(&why)) {
                found.level = Level::Error;
                found.code = fatal;
                found.message = format!("no event can fire {}{why}", shown(rule));
                self.diagnostics.push(found);
                self.errors += 1;
            }
        }
    }

    /// Whether something with a code has been said within a place.
    pub fn has(&self, code: Code, within: Span) -> bool {
        let mut all = self.diagnostics.iter();
        all.any(|found| found.code == code.id && is_inside(found.span, within))
    }

    fn entry(&mut self, code: Code, level: Level, span: Span) -> Entry<'_> {
        if self.diagnostics.len() >= MAX_DIAGNOSTICS {
            self.left_out.get_or_insert(span);
            // The one behind the last is written to again and again, and dropped at the end.
            self.diagnostics.truncate(MAX_DIAGNOSTICS);
        }
        let index = self.diagnostics.len();
        self.diagnostics.push(Diagnostic {
            code: code.id,
            level,
            message: String::new(),
            label: String::new(),
            help: None,
            span,
        });
        #[allow(clippy::indexing_slicing, reason = "it was pushed just now")]
        Entry {
            diagnostic: &mut self.diagnostics[index],
            kept: index < MAX_DIAGNOSTICS,
        }
    }

    /// Whether further diagnostics are counted only.
    pub fn is_full(&self) -> bool {
        self.diagnostics.len() >= MAX_DIAGNOSTICS
    }

    /// How many diagnostics there are.
    pub fn said(&self) -> usize {
        self.diagnostics.len()
    }

    /// How many errors were reported, those that were not kept included, and those set aside not.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// How many errors leave the rules whole.
    pub fn errors_set_aside(&self) -> usize {
        self.set_aside
    }

    /// Counts the errors since there were so many as errors that leave the rules whole: all else can be looked at.
    pub fn set_aside(&mut self, before: usize) {
        self.set_aside += self.errors - before;
        self.errors = before;
    }

    /// All diagnostics by position, errors before warnings at one place, each once.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        self.diagnostics.truncate(MAX_DIAGNOSTICS);
        let mut all = self.diagnostics;
        all.sort_by(|a, b| (a.span, a.level, a.code).cmp(&(b.span, b.level, b.code)));
        all.dedup();
        if let Some(span) = self.left_out {
            all.push(Diagnostic {
                code: codes::TOO_MANY.id,
                level: Level::Error,
                message: format!("more than {MAX_DIAGNOSTICS} problems: the rest is not shown"),
                label: "the first one that is not shown".to_owned(),
                help: Some("repair those above and run the command again".to_owned()),
                span,
            });
        }
        all
    }
}

impl Entry<'_> {
    /// What was found.
    pub fn message(self, text: impl Into<String>) -> Self {
        self.diagnostic.message = text.into();
        self
    }

    /// What was expected, at the underlined place.
    pub fn label(self, text: impl Into<String>) -> Self {
        self.diagnostic.label = text.into();
        self
    }

    /// What to write instead.
    pub fn help(self, text: impl Into<String>) -> Self {
        self.diagnostic.help = Some(text.into());
        self
    }

    /// What to write instead, where that is known.
    pub fn maybe_help(self, text: Option<String>) -> Self {
        self.diagnostic.help = text;
        self
    }

    /// Help that names the nearest of some names, or all of them. Not worked out where nobody sees it.
    pub fn suggest<'n>(self, word: &str, names: impl IntoIterator<Item = &'n str>) -> Self {
        let help = if self.kept {
            let names: Vec<&str> = names.into_iter().take(MOST_NAMES).collect();
            suggestion(word, &names)
        } else {
            None
        };
        self.maybe_help(help)
    }

    /// Help that names the nearest of some names, or else says where they are listed.
    pub fn suggest_or<'n>(
        self,
        word: &str,
        names: impl IntoIterator<Item = &'n str>,
        listed: &str,
    ) -> Self {
        let meant = if self.kept { meant(word, names) } else { None };
        self.help(meant.map_or_else(|| listed.to_owned(), did_you_mean))
    }

    /// Ends the sentence where a value of type `()` is wanted.
    pub fn done(self) {}
}

fn is_inside(span: Span, outer: Span) -> bool {
    span.source == outer.source && outer.start <= span.start && span.end <= outer.end
}
