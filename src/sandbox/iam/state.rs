//! What IAM keeps: users and roles.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::place::AccountId;
use crate::sandbox::common::Strings;
use crate::sandbox::policy::ADMINISTRATOR;

/// The part of the world that IAM keeps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) accounts: BTreeMap<AccountId, Identities>,
}

/// The one of AWS's managed policies that is known here.
pub(super) const ADMINISTRATOR_ACCESS: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// The users and roles of one account, by name, and its managed policies.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identities {
    pub(crate) users: BTreeMap<String, Identity>,
    pub(crate) roles: BTreeMap<String, Identity>,
    /// The documents of customer managed policies, by ARN.
    #[serde(default)]
    pub(crate) policies: BTreeMap<String, String>,
}

/// An IAM user or role.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) created: i64,
    pub(crate) tags: Strings,
    pub(crate) attached: Vec<String>,
    pub(crate) inline: Strings,
    pub(crate) access_keys: Vec<String>,
    /// The trust policy, which roles alone have.
    pub(crate) trust: Option<String>,
    pub(crate) description: Option<String>,
    /// How long its sessions may live, in seconds; roles alone have it.
    pub(crate) max_session: Option<u32>,
    /// The ARN of a permissions boundary.
    pub(crate) boundary: Option<String>,
}

impl Identity {
    /// Inline and attached policies. Of AWS's managed policies only `AdministratorAccess` is
    /// known; others grant nothing.
    pub(super) fn documents(&self) -> Vec<String> {
        let attached = self.attached.iter();
        let attached = attached.filter(|arn| *arn == ADMINISTRATOR_ACCESS);
        let attached = attached.map(|_| ADMINISTRATOR.to_owned());
        self.inline.values().cloned().chain(attached).collect()
    }
}
