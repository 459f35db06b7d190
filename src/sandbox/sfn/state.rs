//! What Step Functions keeps: state machines, their executions, and what it has yet to tell of these.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::place::{AccountId, Region};
use crate::sandbox::common::Strings;
use crate::sandbox::principal::Principal;
use crate::sandbox::site::PerSite;

/// The part of the world that Step Functions keeps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// The state machines of each account and Region, by their name.
    pub(crate) machines: PerSite<BTreeMap<String, StateMachine>>,
    /// What is to come to the bus.
    pub(crate) changes: Vec<Change>,
    /// The sessions of roles that services have taken on, by service, role, and for what.
    pub(crate) taken: BTreeMap<String, Taken>,
}

/// A state machine. Times are milliseconds since 1970.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateMachine {
    pub(crate) plan: Plan,
    /// What was in force until a change, and until when executions may still begin with it.
    pub(crate) before: Option<(i64, Plan)>,
    pub(crate) settings: Settings,
    pub(crate) tags: Strings,
    pub(crate) created: i64,
    /// The id of the last change.
    pub(crate) revision: Option<String>,
    pub(crate) deleting: bool,
    /// The latest of them, oldest first.
    pub(crate) executions: Vec<Execution>,
}

/// What executions do, and as whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    pub(crate) definition: String,
    /// The ARN of the role.
    pub(crate) role: String,
}

/// Settings that are kept, and do nothing here, in the form of the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) logging: Value,
    pub(crate) tracing: Value,
    pub(crate) encryption: Value,
}

/// An execution, which has done all that it does. It counts as running until the clock reaches its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Execution {
    pub(crate) name: String,
    pub(crate) input: String,
    pub(crate) began: i64,
    pub(crate) ends: i64,
    pub(crate) end: End,
    /// Empty where it was forgotten.
    pub(crate) history: Vec<Past>,
}

/// How an execution ends.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    pub(crate) status: Status,
    pub(crate) output: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) cause: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

/// An event of a history, in the form of the wire, and when it happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Past {
    pub(crate) at: i64,
    pub(crate) event: Value,
}

/// An event about an execution that comes to the default bus when it is due.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    pub(crate) due: i64,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// The ARN of the execution.
    pub(crate) execution: String,
    pub(crate) event: Value,
}

/// The session of a role that a service has taken on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Taken {
    pub(crate) access_key: String,
    pub(crate) principal: Principal,
    pub(crate) ends: i64,
}

impl StateMachine {
    /// What an execution does that begins now.
    pub(crate) fn in_force(&self, now: i64) -> &Plan {
        match &self.before {
            Some((until, plan)) if now < *until => plan,
            _ => &self.plan,
        }
    }

    pub(crate) fn execution(&self, name: &str) -> Option<&Execution> {
        self.executions.iter().find(|known| known.name == name)
    }

    pub(crate) fn is_idle(&self, now: i64) -> bool {
        let mut executions = self.executions.iter();
        executions.all(|execution| execution.status(now) != Status::Running)
    }
}

impl Execution {
    pub(crate) fn status(&self, now: i64) -> Status {
        if now < self.ends {
            Status::Running
        } else {
            self.end.status
        }
    }
}
