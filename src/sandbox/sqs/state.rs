//! What SQS keeps: queues and their messages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sandbox::common::Strings;
use crate::sandbox::site::PerSite;

/// The part of the world that SQS keeps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// The queues of each account and Region, by their name.
    pub(crate) queues: PerSite<BTreeMap<String, Queue>>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Queue {
    pub(crate) attributes: Strings,
    pub(crate) tags: Strings,
    pub(crate) messages: Vec<Message>,
    pub(crate) created: i64,
    pub(crate) modified: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) attributes: BTreeMap<String, MessageAttribute>,
    pub(crate) sender: String,
    pub(crate) sent: i64,
    pub(crate) visible: i64,
    pub(crate) first_received: Option<i64>,
    pub(crate) receive_count: u32,
    /// The handle of the last receive; only it deletes the message.
    pub(crate) receipt: Option<String>,
}

/// A message attribute, in the form of the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct MessageAttribute {
    pub(crate) data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) string_value: Option<String>,
}
