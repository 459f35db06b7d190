//! Everything that exists in the sandbox: plain data, saved and loaded as JSON.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::clock::Clock;
use super::cloudtrail::history::Past;
use super::cloudtrail::selectors::Selectors;
use super::matching::Pattern;
use super::organizations::Org;
use super::principal::Principal;
use crate::place::{AccountId, Region};

/// The version of the saved form. A file of another version is refused.
pub(crate) const FORMAT: u32 = 3;

/// Strings by name: attributes, tags.
pub(crate) type Strings = BTreeMap<String, String>;

/// All accounts and Regions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct World {
    pub format: u32,
    /// The account that new callers belong to.
    pub account: AccountId,
    /// The Region that the sandbox was made for.
    pub region: Region,
    pub clock: Clock,
    /// How many ids were given out: the seed of the next.
    pub ids: u64,
    pub organization: Option<Org>,
    /// By access key id.
    pub principals: BTreeMap<String, Principal>,
    pub locals: BTreeMap<String, Local>,
    pub iam: BTreeMap<AccountId, Iam>,
    /// By name: bucket names are unique across all accounts.
    pub buckets: BTreeMap<String, Bucket>,
    /// The Regions that are enabled, where they are not those of a new account.
    pub regions: BTreeMap<AccountId, BTreeSet<Region>>,
    /// By ARN, which holds the home Region: a trail is found from every Region by it.
    pub trails: BTreeMap<String, Trail>,
    /// How long CloudTrail takes from a call to its event, milliseconds.
    pub trail_delay: i64,
    /// Events that CloudTrail has not delivered yet.
    pub recorded: Vec<Recorded>,
    /// What CloudTrail remembers without a trail, oldest first.
    #[serde(default)]
    pub history: VecDeque<Past>,
    pub outbox: Vec<Delivery>,
    pub lost: Vec<Lost>,
    /// By rule ARN: when EventBridge last assumed the role of its target.
    pub assumed: BTreeMap<String, i64>,
    /// Events on their way while others are delivered; none at rest.
    #[serde(skip)]
    pub waiting: Option<VecDeque<Arrival>>,
}

/// An event that comes to a bus.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub site: Site,
    pub bus: String,
    pub event: Value,
    /// Whether it came from another bus.
    pub forwarded: bool,
}

/// An account and a Region: where a call acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    pub account: AccountId,
    pub region: Region,
}

impl Site {
    fn key(&self) -> String {
        format!("{}/{}", self.account, self.region)
    }

    /// The ARN of something here.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let (partition, region) = (self.region.partition(), &self.region);
        format!(
            "arn:{partition}:{service}:{region}:{}:{resource}",
            self.account
        )
    }
}

/// What one account has in one Region.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Local {
    /// By name. The default bus exists before it stands here.
    pub buses: BTreeMap<String, Bus>,
    /// By bus name, then rule name.
    pub rules: BTreeMap<String, BTreeMap<String, Rule>>,
    pub topics: BTreeMap<String, Topic>,
    pub queues: BTreeMap<String, Queue>,
    /// KMS keys by id.
    pub keys: BTreeMap<String, Key>,
    /// Their aliases by name, `alias/` included.
    pub aliases: BTreeMap<String, Alias>,
    /// When a data key was last asked for: by the ARNs of topic or queue, and key.
    pub data_keys: BTreeMap<String, i64>,
}

/// A customer-managed KMS key. Times are milliseconds since 1970.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    pub policy: String,
    pub description: String,
    pub tags: Strings,
    pub created: i64,
    pub enabled: bool,
    /// When it will be deleted, if that is scheduled.
    pub deletion: Option<i64>,
    /// Days between rotations, if it rotates.
    pub rotation: Option<i64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Alias {
    /// The key's id.
    pub key: String,
    pub created: i64,
    pub updated: i64,
}

/// An EventBridge event bus.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bus {
    pub description: Option<String>,
    pub dead_letter_config: Option<DeadLetterConfig>,
    pub kms_key: Option<String>,
    /// The resource policy.
    pub policy: Option<String>,
    pub tags: Strings,
    pub created: i64,
    pub modified: i64,
}

/// An EventBridge rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub pattern: Pattern,
    pub state: RuleState,
    pub description: Option<String>,
    pub role_arn: Option<String>,
    pub tags: Strings,
    pub targets: Vec<Target>,
    pub created_by: AccountId,
}

/// Which events a rule sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum RuleState {
    Enabled,
    Disabled,
    EnabledWithAllCloudtrailManagementEvents,
}

