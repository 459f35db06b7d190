//! What DynamoDB keeps: tables and their items.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::value::Item;
use crate::sandbox::common::Strings;
use crate::sandbox::site::PerSite;

/// The part of the world that DynamoDB keeps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// The tables of each account and Region, by their name.
    pub(crate) tables: PerSite<BTreeMap<String, Table>>,
}

/// A table. Times are milliseconds since 1970.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) hash: KeyAttribute,
    pub(crate) range: Option<KeyAttribute>,
    /// Units for reads and writes in a second; `None` where each request is paid.
    pub(crate) provisioned: Option<Throughput>,
    /// When each request was first paid.
    pub(crate) on_demand: Option<i64>,
    /// The ARN of the key in KMS that encrypts it, unless it is AWS's own.
    pub(crate) key: Option<String>,
    pub(crate) protected: bool,
    pub(crate) tags: Strings,
    /// What is being done to it, until when.
    pub(crate) change: Change,
    pub(crate) until: i64,
    pub(crate) time_to_live: Option<TimeToLive>,
    /// Since when it can be restored to any point in time.
    pub(crate) recovery: Option<i64>,
    /// In the order of [`super::rows`].
    pub(crate) rows: Vec<Row>,
}

/// An attribute of the key, and its type on the wire: `S`, `N` or `B`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyAttribute {
    pub(crate) name: String,
    pub(crate) kind: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Throughput {
    #[serde(rename = "ReadCapacityUnits")]
    pub(crate) read: u64,
    #[serde(rename = "WriteCapacityUnits")]
    pub(crate) write: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    Create,
    Update,
    Delete,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimeToLive {
    pub(crate) attribute: String,
    pub(crate) enabled: bool,
    pub(crate) changed: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// A digest of the partition key.
    pub(crate) place: u64,
    pub(crate) item: Item,
}

impl Table {
    /// What is being done to it now, if anything.
    pub(crate) fn change(&self, now: i64) -> Option<Change> {
        (now < self.until).then_some(self.change)
    }

    pub(crate) fn status(&self, now: i64) -> &'static str {
        match self.change(now) {
            Some(Change::Create) => "CREATING",
            Some(Change::Update) => "UPDATING",
            Some(Change::Delete) => "DELETING",
            None => "ACTIVE",
        }
    }

    /// The attributes of the key, the partition key first.
    pub(crate) fn key_attributes(&self) -> impl Iterator<Item = &KeyAttribute> {
        std::iter::once(&self.hash).chain(&self.range)
    }
}
