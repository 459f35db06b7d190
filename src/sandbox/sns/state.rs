//! What SNS keeps: topics, their subscriptions, and what was sent to people and endpoints.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::sandbox::common::Strings;
use crate::sandbox::site::PerSite;

/// The part of the world that SNS keeps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// The topics of each account and Region, by their name.
    pub(crate) topics: PerSite<BTreeMap<String, Topic>>,
    /// Everything that people and endpoints have received, oldest first.
    pub(crate) outbox: Vec<Delivery>,
    /// The endpoints that refuse what is sent to them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) refusing: BTreeSet<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Topic {
    pub(crate) attributes: Strings,
    pub(crate) tags: Strings,
    pub(crate) subscriptions: Vec<Subscription>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Subscription {
    pub(crate) arn: String,
    pub(crate) protocol: String,
    pub(crate) endpoint: String,
    pub(crate) confirmed: bool,
    pub(crate) created: i64,
    pub(crate) attributes: Strings,
}

/// What one person or endpoint has received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// `email`, `email-json`, `sms`, `https`, `http`, `lambda`.
    pub protocol: String,
    /// The address, number, URL or ARN.
    pub endpoint: String,
    /// The subject line; only mails have one.
    pub subject: Option<String>,
    /// The text as the recipient reads it.
    pub body: String,
    /// When, ISO 8601, UTC.
    pub at: String,
    /// The ARN of the topic.
    pub topic: String,
    /// Whether this asks to confirm a subscription, and is no message of the topic.
    pub confirmation: bool,
}
