//! What the generic diff must know of each kind.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of a resource. The order is the order of a plan's listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A KMS key of ours.
    EncryptionKey,
    /// The S3 bucket of a trail's log files.
    Bucket,
    /// A CloudTrail trail.
    Trail,
    /// An IAM role of a forwarder.
    Role,
    /// An SQS queue.
    Queue,
    /// An SNS topic.
    Topic,
    /// A subscription to a topic.
    Subscription,
    /// An EventBridge bus.
    Bus,
    /// An EventBridge rule.
    Rule,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::EncryptionKey,
        Self::Bucket,
        Self::Trail,
        Self::Role,
        Self::Queue,
        Self::Topic,
        Self::Subscription,
        Self::Bus,
        Self::Rule,
    ];

    /// Fields that AWS cannot change in place.
    pub fn replaced_by(self) -> &'static [&'static str] {
        match self {
            // A rule cannot move to another bus, nor a role to another path.
            Self::Rule => &["bus"],
            Self::Role => &["path"],
            _ => &[],
        }
    }

    /// Fields that someone else changes: a difference there is waited for, not repaired.
    pub fn waits_for(self) -> &'static [&'static str] {
        match self {
            Self::Subscription => &["confirmed"],
            _ => &[],
        }
    }

    /// What holds evidence, or opens it: deleted only when it is asked for by its own name.
    pub fn is_kept(self) -> bool {
        self.deletion().is_some()
    }

    /// How `--delete` names it, if it is kept otherwise.
    pub fn deletion(self) -> Option<&'static str> {
        match self {
            Self::EncryptionKey => Some("key"),
            Self::Bucket => Some("log-bucket"),
            Self::Trail => Some("trail"),
            _ => None,
        }
    }

    /// What a person calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::EncryptionKey => "key",
            Self::Bucket => "bucket",
            Self::Trail => "trail",
            Self::Role => "role",
            Self::Queue => "queue",
            Self::Topic => "topic",
            Self::Subscription => "subscription",
            Self::Bus => "bus",
            Self::Rule => "rule",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
