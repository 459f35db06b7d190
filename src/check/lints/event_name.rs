//! A name that no event has (W0710).
//!
//! The question is asked once: an unknown service, a name without its version and one that is recorded otherwise are
//! found on the way, and said by lints of their own.

use super::speaker::Speaker;
use super::{event_dated, recorded_as, service_name};
use crate::check::certainty::Certainty;
use crate::check::clause::Dialect;
use crate::check::lint::{Finding, Lint};
use crate::cloudtrail::api_names::{Misnomer, misnomer};
use crate::diagnostic::{Span, shown};

pub(in crate::check) const EVENT_NAME: Lint = Lint {
    id: "W0710",
    explanation: "No event has this name, or none fits the glob, as far as the API models know that this release was made with: the rule would never hear of it.",
    wrong: r#"- id: a
  events: ["iam:CreateUsers"]"#,
    right: r#"- id: a
  events: ["iam:CreateUser"]"#,
    is_fatal: true,
};

/// Warns of a name that no event has; in it `*` stands for any text. It may be any service's where none is named, and
/// one of theirs where several are.
pub(super) fn look(
    named: &[&str],
    glob: &str,
    dialect: Dialect,
    certainty: Certainty<'_>,
    span: Span,
    speaker: &mut Speaker<'_>,
) {
    let found = misnomer(named, glob);
    if let Some(finding) = found.and_then(|found| finding(&found, named, glob, dialect)) {
        speaker.say(finding, certainty, span);
    }
}

/// What is wrong with the name that a condition holds, in which `*` stands for any text, if no event of the services has
/// it; of any service where none is named.
pub(super) fn in_condition(named: &[&str], glob: &str) -> Option<Finding> {
    let found = misnomer(named, glob)?;
    match found {
        // That is said where the service is named.
        Misnomer::Service { .. } => None,
        // Here as in a raw pattern the name stands alone.
        found => finding(&found, named, glob, Dialect::Raw),
    }
}

fn finding(found: &Misnomer<'_>, named: &[&str], glob: &str, dialect: Dialect) -> Option<Finding> {
    let event = |service: &str, name: &str| match dialect {
        Dialect::Rules if named.is_empty() => shown(&format!("*:{name}")),
        Dialect::Rules | Dialect::Test => shown(&format!("{service}:{name}")),
        Dialect::Raw | Dialect::RawExcept => shown(name),
    };
    Some(match found {
        Misnomer::Service { service, near } => {
            service_name::finding(service, *near, glob, dialect)
        }
        Misnomer::Dated { service } => {
            return event_dated::finding(service, &event(service, &format!("{glob}*")), glob, dialect);
        }
        Misnomer::RecordedAs { service, name } => {
            recorded_as::renamed(&event(service, glob), &event(service, name))
        }
        Misnomer::Permission { service, .. } => {
            recorded_as::permission(&event(service, glob), found.is_certain())
        }
        Misnomer::Unknown {
            near, elsewhere, ..
        } => Finding {
            lint: &EVENT_NAME,
            message: match (named, glob.contains('*')) {
                ([], false) => format!("no service has an event {}", shown(glob)),
                ([], true) => format!("no event of any service fits {}", shown(glob)),
                ([service], false) => format!("`{service}` has no event {}", shown(glob)),
                ([service], true) => format!("no event of `{service}` fits {}", shown(glob)),
                (_, false) => format!("none of these services has an event {}", shown(glob)),
                (_, true) => format!("no event of these services fits {}", shown(glob)),
            },
            label: "this would never be heard of".to_owned(),
            help: match (near, elsewhere) {
                (Some((service, name)), _) => format!("did you mean {}?", event(service, name)),
                (None, Some(service)) => format!("`{service}` has one of that name"),
                (None, None) => "events are called as the API operations are: look the name up in CloudTrail's event history".to_owned(),
            },
            certain: found.is_certain(),
        },
    })
}
