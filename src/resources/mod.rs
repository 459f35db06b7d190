//! What each AWS resource is, and how it is read and written: one file per service.
//!
//! The fields of a [`Resource`] **are** its canonical form: policies normalised, sets sorted, defaults
//! filled. Two resources are the same if and only if their fields are.

mod account_facts;
mod adopt;
mod bucket_contents;
mod buses;
pub mod cloudtrail;
pub mod events;
mod foreign_statements;
mod iam;
mod kind;
pub mod kms;
mod name_guard;
pub mod names;
pub mod policy;
mod quotas;
mod s3;
pub mod sns;
pub mod sqs;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::events::KnownPatterns;
use crate::aws::{CallError, Cause, Clients};
use crate::compile::{InputTransformer, RuleState};
use crate::place::{Arn, Place, StackName};

pub use account_facts::{
    AccountFacts, PLACES_AT_ONCE, SpokesRead, account_facts, account_facts_for, enabled_regions,
    read_all, read_spokes,
};
pub use adopt::adopt;
pub use bucket_contents::{BucketContents, bucket_contents};
pub use buses::POLICY_LIMIT as BUS_POLICY_LIMIT;
pub use foreign_statements::{ForeignStatement, judged_statement};
pub use kind::Kind;
pub use name_guard::NameGuard;
pub use quotas::{BusUse, bus_use};

/// The tag that says to which rules file a resource belongs.
pub const STACK_TAG: &str = "iamwatch:stack";

/// The bus that AWS's own events arrive on.
pub const DEFAULT_BUS: &str = "default";

/// Which AWS thing: a kind, a place and the name that is unique there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceKey {
    /// Where it lives.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
    /// Its name in AWS; for a subscription `topic/protocol/endpoint`, for a rule of a custom bus `bus/rule`,
    /// for a key its alias without `alias/`.
    pub name: String,
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

impl ResourceKey {
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
}

/// One AWS thing that iamwatch manages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Resource {
    /// A KMS key.
    EncryptionKey(EncryptionKey),
    /// The bucket of a trail's log files.
    Bucket(Bucket),
    /// A CloudTrail trail.
    Trail(Trail),
    /// The role of a forwarder.
    Role(Role),
    /// An SQS queue.
    Queue(Queue),
    /// An SNS topic.
    Topic(Topic),
    /// A subscription to one of our topics.
    Subscription(Subscription),
    /// An EventBridge bus.
    Bus(Bus),
    /// An EventBridge rule with its targets.
    Rule(EventRule),
}

/// A KMS key of ours, known by its alias: the key's id is AWS's choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EncryptionKey {
    /// The alias, without `alias/`.
    pub name: String,
    /// For people in the console.
    pub description: String,
    /// Who may use it.
    pub policy: Value,
    /// Whether AWS makes new key material each year.
    pub rotated: bool,
    /// Whether it can be used: neither disabled nor waiting to be deleted.
    pub enabled: bool,
}

/// The bucket of a trail's log files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Who may write and read.
    pub policy: Value,
    /// Whether all four switches against public access are on.
    pub public_access_blocked: bool,
    /// The algorithm of the default encryption: `AES256`, `aws:kms`; empty if none.
    pub encryption: String,
    /// Who owns what others write: `BucketOwnerEnforced`, or another word of S3.
    pub ownership: String,
    /// Whether old versions are kept.
    pub versioned: bool,
    /// When what is deleted, as S3's list of lifecycle rules.
    pub lifecycle: Value,
}

/// A CloudTrail trail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    /// Its name.
    pub name: String,
    /// The bucket of its log files.
    pub bucket: String,
    /// Under which prefix of the bucket.
    pub key_prefix: Option<String>,
    /// Whether it records every account of the organization.
    pub organization: bool,
    /// Whether it records all Regions.
    pub multi_region: bool,
    /// Whether it records services that are recorded in us-east-1 only.
    pub global_events: bool,
    /// Whether digests prove that log files were not changed.
    pub validated: bool,
    /// The KMS key that encrypts the log files.
    pub kms_key: Option<String>,
    /// Whether it records at all.
    pub logging: bool,
    /// What it records, as CloudTrail's list of event selectors, basic or advanced.
    pub selectors: Value,
}

/// The role with which EventBridge sends events to another bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// Its name: unique in the account, whatever the path.
    pub name: String,
    /// Its path, with `/` at both ends.
    pub path: String,
    /// For people in the console.
    pub description: String,
    /// Who may assume it.
    pub trust: Value,
    /// What it may do: inline policies by name.
    pub policies: BTreeMap<String, Value>,
    /// Managed policies, sorted.
    pub attached: Vec<Arn>,
    /// The permissions boundary: whatever the policies say, the role may do no more than that.
    pub boundary: Option<Arn>,
}

