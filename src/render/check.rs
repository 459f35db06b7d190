//! What a check found: for people, as JSON, and as SARIF for code hosts.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::diagnostic;
use super::style::Painter;
use super::text::Text;
use crate::check::{self, BrokenRule, Checked};
use crate::diagnostic::{
    Diagnostic, Level, SourceId, Sources, Span, counted, listed, printable, shown,
};

/// With more findings than this they are counted at the top as well, and the errors come first.
const A_SCREEN: usize = 20;

/// All diagnostics, and one line at the end that says how many there are and of how much.
pub fn human(checked: &Checked, paint: Painter) -> Text {
    let mut out = Text::default();
    let (errors, warnings) = (checked.count(Level::Error), checked.count(Level::Warning));
    if checked.diagnostics.len() > A_SCREEN {
        // Whoever reads from the top sees what has to be mended first.
        let (first, then): (Vec<&Diagnostic>, Vec<&Diagnostic>) = checked
            .diagnostics
            .iter()
            .partition(|found| found.level == Level::Error);
        let order = if first.is_empty() || then.is_empty() {
            "in the order of the file"
        } else {
            "the errors first"
        };
        let _ = writeln!(out, "{}, {order}", in_all(errors, warnings, paint));
        out.blank();
        let sorted: Vec<Diagnostic> = first.into_iter().chain(then).cloned().collect();
        out.append(&diagnostic::render(&checked.sources, &sorted, paint.color));
    } else {
        out.append(&diagnostic::render(
            &checked.sources,
            &checked.diagnostics,
            paint.color,
        ));
    }
    if !checked.diagnostics.is_empty() {
        out.blank();
    }
    let name = checked
        .sources
        .iter()
        .next()
        .map_or("", |source| &source.name);
    let name = printable(name);
    let found = in_all(errors, warnings, paint);
    let of = [
        (checked.rules, "rule"),
        (checked.patterns, "event pattern"),
        (checked.tests, "test"),
    ];
    let of: Vec<String> = of
        .iter()
        .map(|(number, what)| counted(*number, what))
        .collect();
    // What did not load has no rules to count.
    let of = if checked.rules > 0 {
        format!(" in {}", of.join(", "))
    } else {
        String::new()
    };
    let elsewhere = elsewhere(checked);
    let elsewhere = if elsewhere.is_empty() {
        String::new()
    } else {
        format!("; look into {} too", elsewhere.join(", "))
    };
    let _ = writeln!(out, "{name}: {found}{of}{elsewhere}");
    out
}

/// The rules that the work goes on without, because they cannot be read.
pub fn left_out(broken: &[BrokenRule], paint: Painter) -> Text {
    let mut names: Vec<String> = Vec::new();
    for rule in broken {
        let name = match &rule.name {
            Some(name) => shown(name),
            None => "rules that cannot be found".to_owned(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut text = Text::default();
    let _ = writeln!(
        text,
        "{} the rules file has errors: without {}, of which what is deployed is taken as it stands",
        paint.yellow("!"),
        listed(&names)
    );
    text
}

/// The other files that something is said of.
fn elsewhere(checked: &Checked) -> Vec<String> {
    let ids: BTreeSet<SourceId> = checked.diagnostics.iter().map(|d| d.span.source).collect();
    let others = ids.iter().filter(|id| id.0 > 0);
    let named = others.filter_map(|id| checked.sources.get(*id));
    named.map(|source| printable(&source.name)).collect()
}

fn in_all(errors: usize, warnings: usize, paint: Painter) -> String {
    match (errors, warnings) {
        (0, 0) => paint.green("nothing to complain about"),
        (0, warnings) => paint.yellow(&counted(warnings, "warning")),
        (errors, 0) => paint.red(&counted(errors, "error")),
        (errors, warnings) => paint.red(&format!(
            "{}, {}",
            counted(errors, "error"),
            counted(warnings, "warning")
        )),
    }
}

/// A place in a text, both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Place {
    line: usize,
    column: usize,
}

/// Where lines begin, so that a thousand diagnostics do not read the texts a thousand times.
struct Positions<'c> {
    sources: &'c Sources,
    starts: BTreeMap<SourceId, Vec<usize>>,
}

impl<'c> Positions<'c> {
    fn of(sources: &'c Sources) -> Self {
        let starts = sources.iter().enumerate().map(|(index, source)| {
            let after_each = source.text.match_indices('\n').map(|(at, _)| at + 1);
            (
                SourceId(index),
                std::iter::once(0).chain(after_each).collect(),
            )
        });
        Self {
            sources,
            starts: starts.collect(),
        }
    }

    fn file(&self, span: Span) -> &'c str {
        self.sources
            .get(span.source)
            .map_or("", |source| &source.name)
    }

    fn place(&self, source: SourceId, at: usize) -> Place {
        let text = self.sources.get(source).map_or("", |source| &source.text);
        let starts = self.starts.get(&source).map_or(&[][..], Vec::as_slice);
        let at = text.floor_char_boundary(at);
        let line = starts.partition_point(|start| *start <= at).max(1);
        let from = starts.get(line - 1).copied().unwrap_or_default();
        let column = text.get(from..at).unwrap_or_default().chars().count() + 1;
        Place { line, column }
    }

    fn range(&self, span: Span) -> (Place, Place) {
        (
            self.place(span.source, span.start),
            self.place(span.source, span.end),
        )
    }
}

