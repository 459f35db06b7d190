//! What Secrets Manager keeps: secrets, by ARN.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sandbox::secret::Secret;

/// The part of the world that Secrets Manager keeps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(super) secrets: BTreeMap<String, Entry>,
}

/// One secret. Times are milliseconds since 1970.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: Secret,
    /// The id of the version that is `AWSCURRENT`; others are not kept.
    pub(super) version: String,
    /// The service that manages it, such as `events`.
    pub(super) owner: String,
    pub(super) created: i64,
    pub(super) changed: i64,
    /// When it will be gone, if somebody deleted it.
    pub(super) deleted: Option<i64>,
}
