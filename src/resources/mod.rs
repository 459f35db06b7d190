//! What each AWS resource is, and how it is read and written: one file per service.
//!
//! The fields of a [`Resource`] **are** its canonical form: policies normalised, sets sorted, defaults
//! filled. Two resources are the same if and only if their fields are.

pub mod events;
mod kind;
pub mod names;
pub mod policy;
pub mod sns;
pub mod sqs;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::{CallError, Cause, Clients};
use crate::compile::{InputTransformer, RuleState};
use crate::place::{Arn, Place, StackName};

pub use kind::Kind;

/// The tag that says to which rules file a resource belongs.
pub const STACK_TAG: &str = "iamwatch:stack";

/// The bus that AWS's own events arrive on.
pub const DEFAULT_BUS: &str = "default";

/// Which AWS thing: a kind, a place and the name that is unique there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Where it lives.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
    /// Its name in AWS; for a subscription `topic/protocol/endpoint`.
    pub name: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// One AWS thing that iamwatch manages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Resource {
    /// An SQS queue.
    Queue(Queue),
    /// An SNS topic.
    Topic(Topic),
    /// A subscription to one of our topics.
    Subscription(Subscription),
    /// An EventBridge rule with its targets.
    Rule(EventRule),
}

/// A queue of ours: dead letters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Who may send.
    pub policy: Value,
    /// How long a message is kept, in seconds.
    pub retention_seconds: u32,
    /// Whether SQS encrypts with a key of its own.
    pub encrypted: bool,
}

/// A topic of ours: one for each set of channels and format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// The sender that mail and SMS show.
    pub display_name: String,
    /// Who may publish.
    pub policy: Value,
    /// The KMS key that encrypts it; EventBridge cannot publish under the key `alias/aws/sns`.
    pub kms_key: Option<String>,
}

/// A subscription to one of our topics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    /// The topic.
    pub topic: Arn,
    /// `email`, `sms`, `https`, `sqs` or `lambda`.
    pub protocol: String,
    /// The address in SNS's form.
    pub endpoint: String,
    /// Whether SNS delivers the bare message, without its envelope.
    pub raw: bool,
    /// A filter policy. EventBridge sets no message attributes, so one on attributes lets nothing through.
    pub filter: Option<Value>,
    /// Whether the receiver has agreed.
    pub confirmed: bool,
}

/// An EventBridge rule with its targets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventRule {
    /// Its name.
    pub name: String,
    /// The bus it listens on.
    pub bus: String,
    /// For people in the console.
    pub description: String,
    /// What it matches.
    pub pattern: Value,
    /// Whether, and whether also for read-only events.
    pub state: RuleState,
    /// Where matches go, by target id.
    pub targets: BTreeMap<String, Target>,
}

/// One target of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// A topic, for now.
    pub arn: Arn,
    /// What the target receives; `None`: the event itself.
    pub input: Option<InputTransformer>,
    /// How old an event may get before EventBridge gives up, in seconds (60 to 86,400).
    pub max_age_seconds: i32,
    /// How often EventBridge tries again (0 to 185).
    pub max_retries: i32,
    /// Where undeliverable events go.
    pub dead_letters: Option<Arn>,
}

/// A resource as AWS has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Live {
    /// Which.
    pub key: Key,
    /// Its canonical form.
    pub resource: Resource,
    /// Whose it is.
    pub owner: Owner,
    /// What AWS calls it where the key does not say: a queue's URL, a subscription's ARN.
    pub handle: Option<String>,
}

/// Whose a live resource is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// It carries our tag, or belongs to something that does.
    Ours,
    /// It carries the tag of another rules file.
    Stack(String),
    /// It carries no tag of iamwatch.
    Nobody,
}

impl Owner {
    /// Decides by the resource's tags.
    pub fn by_tag(tag: Option<&str>, stack: &str) -> Self {
        match tag {
            Some(name) if name == stack => Self::Ours,
            Some(name) => Self::Stack(name.to_owned()),
            None => Self::Nobody,
        }
    }
}

