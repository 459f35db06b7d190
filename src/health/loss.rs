//! Which difference between live and desired loses alerts, and which is only drift.

use crate::compile::RuleState;
use crate::plan::AttributeChange;
use crate::resources::Kind;

/// Whether alerts are lost while a resource of this kind differs in this field.
pub(super) fn loses_alerts(kind: Kind, change: &AttributeChange) -> bool {
    let path = change.path.as_str();
    match kind {
        Kind::Rule => match path {
            // The wider state lets everything through that the narrower one does.
            "state" => change.before != RuleState::EnabledWithAll.as_str(),
            "pattern" | "bus" => true,
            _ => {
                path.starts_with("targets")
                    && !path.ends_with("dead_letters")
                    && !path.ends_with("max_age_seconds")
                    && !path.ends_with("max_retries")
                    // A target too many sends alerts to somebody else as well.
                    && !change.after.is_null()
            }
        },
        Kind::Topic => path == "policy" || path == "kms_key",
        Kind::Subscription | Kind::Bus => true,
        Kind::Role => path != "description" && path != "attached",
        Kind::EncryptionKey => path == "policy" || path == "enabled",
        Kind::Trail => path != "validated" && path != "kms_key" && path != "key_prefix",
        Kind::Bucket => path == "policy",
        // Dead letters are lost alerts already; without their queue they are lost for good.
        Kind::Queue => false,
    }
}
