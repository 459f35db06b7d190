//! Collecting diagnostics, and how user text is shown inside them.

use super::codes::Code;
use super::source::{Diagnostic, Level, Span};

/// Most diagnostics of one load. What comes after them is counted, not kept.
pub const MAX_DIAGNOSTICS: usize = 1_000;

/// Most names that are compared with a word that is not one of them.
const MOST_NAMES: usize = 200;

/// The diagnostics of one load.
#[derive(Debug, Default)]
pub(super) struct Report {
    diagnostics: Vec<Diagnostic>,
    left_out: Option<Span>,
    errors: usize,
    of_tests: usize,
}

/// A diagnostic being written: message, label and help follow.
pub(super) struct Entry<'r> {
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
        #[allow(clippy::indexing_slicing)] // pushed just now
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

    /// How many errors were reported, those that were not kept included, and those of tests' events not.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// How many errors were about events of tests.
    pub fn errors_of_tests(&self) -> usize {
        self.of_tests
    }

    /// Counts the errors since there were so many as errors about events of tests: the rules are whole.
    pub fn set_aside(&mut self, before: usize) {
        self.of_tests += self.errors - before;
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
                code: super::codes::TOO_MANY.id,
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

    /// The same where there may be no advice.
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

/// The user's words in backticks: one line, no control characters, at most 80 characters.
pub(super) fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(80).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("`{}`", printable(&cut))
}

/// The text with escapes for control characters and for those that change how a line is shown.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unprintable(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Control characters, and those that change how the rest of a line is shown: direction marks and
/// zero-width ones.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The nearest of some names, if one is near enough to be a slip of the finger.
pub(crate) fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if word.len() > 64 {
        return None;
    }
    let lower = word.to_lowercase().replace('_', "-");
    let allowed = (lower.chars().count() / 3).clamp(1, 3);
    names
        .into_iter()
        // Nearer than their lengths they cannot be.
        .filter(|name| name.len().abs_diff(lower.len()) <= 4 * allowed)
        .map(|name| {
            let other = name.to_lowercase().replace('_', "-");
            (strsim::osa_distance(&lower, &other), name)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, name)| (*distance, *name))
        .map(|(_, name)| name)
}

/// "did you mean …?", or the list of what there is.
fn suggestion(word: &str, names: &[&str]) -> Option<String> {
    if let Some(name) = meant(word, names.iter().copied()) {
        return Some(did_you_mean(name));
    }
    if names.is_empty() {
        return None;
    }
    let mut list: Vec<String> = names.iter().take(24).map(|n| format!("`{n}`")).collect();
    if names.len() > 24 {
        list.push("…".to_owned());
    }
    Some(format!("one of {}", list.join(", ")))
}

fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}

/// The only name that a word begins, or the one that it is a slip of.
pub(crate) fn meant<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let names: Vec<&str> = names.into_iter().take(MOST_NAMES).collect();
    let mut longer = names
        .iter()
        .filter(|name| word.len() > 2 && name.starts_with(word));
    match (longer.next(), longer.next()) {
        (Some(name), None) => Some(*name),
        _ => nearest(word, names.iter().copied()),
    }
}
