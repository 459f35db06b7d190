//! Rules for those who deploy them or ask about them: read, looked at, and refused where anything is wrong.

use std::collections::BTreeSet;
use std::path::Path;

use super::accepted::AcceptedAll;
use super::lints;
use crate::diagnostic::{Diagnostic, Sources, Span};
use crate::rules::{self, Parsed, RuleId, RulesFile};

/// What came of loading a rules file.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// Every text that was read: the rules file first, then what it includes, then the catalogue.
    pub sources: Sources,
    /// What there is to say, by position.
    pub diagnostics: Vec<Diagnostic>,
    /// Where each entry of `rules` stands.
    pub entries: Vec<Span>,
    /// The rules file; there is one exactly if no diagnostic is an error.
    pub file: Option<RulesFile>,
}

/// Loads a rules file and the files that it includes. Never panics; bounded in time and memory.
pub fn load(path: &Path) -> Loaded {
    rules::parse_file(path).into()
}

/// Loads what would be written to a file, such as the text of an editor. Without a path there is no folder to
/// include from.
pub fn load_unsaved(path: Option<&Path>, bytes: Vec<u8>) -> Loaded {
    rules::parse_unsaved(path, bytes).into()
}

/// Loads a text that is not a file, so that there is no folder to include from.
pub fn load_text(name: &str, text: &str) -> Loaded {
    rules::parse_text(name, text).into()
}

/// The catalogue as a rules file that holds every rule.
pub fn whole_catalogue() -> Loaded {
    rules::parse_catalogue().into()
}

impl From<Parsed> for Loaded {
    fn from(parsed: Parsed) -> Self {
        let (parsed, _) = linted(parsed);
        let is_good = parsed.report.errors() == 0;
        let accepted = AcceptedAll::of(&parsed);
        let mut diagnostics = parsed.report.finish();
        accepted.take_out(&mut diagnostics);
        Self {
            sources: parsed.sources,
            diagnostics,
            entries: parsed.entries.iter().map(|entry| entry.whole).collect(),
            file: parsed.resolved.file.filter(|_| is_good),
        }
    }
}

/// What was read, with what lints find in it, and the rules of which they say that nothing can fire them.
pub(super) fn linted(mut parsed: Parsed) -> (Parsed, BTreeSet<RuleId>) {
    let mut report = std::mem::take(&mut parsed.report);
    let never = lints::look(&parsed, &mut report);
    AcceptedAll::of(&parsed).look(&mut report);
    parsed.report = report;
    (parsed, never)
}
