//! What CloudTrail keeps: trails, the event history, and events on their way.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::selectors::Selectors;
use crate::place::{AccountId, Region};
use crate::sandbox::common::Strings;

/// The part of the world that CloudTrail keeps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// By ARN, which holds the home Region: a trail is found from every Region by it.
    pub(crate) trails: BTreeMap<String, Trail>,
    /// How long CloudTrail takes from a call to its event, milliseconds.
    pub(crate) delay: i64,
    /// Events that CloudTrail has not delivered yet.
    pub(crate) recorded: Vec<Recorded>,
    /// What CloudTrail remembers without a trail, oldest first.
    #[serde(default)]
    pub(crate) history: VecDeque<Past>,
}

/// A trail, and whether it could write its last log file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trail {
    pub(crate) name: String,
    pub(crate) account: AccountId,
    pub(crate) home: Region,
    pub(crate) settings: TrailSettings,
    pub(crate) selectors: Selectors,
    pub(crate) logging: bool,
    pub(crate) started: Option<i64>,
    pub(crate) stopped: Option<i64>,
    /// The last time that a log file was tried to be written, and the last time that it was.
    pub(crate) attempted: Option<i64>,
    pub(crate) delivered: Option<i64>,
    /// Why the last log file could not be written.
    pub(crate) delivery_error: Option<String>,
    pub(crate) tags: Strings,
}

/// What CreateTrail sets and UpdateTrail changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrailSettings {
    pub(crate) bucket: String,
    pub(crate) prefix: Option<String>,
    pub(crate) topic: Option<String>,
    pub(crate) global_services: bool,
    pub(crate) multi_region: bool,
    /// Whether it logs the accounts of the organization too.
    pub(crate) organization: bool,
    pub(crate) validation: bool,
    pub(crate) log_group: Option<String>,
    pub(crate) log_role: Option<String>,
    pub(crate) kms_key: Option<String>,
}

/// An event on its way from CloudTrail to a bus.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recorded {
    /// When it arrives, milliseconds since 1970.
    pub(crate) due: i64,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// ARNs of the trails that log it.
    pub(crate) trails: Vec<String>,
    pub(crate) event: Value,
}

/// An event that was recorded.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Past {
    /// Later ones have higher numbers.
    pub(super) number: u64,
    /// When, milliseconds since 1970.
    pub(super) at: i64,
    /// From when on it is found.
    pub(super) due: i64,
    pub(super) account: AccountId,
    pub(super) region: Region,
    pub(super) record: Value,
}
