//! What is the IAM role with which EventBridge sends events to another bus?

pub(super) mod aws;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::facts::{
    ARRIVE, Affected, Facts, Impact, Managed, Ownership, Size, Stretch, Subject, Sweep,
    as_real_ones, of_policy,
};
use super::model::{AttributeChange, ResourceKey};
use crate::aws::{Call, calls};
use crate::place::{Arn, Place};

pub use aws::has_policy;

/// Characters of all inline policies of a role together, without white space. Source: IAM quotas.
const POLICIES_LIMIT: usize = 10_240;

/// The role with which EventBridge sends events to another bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// Its name: unique in the account, whatever the path.
    pub name: String,
    /// Its path, with `/` at both ends.
    pub path: String,
    /// For people in the console.
    pub description: String,
    /// Who may assume it.
    pub trust: Value,
    /// What it may do: inline policies by name.
    pub policies: BTreeMap<String, Value>,
    /// The ARNs of the managed policies that are attached to it, sorted.
    pub attached: Vec<Arn>,
    /// The permissions boundary: whatever the policies say, the role may do no more than that.
    pub boundary: Option<Arn>,
}

pub(super) static FACTS: Facts = Facts {
    service: "iam",
    fixed: &["path"],
    awaited: &[],
    write_only: &[],
    documents: &["trust", "policies.*"],
    ownership: Ownership::Tag(&calls::TAG_ROLE),
    deletion: None,
    farewell: None,
    stretch: Stretch::Forwarding,
    missing: Impact::Alert,
    impact,
    passes_tests: as_real_ones,
    words,
    purpose: "the rules file asks for",
    loss,
    drift: ARRIVE,
    leftover: None,
    listed: Some((Sweep::Global, &calls::LIST_ROLES)),
    looks: &[
        &calls::GET_ROLE,
        &calls::LIST_ROLE_POLICIES,
        &calls::GET_ROLE_POLICY,
        &calls::LIST_ATTACHED,
    ],
    breaks: &[
        "AttachRolePolicy",
        "DeleteRole",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "PutRolePermissionsBoundary",
        "PutRolePolicy",
        "UntagRole",
        "UpdateAssumeRolePolicy",
        "UpdateRole",
    ],
    restores: &[
        "AttachRolePolicy",
        "CreateRole",
        "DeleteRolePermissionsBoundary",
        "DetachRolePolicy",
        "PutRolePolicy",
        "TagRole",
        "UpdateAssumeRolePolicy",
        "UpdateRole",
    ],
    recorded: &[],
    subject,
};

fn impact(change: &AttributeChange) -> Impact {
    match change.path.as_str() {
        "description" => Impact::Cosmetic,
        // It can do more than it needs.
        "attached" => Impact::Safeguard,
        "trust" => of_policy(change),
        path if path.starts_with("policies.") => of_policy(change),
        "boundary" if change.before.is_null() => Impact::Safeguard,
        _ => Impact::Alert,
    }
}

fn words(change: &AttributeChange) -> Option<String> {
    let words = match change.path.as_str() {
        "trust" => "its trust policy was changed",
        "attached" => "managed policies are attached to it",
        "boundary" if change.before.is_null() => "its permissions boundary is missing",
        "boundary" if !change.after.is_null() => "another permissions boundary limits it",
        "boundary" => "a permissions boundary limits it",
        path if path.starts_with("policies") && change.before.is_null() => {
            "the policy that lets it send is missing"
        }
        path if path.starts_with("policies") => "the policy that lets it send was changed",
        _ => return None,
    };
    Some(words.to_owned())
}

fn loss(affected: &Affected<'_>) -> String {
    match affected.regions {
        [] => "alerts are lost".to_owned(),
        regions => format!(
            "events of {} do not come to the detectors",
            regions.join(", ")
        ),
    }
}

fn subject(subject: &Subject<'_>) -> Value {
    json!({ "roleName": subject.key.name })
}

/// One write that turns a role into another.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Description,
    Trust,
    LiftBoundary,
    Bound(&'a Arn),
    PutPolicy(&'a str, &'a Value),
    DropPolicy(&'a str),
    Detach(&'a Arn),
}

impl Step<'_> {
    fn call(&self) -> &'static Call {
        match self {
            Self::Description => &calls::UPDATE_ROLE,
            Self::Trust => &calls::UPDATE_TRUST,
            Self::LiftBoundary => &calls::DELETE_ROLE_BOUNDARY,
            Self::Bound(_) => &calls::PUT_ROLE_BOUNDARY,
            Self::PutPolicy(..) => &calls::PUT_ROLE_POLICY,
            Self::DropPolicy(_) => &calls::DELETE_ROLE_POLICY,
            Self::Detach(_) => &calls::DETACH_ROLE_POLICY,
        }
    }
}

/// No managed policy is ever wanted. The boundary comes before the policies: whoever may write them within one only may
/// not do so before that.
fn steps<'a>(before: &'a Role, after: &'a Role) -> Vec<Step<'a>> {
    let mut steps = Vec::new();
    if before.description != after.description {
        steps.push(Step::Description);
    }
    if before.trust != after.trust {
        steps.push(Step::Trust);
    }
    match &after.boundary {
        None if before.boundary.is_some() => steps.push(Step::LiftBoundary),
        Some(wanted) if before.boundary.as_ref() != Some(wanted) => {
            steps.push(Step::Bound(wanted));
        }
        _ => {}
    }
    let put = after.policies.iter();
    let put = put.filter(|(name, document)| before.policies.get(*name) != Some(document));
    steps.extend(put.map(|(name, document)| Step::PutPolicy(name, document)));
    let dropped = before.policies.keys();
    let dropped = dropped.filter(|name| !after.policies.contains_key(*name));
    steps.extend(dropped.map(|name| Step::DropPolicy(name)));
    let detached = before.attached.iter();
    let detached = detached.filter(|arn| !after.attached.contains(arn));
    steps.extend(detached.map(Step::Detach));
    steps
}

/// A role that was created a moment ago: without its policies.
fn fresh(wanted: &Role) -> Role {
    Role {
        policies: BTreeMap::new(),
        attached: Vec::new(),
        ..wanted.clone()
    }
}

impl Managed for Role {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn needs(&self, _: &Place) -> Vec<ResourceKey> {
        Vec::new()
    }

    /// Its name says all.
    fn description(&self) -> Vec<String> {
        Vec::new()
    }

    fn sizes(&self) -> Vec<Size> {
        let policies = self.policies.values();
        vec![Size {
            what: "characters in the policies of",
            need: policies
                .map(|policy| policy.to_string().chars().count())
                .sum(),
            limit: POLICIES_LIMIT,
            help: "watch fewer places",
        }]
    }

    fn created(&self) -> Vec<&'static Call> {
        let mut made = vec![&calls::CREATE_ROLE];
        made.extend(fresh(self).updated(self));
        made
    }

    fn updated(&self, after: &Self) -> Vec<&'static Call> {
        steps(self, after).iter().map(Step::call).collect()
    }

    /// Its policies go first.
    fn deleted(&self) -> Vec<&'static Call> {
        let mut made = self.updated(&fresh(self));
        made.push(&calls::DELETE_ROLE);
        made
    }
}
