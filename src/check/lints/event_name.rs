//! Names of events that no event has: typos (W0710), services that nobody knows (W0705), names without the version
//! that CloudTrail writes behind them (W0711), and names that are recorded otherwise or not at all (W0712).

use super::speaker::Speaker;
use crate::check::certainty::Certainty;
use crate::check::clause::Dialect;
use crate::cloudtrail::api_names::{Misnomer, misnomer};
use crate::cloudtrail::as_recorded;
use crate::diagnostic::{Problem, Span, codes, shown};

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
    if let Some(problem) = found.and_then(|found| problem(&found, named, glob, dialect)) {
        speaker.say(problem, certainty, span);
    }
}

fn problem(found: &Misnomer<'_>, named: &[&str], glob: &str, dialect: Dialect) -> Option<Problem> {
    let event = |service: &str, name: &str| match dialect {
        Dialect::Rules if named.is_empty() => shown(&format!("*:{name}")),
        Dialect::Rules | Dialect::Test => shown(&format!("{service}:{name}")),
        Dialect::Raw | Dialect::RawExcept => shown(name),
    };
    let certain = found.is_certain();
    let no_such_name = "no event has this name";
    Some(match found {
        Misnomer::Service { service, near } => {
            let help = match (near, dialect) {
                (Some(near), Dialect::Rules | Dialect::Test) => {
                    format!("did you mean {}?", shown(&format!("{near}:{glob}")))
                }
                (Some(near), Dialect::Raw | Dialect::RawExcept) => format!(
                    "did you mean `aws.{near}`, which `eventSource` calls `{near}.amazonaws.com`?"
                ),
                (None, _) => {
                    "services are called as CloudTrail's `eventSource` is, without `.amazonaws.com`"
                        .to_owned()
                }
            };
            Problem {
                code: codes::SERVICE_NAME,
                message: format!("no service {} is known", shown(service)),
                label: "the event may never come".to_owned(),
                help,
                certain,
            }
        }
        Misnomer::Dated { .. } if dialect == Dialect::Test => return None,
        Misnomer::Dated { service } => Problem {
            code: codes::EVENT_DATED,
            message: format!("`{service}` records {} with a version", shown(glob)),
            label: dated(service, glob),
            help: match dialect {
                Dialect::Rules | Dialect::Test => {
                    format!("write {}", event(service, &format!("{glob}*")))
                }
                Dialect::Raw | Dialect::RawExcept => {
                    format!("write {}", shown(&format!("{{ prefix: {glob} }}")))
                }
            },
            certain,
        },
        Misnomer::RecordedAs { service, name } => Problem {
            code: codes::RECORDED_AS,
            message: format!(
                "CloudTrail records {} under another name",
                event(service, glob)
            ),
            label: no_such_name.to_owned(),
            help: format!("write {}", event(service, name)),
            certain,
        },
        Misnomer::Permission { service, .. } => Problem {
            code: codes::RECORDED_AS,
            message: format!(
                "{} is a permission, not a call: nothing records it",
                event(service, glob)
            ),
            label: no_such_name.to_owned(),
            help: "name the calls that need the permission, such as `ec2:RunInstances` for a role that is passed".to_owned(),
            certain,
        },
        Misnomer::Unknown {
            near, elsewhere, ..
        } => Problem {
            code: codes::EVENT_NAME,
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
            certain,
        },
    })
}

/// How the events of an operation are called that are recorded with a version.
fn dated(service: &str, name: &str) -> String {
    let recorded = as_recorded(service, name);
    if recorded == name {
        "the date of the API's version stands behind the name".to_owned()
    } else {
        format!("events are called {}", shown(&recorded))
    }
}
