//! `iamwatch patterns`: what the catalogue holds.

use crate::diagnostic;
use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::exit::Exit;
use super::ui::Ui;
use crate::engine::{Code, Error};
use crate::render::catalogue as render;
use crate::render::text::Text;
use crate::rules::{CatalogueEntry, NotExpressible, Severity, catalogue, not_expressible};

/// Flags of `patterns`.
#[derive(Debug, Args)]
pub(super) struct PatternsArgs {
    /// A rule or pack to show
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// Only rules of this severity; can be repeated
    #[arg(long, value_name = "SEVERITY", conflicts_with = "id")]
    severity: Vec<Word>,
    /// Only rules about this ATT&CK technique, sub-techniques included
    #[arg(long, value_name = "TECHNIQUE", conflicts_with = "id")]
    mitre: Option<String>,
    /// Only rules for this number of CIS AWS Foundations v1.4, section 4
    #[arg(long, value_name = "NUMBER", conflicts_with = "id")]
    cis: Option<String>,
    /// Only rules of this pack
    #[arg(long, value_name = "PACK", conflicts_with = "id")]
    pack: Option<String>,
}

/// A severity on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Word {
    Critical,
    High,
    Medium,
    Low,
    Info,
}

impl Word {
    fn severity(self) -> Severity {
        match self {
            Self::Critical => Severity::Critical,
            Self::High => Severity::High,
            Self::Medium => Severity::Medium,
            Self::Low => Severity::Low,
            Self::Info => Severity::Info,
        }
    }
}

impl PatternsArgs {
    pub(super) fn run(self, ui: &mut Ui) -> Result<Exit, Error> {
        let Some(id) = &self.id else {
            return self.list(ui);
        };
        let entry = catalogue().iter().find(|entry| entry.id.0 == *id);
        let other = not_expressible().iter().find(|other| other.id.0 == *id);
        if entry.is_none() && other.is_none() {
            let other = not_expressible().iter().map(|other| &other.id);
            let known = catalogue().iter().map(|entry| &entry.id).chain(other);
            let failure = Error::new(
                Code::Unknown,
                format!(
                    "the catalogue has no rule or pack `{}`",
                    diagnostic::printable(id)
                ),
            );
            return Err(failure.help(meant(id, known.map(|id| id.0.as_str()))));
        }
        if ui.is_json() {
            let rules = entry.into_iter().filter(|entry| !entry.is_pack());
            let packs = entry.into_iter().filter(|entry| entry.is_pack());
            ui.out.json(&document(rules, packs, other.into_iter()))?;
            return Ok(Exit::Fine);
        }
        let paint = ui.painter();
        let text = match (entry, other) {
            (Some(entry), _) => render::entry(entry, paint),
            (None, Some(other)) => render::other(other, paint),
            (None, None) => Text::default(),
        };
        ui.out.text(&text)?;
        Ok(Exit::Fine)
    }

    fn list(&self, ui: &mut Ui) -> Result<Exit, Error> {
        let rules = self.chosen()?;
        let whole = self.severity.is_empty()
            && self.mitre.is_none()
            && self.cis.is_none()
            && self.pack.is_none();
        let packs = catalogue().iter().filter(|entry| entry.is_pack() && whole);
        let others = not_expressible().iter().filter(|_| whole);
        if ui.is_json() {
            ui.out.json(&document(rules.into_iter(), packs, others))?;
            return Ok(Exit::Fine);
        }
        let (packs, others): (Vec<_>, Vec<_>) = (packs.collect(), others.collect());
        let text = render::list(&rules, &packs, &others, ui.painter());
        ui.out.text(&text)?;
        let count = match rules.len() {
            0 => "No rule fits.".to_owned(),
            count => format!("{}.", diagnostic::counted(count, "rule")),
        };
        ui.err
            .line(format_args!("{count} `iamwatch patterns ID` shows one."))?;
        Ok(Exit::Fine)
    }

