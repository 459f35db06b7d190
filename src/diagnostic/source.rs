//! Texts that were loaded, and positions in them.

use serde::Serialize;

/// Which loaded text a span belongs to: an index into [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct SourceId(pub usize);

/// A range of bytes in one loaded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct Span {
    /// The text that the range lies in.
    pub source: SourceId,
    /// The first byte of the range, counted from 0.
    pub start: usize,
    /// One past the last byte; never before `start`.
    pub end: usize,
}

impl Span {
    /// Whether it lies within another one.
    pub(crate) fn is_inside(self, outer: Self) -> bool {
        self.source == outer.source && outer.start <= self.start && self.end <= outer.end
    }
}

/// A text that was loaded, with the name it goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The name to show: a path as the user gave it, or `patterns/iam.yaml` for the catalogue.
    pub name: String,
    pub text: String,
}

/// All texts that one load has read, in the order of reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Keeps a text and names it.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        self.0.push(Source {
            name: name.into(),
            text: text.into(),
        });
        SourceId(self.0.len() - 1)
    }

    /// The text of that id, if it came from here.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.0.get(id.0)
    }

    /// All of them, in the order of reading.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }

    /// File name, line and column (both from 1, columns in characters) where a span begins.
    pub fn position(&self, span: Span) -> (&str, usize, usize) {
        let Some(source) = self.get(span.source) else {
            return ("", 1, 1);
        };
        let before = source.text.get(..span.start).unwrap_or(&source.text);
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        (&source.name, line, column)
    }
}

/// Whether a diagnostic stops the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The work stops, and nothing is done.
    Error,
    /// The work goes on.
    Warning,
}

/// Something to say about a place in a rules file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// `E0101`, `W0203`: stable, documented.
    pub code: &'static str,
    /// Whether it stops the work.
    pub level: Level,
    /// What was found, one line, the user's words in backticks.
    pub message: String,
    /// What was expected, said at the underlined place; may be empty.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The place in the rules file that is underlined.
    pub span: Span,
}
