//! Collects the diagnostics of one load, of which [`MAX_DIAGNOSTICS`] are kept at most.

use super::codes::{self, Code};
use super::nearest::{MOST_NAMES, did_you_mean, meant, suggestion};
use super::source::{Diagnostic, Level, Span};

/// Most diagnostics of one load. What comes after them is counted, not kept.
pub const MAX_DIAGNOSTICS: usize = 1_000;

/// The diagnostics of one load.
#[derive(Debug, Default)]
pub(crate) struct Report {
    diagnostics: Vec<Diagnostic>,
    left_out: Option<Span>,
    errors: usize,
}

/// A diagnostic being written: message, label and help follow.
pub(crate) struct Entry<'r> {
    diagnostic: &'r mut Diagnostic,
    kept: bool,
}

impl Report {
    /// Begins a diagnostic that stops the work.
    pub(crate) fn error(&mut self, code: Code, span: Span) -> Entry<'_> {
        self.errors += 1;
        self.entry(code, Level::Error, span)
    }

    /// Begins a diagnostic that does not stop the work.
    pub(crate) fn warning(&mut self, code: Code, span: Span) -> Entry<'_> {
        self.entry(code, Level::Warning, span)
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
    pub(crate) fn is_full(&self) -> bool {
        self.diagnostics.len() >= MAX_DIAGNOSTICS
    }

    /// How many diagnostics there are.
    pub(crate) fn said(&self) -> usize {
        self.diagnostics.len()
    }

    /// How many errors were reported, those that were not kept included.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// Adds what another report holds.
    pub(crate) fn take_in(&mut self, other: Self) {
        self.errors += other.errors;
        self.diagnostics.extend(other.diagnostics);
        let too_many = self
            .diagnostics
            .get(MAX_DIAGNOSTICS)
            .map(|found| found.span);
        self.left_out = self.left_out.or(too_many).or(other.left_out);
        self.diagnostics.truncate(MAX_DIAGNOSTICS);
    }

    /// All diagnostics by position, errors before warnings at one place, each once.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
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
    /// Says what was found.
    pub(crate) fn message(self, text: impl Into<String>) -> Self {
        self.diagnostic.message = text.into();
        self
    }

    /// What was expected, at the underlined place.
    pub(crate) fn label(self, text: impl Into<String>) -> Self {
        self.diagnostic.label = text.into();
        self
    }

    /// What to write instead.
    pub(crate) fn help(self, text: impl Into<String>) -> Self {
        self.diagnostic.help = Some(text.into());
        self
    }

    /// What to write instead, where that is known.
    pub(crate) fn maybe_help(self, text: Option<String>) -> Self {
        self.diagnostic.help = text;
        self
    }

    /// Help that names the nearest of some names, or all of them. Not worked out where nobody sees it.
    pub(crate) fn suggest<'n>(self, word: &str, names: impl IntoIterator<Item = &'n str>) -> Self {
        let help = if self.kept {
            let names: Vec<&str> = names.into_iter().take(MOST_NAMES).collect();
            suggestion(word, &names)
        } else {
            None
        };
        self.maybe_help(help)
    }

    /// Help that names the nearest of some names, or else says where they are listed.
    pub(crate) fn suggest_or<'n>(
        self,
        word: &str,
        names: impl IntoIterator<Item = &'n str>,
        listed: &str,
    ) -> Self {
        let meant = if self.kept { meant(word, names) } else { None };
        self.help(meant.map_or_else(|| listed.to_owned(), did_you_mean))
    }

    /// Ends the sentence where a value of type `()` is wanted.
    pub(crate) fn done(self) {}
}
