//! Collecting diagnostics, and how user text is shown inside them.

use std::collections::BTreeSet;

use super::codes::Code;
use super::model::RuleId;
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
    set_aside: usize,
    /// Rules that no event can fire, of which that has been said.
    pub never: BTreeSet<RuleId>,
}

/// What is wrong with a name or a value, before it is said of a place.
#[derive(Debug)]
pub(super) struct Problem {
    /// What it is where something may match all the same.
    pub code: Code,
    pub message: String,
    pub label: String,
    pub help: String,
    /// Whether no event can have the name or the value; else AWS may have come to write it since.
    pub certain: bool,
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
        let fatal = super::codes::CANNOT_FIRE.id;
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

fn is_inside(span: Span, outer: Span) -> bool {
    span.source == outer.source && outer.start <= span.start && span.end <= outer.end
}

/// The user's words in backticks: one line, no control characters, at most 80 characters.
pub(super) fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(80).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("`{}`", printable(&cut))
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(words: &[String]) -> String {
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
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
