//! An operation whose events carry the date of the API's version behind its name (W0711).

use crate::check::clause::Dialect;
use crate::check::lint::{Finding, Lint};
use crate::cloudtrail::as_recorded;
use crate::diagnostic::shown;

pub(in crate::check) const EVENT_DATED: Lint = Lint {
    id: "W0711",
    explanation: "Lambda records its older operations with the date of the API's version behind their names, so that the bare name matches nothing.",
    wrong: r#"- id: a
  events: ["lambda:AddPermission"]"#,
    right: r#"- id: a
  events: ["lambda:AddPermission*"]"#,
    is_fatal: false,
};

/// What to say of a name without a version. A test need not say which version is recorded.
/// `instead`: what to write in the rules language.
pub(super) fn finding(
    service: &str,
    instead: &str,
    glob: &str,
    dialect: Dialect,
) -> Option<Finding> {
    let help = match dialect {
        Dialect::Test => return None,
        Dialect::Rules => format!("write {instead}"),
        Dialect::Raw | Dialect::RawExcept => {
            format!("write {}", shown(&format!("{{ prefix: {glob} }}")))
        }
    };
    Some(Finding {
        lint: &EVENT_DATED,
        message: format!("`{service}` records {} with a version", shown(glob)),
        label: dated(service, glob),
        help,
        certain: false,
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
