//! What the generic diff must know of each kind.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of a resource. The order is the order of a plan's listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An SQS queue.
    Queue,
    /// An SNS topic.
    Topic,
    /// A subscription to a topic.
    Subscription,
    /// An EventBridge rule.
    Rule,
}

impl Kind {
    /// Fields that AWS cannot change in place.
    pub fn replaced_by(self) -> &'static [&'static str] {
        match self {
            Self::Queue | Self::Topic | Self::Subscription => &[],
            // A rule cannot move to another bus.
            Self::Rule => &["bus"],
        }
    }

    /// Fields that someone else changes: a difference there is waited for, not repaired.
    pub fn waits_for(self) -> &'static [&'static str] {
        match self {
            Self::Subscription => &["confirmed"],
            Self::Queue | Self::Topic | Self::Rule => &[],
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queue => "queue",
            Self::Topic => "topic",
            Self::Subscription => "subscription",
            Self::Rule => "rule",
        })
    }
}
