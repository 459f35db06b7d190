//! Fields that CloudTrail's events do not have (W0704): of a path one with a similar name may be meant, or one of this
//! name elsewhere; of a test one that its caller does not have.

use super::speaker::Speaker;
use crate::check::certainty::Certainty;
use crate::check::lint::{Finding, Lint};
use crate::cloudtrail::Identity;
use crate::cloudtrail::record_fields::{Misplaced, is_nameless, is_roleless, misplaced};
use crate::diagnostic::{Span, shown};
use crate::rules::Change;

pub(in crate::check) const FIELD_NAME: Lint = Lint {
    id: "W0704",
    explanation: "CloudTrail events have no such field at this place: one with a similar name may be meant, or one of this name elsewhere. A test may also set one that the caller it makes with `as` does not have.",
    wrong: r#"- id: a
  events: ["iam:CreateUser"]
  when: [{ userName: alice }, { userIdentity.type: Root }]"#,
    right: r#"- id: a
  events: ["iam:CreateUser"]
  when: [{ userIdentity.userName: alice }, { userIdentity.type: Root }]"#,
    is_fatal: true,
};

/// Warns of a path under `detail` that leads to no field.
pub(super) fn look(path: &[&str], certainty: Certainty<'_>, span: Span, speaker: &mut Speaker<'_>) {
    if let Some(finding) = problem(path) {
        speaker.say(finding, certainty, span);
    }
}

fn problem(path: &[&str]) -> Option<Finding> {
    let Misplaced {
        depth,
        meant,
        certain,
    } = misplaced(path)?;
    let (asked, rest) = path.split_at_checked(depth).unwrap_or((path, &[]));
    let help = match meant {
        // What follows goes with it.
        Some(meant) => {
            let whole: Vec<&str> = std::iter::once(meant.as_str())
                .chain(rest.iter().copied())
                .collect();
            format!("did you mean `{}`?", whole.join("."))
        }
        None => "look at such an event in CloudTrail's event history: a call's own fields stand under `requestParameters` and `responseElements`, the caller's under `userIdentity`".to_owned(),
    };
    Some(Finding {
        lint: &FIELD_NAME,
        message: format!(
            "CloudTrail's events have no field {}",
            shown(&asked.join("."))
        ),
        label: "no event has it".to_owned(),
        help,
        certain,
    })
}

/// Warns of fields that a test sets and the caller whom it makes with `as` does not have.
pub(super) fn look_at_caller(identity: Identity, changes: &[Change], speaker: &mut Speaker<'_>) {
    // With another type it is another caller.
    let another = |change: &Change| {
        change.path == ["userIdentity"] || change.path == ["userIdentity", "type"]
    };
    if changes.iter().any(another) {
        return;
    }
    let kind = identity.kind();
    let word = identity.word();
    for change in changes.iter().filter(|change| change.value.is_some()) {
        let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
        let help = match path.as_slice() {
            ["userIdentity", "userName"] if is_nameless(kind) => {
                if kind == "AssumedRole" {
                    "the name of a role is `userIdentity.sessionContext.sessionIssuer.userName`: set that, or let an IAM user act with `as: iam-user`"
                } else {
                    "let an IAM user act with `as: iam-user`"
                }
            }
            ["userIdentity", "sessionContext", "sessionIssuer", ..]
                if is_roleless(kind) || kind == "AWSService" =>
            {
                "let a session of a role act with `as: assumed-role`"
            }
            _ => continue,
        };
        let finding = Finding {
            lint: &FIELD_NAME,
            message: format!("the caller of this test has no {}", shown(&path.join("."))),
            label: format!("`as: {word}` makes a caller of type {kind}"),
            help: help.to_owned(),
            certain: false,
        };
        speaker.warn(finding, change.span);
    }
}
