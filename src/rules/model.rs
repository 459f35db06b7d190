//! The rules file after loading: every name resolved, every value checked, positions kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

pub use super::services::{AlertService, Delivery, Login, OAuthClient, Secret, Service};
pub use crate::cloudtrail::GLOBAL_SERVICES;
use crate::cloudtrail::Identity;
use crate::diagnostic::Span;
use crate::place::{AccountId, Arn, Region, StackName};

/// A whole rules file, catalogue entries and includes resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct RulesFile {
    /// Names and marks everything that belongs to this file.
    pub name: StackName,
    /// Where alerts are raised.
    pub home: Home,
    /// Where events are listened to, besides us-east-1.
    pub watch: Watch,
    /// Which trail feeds the events.
    pub trail: Trail,
    /// Which KMS key encrypts our topics.
    pub topic_key: TopicKey,
    /// The managed policy that every role of ours carries as its permissions boundary: its name, behind its path if it
    /// has one.
    pub role_boundary: Option<String>,
    /// Whether patterns also accept iamwatch's own synthetic events. Default true.
    pub test_events: bool,
    /// How alerts get to people.
    pub delivery: Delivery,
    /// What people call accounts, over what their organization says.
    pub account_names: BTreeMap<AccountId, String>,
    /// The time zone of those who read alerts, by its name in the time zone database: they see local time as well.
    pub zone: Option<String>,
    /// Where alerts can go, by name.
    pub channels: BTreeMap<ChannelName, Channel>,
    /// Every rule, enabled or not, sorted by id; each id once.
    pub rules: Vec<Rule>,
}

/// Where alerts are raised.
#[derive(Debug, Clone, PartialEq)]
pub struct Home {
    /// The Region where alerts are raised.
    pub region: Region,
    /// The home account; `None`: the caller's.
    pub account: Option<AccountId>,
    /// Where `home` stands in the file.
    pub span: Span,
}

/// Which Regions are listened to. Events of global services are listened to in us-east-1 in any case.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    /// The Regions that are listened to.
    pub regions: Regions,
    /// The organization, if all of it is watched; `None`: the home account alone.
    pub organization: Option<Organization>,
    /// Where the key stands; the home's where there is none.
    pub span: Span,
}

/// The role that AWS makes in every account that an organization creates.
/// Source: Organizations user guide, `orgs_manage_accounts_access`.
pub const MEMBER_ROLE: &str = "OrganizationAccountAccessRole";

/// Which accounts of the caller's organization are watched.
#[derive(Debug, Clone, PartialEq)]
pub struct Organization {
    /// The role to take on in member accounts: its name, behind its path if it has one.
    pub member_role: String,
    /// Only accounts that fit; empty: all.
    pub include: Filter,
    /// Not accounts that fit; empty: no exception.
    pub exclude: Filter,
    /// Where the key stands.
    pub span: Span,
}

impl Organization {
    /// All of it, with defaults.
    pub fn whole(span: Span) -> Self {
        Self {
            member_role: MEMBER_ROLE.to_owned(),
            include: Filter::default(),
            exclude: Filter::default(),
            span,
        }
    }
}

/// Accounts of an organization: any that is named, stands below a unit, or carries all the tags.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Accounts, each with its place in the file.
    pub accounts: Vec<(AccountId, Span)>,
    /// Ids of organizational units or the root, each with its place in the file.
    pub units: Vec<(String, Span)>,
    /// Tags of accounts; empty: none asked for.
    pub tags: BTreeMap<String, String>,
}

impl Filter {
    /// Whether it names nothing.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.units.is_empty() && self.tags.is_empty()
    }
}

/// A choice of Regions.
#[derive(Debug, Clone, PartialEq)]
pub enum Regions {
    /// The home Region alone.
    Home,
    /// Every Region that is enabled in the account.
    All,
    /// These, each with its place in the file; never none, each once.
    Listed(Vec<(Region, Span)>),
}

