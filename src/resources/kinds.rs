//! Which kinds of resources there are: one line a kind.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Hands the list of kinds to another macro. A line is `Kind "word" room::Type;`: the room holds the type, its
/// `FACTS`, and in `aws.rs` its calls. The order is that of a plan's listing.
macro_rules! kinds {
    ($make:ident) => {
        $make! {
            /// A KMS key of ours.
            EncryptionKey "key" key::EncryptionKey;
            /// The S3 bucket of a trail's log files.
            Bucket "bucket" bucket::Bucket;
            /// A CloudTrail trail.
            Trail "trail" trail::Trail;
            /// An IAM role of ours.
            Role "role" role::Role;
            /// A DynamoDB table.
            Table "table" table::Table;
            /// An SQS queue.
            Queue "queue" queue::Queue;
            /// An SNS topic.
            Topic "topic" topic::Topic;
            /// A subscription to one of our topics.
            Subscription "subscription" subscription::Subscription;
            /// An EventBridge connection, which keeps the secret of a service.
            Connection "connection" connection::Connection;
            /// The Step Functions state machine that is the dispatcher.
            Machine "state machine" machine::Machine;
            /// An EventBridge bus.
            Bus "bus" bus::Bus;
            /// An EventBridge rule with its targets.
            Rule "rule" rule::EventRule;
        }
    };
}
pub(super) use kinds;

macro_rules! kind {
    ($($(#[$doc:meta])* $kind:ident $word:literal $room:ident::$type:ident;)*) => {
        /// The kind of a resource. The order is the order of a plan's listing.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$kind),*];

            /// What a person calls it.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$kind => $word,)*
                }
            }
        }
    };
}
kinds!(kind);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
