//! What is an EventBridge bus of ours?

pub(super) mod aws;

pub use aws::default_bus_key;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::facts::{
    ARRIVE, Facts, Impact, Managed, Ownership, Size, Stretch, Subject, Sweep, all_lose, arn,
    as_real_ones,
};
use super::model::{AttributeChange, ResourceKey};
use crate::aws::{Call, calls};
use crate::place::Place;

/// Characters of a bus policy. Source: EventBridge quotas.
pub const POLICY_LIMIT: usize = 10_240;

/// An EventBridge bus of ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bus {
    /// The name of the bus.
    pub name: String,
    /// Our statements of its policy; those of others stay as they are.
    pub policy: Value,
    /// The customer-managed key that encrypts its events: whoever keeps the key decides whether they pass.
    pub kms_key: Option<String>,
}

/// A customer-managed key on a default bus, which is the account's and not ours: with it EventBridge encrypts the
/// patterns and targets of the rules there, and where it cannot use the key, they match nothing.
/// Source: EventBridge, `eb-encryption-event-bus-cmkey`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultBusKey {
    /// What is wrong, as a clause about the bus.
    pub problem: String,
    /// What the user can do about it.
    pub remedy: String,
    /// Whether EventBridge can use it, as far as its state can be seen and tells; `None`: whether there is one is not
    /// known.
    pub is_usable: Option<bool>,
}

impl DefaultBusKey {
    /// A default bus, as plans name a bus.
    pub const BUS: &str = "bus default";

    /// `unusable`: why EventBridge cannot use the key, where that is known.
    fn new(key: &str, unusable: Option<&str>) -> Self {
        let (problem, remedy) = match unusable {
            None => (
                format!("it has the key {key}, which iamwatch does not look after"),
                "let the bus have a key that AWS owns, or see to it that EventBridge can always use this one: iamwatch \
                 edits neither",
            ),
            Some(why) => (
                format!("it has the key {key}, which EventBridge cannot use: {why}"),
                "mend the key, or let the bus have one that AWS owns: iamwatch edits neither",
            ),
        };
        Self {
            problem,
            remedy: remedy.to_owned(),
            is_usable: Some(unusable.is_none()),
        }
    }
}

pub(super) static FACTS: Facts = Facts {
    service: "events",
    fixed: &[],
    awaited: &[],
    write_only: &[],
    documents: &["policy"],
    ownership: Ownership::Tag(&calls::TAG_RULE_OR_BUS),
    deletion: None,
    farewell: None,
    stretch: Stretch::Alerting,
    missing: Impact::Alert,
    // An open door is as wrong as a closed one.
    impact: all_lose,
    passes_tests: as_real_ones,
    words,
    purpose: "admits our forwarders",
    loss: |_| "no event reaches a detector, or anybody can send some".to_owned(),
    drift: ARRIVE,
    leftover: None,
    listed: Some((Sweep::Everywhere, &calls::DESCRIBE_BUS)),
    looks: &[&calls::LIST_BUS_TAGS],
    breaks: &[
        "DeleteEventBus",
        "PutPermission",
        "RemovePermission",
        "UntagResource",
        "UpdateEventBus",
    ],
    restores: &[
        "CreateEventBus",
        "PutPermission",
        "TagResource",
        "UpdateEventBus",
    ],
    recorded: &[],
    subject,
};

fn words(change: &AttributeChange) -> Option<String> {
    let key = &change.before;
    let words = || format!("it is encrypted with {key}, which EventBridge may not be able to use");
    (change.path == "kms_key").then(words)
}

fn subject(subject: &Subject<'_>) -> Value {
    let name = &subject.key.name;
    let arn = arn(subject, "events", &format!("event-bus/{name}"));
    json!({ "name": name, "eventBusName": name, "resourceARN": arn })
}

/// One write that turns a bus into another.
#[derive(Debug, Clone, Copy)]
enum Step {
    Key,
    Policy,
}

impl Step {
    fn call(self) -> &'static Call {
        match self {
            Self::Key => &calls::UPDATE_BUS,
            Self::Policy => &calls::PUT_PERMISSION,
        }
    }
}

fn steps(before: &Bus, after: &Bus) -> Vec<Step> {
    let all = [
        (before.kms_key != after.kms_key, Step::Key),
        (before.policy != after.policy, Step::Policy),
    ];
    all.into_iter()
        .filter_map(|(wanted, step)| wanted.then_some(step))
        .collect()
}

impl Managed for Bus {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn needs(&self, _: &Place) -> Vec<ResourceKey> {
        Vec::new()
    }

    fn description(&self) -> Vec<String> {
        vec!["takes events from our forwarders only".to_owned()]
    }

    fn sizes(&self) -> Vec<Size> {
        Vec::new()
    }

    fn created(&self) -> Vec<&'static Call> {
        vec![&calls::CREATE_BUS, &calls::PUT_PERMISSION]
    }

    fn updated(&self, after: &Self) -> Vec<&'static Call> {
        steps(self, after).into_iter().map(Step::call).collect()
    }

    fn deleted(&self) -> Vec<&'static Call> {
        vec![&calls::DELETE_BUS]
    }
}