impl Resource {
    /// Where and what it is.
    pub fn key(&self, place: &Place) -> Key {
        let (kind, name) = match self {
            Self::Queue(queue) => (Kind::Queue, queue.name.clone()),
            Self::Topic(topic) => (Kind::Topic, topic.name.clone()),
            Self::Subscription(s) => (Kind::Subscription, names::subscription(s)),
            Self::Rule(rule) => (Kind::Rule, rule.name.clone()),
        };
        Key {
            place: place.clone(),
            kind,
            name,
        }
    }

    /// Names of resources that must exist before this one, of any place.
    pub fn needs(&self) -> Vec<(Kind, String)> {
        match self {
            Self::Queue(_) | Self::Topic(_) => Vec::new(),
            Self::Subscription(s) => vec![(Kind::Topic, s.topic.resource().to_owned())],
            Self::Rule(rule) => rule
                .targets
                .values()
                .flat_map(|target| {
                    let topic = (Kind::Topic, target.arn.resource().to_owned());
                    let queue = target.dead_letters.as_ref();
                    let queue = queue.map(|arn| (Kind::Queue, arn.resource().to_owned()));
                    [Some(topic), queue].into_iter().flatten()
                })
                .collect(),
        }
    }
}

/// Deleting what is not there is done.
pub(crate) fn gone_is_fine(result: Result<(), CallError>) -> Result<(), CallError> {
    match result {
        Err(error) if error.cause == Cause::NotFound => Ok(()),
        other => other,
    }
}

/// Reads everything in one place that could belong to a rules file: a few requests a service, not one a
/// resource.
///
/// # Errors
/// The first call that fails: ownership must be known, so nothing is guessed.
pub async fn read(
    clients: &Clients,
    stack: &StackName,
    place: &Place,
) -> Result<Vec<Live>, CallError> {
    let (queues, topics, rules) = futures::try_join!(
        sqs::read(&clients.sqs, stack, place),
        sns::read(&clients.sns, stack, place),
        events::read(&clients.events, stack, place, DEFAULT_BUS),
    )?;
    let mut live: Vec<Live> = queues.into_iter().chain(topics).chain(rules).collect();
    live.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(live)
}

/// Creates a resource.
///
/// # Errors
/// What AWS says.
pub async fn create(
    clients: &Clients,
    stack: &StackName,
    resource: &Resource,
) -> Result<(), CallError> {
    match resource {
        Resource::Queue(queue) => sqs::create(&clients.sqs, stack, queue).await,
        Resource::Topic(topic) => sns::create(&clients.sns, stack, topic).await,
        Resource::Subscription(s) => sns::subscribe(&clients.sns, s).await,
        Resource::Rule(rule) => events::create(&clients.events, stack, rule).await,
    }
}

/// Turns `before` into `after`; both are of one kind and name.
///
/// # Errors
/// What AWS says.
pub async fn update(clients: &Clients, before: &Live, after: &Resource) -> Result<(), CallError> {
    let handle = before.handle.as_deref().unwrap_or_default();
    match (&before.resource, after) {
        (Resource::Queue(_), Resource::Queue(queue)) => {
            sqs::update(&clients.sqs, handle, queue).await
        }
        (Resource::Topic(before), Resource::Topic(topic)) => {
            sns::update(&clients.sns, handle, before, topic).await
        }
        (Resource::Subscription(before), Resource::Subscription(s)) => {
            sns::update_subscription(&clients.sns, handle, before, s).await
        }
        (Resource::Rule(before), Resource::Rule(rule)) => {
            events::update(&clients.events, before, rule).await
        }
        // The diff pairs resources by key, and a key has one kind.
        _ => Ok(()),
    }
}

/// Deletes a live resource.
///
/// # Errors
/// What AWS says, except that it is gone already.
pub async fn delete(clients: &Clients, live: &Live) -> Result<(), CallError> {
    let handle = live.handle.as_deref().unwrap_or_default();
    match &live.resource {
        Resource::Queue(_) => sqs::delete(&clients.sqs, handle).await,
        Resource::Topic(_) => sns::delete(&clients.sns, handle).await,
        Resource::Subscription(_) if live.handle.is_none() => Ok(()),
        Resource::Subscription(_) => sns::unsubscribe(&clients.sns, handle).await,
        Resource::Rule(rule) => events::delete(&clients.events, rule).await,
    }
}
