//! What is a subscription to one of our topics?

mod address;
pub(super) mod aws;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::facts::{
    ARRIVE, Affected, Facts, Impact, Managed, Ownership, Size, Stretch, Subject, arn, as_real_ones,
};
use super::model::{AttributeChange, ResourceKey};
use crate::aws::{Call, calls};
use crate::place::{Arn, Place};

pub use address::Address;

/// A subscription to one of our topics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    /// The ARN of the topic.
    pub topic: Arn,
    /// `email`, `sms`, `https`, `sqs` or `lambda`.
    pub protocol: String,
    /// The address in SNS's form.
    pub endpoint: Address,
    /// Whether SNS delivers the bare message, without its envelope.
    pub raw: bool,
    /// A filter policy. EventBridge sets no message attributes, so one on attributes lets nothing through.
    pub filter: Option<Value>,
    /// The queue of what could not be delivered.
    pub dead_letters: Option<Arn>,
    /// Whether the receiver has agreed.
    pub confirmed: bool,
}

pub(super) static FACTS: Facts = Facts {
    service: "sns",
    fixed: &[],
    // SNS refuses to change a subscription that nobody has confirmed.
    awaited: &["confirmed"],
    write_only: &[],
    documents: &[],
    ownership: Ownership::Parent,
    deletion: None,
    farewell: None,
    stretch: Stretch::Alerting,
    missing: Impact::Alert,
    impact,
    passes_tests: as_real_ones,
    words,
    purpose: "the rules file asks for",
    loss: |affected| {
        format!(
            "{} gets no alert, or not all",
            Affected::reader(affected.key)
        )
    },
    drift: ARRIVE,
    leftover: Some("a receiver whom the rules file does not name still gets alerts"),
    // Topics list them.
    listed: None,
    looks: &[&calls::GET_SUBSCRIPTION],
    breaks: &["SetSubscriptionAttributes", "Unsubscribe"],
    restores: &[
        "ConfirmSubscription",
        "SetSubscriptionAttributes",
        "Subscribe",
    ],
    recorded: &[],
    subject,
};

fn impact(change: &AttributeChange) -> Impact {
    match change.path.as_str() {
        // It is asked for when an alert is lost already.
        "dead_letters" => Impact::Safeguard,
        _ => Impact::Alert,
    }
}

fn words(change: &AttributeChange) -> Option<String> {
    let AttributeChange { path, before, .. } = change;
    match (path.as_str(), before.as_str()) {
        ("filter", _) => Some(format!("it lets through only {before}")),
        ("dead_letters", None) => {
            Some("it has no dead-letter queue: what it cannot deliver is lost".to_owned())
        }
        ("dead_letters", Some(queue)) => Some(format!("what it cannot deliver goes to {queue}")),
        _ => None,
    }
}

fn subject(subject: &Subject<'_>) -> Value {
    let topic = subject.key.name.split('/').next().unwrap_or_default();
    json!({
        "topicArn": arn(subject, "sns", topic),
        "subscriptionArn": subject.handle,
    })
}

/// What SNS calls the queue of what it could not deliver. Source: SNS, `sns-dead-letter-queues`.
const REDRIVE_POLICY: &str = "RedrivePolicy";
/// The only field of a redrive policy: SNS refuses every other.
const DEAD_LETTER_TARGET: &str = "deadLetterTargetArn";

fn redrive_policy(queue: &Arn) -> String {
    json!({ DEAD_LETTER_TARGET: queue }).to_string()
}

/// The attributes that must be set, one call each, as SNS wants it; nothing takes one away.
fn changed(before: &Subscription, after: &Subscription) -> Vec<(&'static str, Option<String>)> {
    // An empty object takes a filter away. Source: SNS, `SetSubscriptionAttributes`.
    let filter = after
        .filter
        .as_ref()
        .map_or("{}".to_owned(), Value::to_string);
    let raw = ("RawMessageDelivery", Some(after.raw.to_string()));
    let filter = ("FilterPolicy", Some(filter));
    // SNS refuses an empty text here: the value must be left out. Source: the Terraform provider of AWS, which found out.
    let letters = (
        REDRIVE_POLICY,
        after.dead_letters.as_ref().map(redrive_policy),
    );
    let all = [
        (before.raw != after.raw, raw),
        (before.filter != after.filter, filter),
        (before.dead_letters != after.dead_letters, letters),
    ];
    all.into_iter()
        .filter_map(|(differs, attribute)| differs.then_some(attribute))
        .collect()
}

impl Managed for Subscription {
    fn name(&self) -> String {
        let topic = self.topic.resource();
        format!("{topic}/{}/{}", self.protocol, self.endpoint)
    }

    fn needs(&self, _: &Place) -> Vec<ResourceKey> {
        let used = [Some(&self.topic), self.dead_letters.as_ref()];
        let used = used.into_iter().flatten();
        used.filter_map(ResourceKey::of_arn).collect()
    }

    fn description(&self) -> Vec<String> {
        let line = match self.protocol.as_str() {
            "email" | "https" => "its receiver must confirm",
            "sms" => "if the account may send there: SMS has a sandbox and a spend limit in SNS",
            "lambda" => "if the function's policy lets our topic invoke it",
            _ => "active at once",
        };
        vec![line.to_owned()]
    }

    fn sizes(&self) -> Vec<Size> {
        Vec::new()
    }

    fn created(&self) -> Vec<&'static Call> {
        vec![&calls::SUBSCRIBE]
    }

    fn updated(&self, after: &Self) -> Vec<&'static Call> {
        vec![&calls::SET_SUBSCRIPTION; changed(self, after).len()]
    }

    /// SNS drops by itself what nobody confirms.
    fn deleted(&self) -> Vec<&'static Call> {
        let confirmed = self.confirmed.then_some(&calls::UNSUBSCRIBE);
        confirmed.into_iter().collect()
    }
}
