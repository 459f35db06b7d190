//! What KMS keeps: keys and their aliases.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sandbox::common::Strings;
use crate::sandbox::site::PerSite;

/// The part of the world that KMS keeps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) local: PerSite<Local>,
}

/// What one account has in one Region.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Local {
    /// The keys, by their id.
    pub(crate) keys: BTreeMap<String, Key>,
    /// Aliases by name, `alias/` included.
    pub(crate) aliases: BTreeMap<String, Alias>,
    /// When a data key was last asked for: by the ARNs of the topic or queue here, and of the key.
    pub(crate) data_keys: BTreeMap<String, i64>,
}

/// A customer-managed KMS key. Times are milliseconds since 1970.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    pub(crate) policy: String,
    pub(crate) description: String,
    pub(crate) tags: Strings,
    pub(crate) created: i64,
    pub(crate) enabled: bool,
    /// When it will be deleted, if that is scheduled.
    pub(crate) deletion: Option<i64>,
    /// Days between rotations, if it rotates.
    pub(crate) rotation: Option<i64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Alias {
    /// The id of the key.
    pub(crate) key: String,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}
