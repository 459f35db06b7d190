//! An operation that CloudTrail records under another name, or a permission, which it does not record (W0712).

use crate::check::lint::{Finding, Lint};

pub(in crate::check) const RECORDED_AS: Lint = Lint {
    id: "W0712",
    explanation: "CloudTrail records this operation under another name, or does not record it because it is a permission and no call.",
    wrong: r#"- id: a
  events: ["s3:PutPublicAccessBlock"]"#,
    right: r#"- id: a
  events: ["s3:PutBucketPublicAccessBlock"]"#,
    is_fatal: true,
};

/// What to say of an operation that is recorded as `name`. Both are in the words of whoever wrote the first.
pub(super) fn renamed(event: &str, name: &str) -> Finding {
    finding(
        format!("CloudTrail records {event} under another name"),
        format!("write {name}"),
        false,
    )
}

/// What to say of a permission. `certain`: no other service was asked about.
pub(super) fn permission(event: &str, certain: bool) -> Finding {
    finding(
        format!("{event} is a permission, not a call: nothing records it"),
        "name the calls that need the permission, such as `ec2:RunInstances` for a role that is passed".to_owned(),
        certain,
    )
}

fn finding(message: String, help: String, certain: bool) -> Finding {
    Finding {
        lint: &RECORDED_AS,
        message,
        label: "no event has this name".to_owned(),
        help,
        certain,
    }
}