/// An EventBridge bus of ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bus {
    /// Its name.
    pub name: String,
    /// Our statements of its policy; those of others stay as they are.
    pub policy: Value,
    /// The customer-managed key that encrypts its events: whoever keeps the key decides whether they pass.
    pub kms_key: Option<String>,
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
    /// How large a message may be, in bytes; more than an event ever has counts as that much.
    pub max_message_bytes: u32,
    /// How long a message is held back before anybody can receive it, in seconds.
    pub delay_seconds: u32,
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
    /// What it matches; thousands of accounts share it.
    pub pattern: Arc<Value>,
    /// Whether, and whether also for read-only events.
    pub state: RuleState,
    /// Where matches go, by target id.
    pub targets: BTreeMap<String, Target>,
}

/// One target of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// A topic, or the home bus.
    pub arn: Arn,
    /// The role that EventBridge takes on; buses need one, topics none.
    pub role: Option<Arn>,
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
    pub key: ResourceKey,
    /// Its canonical form.
    pub resource: Resource,
    /// Whose it is.
    pub owner: Owner,
    /// What AWS calls it where the key does not say: a queue's URL, a subscription's ARN.
    pub handle: Option<String>,
    /// The policy statements of others, on a bus. They left before the comparison.
    #[serde(skip)]
    pub foreign: Vec<Value>,
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
    /// It is in another account, or may not be looked at.
    Stranger,
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
    pub fn key(&self, place: &Place) -> ResourceKey {
        let (kind, name) = match self {
            Self::EncryptionKey(key) => (Kind::EncryptionKey, key.name.clone()),
            Self::Bucket(bucket) => (Kind::Bucket, bucket.name.clone()),
            Self::Trail(trail) => (Kind::Trail, trail.name.clone()),
            Self::Role(role) => (Kind::Role, role.name.clone()),
            Self::Queue(queue) => (Kind::Queue, queue.name.clone()),
            Self::Topic(topic) => (Kind::Topic, topic.name.clone()),
            Self::Subscription(s) => (Kind::Subscription, names::subscription(s)),
            Self::Bus(bus) => (Kind::Bus, bus.name.clone()),
            Self::Rule(rule) => (Kind::Rule, names::rule(&rule.bus, &rule.name)),
        };
        ResourceKey {
            place: place.clone(),
            kind,
            name,
        }
    }

    /// What must exist before this resource, which stands at `place`.
    pub fn needs(&self, place: &Place) -> Vec<ResourceKey> {
        let here = |kind, name: &str| ResourceKey {
            place: place.clone(),
            kind,
            name: name.to_owned(),
        };
        match self {
            Self::EncryptionKey(_)
            | Self::Bucket(_)
            | Self::Role(_)
            | Self::Queue(_)
            | Self::Bus(_) => Vec::new(),
            Self::Trail(trail) => vec![here(Kind::Bucket, &trail.bucket)],
            Self::Topic(topic) => {
                let alias = topic.kms_key.as_deref();
                let alias = alias.and_then(|key| key.strip_prefix("alias/"));
                alias
                    .map(|alias| here(Kind::EncryptionKey, alias))
                    .into_iter()
                    .collect()
            }
            Self::Subscription(s) => named(&s.topic).into_iter().collect(),
            Self::Rule(rule) => {
                let bus = (rule.bus != DEFAULT_BUS).then(|| here(Kind::Bus, &rule.bus));
                let used = rule.targets.values().flat_map(|target| {
                    [
                        Some(&target.arn),
                        target.role.as_ref(),
                        target.dead_letters.as_ref(),
                    ]
                });
                bus.into_iter()
                    .chain(used.flatten().filter_map(named))
                    .collect()
            }
        }
    }
}

/// The key of the queue, topic, bus or role that an ARN names.
fn named(arn: &Arn) -> Option<ResourceKey> {
    let account = arn.account().parse().ok()?;
    let regional = |kind, name: &str| {
        Some(ResourceKey {
            place: Place::Regional {
                account: arn.account().parse().ok()?,
                region: arn.region().parse().ok()?,
            },
            kind,
            name: name.to_owned(),
        })
    };
    match (arn.service(), arn.resource()) {
        ("sns", topic) => regional(Kind::Topic, topic),
        ("sqs", queue) => regional(Kind::Queue, queue),
        ("events", resource) => regional(Kind::Bus, resource.strip_prefix("event-bus/")?),
        ("iam", resource) => Some(ResourceKey {
            place: Place::Global { account },
            kind: Kind::Role,
            name: resource
                .strip_prefix("role/")?
                .rsplit('/')
                .next()?
                .to_owned(),
        }),
        _ => None,
    }
}