/// Diagnostics in the stable form for programs.
pub fn diagnostics(sources: &Sources, found: &[Diagnostic]) -> Vec<Value> {
    let positions = Positions::of(sources);
    let one = |diagnostic: &Diagnostic| {
        let (start, end) = positions.range(diagnostic.span);
        json!({
            "code": diagnostic.code,
            "level": diagnostic.level,
            "message": diagnostic.message,
            "label": diagnostic.label,
            "help": diagnostic.help,
            "file": positions.file(diagnostic.span),
            "line": start.line,
            "column": start.column,
            "end": end,
        })
    };
    found.iter().map(one).collect()
}

/// The stable form for programs.
pub fn to_json(checked: &Checked) -> Value {
    json!({
        "format_version": 1,
        "diagnostics": diagnostics(&checked.sources, &checked.diagnostics),
        "errors": checked.count(Level::Error),
        "warnings": checked.count(Level::Warning),
        "rules": checked.rules,
        "patterns": checked.patterns,
        "tests": checked.tests,
    })
}

/// SARIF 2.1.0, which code hosts show beside the lines. Source: OASIS, "Static Analysis Results Interchange
/// Format (SARIF) Version 2.1.0".
pub fn to_sarif(checked: &Checked) -> Value {
    let positions = Positions::of(&checked.sources);
    let mut used: Vec<&str> = checked.diagnostics.iter().map(|found| found.code).collect();
    used.sort_unstable();
    used.dedup();
    let rules = used.iter().map(|id| {
        let explanation = check::code(id).map_or("", |code| code.explanation);
        json!({
            "id": id,
            "shortDescription": { "text": explanation },
            "help": { "text": format!("iamwatch explain-code {id}") },
        })
    });
    let result = |found: &Diagnostic| {
        let (start, end) = positions.range(found.span);
        let text = match &found.help {
            Some(help) => format!("{}\n{}", unlinked(&found.message), unlinked(help)),
            None => unlinked(&found.message),
        };
        json!({
            "ruleId": found.code,
            "ruleIndex": used.iter().position(|id| *id == found.code),
            "level": found.level,
            "message": { "text": text },
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": { "uri": uri(positions.file(found.span)) },
                    "region": {
                        "startLine": start.line,
                        "startColumn": start.column,
                        "endLine": end.line,
                        "endColumn": end.column,
                    },
                },
            }],
        })
    };
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "iamwatch",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules.collect::<Vec<_>>(),
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": checked.diagnostics.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

/// Words of a message without what code hosts take for a link, or what steers a terminal.
/// Source: SARIF 2.1.0, 3.11.6 "Messages with embedded links".
fn unlinked(words: &str) -> String {
    printable(words).replace("](", "] (")
}

/// A path as a relative reference (RFC 3986), or a `file` URI if it is absolute.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_a_message_becomes_a_link() {
        let written = unlinked("`[all is well](https://example.com)\u{202e}` is not known");
        assert_eq!(
            written,
            "`[all is well] (https://example.com)\\u{202e}` is not known"
        );
    }

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("rules/iam rules.yaml"), "rules/iam%20rules.yaml");
        assert_eq!(uri("/home/a/iamwatch.yaml"), "file:///home/a/iamwatch.yaml");
        assert_eq!(uri("<stdin>"), "%3Cstdin%3E");
    }
}
