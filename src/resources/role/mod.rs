//! What is an IAM role of ours, with which a service of AWS works for us?
//!
//! EventBridge sends events to another bus with that of forwarders, and starts the dispatcher with another; Step
//! Functions runs the dispatcher with a third.

pub(super) mod aws;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::facts::{
    ARRIVE, Affected, Facts, Impact, Managed, Ownership, Size, Stretch, Subject, Sweep,
    as_real_ones, of_policy,
};
use super::model::{AttributeChange, ResourceKey};
use super::{names, policy};
use crate::aws::{Call, calls};
use crate::place::{Arn, Place};

pub use aws::has_policy;

/// Characters of all inline policies of a role together, without white space. Source: IAM quotas.
const POLICIES_LIMIT: usize = 10_240;

/// A role with which EventBridge or Step Functions works for us.
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
        path => return of_own_policy(path.strip_prefix("policies")?, change),
    };
    Some(words.to_owned())
}

/// What differs in the policies of a role itself. `path` is that behind the field.
fn of_own_policy(path: &str, change: &AttributeChange) -> Option<String> {
    let Some(name) = path.strip_prefix('.') else {
        return path
            .is_empty()
            .then(|| "its policies were changed".to_owned());
    };
    let which = match name {
        names::FORWARD_POLICY => "the policy that lets it send",
        names::START_POLICY => "the policy that lets it start the dispatcher",
        policy::TELLS => "the policy that lets it hand alerts to topics and to the ledger",
        policy::CALLS_OUT => "the policy that lets it call services beyond AWS",
        _ => "a policy of it",
    };
    Some(match (&change.before, &change.after) {
        (Value::Null, _) => format!("{which} is missing"),
        (_, Value::Null) => format!("it has the policy `{name}` besides"),
        _ => format!("{which} was changed"),
    })
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
            help: match names::only_policy(&self.name) {
                Some(_) => "watch fewer places",
                // That of the dispatcher grows with its channels.
                None => "use fewer channels",
            },
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