/// Where the events come from: without a trail that logs, EventBridge hears of no API call.
#[derive(Debug, Clone, PartialEq)]
pub enum Trail {
    /// The user's own business; whether one logs is looked at all the same.
    None,
    /// A suitable trail that exists, or else one of ours.
    ExistingOrCreate,
    /// A trail of ours, with these settings.
    Create(TrailSettings),
}

impl Trail {
    /// What the file says about a trail of ours, should there be one.
    pub fn settings(&self) -> TrailSettings {
        match self {
            Self::Create(settings) => settings.clone(),
            Self::None | Self::ExistingOrCreate => TrailSettings::default(),
        }
    }
}

/// What the file says about a trail of ours; `None`: a name of our making, or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrailSettings {
    pub name: Option<String>,
    /// The bucket of its log files. One that exists and is not ours is used as it is.
    pub bucket: Option<String>,
    /// The KMS key that encrypts the log files; it exists and is never edited.
    pub kms_key: Option<Arn>,
    /// Whether Access Analyzer of every account of the organization may read that account's log files.
    pub access_analyzer: bool,
    /// The data events that it records as well: by the type of resource, how the resources' ARNs begin; none: all of that
    /// type.
    pub data_events: BTreeMap<String, BTreeSet<String>>,
}

/// Which KMS key encrypts our topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicKey {
    /// No KMS key is set at the topics.
    None,
    /// A KMS key of ours.
    Create,
    /// One that exists and is never edited.
    Existing(Arn),
}

/// A channel's name: lower-case letters, digits and `-`, at most 32 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChannelName(pub String);

/// A rule's id: lower-case letters, digits, `-` and `/`, at most 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleId(pub String);

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where an alert goes, and in which form.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// The address that alerts go to.
    pub endpoint: Endpoint,
    /// Text for people, JSON for machines.
    pub format: Format,
    /// Whether it is kept for what is critical, so that an alert may wake somebody: critical alerts go to it, and by
    /// default none.
    pub urgent: bool,
    /// Where the channel stands in the file.
    pub span: Span,
    /// Where its address stands.
    pub address: Span,
}

impl Channel {
    /// Whether the dispatcher tells it, where there is one. Machines stay targets of the detectors: they get the whole event,
    /// whatever becomes of the dispatcher.
    pub fn is_for_dispatcher(&self) -> bool {
        match &self.endpoint {
            Endpoint::AmazonQ | Endpoint::Service(_) => true,
            Endpoint::Email(_) | Endpoint::Sms(_) | Endpoint::Sns(_) => self.format == Format::Text,
            Endpoint::Https(_) | Endpoint::Sqs(_) | Endpoint::Lambda(_) => false,
        }
    }

    /// Whether a rule apart that stands in a Region can publish to it: an existing topic takes alerts of its own Region
    /// alone, services are spoken to by the dispatcher alone, and topics of ours stand wherever rules do.
    pub fn is_reached_from(&self, region: &str) -> bool {
        match &self.endpoint {
            Endpoint::Sns(topic) => topic.region() == region,
            Endpoint::AmazonQ | Endpoint::Service(_) => false,
            _ => true,
        }
    }
}

/// The address of a channel.
#[derive(Debug, Clone, PartialEq)]
pub enum Endpoint {
    /// A mail address, as `name@domain`.
    Email(String),
    /// A telephone number in E.164 form, `+` included.
    Sms(String),
    /// An `https://` URL that speaks SNS.
    Https(String),
    /// An existing queue, which iamwatch never edits.
    Sqs(QueueRef),
    /// An existing function, which iamwatch never edits.
    Lambda(Arn),
    /// An existing topic, which iamwatch never edits: rules publish to it themselves.
    Sns(Arn),
    /// A topic of ours that a chat of Amazon Q Developer listens to.
    AmazonQ,
    /// A service beyond AWS.
    Service(Service),
}

