//! An envelope and a record that name different services (W0720).

use crate::check::lint::{Finding, Lint};
use crate::diagnostic::shown;

pub(in crate::check) const TWO_SERVICES: Lint = Lint {
    id: "W0720",
    explanation: "The envelope's `source` and CloudTrail's `eventSource` name the same service: `aws.iam` and `iam.amazonaws.com`. A pattern with two services matches nothing.",
    wrong: r#"- id: a
  pattern: { source: [aws.cloudwatch], detail: { eventSource: [monitoring.amazonaws.com] } }"#,
    right: r#"- id: a
  pattern: { source: [aws.monitoring], detail: { eventSource: [monitoring.amazonaws.com] } }"#,
    is_fatal: false,
};

/// What to say of a `source` and an `eventSource`, each the first of those that a raw pattern names.
pub(super) fn finding(envelope: &str, record: &str) -> Finding {
    Finding {
        lint: &TWO_SERVICES,
        message: format!(
            "`source` says {} and `eventSource` says {}",
            shown(&format!("aws.{envelope}")),
            shown(&format!("{record}.amazonaws.com"))
        ),
        label: "no event says both".to_owned(),
        help: format!("write `source: [aws.{record}]`"),
        certain: false,
    }
}
