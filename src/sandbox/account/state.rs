//! The Regions that accounts have chosen.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::place::{AccountId, Region};

/// The part of the world that the Account service keeps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// The Regions that are enabled, where they are not those of a new account.
    pub(crate) enabled: BTreeMap<AccountId, BTreeSet<Region>>,
}
