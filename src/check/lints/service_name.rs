//! A service that nobody knows (W0705).

use crate::check::clause::Dialect;
use crate::check::lint::{Finding, Lint};
use crate::diagnostic::shown;

pub(in crate::check) const SERVICE_NAME: Lint = Lint {
    id: "W0705",
    explanation: "No event source of that name is known.",
    wrong: r#"- id: a
  events: ["secretmanager:*"]"#,
    right: r#"- id: a
  events: ["secretsmanager:*"]"#,
    is_fatal: false,
};

/// What to say of an unknown service, and of the one that was probably meant.
pub(super) fn finding(service: &str, near: Option<&str>, glob: &str, dialect: Dialect) -> Finding {
    let help = match (near, dialect) {
        (Some(near), Dialect::Rules | Dialect::Test) => {
            format!("did you mean {}?", shown(&format!("{near}:{glob}")))
        }
        (Some(near), Dialect::Raw | Dialect::RawExcept) => {
            format!("did you mean `aws.{near}`, which `eventSource` calls `{near}.amazonaws.com`?")
        }
        (None, _) => {
            "services are called as CloudTrail's `eventSource` is, without `.amazonaws.com`"
                .to_owned()
        }
    };
    Finding {
        lint: &SERVICE_NAME,
        message: format!("no service {} is known", shown(service)),
        label: "the event may never come".to_owned(),
        help,
        certain: false,
    }
}
