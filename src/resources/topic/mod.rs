//! What is an SNS topic of ours?

pub(super) mod aws;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::facts::{
    ARRIVE, Facts, Impact, Managed, Ownership, Size, Stretch, Subject, Sweep, arn, as_real_ones,
    of_policy,
};
use super::kinds::Kind;
use super::model::{AttributeChange, ResourceKey};
use crate::aws::{Call, calls};
use crate::place::{Arn, Place};

pub use aws::{LETS_RULES_PUBLISH, obstacle};

/// A topic of ours: one for each set of channels and format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Topic {
    /// The name of the topic.
    pub name: String,
    /// The sender that mail and SMS show.
    pub display_name: String,
    /// The policy that says who may publish to the topic.
    pub policy: Value,
    /// The KMS key that encrypts it; EventBridge cannot publish under the key `alias/aws/sns`.
    pub kms_key: Option<String>,
}

/// A topic of somebody else's that rules of ours publish to. It is never created, tagged, changed or deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenTopic {
    /// The ARN of the topic.
    pub arn: Arn,
    /// The ARNs of the rules that publish to it.
    pub rules: BTreeSet<Arn>,
    /// What its policy lacks if it does not let them: a statement for them and for those that may take their place.
    pub statement: Value,
    /// The organization that home belongs to, where that is known.
    pub organization: Option<String>,
}

pub(super) static FACTS: Facts = Facts {
    service: "sns",
    fixed: &[],
    awaited: &[],
    write_only: &[],
    documents: &["policy"],
    ownership: Ownership::Tag(&calls::TAG_TOPIC),
    deletion: None,
    farewell: None,
    stretch: Stretch::Alerting,
    missing: Impact::Alert,
    impact,
    passes_tests: as_real_ones,
    words,
    purpose: "lets our rules publish",
    loss: |_| "alerts may not reach the topic, or others can publish to it".to_owned(),
    drift: ARRIVE,
    leftover: None,
    listed: Some((Sweep::Everywhere, &calls::LIST_TOPICS)),
    looks: &[
        &calls::GET_TOPIC,
        &calls::LIST_TOPIC_TAGS,
        &calls::LIST_SUBSCRIPTIONS,
    ],
    breaks: &[
        "AddPermission",
        "DeleteTopic",
        "PutDataProtectionPolicy",
        "RemovePermission",
        "SetTopicAttributes",
        "UntagResource",
    ],
    restores: &["CreateTopic", "SetTopicAttributes", "TagResource"],
    recorded: &[],
    subject,
};

fn impact(change: &AttributeChange) -> Impact {
    match change.path.as_str() {
        "policy" => of_policy(change),
        "kms_key" => Impact::Alert,
        _ => Impact::Cosmetic,
    }
}

fn words(change: &AttributeChange) -> Option<String> {
    match (change.path.as_str(), &change.before) {
        ("kms_key", Value::Null) => Some("it is not encrypted".to_owned()),
        ("kms_key", key) => Some(format!("it is encrypted with {key}")),
        _ => None,
    }
}

fn subject(subject: &Subject<'_>) -> Value {
    let name = &subject.key.name;
    let arn = arn(subject, "sns", name);
    json!({ "name": name, "topicArn": arn, "resourceArn": arn })
}

/// The attributes of a topic as SNS calls them.
fn attributes(topic: &Topic) -> [(&'static str, String); 3] {
    [
        // Empty: no encryption of its own.
        ("KmsMasterKeyId", topic.kms_key.clone().unwrap_or_default()),
        ("DisplayName", topic.display_name.clone()),
        ("Policy", topic.policy.to_string()),
    ]
}

/// The attributes that must be set, one call each, as SNS wants it.
fn changed(before: &Topic, after: &Topic) -> Vec<(&'static str, String)> {
    let held = attributes(before);
    let wanted = attributes(after).into_iter();
    wanted
        .filter(|attribute| !held.contains(attribute))
        .collect()
}

impl Managed for Topic {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn needs(&self, place: &Place) -> Vec<ResourceKey> {
        let alias = self.kms_key.as_deref();
        let alias = alias.and_then(|key| key.strip_prefix("alias/"));
        alias
            .map(|alias| ResourceKey::new(place, Kind::EncryptionKey, alias))
            .into_iter()
            .collect()
    }

    fn description(&self) -> Vec<String> {
        vec![format!("shown as \"{}\"", self.display_name)]
    }

    fn sizes(&self) -> Vec<Size> {
        Vec::new()
    }

    fn created(&self) -> Vec<&'static Call> {
        vec![&calls::CREATE_TOPIC]
    }

    fn updated(&self, after: &Self) -> Vec<&'static Call> {
        vec![&calls::SET_TOPIC; changed(self, after).len()]
    }

    /// Its subscriptions go with it.
    fn deleted(&self) -> Vec<&'static Call> {
        vec![&calls::DELETE_TOPIC]
    }
}
