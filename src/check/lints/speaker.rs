//! Says what lints find: as a warning, or as an error where it is certain that nothing can fire the rule for it.

use std::collections::BTreeSet;

use crate::check::certainty::Certainty;
use crate::diagnostic::codes::{self, Code};
use crate::diagnostic::{Problem, Report, Span, shown};

/// What nothing can fire a rule for.
const REFUSED: [Code; 6] = [
    codes::DETAIL_TYPE,
    codes::EVENT_NAME,
    codes::FIELD_NAME,
    codes::OTHER_VALUE,
    codes::PARAMETER,
    codes::RECORDED_AS,
];

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
    pub(super) fn say(&mut self, mut problem: Problem, certainty: Certainty<'_>, span: Span) {
        match certainty {
            Certainty::NeverMatches if problem.certain => {
                self.never_matches = true;
                problem.code = codes::NEVER_MATCHES;
            }
            Certainty::CannotFire(rule) if REFUSED.contains(&problem.code) => {
                problem.certain = true;
                if !self.said.insert((span, problem.message.clone())) {
                    return;
                }
                problem.message =
                    format!("no event can fire {}: {}", shown(&rule.0), problem.message);
                problem.code = codes::CANNOT_FIRE;
            }
            _ => problem.certain = false,
        }
        let entry = if problem.certain {
            self.report.error(problem.code, span)
        } else {
            self.report.warning(problem.code, span)
        };
        entry
            .message(problem.message)
            .label(problem.label)
            .help(problem.help);
    }

    /// Says what may keep a rule from firing, and never does for certain.
    pub(super) fn warn(&mut self, problem: Problem, span: Span) {
        self.say(problem, Certainty::Unlikely, span);
    }

    /// Whether it has been said since the last question that nothing can match a raw pattern.
    pub(super) fn take_never_matches(&mut self) -> bool {
        std::mem::take(&mut self.never_matches)
    }
}
