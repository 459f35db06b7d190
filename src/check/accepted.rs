//! Warnings that a rule accepts knowingly: `accept` names their codes, each with a reason.

use super::explained::{code, nearest_code};
use super::lint::Lint;
use crate::diagnostic::{Diagnostic, Level, Report, codes, shown};
use crate::rules::{Accepted, Parsed};

pub(in crate::check) const ACCEPTS_NOTHING: Lint = Lint {
    id: "W0730",
    explanation: "The rule accepts a warning that nothing in it causes: what it was accepted for is mended, or stands elsewhere. A line that accepts nothing today would hide what comes tomorrow.",
    wrong: r#"- id: a
  events: ["iam:*"]
  unless: { userIdentity.arn: "arn:aws:iam::111122223333:user/scanner" }
  accept: { W0729: "only the pipeline sends this user agent" }"#,
    right: r#"- id: a
  events: ["iam:*"]
  unless: { userIdentity.arn: "arn:aws:iam::111122223333:user/scanner" }"#,
    is_fatal: false,
};

/// What the rules of a file accept: those that it writes itself, and those of the catalogue that it uses.
pub(super) struct AcceptedAll {
    written: Vec<Accepted>,
    used: Vec<Accepted>,
}

impl AcceptedAll {
    pub(super) fn of(parsed: &Parsed) -> Self {
        let rules = parsed.resolved.rules().iter();
        Self {
            written: parsed.accepted.clone(),
            used: rules.flat_map(|rule| rule.accepted.clone()).collect(),
        }
    }

    /// Reports codes that are none, and those of errors.
    pub(super) fn look(&self, report: &mut Report) {
        for accepted in &self.written {
            let id = &accepted.code;
            let entry = |report: &mut Report, message: String, label: &str, help: String| {
                report
                    .error(codes::ACCEPT, accepted.span)
                    .message(message)
                    .label(label)
                    .help(help);
            };
            match code(id) {
                Some(known) if known.id != id => entry(
                    report,
                    format!("there is no code {}", shown(id)),
                    "codes are written in capital letters",
                    format!("write `{}`", known.id),
                ),
                Some(known) if known.id.starts_with('E') => entry(
                    report,
                    format!("`{}` is an error, which cannot be accepted", known.id),
                    "expected the code of a warning",
                    format!(
                        "mend what it is about: `iamwatch explain-code {}`",
                        known.id
                    ),
                ),
                Some(_) => {}
                None => entry(
                    report,
                    format!("there is no code {}", shown(id)),
                    "unknown code",
                    match nearest_code(id).filter(|near| near.id.starts_with('W')) {
                        Some(near) => format!("did you mean `{}`?", near.id),
                        None => "`iamwatch explain-code` lists all of them".to_owned(),
                    },
                ),
            }
        }
    }

    /// Takes out what is accepted. What accepts something is the result.
    pub(super) fn take_out(&self, found: &mut Vec<Diagnostic>) -> Vec<Accepted> {
        let mut in_use: Vec<Accepted> = Vec::new();
        found.retain(|diagnostic| {
            let mut all = self.written.iter().chain(&self.used);
            let accepted = all.find(|accepted| accepts(accepted, diagnostic));
            in_use.extend(accepted.cloned());
            accepted.is_none()
        });
        in_use
    }

    /// A warning for each that the file writes and that accepts nothing.
    pub(super) fn idle(&self, in_use: &[Accepted]) -> Vec<Diagnostic> {
        let idle = self.written.iter().filter(|accepted| {
            let same = |other: &Accepted| other.span == accepted.span;
            accepted.is_enabled && !in_use.iter().any(same)
        });
        idle.map(|accepted| Diagnostic {
            code: ACCEPTS_NOTHING.id,
            level: Level::Warning,
            message: format!("nothing in this rule causes `{}`", accepted.code),
            label: "this accepts nothing".to_owned(),
            help: Some("remove it".to_owned()),
            span: accepted.span,
        })
        .collect()
    }
}

fn accepts(accepted: &Accepted, diagnostic: &Diagnostic) -> bool {
    diagnostic.level == Level::Warning
        && diagnostic.code == accepted.code
        && diagnostic.span.is_inside(accepted.whole)
}
