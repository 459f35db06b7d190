//! Diagnostics of a rules file, with the place underlined.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use super::text::Text;
use crate::diagnostic::{self, Diagnostic, Source, SourceId, Sources, printable, starred};

/// Most bytes of a line that are shown.
const WIDEST: usize = 110;
/// How many of them stand before the underlined place.
const BEFORE: usize = 40;

/// All diagnostics, one below the other, a line end at the end; empty if there are none.
pub fn render(sources: &Sources, diagnostics: &[Diagnostic], color: bool) -> Text {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    }
    .term_width(WIDEST + 40);
    let mut lines: BTreeMap<SourceId, Lines<'_>> = BTreeMap::new();
    let mut text = Text::default();
    for diagnostic in diagnostics {
        let id = diagnostic.span.source;
        if let Some(source) = sources.get(id) {
            lines.entry(id).or_insert_with(|| Lines::of(source));
        }
        if !text.is_empty() {
            text.blank();
        }
        text.append(&one(lines.get(&id), diagnostic, &renderer));
        text.blank();
    }
    text
}

/// One diagnostic without a line end. All that the renderer gets is printable, so that every sequence in what it draws is
/// its own.
fn one(lines: Option<&Lines<'_>>, diagnostic: &Diagnostic, renderer: &Renderer) -> Text {
    let level = match diagnostic.level {
        diagnostic::Level::Error => Level::ERROR,
        diagnostic::Level::Warning => Level::WARNING,
    };
    let mut group = level
        .primary_title(printable(&diagnostic.message))
        .id(diagnostic.code)
        .elements(Vec::<Origin<'_>>::new());
    if let Some(lines) = lines {
        let view = lines.view(diagnostic);
        let origin = Origin::path(lines.name.as_str());
        if lines.source.text.is_empty() {
            // There is no place in a text that could not be read.
            group = group.element(origin);
        } else {
            let snippet = Snippet::source(view.text)
                .line_start(view.line)
                .fold(false)
                .annotation(
                    AnnotationKind::Primary
                        .span(view.start..view.end)
                        .label(printable(&diagnostic.label)),
                );
            // A snippet counts its columns itself, which are wrong where the line's beginning is cut off.
            group = if view.cut {
                let origin = origin.line(view.line).char_column(view.column);
                group.element(origin).element(snippet)
            } else {
                group.element(snippet.path(lines.name.as_str()))
            };
        }
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    Text::drawn(&renderer.render(&[group]))
}

/// A text and where its lines begin, so that a thousand diagnostics do not read it a thousand times.
struct Lines<'s> {
    source: &'s Source,
    /// The name of the text, without characters that could harm a terminal.
    name: String,
    starts: Vec<usize>,
    /// Lines with stars for what may be a secret, by where each begins: a file of one long line may have many mistakes.
    starred: RefCell<BTreeMap<usize, Cow<'s, str>>>,
}

/// The part of one line that is shown.
struct View {
    line: usize,
    /// In characters, from 1.
    column: usize,
    text: String,
    /// The underlined part of `text`, in bytes.
    start: usize,
    end: usize,
    /// Whether the line's beginning is missing.
    cut: bool,
}

impl<'s> Lines<'s> {
    fn of(source: &'s Source) -> Self {
        let after_each = source.text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            source,
            name: printable(&source.name),
            starred: RefCell::default(),
            starts: std::iter::once(0).chain(after_each).collect(),
        }
    }

    /// The first line of the span, cut around it where the line is long.
    fn view(&self, diagnostic: &Diagnostic) -> View {
        let text = self.source.text.as_str();
        let start = text.floor_char_boundary(diagnostic.span.start);
        let end = text.floor_char_boundary(diagnostic.span.end).max(start);
        let line = self.starts.partition_point(|at| *at <= start).max(1);
        let from = self.starts.get(line - 1).copied().unwrap_or_default();
        let rest = text.get(from..).unwrap_or_default();
        let whole = rest.split('\n').next().unwrap_or_default();
        let whole = whole.strip_suffix('\r').unwrap_or(whole);
        let start = (start - from).min(whole.len());
        let end = (end - from).clamp(start, whole.len());
        let column = whole.get(..start).unwrap_or_default().chars().count() + 1;
        let mut starred_lines = self.starred.borrow_mut();
        let whole = starred_lines.entry(from).or_insert_with(|| starred(whole));
        let whole: &str = whole;

        // What is cut off is shown by an ellipsis on either side.
        let cut_from = if whole.len() > WIDEST {
            whole.floor_char_boundary(start.saturating_sub(BEFORE))
        } else {
            0
        };
        let cut_to = whole.ceil_char_boundary(cut_from.saturating_add(WIDEST));
        let mut shown = String::new();
        if cut_from > 0 {
            shown.push('…');
        }
        let (start, end) = (start.min(cut_to), end.min(cut_to));
        let mut push = |from: usize, to: usize| {
            shown.extend(whole.get(from..to).unwrap_or_default().chars().map(visible));
            shown.len()
        };
        let shown_start = push(cut_from, start);
        let shown_end = push(start, end);
        push(end, cut_to);
        if cut_to < whole.len() {
            shown.push('…');
        }
        View {
            line,
            column,
            start: shown_start,
            end: shown_end,
            text: shown,
            cut: cut_from > 0,
        }
    }
}

/// Characters that would change how the line is shown. (The renderer makes spaces of a tab.)
fn visible(c: char) -> char {
    match c {
        '\t' => c,
        // As the renderer shows those of ASCII: their pictures stand in the order of the characters.
        '\0'..='\u{1f}' => {
            char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        '\u{7f}' => '\u{2421}',
        _ if diagnostic::is_unprintable(c) => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}
