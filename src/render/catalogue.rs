//! The catalogue for people: the list, and one entry.

use super::style::Painter;
use super::text::Text;
use crate::diagnostic::counted;
use crate::rules::{CatalogueEntry, NotExpressible, Severity, WENT_THROUGH};

/// Columns that a description is broken at.
const WIDTH: usize = 96;

/// Rules by service, then packs, then what cannot be.
pub fn list(
    rules: &[&CatalogueEntry],
    packs: &[&CatalogueEntry],
    others: &[&NotExpressible],
    paint: Painter,
) -> Text {
    let mut out = Text::default();
    let ids = rules.iter().chain(packs).map(|entry| &entry.id);
    let ids = ids.chain(others.iter().map(|other| &other.id));
    let width = ids.map(|id| id.0.len()).max().unwrap_or_default();
    for group in rules.chunk_by(|a, b| a.group() == b.group()) {
        let name = group.first().map_or("", |rule| rule.group());
        let _ = writeln!(out, "{}", paint.bold(name));
        for rule in group {
            let _ = writeln!(
                out,
                "  {}  {:width$}  {}",
                severity(rule.severity, paint),
                rule.id.0,
                rule.title
            );
        }
    }
    if !packs.is_empty() {
        let _ = writeln!(out, "{}", paint.bold("packs"));
    }
    for pack in packs {
        let _ = writeln!(
            out,
            "  {:8}  {:width$}  {}",
            counted(pack.rules.len(), "rule"),
            pack.id.0,
            pack.title
        );
    }
    if !others.is_empty() {
        let _ = writeln!(out, "{}", paint.bold("not expressible as a pattern"));
    }
    for other in others {
        let _ = writeln!(out, "  {:8}  {:width$}  {}", "", other.id.0, other.title);
    }
    out
}

/// One rule or pack with all that is known of it.
pub fn entry(entry: &CatalogueEntry, paint: Painter) -> Text {
    let mut out = Text::default();
    let _ = writeln!(out, "{}", paint.bold(&entry.title));
    match entry.severity {
        Some(_) => {
            let severity = severity(entry.severity, paint);
            let _ = writeln!(out, "{}  {}", entry.id, severity.trim_end());
        }
        None => {
            let _ = writeln!(out, "{}", entry.id);
        }
    }
    out.blank();
    for line in wrapped(&entry.description) {
        let _ = writeln!(out, "{line}");
    }
    out.blank();
    for (name, value) in facts(entry) {
        let _ = writeln!(out, "{name:11} {value}");
    }
    if entry.is_pack() {
        rules_of(entry, &mut out, paint);
    } else {
        headed(&mut out, "As it stands in the catalogue:", paint);
        out.block("", &entry.yaml);
    }
    headed(&mut out, "In your rules file:", paint);
    let _ = writeln!(out, "rules:");
    let _ = writeln!(out, "  - use: {}", entry.id);
    if entry.hears_refusals && !entry.events.is_empty() {
        let _ = writeln!(out, "    # {WENT_THROUGH}");
    }
    out
}

/// An alert that the catalogue cannot hold.
pub fn other(other: &NotExpressible, paint: Painter) -> Text {
    let mut out = Text::default();
    let _ = writeln!(out, "{}", paint.bold(&other.title));
    let _ = writeln!(out, "{}  not expressible", other.id);
    out.blank();
    for line in wrapped(&other.reason) {
        let _ = writeln!(out, "{line}");
    }
    out
}

/// A heading between empty lines.
fn headed(out: &mut Text, heading: &str, paint: Painter) {
    out.blank();
    let _ = writeln!(out, "{}", paint.bold(heading));
    out.blank();
}

fn rules_of(pack: &CatalogueEntry, out: &mut Text, paint: Painter) {
    let _ = writeln!(out, "{}", paint.bold("Its rules:"));
    out.blank();
    let all = crate::rules::catalogue();
    let rules = pack.rules.iter().filter_map(|id| {
        let found = all.iter().find(|entry| entry.id == *id);
        found.map(|rule| (rule, rule.id.0.len()))
    });
    let rules: Vec<_> = rules.collect();
    let width = rules.iter().map(|(_, len)| *len).max().unwrap_or_default();
    for (rule, _) in rules {
        let severity = severity(rule.severity, paint);
        let _ = writeln!(out, "  {severity}  {:width$}  {}", rule.id.0, rule.title);
    }
}

/// What others call it and where it belongs.
fn facts(entry: &CatalogueEntry) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let mut add = |name, values: Vec<String>| {
        if !values.is_empty() {
            facts.push((name, values.join(", ")));
        }
    };
    add("ATT&CK", entry.mitre.clone());
    add("CIS v1.4", entry.cis.clone());
    for (framework, controls) in &entry.compliance {
        let name = match *framework {
            "nist-800-53" => "NIST 800-53",
            "apra-cps-234" => "CPS 234",
            "mas-trm" => "MAS TRM",
            other => other,
        };
        add(name, controls.clone());
    }
    add("Events", entry.events.clone());
    if entry.hears_refusals {
        let way_out = match entry.events.is_empty() {
            true => "",
            false => ": the last line below leaves them out",
        };
        let refused =
            format!("alert too; even a credential without any right can make many{way_out}");
        add("Refused", vec![refused]);
    }
    if entry.apart {
        let apart =
            "from the other rules, with topics of its own; it hears of the home account alone";
        add("Apart", vec![apart.to_owned()]);
    }
    let packs = entry.packs().map(|pack| pack.id.0.clone());
    add("Packs", packs.collect());
    if !entry.is_pack() {
        add("Tested with", vec![counted(entry.tests, "event")]);
    }
    facts
}

/// The severity as a cell of eight columns, coloured by how bad it is; blank where there is none.
fn severity(severity: Option<Severity>, paint: Painter) -> String {
    let Some(severity) = severity else {
        return " ".repeat(8);
    };
    let word = format!("{:8}", severity.to_string());
    match severity {
        Severity::Critical | Severity::High => paint.red(&word),
        Severity::Medium => paint.yellow(&word),
        Severity::Low | Severity::Info => paint.dim(&word),
    }
}

/// Lines of at most [`WIDTH`] columns, unless a word is longer.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
