//! What the receivers beyond AWS keep, and what was said of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sandbox::secret::Secret;

/// The part of the world that receivers keep.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// By host name.
    pub(super) hosts: BTreeMap<String, Host>,
    pub(super) taken: Vec<Taken>,
    /// How many ids were given out.
    pub(super) ids: u64,
}

/// What was said of one host. Of whom nothing was said takes every secret and every place.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Host {
    /// A real receiver on this machine, in the place of a model.
    pub(super) address: Option<SocketAddr>,
    /// The secrets that it takes; all, if there are none.
    pub(super) secrets: BTreeSet<Secret>,
    /// The tokens that it gave to OAuth clients.
    pub(super) tokens: BTreeSet<Secret>,
    /// The places that it has; any, if there are none.
    pub(super) rooms: BTreeMap<String, Room>,
    pub(super) trouble: Option<Trouble>,
    /// Whether it is a plain webhook.
    pub(super) webhook: bool,
}

/// A place where a service puts messages: a channel, a space, a project, a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Room {
    /// It takes messages.
    Open,
    /// It is there, and the caller is not a member of it.
    NotMember,
    /// It is there, and takes nothing any more.
    Archived,
    /// It answers as if it took a message, and nobody sees it: a broken flow of Teams.
    Broken,
    /// It is not there.
    Missing,
}

/// What a receiver does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It answers so many requests with status 429.
    TooMany {
        /// How many requests.
        times: u32,
        /// Its `Retry-After`, in seconds.
        retry_after: u32,
    },
    /// It answers so many requests with a status of its own; `u32::MAX` means until it is told otherwise.
    Answers {
        /// How many requests.
        times: u32,
        /// The status, such as 500.
        status: u16,
    },
    /// It takes requests and never answers.
    Hangs,
    /// Nobody listens.
    Unreachable,
}

/// What a receiver took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// The name of the service, such as `Slack`.
    pub service: String,
    /// The host that was asked.
    pub host: String,
    /// Where its readers find it: a channel, a space, a project; empty where there is one place only.
    pub place: String,
    /// The id that the service gave it.
    pub id: String,
    /// When it came, in milliseconds since 1970.
    pub time: i64,
    /// What its readers read, line by line.
    pub text: String,
    /// The request's body, without its secrets.
    pub body: Value,
    /// By what the service knows it again.
    pub key: Option<String>,
    /// How often it came again.
    pub repeated: u32,
    /// Whether it still stands open, so that an equal one adds to it.
    pub open: bool,
}