/// A target, in the form of the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Target {
    pub id: String,
    pub arn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_transformer: Option<InputTransformer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter_config: Option<DeadLetterConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<RetryPolicy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqs_parameters: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct InputTransformer {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_paths_map: Option<Strings>,
    pub input_template: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DeadLetterConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct RetryPolicy {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_retry_attempts: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_event_age_in_seconds: Option<i64>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Topic {
    pub attributes: Strings,
    pub tags: Strings,
    pub subscriptions: Vec<Subscription>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Subscription {
    pub arn: String,
    pub protocol: String,
    pub endpoint: String,
    pub confirmed: bool,
    pub created: i64,
    pub attributes: Strings,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Queue {
    pub attributes: Strings,
    pub tags: Strings,
    pub messages: Vec<Message>,
    pub created: i64,
    pub modified: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    pub id: String,
    pub body: String,
    pub attributes: BTreeMap<String, MessageAttribute>,
    pub sender: String,
    pub sent: i64,
    pub visible: i64,
    pub first_received: Option<i64>,
    pub receive_count: u32,
    /// The handle of the last receive; only it deletes the message.
    pub receipt: Option<String>,
}

/// A message attribute, in the form of the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct MessageAttribute {
    pub data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Iam {
    pub users: BTreeMap<String, Identity>,
    pub roles: BTreeMap<String, Identity>,
}

/// An IAM user or role.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    pub id: String,
    pub path: String,
    pub created: i64,
    pub tags: Strings,
    pub attached: Vec<String>,
    pub inline: Strings,
    pub access_keys: Vec<String>,
    /// Roles only.
    pub trust: Option<String>,
    pub description: Option<String>,
    /// Seconds.
    pub max_session: Option<u32>,
    /// The ARN of a permissions boundary.
    pub boundary: Option<String>,
}

/// An S3 bucket. Documents are kept in the form in which they were given.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bucket {
    pub account: AccountId,
    pub region: Region,
    pub created: i64,
    pub policy: Option<String>,
    pub public_access_block: Option<Value>,
    pub encryption: Option<Value>,
    pub ownership: Option<Value>,
    pub versioning: Option<Value>,
    pub lifecycle: Option<Value>,
    pub tags: Strings,
    /// Keys of what is in it.
    pub objects: BTreeSet<String>,
}

/// A CloudTrail trail.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trail {
    pub name: String,
    pub account: AccountId,
    pub home: Region,
    pub settings: TrailSettings,
    pub selectors: Selectors,
    pub logging: bool,
    pub started: Option<i64>,
    pub stopped: Option<i64>,
    /// The last time that a log file was tried to be written, and the last time that it was.
    pub attempted: Option<i64>,
    pub delivered: Option<i64>,
    /// Why the last log file could not be written.
    pub delivery_error: Option<String>,
    pub tags: Strings,
}

/// What CreateTrail sets and UpdateTrail changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrailSettings {
    pub bucket: String,
    pub prefix: Option<String>,
    pub topic: Option<String>,
    pub global_services: bool,
    pub multi_region: bool,
    /// Whether it logs the accounts of the organization too.
    pub organization: bool,
    pub validation: bool,
    pub log_group: Option<String>,
    pub log_role: Option<String>,
    pub kms_key: Option<String>,
}

/// An event on its way from CloudTrail to a bus.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recorded {
    /// When it arrives.
    pub due: i64,
    pub account: AccountId,
    pub region: Region,
    /// ARNs of the trails that log it.
    pub trails: Vec<String>,
    pub event: Value,
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
    /// The topic's ARN.
    pub topic: String,
    /// Whether this asks to confirm a subscription, and is no message of the topic.
    pub confirmation: bool,
}

/// An event that a rule matched and nobody received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lost {
    /// The rule's ARN.
    pub rule: String,
    /// The target's ARN.
    pub target: String,
    /// Why the target did not get it, such as `NO_PERMISSIONS`.
    pub code: String,
    /// The same in words, and why no dead-letter queue got it.
    pub message: String,
    /// The event.
    pub event: Value,
}

impl World {
    /// An empty world.
    pub fn new(account: AccountId, region: Region, clock: Clock) -> Self {
        Self {
            format: FORMAT,
            account,
            region,
            clock,
            ids: 0,
            organization: None,
            principals: BTreeMap::new(),
            locals: BTreeMap::new(),
            iam: BTreeMap::new(),
            buckets: BTreeMap::new(),
            regions: BTreeMap::new(),
            trails: BTreeMap::new(),
            trail_delay: 0,
            recorded: Vec::new(),
            history: VecDeque::new(),
            outbox: Vec::new(),
            lost: Vec::new(),
            assumed: BTreeMap::new(),
            waiting: None,
        }
    }

    /// What exists at a site.
    pub fn at(&mut self, site: &Site) -> &mut Local {
        self.locals.entry(site.key()).or_default()
    }

    /// What exists at a site, if anything ever did.
    pub fn look(&self, site: &Site) -> Option<&Local> {
        self.locals.get(&site.key())
    }

    /// The time now, milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    fn next(&mut self) -> [u8; 32] {
        use sha2::{Digest, Sha256};
        self.ids += 1;
        Sha256::digest(format!("iamwatch sandbox {}", self.ids)).into()
    }

    /// A new id of the form of a UUID; the same in every run.
    pub fn uuid(&mut self) -> String {
        let hex: String = self.next().iter().map(|b| format!("{b:02x}")).collect();
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
        format!(
            "{}-{}-4{}-a{}-{}",
            part(0, 8),
            part(8, 12),
            part(13, 16),
            part(17, 20),
            part(20, 32)
        )
    }

    /// A new id of AWS's form for keys and principals: a prefix and 16 letters or digits.
    pub fn key_id(&mut self, prefix: &str) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let random = self.next();
        let tail = random.iter().take(16).map(|byte| {
            let letter = LETTERS.get(usize::from(byte % 32)).copied();
            char::from(letter.unwrap_or(b'A'))
        });
        prefix.chars().chain(tail).collect()
    }
}