/// What a caller may not see of a resource that is not ours is as if there were nothing: its owner is
/// known, and only who adopts it must see it.
pub(crate) fn seen<T: Default>(owner: &Owner, found: Result<T, CallError>) -> Result<T, CallError> {
    match found {
        Err(error) if error.cause == Cause::Denied && *owner != Owner::Ours => Ok(T::default()),
        found => found,
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
/// resource. At the global place these are roles, `roles` whatever their path; trails and log buckets are
/// read by [`read_all`].
///
/// # Errors
/// The first call that fails: ownership must be known, so nothing is guessed.
async fn read(
    clients: &Clients,
    stack: &StackName,
    place: &Place,
    roles: &[&str],
) -> Result<Vec<Live>, CallError> {
    let mut live: Vec<Live> = match place {
        Place::Global { .. } => iam::read(&clients.iam, stack, place, roles).await?,
        Place::Regional { .. } => {
            let none = KnownPatterns::default();
            let (keys, queues, topics, buses, rules) = futures::try_join!(
                kms::read(&clients.kms, stack, place),
                sqs::read(&clients.sqs, stack, place),
                sns::read(&clients.sns, stack, place),
                buses::read(&clients.events, stack, place),
                events::read(&clients.events, stack, place, DEFAULT_BUS, &none),
            )?;
            [keys, queues, topics, buses, rules].concat()
        }
    };
    live.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(live)
}

/// Creates a resource. `taken` is shared by all that one run creates.
///
/// # Errors
/// What AWS says.
pub async fn create(
    clients: &Clients,
    stack: &StackName,
    place: &Place,
    resource: &Resource,
    taken: &NameGuard,
) -> Result<(), CallError> {
    match resource {
        Resource::EncryptionKey(key) => kms::create(&clients.kms, stack, key).await,
        Resource::Bucket(bucket) => s3::create(&clients.s3, stack, place, bucket).await,
        Resource::Trail(trail) => cloudtrail::create(&clients.cloudtrail, stack, trail).await,
        Resource::Role(role) => iam::create(&clients.iam, stack, role).await,
        Resource::Queue(queue) => sqs::create(&clients.sqs, stack, queue).await,
        Resource::Topic(topic) => sns::create(&clients.sns, stack, topic).await,
        Resource::Subscription(s) => sns::subscribe(&clients.sns, s).await,
        Resource::Bus(bus) => buses::create(&clients.events, stack, bus).await,
        Resource::Rule(rule) => events::create(&clients.events, stack, place, rule, taken).await,
    }
}

/// Turns `before` into `after`; both are of one kind and name.
///
/// # Errors
/// What AWS says.
pub async fn update(clients: &Clients, before: &Live, after: &Resource) -> Result<(), CallError> {
    let handle = before.handle.as_deref().unwrap_or_default();
    match (&before.resource, after) {
        (Resource::EncryptionKey(before), Resource::EncryptionKey(key)) => {
            kms::update(&clients.kms, handle, before, key).await
        }
        (Resource::Bucket(before), Resource::Bucket(bucket)) => {
            s3::update(&clients.s3, before, bucket).await
        }
        (Resource::Trail(before), Resource::Trail(trail)) => {
            cloudtrail::update(&clients.cloudtrail, before, trail).await
        }
        (Resource::Role(before), Resource::Role(role)) => {
            iam::update(&clients.iam, before, role).await
        }
        (Resource::Queue(before), Resource::Queue(queue)) => {
            sqs::update(&clients.sqs, handle, before, queue).await
        }
        (Resource::Topic(before), Resource::Topic(topic)) => {
            sns::update(&clients.sns, handle, before, topic).await
        }
        (Resource::Subscription(before), Resource::Subscription(s)) => {
            sns::update_subscription(&clients.sns, handle, before, s).await
        }
        (Resource::Bus(before), Resource::Bus(bus)) => {
            buses::update(&clients.events, before, bus).await
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
        Resource::EncryptionKey(key) => kms::delete(&clients.kms, handle, key).await,
        Resource::Bucket(bucket) => s3::delete(&clients.s3, &bucket.name).await,
        Resource::Trail(trail) => cloudtrail::delete(&clients.cloudtrail, &trail.name).await,
        Resource::Role(role) => iam::delete(&clients.iam, role).await,
        Resource::Queue(_) => sqs::delete(&clients.sqs, handle).await,
        Resource::Topic(_) => sns::delete(&clients.sns, handle).await,
        Resource::Subscription(_) if live.handle.is_none() => Ok(()),
        Resource::Subscription(_) => sns::unsubscribe(&clients.sns, handle).await,
        Resource::Bus(bus) => buses::delete(&clients.events, &bus.name).await,
        Resource::Rule(rule) => events::delete(&clients.events, rule).await,
    }
}
