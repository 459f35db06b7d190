//! Whether two records are one event: two trails that record an account deliver the same record twice to their logs,
//! and EventBridge gets one event of it.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::fields::Fields;

/// What copies have in common, under `detail`. `eventID` would do, were it not for logs that somebody made anonymous.
/// An account that is told of another's call gets a record with an `eventID` of its own, and an event of its own on its
/// bus. Source: CloudTrail user guide, "CloudTrail record contents", `eventID` and `sharedEventID`.
const SAME: [&str; 7] = [
    "eventID",
    "recipientAccountId",
    "awsRegion",
    "eventTime",
    "eventSource",
    "eventName",
    "requestID",
];

/// A number that copies of one event share, and other events do not. `None` where an event has no `eventID`, so that
/// nothing can be said.
pub fn copy_key(event: &impl Fields) -> Option<u64> {
    let id = event.text(&["detail", "eventID"]);
    id.filter(|id| !id.is_empty())?;
    let mut hasher = DefaultHasher::new();
    for name in SAME {
        event.text(&["detail", name]).hash(&mut hasher);
    }
    Some(hasher.finish())
}