/// An existing queue, by name (in the home account and Region) or by ARN.
#[derive(Debug, Clone, PartialEq)]
pub enum QueueRef {
    /// The name of a queue in the home account and Region.
    Name(String),
    /// The ARN of a queue, wherever it is.
    Arn(Arn),
}

/// The form of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Lines that a person reads on a phone.
    Text,
    /// One JSON object with the whole event.
    Json,
}

/// How bad it is. Ordered: `Critical` is the smallest, so that it sorts first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Someone should get up at night.
    Critical,
    /// Someone should look at it today.
    High,
    /// This week. The default.
    #[default]
    Medium,
    /// It is worth a record.
    Low,
    /// It is for information only.
    Info,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        })
    }
}

/// One thing to be told about.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Unique within the file.
    pub id: RuleId,
    /// One line for people.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// What to do first: the catalogue's text, or what the file says.
    pub description: Option<String>,
    /// Where to read on: an https URL.
    pub runbook: Option<String>,
    /// What to say instead of the phrase for the call.
    pub headline: Option<Vec<HeadlinePiece>>,
    /// `false`: nothing is deployed for it.
    pub enabled: bool,
    /// What fires the rule: events and conditions, or a raw pattern.
    pub trigger: Trigger,
    /// Where its alerts go, resolved through `notify`; sorted, each once, never empty when enabled.
    pub channels: Vec<ChannelName>,
    /// Whether it watches home alone, and shares nothing with the other rules: no bus, forwarder, role, topic or key.
    pub apart: bool,
    /// Events that must or must not fire it.
    pub tests: Vec<RuleTest>,
    /// Warnings that it accepts.
    pub accepted: Vec<Accepted>,
    /// Where the rule (or its `use`) stands.
    pub span: Span,
}

/// A piece of a headline, which the alert puts behind who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadlinePiece {
    /// Words as they are.
    Words(String),
    /// What the first of these paths under `detail` holds.
    Value(Vec<String>),
}

/// A warning that a rule accepts knowingly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its code, such as `W0729`.
    pub code: String,
    /// Why: one line.
    pub reason: String,
    /// Whether the rule is enabled: of others not every warning is looked for.
    pub is_enabled: bool,
    /// Where the code stands.
    pub span: Span,
    /// Where all of the rule stands: warnings of other places are not accepted.
    pub whole: Span,
}

impl Rule {
    /// Whether it was taken from the catalogue: its trigger stands in another text than the rule.
    pub fn is_from_catalogue(&self) -> bool {
        let trigger = match &self.trigger {
            Trigger::Events(events) => events.globs.first().map(|glob| glob.span),
            Trigger::Raw { span, .. } => Some(*span),
        };
        trigger.is_some_and(|trigger| trigger.source != self.span.source)
    }
}

/// An event that must or must not fire a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleTest {
    /// What the test shows: one line.
    pub name: String,
    /// The event before `with` and `without`.
    pub given: Given,
    /// What is changed in it, in this order.
    pub changes: Vec<Change>,
    /// Whether the rule fires.
    pub expect: Expect,
    /// Where the expectation stands.
    pub span: Span,
}

/// Where a test's event comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// A realistic event of an API.
    Like {
        /// The event source without `.amazonaws.com`.
        service: String,
        /// The event name, such as `AttachRolePolicy`.
        name: String,
        /// The kind of principal that acts.
        identity: Identity,
    },
    /// An event of EventBridge or a bare CloudTrail record: a JSON object.
    Event(serde_json::Value),
}

/// A change of a test's event.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The path under `detail`, split at the dots.
    pub path: Vec<String>,
    /// What stands there then; `None`: nothing.
    pub value: Option<serde_json::Value>,
    /// Where the change stands.
    pub span: Span,
}

/// What a test expects of its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// The event fires the rule.
    Match,
    /// The event does not fire the rule.
    NoMatch,
}

