//! ARNs of roles where those of sessions stand, and the other way round (W0722), and names where ARNs stand or names
//! with a path where they have none (W0716).

use super::other_value::OTHER_VALUE;
use super::speaker::Speaker;
use crate::check::clause::{Clause, Dialect};
use crate::check::lint::{Finding, Lint};
use crate::cloudtrail::arns::{
    ArnProblem, ISSUER, ISSUER_NAME, NameWithPath, NoArn, OtherArn, OtherKind, as_an_event_has_it,
    problem,
};
use crate::diagnostic::shown;

pub(in crate::check) const ROLE_ARN: Lint = Lint {
    id: "W0722",
    explanation: "A role and its sessions have two ARNs: `userIdentity.arn` is that of the session (`arn:aws:sts::…:assumed-role/NAME/SESSION`, without the role's path), `userIdentity.sessionContext.sessionIssuer.arn` that of the role (`arn:aws:iam::…:role/PATH/NAME`). One never equals the other.",
    wrong: r#"- id: a
  events: ["iam:*"]
  unless: { userIdentity.arn: "arn:aws:iam::111122223333:role/Deployer" }"#,
    right: r#"- id: a
  events: ["iam:*"]
  unless: { userIdentity.sessionContext.sessionIssuer.arn: "arn:aws:iam::111122223333:role/Deployer" }"#,
    is_fatal: false,
};

/// Warns of what one field is compared with.
pub(super) fn look(clauses: &[Clause<'_>], speaker: &mut Speaker<'_>) {
    for clause in clauses {
        let Some(glob) = clause.glob.as_deref() else {
            continue;
        };
        let (path, dialect) = (clause.path, clause.dialect);
        let finding = match problem(path, glob) {
            Some(ArnProblem::Other(other)) => other_kind(path, glob, &other, dialect),
            Some(ArnProblem::NameWithPath(name)) => name_with_path(glob, &name, dialect),
            // A test may write what is short.
            Some(ArnProblem::NoArn(_)) if dialect == Dialect::Test => continue,
            Some(ArnProblem::NoArn(found)) => no_arn(path, glob, &found, dialect),
            None => continue,
        };
        speaker.say(finding, clause.certainty, clause.span);
    }
}

fn no_arn(path: &str, glob: &str, found: &NoArn, dialect: Dialect) -> Finding {
    let field = path.rsplit('.').next().unwrap_or_default();
    let ending = &found.ending;
    let instead = match dialect {
        Dialect::Raw | Dialect::RawExcept if found.is_open => {
            raw(field, &format!("*{ending}"), dialect)
        }
        Dialect::RawExcept => format!("{field}: [{{ anything-but: {{ suffix: {ending:?} }} }}]"),
        Dialect::Raw => format!("{field}: [{{ suffix: {ending:?} }}]"),
        Dialect::Rules | Dialect::Test => format!("{path}: {:?}", format!("*{ending}")),
    };
    Finding {
        lint: &OTHER_VALUE,
        message: format!("{} is no ARN, and `{path}` holds one", shown(glob)),
        label: if found.certain {
            "no event holds it"
        } else {
            "an ARN begins with `arn:`"
        }
        .to_owned(),
        help: format!("write the whole ARN, or `{instead}` for any that ends so"),
        certain: found.certain,
    }
}

fn name_with_path(glob: &str, found: &NameWithPath, dialect: Dialect) -> Finding {
    let NameWithPath { name, arn } = found;
    let (short, long) = match dialect {
        Dialect::Rules | Dialect::Test => (
            format!("{ISSUER_NAME}: {name:?}"),
            format!("{ISSUER}: {arn:?}"),
        ),
        Dialect::Raw | Dialect::RawExcept => {
            (raw("userName", name, dialect), raw("arn", arn, dialect))
        }
    };
    let help = if dialect == Dialect::Test {
        format!("write `{short}`")
    } else if name.chars().all(|c| c == '*') {
        format!("the path stands in the ARN: write `{long}`")
    } else {
        format!("write `{short}`; with its path the role stands in the ARN: `{long}`")
    };
    Finding {
        lint: &OTHER_VALUE,
        message: format!("{} holds a `/`, and the name of a role none", shown(glob)),
        label: "no event holds it: a role's name stands here without its path".to_owned(),
        help,
        certain: true,
    }
}

fn other_kind(path: &str, glob: &str, found: &OtherArn, dialect: Dialect) -> Finding {
    let glob_shown = shown(glob);
    let no_issuer = "no issuer has this ARN: that of a role is `arn:aws:iam::…:role/NAME`";
    let (message, label) = match found.kind {
        OtherKind::Role => (
            format!("{glob_shown} is a role, and callers are its sessions"),
            "no caller has this ARN: that of a session is `arn:aws:sts::…:assumed-role/NAME/SESSION`",
        ),
        OtherKind::RoleOfAnotherService => (
            format!("{glob_shown} is not how the ARN of a role begins"),
            no_issuer,
        ),
        OtherKind::Session => (
            format!("{glob_shown} is a session, and a session is issued by its role"),
            no_issuer,
        ),
        OtherKind::SessionWithoutName => (
            format!("{glob_shown} lacks the name of the session"),
            "no caller has this ARN: each session has a name behind the role's",
        ),
        OtherKind::SessionWithPath => (
            format!("{glob_shown} holds the path of the role"),
            "no caller has this ARN: that of a session holds the role's name only",
        ),
    };
    let OtherArn { field, text, .. } = found;
    let help = match (dialect, *field) {
        // `anything-but` asks for the field, which not every caller has.
        (Dialect::RawExcept, field) => {
            format!("write the rule with `events` and `unless: {{ {field}: {text:?} }}`")
        }
        (Dialect::Raw, ISSUER) => format!(
            "write `sessionContext: {{ sessionIssuer: {{ {} }} }}` under `userIdentity`",
            raw("arn", text, dialect)
        ),
        (Dialect::Raw, _) => {
            format!("write `{}` under `userIdentity`", raw("arn", text, dialect))
        }
        (Dialect::Test, _) => format!("write `{path}: {:?}`", as_an_event_has_it(path, glob)),
        (Dialect::Rules, field) => format!("write `{field}: {text:?}`"),
    };
    Finding {
        lint: &ROLE_ARN,
        message,
        label: label.to_owned(),
        help,
        certain: false,
    }
}

/// A test of one field in EventBridge's words.
fn raw(field: &str, glob: &str, dialect: Dialect) -> String {
    match (dialect == Dialect::RawExcept, glob.contains('*')) {
        (false, false) => format!("{field}: [{glob:?}]"),
        (false, true) => format!("{field}: [{{ wildcard: {glob:?} }}]"),
        (true, false) => format!("{field}: [{{ anything-but: {glob:?} }}]"),
        (true, true) => format!("{field}: [{{ anything-but: {{ wildcard: {glob:?} }} }}]"),
    }
}
