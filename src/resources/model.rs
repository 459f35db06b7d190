//! Which resource is meant, whose it is, and what differs in it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kinds::Kind;
use crate::place::{Arn, Place, StackName};

/// The tag that says to which rules file a resource belongs.
pub const STACK_TAG: &str = "iamwatch:stack";

/// The bus that AWS's own events arrive on.
pub const DEFAULT_BUS: &str = "default";

/// Which AWS thing: a kind, a place and the name that is unique there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceKey {
    /// Where the resource lives: an account, and a Region unless it is global.
    pub place: Place,
    /// The kind of the resource.
    pub kind: Kind,
    /// Its name in AWS; for a subscription `topic/protocol/endpoint` without what may be a secret in a URL, for a rule of a
    /// custom bus `bus/rule`, for a key its alias without `alias/`.
    pub name: String,
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

impl ResourceKey {
    pub(super) fn new(place: &Place, kind: Kind, name: impl Into<String>) -> Self {
        Self {
            place: place.clone(),
            kind,
            name: name.into(),
        }
    }

    /// The key as a person at `home` calls it: what is in another Region says so.
    pub fn seen_from(&self, home: &Place) -> String {
        match &self.place {
            place if place == home => self.to_string(),
            Place::Regional { account, region } if account == home.account() => {
                format!("{self} in {region}")
            }
            Place::Global { account } if account == home.account() => self.to_string(),
            place => format!("{self} in {place}"),
        }
    }

    /// The key of the queue, topic, table, state machine, connection, bus or role that an ARN names.
    pub fn of_arn(arn: &Arn) -> Option<Self> {
        let account = arn.account().parse().ok()?;
        let regional = |kind, name: &str| {
            let place = Place::Regional {
                account: arn.account().parse().ok()?,
                region: arn.region().parse().ok()?,
            };
            Some(Self::new(&place, kind, name))
        };
        match (arn.service(), arn.resource()) {
            ("sns", topic) => regional(Kind::Topic, topic),
            ("sqs", queue) => regional(Kind::Queue, queue),
            ("dynamodb", resource) => regional(Kind::Table, resource.strip_prefix("table/")?),
            ("states", resource) => {
                regional(Kind::Machine, resource.strip_prefix("stateMachine:")?)
            }
            ("events", resource) if resource.starts_with("connection/") => {
                let name = resource.split('/').nth(1)?;
                regional(Kind::Connection, name)
            }
            ("events", resource) => regional(Kind::Bus, resource.strip_prefix("event-bus/")?),
            ("iam", resource) => {
                let name = resource.strip_prefix("role/")?.rsplit('/').next()?;
                Some(Self::new(&Place::Global { account }, Kind::Role, name))
            }
            _ => None,
        }
    }
}

/// Whose a live resource is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// It carries our tag and the name that we would give, or belongs to something that does.
    Ours,
    /// It carries the tag of another rules file.
    Stack(String),
    /// It carries no tag of iamwatch.
    Nobody,
    /// It is in another account, or may not be looked at.
    Stranger,
}

impl Owner {
    /// Decides by a resource's tag and its name. Whoever may only tag could hand over anything: what we would have
    /// called otherwise is nobody's of ours, whatever it carries.
    pub fn of(tag: Option<&str>, stack: &StackName, is_named_by_us: bool) -> Self {
        match tag {
            Some(name) if name == stack.as_str() && is_named_by_us => Self::Ours,
            Some(name) if name != stack.as_str() => Self::Stack(name.to_owned()),
            _ => Self::Nobody,
        }
    }
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeChange {
    /// The path within the resource, dotted.
    pub path: String,
    /// What AWS has; null if nothing.
    pub before: Value,
    /// What it will have; null if nothing.
    pub after: Value,
}