    /// The rules that all flags leave.
    fn chosen(&self) -> Result<Vec<&'static CatalogueEntry>, Error> {
        let pack = self.pack.as_deref().map(pack).transpose()?;
        let all = || catalogue().iter().filter(|entry| !entry.is_pack());
        if let Some(technique) = &self.mitre
            && !all().any(|rule| is_about(rule, technique))
        {
            let known = all().flat_map(|rule| &rule.mitre).map(String::as_str);
            return Err(unknown("ATT&CK technique", technique, known));
        }
        if let Some(number) = &self.cis
            && !all().any(|rule| rule.cis.contains(number))
        {
            return Err(Error::new(
                Code::Unknown,
                format!(
                    "the catalogue knows no number of CIS v1.4 `{}`",
                    diagnostic::printable(number)
                ),
            )
            .help("there are 4.1 to 4.15, of section 4: monitoring"));
        }
        let fits = |rule: &&CatalogueEntry| {
            let severity = |word: &Word| Some(word.severity()) == rule.severity;
            (self.severity.is_empty() || self.severity.iter().any(severity))
                && self.mitre.as_ref().is_none_or(|t| is_about(rule, t))
                && self.cis.as_ref().is_none_or(|n| rule.cis.contains(n))
                && pack.is_none_or(|pack| pack.rules.contains(&rule.id))
        };
        Ok(all().filter(fits).collect())
    }
}

/// Whether a rule is about a technique or a part of it. Upper and lower case are one.
fn is_about(rule: &CatalogueEntry, technique: &str) -> bool {
    let wanted = technique.to_ascii_uppercase();
    rule.mitre.iter().any(|own| {
        let rest = own.strip_prefix(&wanted);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// A pack by its id, the first part of which goes without saying.
fn pack(id: &str) -> Result<&'static CatalogueEntry, Error> {
    let packs = || catalogue().iter().filter(|entry| entry.is_pack());
    let full = format!("pack/{id}");
    let found = packs().find(|pack| pack.id.0 == id || pack.id.0 == full);
    found.ok_or_else(|| {
        let ids = || packs().map(|pack| pack.id.0.as_str());
        let meant = diagnostic::meant(&full, ids());
        unknown("pack", meant.map_or(id, |_| &full), ids())
    })
}

fn unknown<'n>(what: &str, word: &str, known: impl Iterator<Item = &'n str>) -> Error {
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    known.dedup();
    let help = diagnostic::meant(word, known.iter().copied()).map_or_else(
        || format!("there are {}", known.join(", ")),
        |name| format!("did you mean `{name}`?"),
    );
    let word = diagnostic::printable(word);
    Error::new(
        Code::Unknown,
        format!("the catalogue knows no {what} `{word}`"),
    )
    .help(help)
}

fn meant<'n>(id: &str, known: impl Iterator<Item = &'n str>) -> String {
    diagnostic::meant(id, known).map_or_else(
        || "`iamwatch patterns` lists them".to_owned(),
        |name| format!("did you mean `{name}`?"),
    )
}

/// `--json`. Fields are added, never changed, within one `format_version`.
#[derive(Serialize)]
struct Document {
    format_version: u32,
    patterns: Vec<Pattern>,
    packs: Vec<Pack>,
    not_expressible: Vec<Other>,
}

#[derive(Serialize)]
struct Pattern {
    id: &'static str,
    title: &'static str,
    severity: Option<Severity>,
    description: &'static str,
    service: &'static str,
    mitre: &'static [String],
    cis: &'static [String],
    compliance: &'static BTreeMap<&'static str, Vec<String>>,
    events: &'static [String],
    hears_refusals: bool,
    apart: bool,
    packs: Vec<&'static str>,
    tests: usize,
    yaml: &'static str,
}

#[derive(Serialize)]
struct Pack {
    id: &'static str,
    title: &'static str,
    description: &'static str,
    rules: Vec<&'static str>,
}

#[derive(Serialize)]
struct Other {
    id: &'static str,
    title: &'static str,
    reason: &'static str,
}

fn document(
    rules: impl Iterator<Item = &'static CatalogueEntry>,
    packs: impl Iterator<Item = &'static CatalogueEntry>,
    others: impl Iterator<Item = &'static NotExpressible>,
) -> Document {
    Document {
        format_version: 1,
        patterns: rules
            .map(|rule| Pattern {
                id: &rule.id.0,
                title: &rule.title,
                severity: rule.severity,
                description: &rule.description,
                service: rule.group(),
                mitre: &rule.mitre,
                cis: &rule.cis,
                compliance: &rule.compliance,
                events: &rule.events,
                hears_refusals: rule.hears_refusals,
                apart: rule.apart,
                packs: rule.packs().map(|pack| pack.id.0.as_str()).collect(),
                tests: rule.tests,
                yaml: &rule.yaml,
            })
            .collect(),
        packs: packs
            .map(|pack| Pack {
                id: &pack.id.0,
                title: &pack.title,
                description: &pack.description,
                rules: pack.rules.iter().map(|rule| rule.0.as_str()).collect(),
            })
            .collect(),
        not_expressible: others
            .map(|other| Other {
                id: &other.id.0,
                title: &other.title,
                reason: &other.reason,
            })
            .collect(),
    }
}
