//! Says what lints find: as a warning, or as an error where it is certain that nothing can fire the rule for it.

use std::collections::BTreeSet;

use crate::check::certainty::{CANNOT_FIRE, Certainty, NEVER_MATCHES};
use crate::check::lint::Finding;
use crate::diagnostic::{Report, Span, shown};

/// Where lints say what they find.
pub(super) struct Speaker<'r> {
    report: &'r mut Report,
    /// Why nothing can fire a rule: what is written once and used by many rules is said of one of them.
    said: BTreeSet<(Span, String)>,
    never_matches: bool,
}

impl<'r> Speaker<'r> {
    pub(super) fn new(report: &'r mut Report) -> Self {
        Self {
            report,
            said: BTreeSet::new(),
            never_matches: false,
        }
    }

    /// Says what is wrong at a place.
    pub(super) fn say(&mut self, mut finding: Finding, certainty: Certainty<'_>, span: Span) {
        match certainty {
            Certainty::NeverMatches if finding.certain => {
                self.never_matches = true;
                finding.lint = &NEVER_MATCHES;
            }
            Certainty::CannotFire(rule) if finding.lint.is_fatal => {
                finding.certain = true;
                if !self.said.insert((span, finding.message.clone())) {
                    return;
                }
                finding.message =
                    format!("no event can fire {}: {}", shown(&rule.0), finding.message);
                finding.lint = &CANNOT_FIRE;
            }
            _ => finding.certain = false,
        }
        let entry = if finding.certain {
            self.report.error(finding.lint.code(), span)
        } else {
            self.report.warning(finding.lint.code(), span)
        };
        entry
            .message(finding.message)
            .label(finding.label)
            .help(finding.help);
    }

    /// Says what may keep a rule from firing, and never does for certain.
    pub(super) fn warn(&mut self, finding: Finding, span: Span) {
        self.say(finding, Certainty::Unlikely, span);
    }

    /// Whether it has been said since the last question that nothing can match a raw pattern.
    pub(super) fn take_never_matches(&mut self) -> bool {
        std::mem::take(&mut self.never_matches)
    }
}
