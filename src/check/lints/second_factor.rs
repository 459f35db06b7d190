//! An answer about a second factor, of which CloudTrail writes another case for the root user (W0715).

use crate::check::clause::Dialect;
use crate::check::lint::{Finding, Lint};
use crate::diagnostic::shown;

pub(in crate::check) const SECOND_FACTOR: Lint = Lint {
    id: "W0715",
    explanation: "CloudTrail writes `Yes` and `No` into `MFAUsed`, but `YES` for the root user, and EventBridge compares case-sensitively.",
    wrong: r#"- id: a
  events: ["signin:ConsoleLogin"]
  when: { userIdentity.type: [IAMUser, Root], additionalEventData.MFAUsed: "No" }"#,
    right: r#"- id: a
  events: ["signin:ConsoleLogin"]
  when: { userIdentity.type: [IAMUser, Root], additionalEventData.MFAUsed: { any-case: "No" } }"#,
    is_fatal: false,
};

/// What to say of an answer that is compared case-sensitively.
pub(super) fn finding(text: &str, dialect: Dialect) -> Finding {
    let test = match dialect {
        Dialect::Rules | Dialect::Test => format!("{{ any-case: {text:?} }}"),
        Dialect::Raw => format!("{{ equals-ignore-case: {text:?} }}"),
        Dialect::RawExcept => format!("{{ anything-but: {{ equals-ignore-case: {text:?} }} }}"),
    };
    Finding {
        lint: &SECOND_FACTOR,
        message: format!("{} is compared case-sensitively", shown(text)),
        label: "CloudTrail writes `Yes`, `No`, and for the root user `YES`".to_owned(),
        help: format!("write {}", shown(&test)),
        certain: false,
    }
}
