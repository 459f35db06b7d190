//! What is the KMS key that encrypts our topics?

pub(super) mod aws;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::facts::{
    ARRIVE, Facts, Impact, Managed, Ownership, Size, Stretch, Subject, Sweep, as_real_ones,
    of_policy,
};
use super::model::{AttributeChange, ResourceKey, STACK_TAG};
use crate::aws::{Call, calls};
use crate::place::Place;

pub use aws::{KeyProblem, problem};

/// A KMS key of ours, known by its alias: the key's id is AWS's choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EncryptionKey {
    /// The alias, without `alias/`.
    pub name: String,
    /// For people in the console.
    pub description: String,
    /// Who may use it.
    pub policy: Value,
    /// Whether AWS makes new key material each year.
    pub rotated: bool,
    /// Whether it can be used: neither disabled nor waiting to be deleted.
    pub enabled: bool,
}

pub(super) static FACTS: Facts = Facts {
    service: "kms",
    fixed: &[],
    awaited: &[],
    write_only: &[],
    documents: &["policy"],
    ownership: Ownership::Tag(&calls::TAG_KEY),
    deletion: Some("key"),
    farewell: Some(
        "scheduled: gone in 30 days, and until then `aws kms cancel-key-deletion` brings it back",
    ),
    stretch: Stretch::Alerting,
    missing: Impact::Alert,
    impact,
    passes_tests: as_real_ones,
    words,
    purpose: "lets EventBridge encrypt",
    loss: |_| "EventBridge cannot publish to the encrypted topics".to_owned(),
    drift: ARRIVE,
    leftover: None,
    listed: Some((Sweep::Everywhere, &calls::LIST_ALIASES)),
    looks: &[
        &calls::DESCRIBE_KEY,
        &calls::LIST_KEY_TAGS,
        &calls::GET_KEY_POLICY,
        &calls::KEY_ROTATION,
    ],
    breaks: &[
        "DeleteAlias",
        "DisableKey",
        "PutKeyPolicy",
        "ScheduleKeyDeletion",
        "UntagResource",
        "UpdateAlias",
    ],
    restores: &[
        "CancelKeyDeletion",
        "CreateAlias",
        "EnableKey",
        "PutKeyPolicy",
        "TagResource",
        "UpdateAlias",
    ],
    recorded: &[],
    subject,
};

fn impact(change: &AttributeChange) -> Impact {
    match change.path.as_str() {
        "policy" => of_policy(change),
        "enabled" => Impact::Alert,
        _ => Impact::Cosmetic,
    }
}

fn words(change: &AttributeChange) -> Option<String> {
    let disabled = || "it is disabled, or waits to be deleted".to_owned();
    (change.path == "enabled").then(disabled)
}

fn subject(subject: &Subject<'_>) -> Value {
    let alias = format!("alias/{}", subject.key.name);
    json!({
        "keyId": subject.handle,
        "aliasName": alias,
        "tags": [{ "tagKey": STACK_TAG }],
        "tagKeys": [STACK_TAG],
    })
}

/// One write that turns a key into another.
#[derive(Debug, Clone, Copy)]
enum Step {
    Enable,
    Policy,
    Description,
    Rotation,
}

impl Step {
    fn call(self) -> &'static Call {
        match self {
            // A key that waits for its deletion needs `CancelKeyDeletion` first: only a look at it tells.
            Self::Enable => &calls::ENABLE_KEY,
            Self::Policy => &calls::PUT_KEY_POLICY,
            Self::Description => &calls::UPDATE_KEY_DESCRIPTION,
            Self::Rotation => &calls::ENABLE_ROTATION,
        }
    }
}

fn steps(before: &EncryptionKey, after: &EncryptionKey) -> Vec<Step> {
    let all = [
        (after.enabled && !before.enabled, Step::Enable),
        (before.policy != after.policy, Step::Policy),
        (before.description != after.description, Step::Description),
        (after.rotated && !before.rotated, Step::Rotation),
    ];
    all.into_iter()
        .filter_map(|(wanted, step)| wanted.then_some(step))
        .collect()
}

impl Managed for EncryptionKey {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn needs(&self, _: &Place) -> Vec<ResourceKey> {
        Vec::new()
    }

    fn description(&self) -> Vec<String> {
        vec![self.description.clone()]
    }

    fn sizes(&self) -> Vec<Size> {
        Vec::new()
    }

    /// A key of ours that lost its alias is found again instead, which only a look tells.
    fn created(&self) -> Vec<&'static Call> {
        vec![
            &calls::CREATE_KEY,
            &calls::ENABLE_ROTATION,
            &calls::CREATE_ALIAS,
        ]
    }

    fn updated(&self, after: &Self) -> Vec<&'static Call> {
        steps(self, after).into_iter().map(Step::call).collect()
    }

    fn deleted(&self) -> Vec<&'static Call> {
        vec![&calls::SCHEDULE_KEY_DELETION, &calls::DELETE_ALIAS]
    }
}
