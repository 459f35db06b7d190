//! What is an SQS queue of ours, and what does somebody's own queue need to receive alerts?

pub(super) mod aws;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::facts::{
    Facts, Impact, Managed, Ownership, Size, Stretch, Subject, Sweep, arn, as_real_ones,
};
use super::model::{AttributeChange, ResourceKey};
use super::names;
use crate::aws::{Call, calls};
use crate::diagnostic::counted;
use crate::place::Place;

pub use aws::{LETS_TOPIC_SEND, Obstacle, Verdict, obstacle};

/// What a dead letter needs room for: CloudTrail sends no event of more than 256 KB, and newer queues take
/// four times as much. Source: CloudTrail, EventBridge integration; SQS quotas.
pub const LARGEST_MESSAGE: u32 = 262_144;

/// A queue of ours: dead letters, or what the dispatcher answers to probes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    /// The name of the queue.
    pub name: String,
    /// The policy that says who may send to the queue; null where a role of the account alone does, whose own policy
    /// is enough.
    pub policy: Value,
    /// How long a message is kept, in seconds.
    pub retention_seconds: u32,
    /// Whether SQS encrypts with a key of its own.
    pub encrypted: bool,
    /// How large a message may be, in bytes; more than an event ever has counts as that much.
    pub max_message_bytes: u32,
    /// How long a message is held back before anybody can receive it, in seconds.
    pub delay_seconds: u32,
}

pub(super) static FACTS: Facts = Facts {
    service: "sqs",
    fixed: &[],
    awaited: &[],
    write_only: &[],
    documents: &["policy"],
    ownership: Ownership::Tag(&calls::TAG_QUEUE),
    deletion: None,
    farewell: None,
    stretch: Stretch::Forwarding,
    // Dead letters are lost alerts already; without their queue they are lost for good.
    missing: Impact::Safeguard,
    impact,
    passes_tests: as_real_ones,
    words,
    purpose: "lets dead letters in",
    loss: |_| "alerts are lost".to_owned(),
    drift: "alerts that cannot be delivered, or answers to test events, are not kept",
    leftover: None,
    listed: Some((Sweep::Everywhere, &calls::LIST_QUEUES)),
    looks: &[&calls::GET_QUEUE, &calls::LIST_QUEUE_TAGS],
    breaks: &[
        "AddPermission",
        "DeleteQueue",
        "PurgeQueue",
        "RemovePermission",
        "SetQueueAttributes",
        "StartMessageMoveTask",
        "UntagQueue",
    ],
    restores: &["CreateQueue", "SetQueueAttributes", "TagQueue"],
    recorded: &[],
    subject,
};

fn impact(change: &AttributeChange) -> Impact {
    match change.path.as_str() {
        "policy" | "max_message_bytes" => Impact::Safeguard,
        _ => Impact::Cosmetic,
    }
}

fn words(change: &AttributeChange) -> Option<String> {
    let AttributeChange {
        path,
        before,
        after,
    } = change;
    match path.as_str() {
        "policy" if after.is_null() => Some("it has a policy, and needs none".to_owned()),
        "max_message_bytes" => Some(format!(
            "it takes no message of more than {}",
            counted(before.as_u64()?, "byte")
        )),
        "delay_seconds" => Some(format!(
            "it holds each message back for {}",
            counted(before.as_u64()?, "second")
        )),
        _ => None,
    }
}

fn subject(subject: &Subject<'_>) -> Value {
    let Subject {
        key,
        region,
        handle,
    } = subject;
    let (account, name) = (key.place.account(), &key.name);
    let domain = region.partition().dns_suffix();
    let url = handle.map_or_else(
        || format!("https://sqs.{region}.{domain}/{account}/{name}"),
        str::to_owned,
    );
    let arn = arn(subject, "sqs", name);
    json!({ "queueName": name, "queueUrl": url, "sourceArn": arn })
}

impl Managed for Queue {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn needs(&self, _: &Place) -> Vec<ResourceKey> {
        Vec::new()
    }

    fn description(&self) -> Vec<String> {
        if names::holds_probes(&self.name) {
            let minutes = counted(self.retention_seconds / 60, "minute");
            return vec![format!(
                "keeps what the dispatcher answers to test events for {minutes}"
            )];
        }
        let days = counted(self.retention_seconds / 86_400, "day");
        // Of the queues of dead letters, only those of topics have a name with `_`.
        let what = match self.name.contains('_') {
            true => "alerts",
            false => "events",
        };
        vec![format!("keeps undeliverable {what} for {days}")]
    }

    fn sizes(&self) -> Vec<Size> {
        Vec::new()
    }

    fn created(&self) -> Vec<&'static Call> {
        vec![&calls::CREATE_QUEUE]
    }

    /// All attributes go in one call.
    fn updated(&self, after: &Self) -> Vec<&'static Call> {
        let differs = self != after;
        differs.then_some(&calls::SET_QUEUE).into_iter().collect()
    }

    fn deleted(&self) -> Vec<&'static Call> {
        vec![&calls::DELETE_QUEUE]
    }
}