/// What fires a rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// Events and conditions, in the rule language.
    Events(Events),
    /// The escape hatch: an event pattern as EventBridge takes it. It pins `source`.
    Raw {
        /// The pattern as JSON.
        pattern: serde_json::Value,
        /// Where the key `pattern` stands in the file.
        span: Span,
    },
}

/// Events and conditions of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Events {
    /// Any of these; never empty.
    pub globs: Vec<EventGlob>,
    /// The envelope's `detail-type`, where the file overrides what follows from the events.
    pub detail_types: Option<Vec<String>>,
    /// Any of these; empty: no condition.
    pub when: Vec<AllOf>,
    /// None of these; empty: no exception.
    pub unless: Vec<AllOf>,
    /// AWS's services whose own calls are left out, as `userIdentity.invokedBy` names them; a `*` may stand in front.
    pub unless_services: Vec<String>,
    /// Whether a condition on a request parameter also holds where CloudTrail left all of them out. True for rules of
    /// the catalogue that have one.
    pub when_omitted: bool,
}

impl Events {
    /// Whether the events of one of its globs appear in us-east-1 only.
    pub fn is_global(&self, glob: &EventGlob) -> bool {
        GLOBAL_SERVICES.contains(&glob.service.as_str())
            || (glob.service == "signin" && self.is_root_only())
    }

    /// Whether only the root user can fire it. Root signs in at us-east-1, wherever people are.
    /// Source: CloudTrail, console sign-in events.
    pub fn is_root_only(&self) -> bool {
        let root = [Matcher::Glob("Root".to_owned())];
        !self.when.is_empty()
            && self.when.iter().all(|all_of| {
                all_of
                    .fields
                    .iter()
                    .any(|field| field.path == ["userIdentity", "type"] && field.any_of == root)
            })
    }
}

/// Events of services, written as `service:EventName`; both parts are globs.
#[derive(Debug, Clone, PartialEq)]
pub struct EventGlob {
    /// The event source without `.amazonaws.com`; only `*` alone is a wildcard.
    pub service: String,
    /// The event name; each `*` stands for any text.
    pub name: String,
    /// Where the glob stands.
    pub span: Span,
}

/// Conditions that must all hold: one map of `when` or `unless`.
#[derive(Debug, Clone, PartialEq)]
pub struct AllOf {
    /// Each path once; never empty.
    pub fields: Vec<FieldCondition>,
}

/// A condition on one field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldCondition {
    /// The path under `detail`, split at the dots.
    pub path: Vec<String>,
    /// Any of these; never empty.
    pub any_of: Vec<Matcher>,
    /// Where the condition stands.
    pub span: Span,
}

/// A test on one value. All but `Exists(false)` need the field to be there.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    /// Text in which each `*` stands for any text (`\*` and `\\` are literal).
    Glob(String),
    /// Exactly this string, number, boolean or null; `*` has no meaning.
    Exact(serde_json::Value),
    /// Text that begins so.
    Prefix(String),
    /// Text that ends so.
    Suffix(String),
    /// This text whatever its case; a `*` is allowed at one end.
    AnyCase(String),
    /// The field is there (`true`) or is not (`false`).
    Exists(bool),
    /// A number in this range.
    Number(NumberRange),
    /// An address in this block, IPv4 or IPv6, in CIDR notation.
    Cidr(String),
    /// The field is there and none of these holds. Never nested, never `Exists`.
    Not(Vec<Matcher>),
}

impl Matcher {
    /// The one value that meets it; nothing where more do.
    pub(crate) fn literal(&self) -> Option<serde_json::Value> {
        match self {
            Self::Glob(text) if !text.contains(['*', '\\']) => {
                Some(serde_json::Value::String(text.clone()))
            }
            Self::Exact(value) => Some(value.clone()),
            _ => None,
        }
    }
}

/// A numeric comparison: equality, one bound or two.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberRange {
    /// Lower bound and whether the bound itself is inside.
    pub lower: Option<(f64, bool)>,
    /// Upper bound and whether the bound itself is inside.
    pub upper: Option<(f64, bool)>,
}
