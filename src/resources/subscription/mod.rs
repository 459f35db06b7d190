//! What is a subscription to one of our topics?

mod address;
pub(super) mod aws;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::facts::{
    ARRIVE, Affected, Facts, Impact, Managed, Ownership, Size, Stretch, Subject, all_lose, arn,
    as_real_ones,
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
    impact: all_lose,
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

fn words(change: &AttributeChange) -> Option<String> {
    let filter = || format!("it lets through only {}", change.before);
    (change.path == "filter").then(filter)
}

fn subject(subject: &Subject<'_>) -> Value {
    let topic = subject.key.name.split('/').next().unwrap_or_default();
    json!({
        "topicArn": arn(subject, "sns", topic),
        "subscriptionArn": subject.handle,
    })
}

/// The attributes that must be set, one call each, as SNS wants it.
fn changed(before: &Subscription, after: &Subscription) -> Vec<(&'static str, String)> {
    // An empty object takes a filter away. Source: SNS, `SetSubscriptionAttributes`.
    let filter = after
        .filter
        .as_ref()
        .map_or("{}".to_owned(), Value::to_string);
    let raw = ("RawMessageDelivery", after.raw.to_string());
    let all = [
        (before.raw != after.raw, raw),
        (before.filter != after.filter, ("FilterPolicy", filter)),
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
        ResourceKey::of_arn(&self.topic).into_iter().collect()
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
