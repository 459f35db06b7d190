//! Which keys each map of the rules file knows: read by the decoder and by the JSON Schema alike.

use crate::cloudtrail::IDENTITY_WORDS;

/// One key of a map.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MapKey {
    pub name: &'static str,
    /// For people: shown by editors that read the schema.
    pub doc: &'static str,
    pub needed: bool,
    /// What the value is, for the schema.
    pub form: Form,
}

/// The form of a value, as the schema says it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    Version,
    Text,
    Line,
    Boolean,
    Texts,
    Name,
    Account,
    Region,
    Words(&'static [&'static str]),
    /// One of the words, or a map with these keys.
    WordOrMap(&'static [&'static str], &'static [MapKey]),
    /// The word `all`, or a list of texts.
    AllOrTexts,
    /// A map with exactly these keys.
    Map(&'static [MapKey]),
    /// A map with exactly these keys, or nothing at all.
    MaybeMap(&'static [MapKey]),
    /// A map with exactly these keys, and exactly one of those that are named.
    MapWithOne(&'static [MapKey], &'static [&'static str]),
    /// A text in the form of a regular expression.
    Like(&'static str),
    /// A map from names to maps with exactly one of the first keys, and any of the second.
    Channels,
    /// A map from severities to channel names.
    Notify,
    /// A list of rules.
    Rules,
    /// A list of tests.
    Tests,
    RuleId,
    /// The id of a rule or pack of the catalogue.
    CatalogueId,
    ChannelNames,
    Event,
    Events,
    Conditions,
    Pattern,
    /// A map from paths to values.
    Values,
    /// A map from codes of warnings to reasons.
    Reasons,
    /// A test of that name in the schema's definitions.
    Test(&'static str),
    Number,
    /// A text or a list of texts.
    OneOrTexts,
    /// The language has it, this release refuses it.
    NotYet,
}

pub(super) const fn need(name: &'static str, form: Form, doc: &'static str) -> MapKey {
    MapKey {
        name,
        doc,
        needed: true,
        form,
    }
}

pub(super) const fn may(name: &'static str, form: Form, doc: &'static str) -> MapKey {
    MapKey {
        name,
        doc,
        needed: false,
        form,
    }
}

pub(crate) const SEVERITIES: &[&str] = &["critical", "high", "medium", "low", "info"];
pub(crate) const NOTIFY: &[&str] = &["critical", "high", "medium", "low", "info", "default"];
pub(crate) const FORMATS: &[&str] = &["text", "json"];
pub(crate) const EXPECTATIONS: &[&str] = &["match", "no-match"];

pub(crate) const ROOT: &[MapKey] = &[
    need(
        "version",
        Form::Version,
        "The version of the rules language: 1.",
    ),
    need(
        "name",
        Form::Name,
        "Names and marks everything that belongs to this file.",
    ),
    need("home", Form::Map(HOME), "Where alerts are raised."),
    may(
        "watch",
        Form::Map(WATCH),
        "What is watched; without it the home account in the home Region and us-east-1.",
    ),
    may(
        "trail",
        Form::WordOrMap(TRAILS, TRAIL),
        "The trail that feeds the events: `none` (the default) leaves it to you, a map is `create` with names of yours.",
    ),
    may("topics", Form::Map(TOPICS), "How our SNS topics are kept."),
    may(
        "roles",
        Form::Map(ROLES),
        "How the IAM roles that we make are kept.",
    ),
    need("channels", Form::Channels, "Where alerts can go, by name."),
    may(
        "notify",
        Form::Notify,
        "Which channels hear of which severity; `default` stands for those not named.",
    ),
    may(
        "delivery",
        Form::Words(DELIVERIES),
        "`dispatcher`: a state machine writes each alert, and tells every channel; `direct` (the default): rules publish to topics themselves.",
    ),
    may(
        "fallback",
        Form::Text,
        "The channel that hears of what another one did not take, with the dispatcher: mail, SMS or a topic; without it the first mail channel.",
    ),
    may(
        "accounts",
        Form::Map(ACCOUNTS),
        "What is known of accounts, with the dispatcher.",
    ),
    may(
        "zone",
        Form::Text,
        "The time zone of those who read alerts, such as `Europe/Berlin`, with the dispatcher.",
    ),
    may(
        "include",
        Form::Texts,
        "Further files with rules, inside the folder of this one; `*` in the last part.",
    ),
    may(
        "test_events",
        Form::Boolean,
        "Whether patterns accept iamwatch's own test events. Default true.",
    ),
    may("rules", Form::Rules, "What to be told about."),
];

/// An included file holds rules only.
pub(crate) const INCLUDED: &[MapKey] = &[
    need(
        "version",
        Form::Version,
        "The version of the rules language: 1.",
    ),
    need("rules", Form::Rules, "What to be told about."),
];

/// How alerts get to people.
pub(crate) const DELIVERIES: &[&str] = &["direct", "dispatcher"];

pub(crate) const ACCOUNTS: &[MapKey] = &[may(
    "names",
    Form::Values,
    "What people call accounts, by id: over what their organization says.",
)];

pub(crate) const HOME: &[MapKey] = &[
    need(
        "region",
        Form::Region,
        "The Region in which alerts are raised.",
    ),
    may(
        "account",
        Form::Account,
        "The account in which alerts are raised, in quotes; without it the caller's.",
    ),
];

pub(crate) const WATCH: &[MapKey] = &[
    may(
        "regions",
        Form::AllOrTexts,
        "`all` for every Region that is enabled, or a list; us-east-1 is always watched for global services.",
    ),
    may(
        "organization",
        Form::MaybeMap(ORGANIZATION),
        "Watches every account of the caller's organization; empty for all defaults.",
    ),
];

pub(crate) const ORGANIZATION: &[MapKey] = &[
    may(
        "member_role",
        Form::Text,
        "The role to take on in member accounts; without it `OrganizationAccountAccessRole`.",
    ),
    may(
        "include",
        Form::Map(MEMBERS),
        "Only these accounts; without it all that are active.",
    ),
    may("exclude", Form::Map(MEMBERS), "Not these accounts."),
];

/// Accounts of an organization: any of these.
pub(crate) const MEMBERS: &[MapKey] = &[
    may("accounts", Form::Texts, "Account ids, in quotes."),
    may(
        "ous",
        Form::Texts,
        "Ids of organizational units: all accounts below them, at any depth.",
    ),
    may(
        "tags",
        Form::Values,
        "Accounts that carry all of these tags.",
    ),
];

/// The words for a trail.
pub(crate) const TRAILS: &[&str] = &["none", "create", "existing-or-create"];

/// A trail of ours, with names of the user's.
pub(crate) const TRAIL: &[MapKey] = &[
    may(
        "name",
        Form::Text,
        "The trail's name; without it `iamwatch-NAME`.",
    ),
    may(
        "bucket",
        Form::Text,
        "The bucket of its log files; one of yours is used as it is.",
    ),
    may(
        "kms_key",
        Form::Text,
        "The ARN of the KMS key that encrypts the log files.",
    ),
    may(
        "access_analyzer",
        Form::Boolean,
        "Whether Access Analyzer of every account of the organization may read that account's log files, to make policies from them.",
    ),
    may(
        "data_events",
        Form::Texts,
        "Whose data events it records as well, at CloudTrail's price: ARNs of buckets, functions, tables and the like, or a type such as `AWS::S3::Object` for all of them.",
    ),
];

pub(crate) const TOPICS: &[MapKey] = &[may(
    "kms_key",
    Form::Text,
    "`none` (the default), `create` for a key of our own, or the ARN of one of yours.",
)];

pub(crate) const ROLES: &[MapKey] = &[may(
    "boundary",
    Form::Text,
    "The name of the managed policy that every role of ours carries as its permissions boundary; each account has it.",
)];

/// What every channel can have.
pub(crate) const CHANNEL_KEYS: &[MapKey] = &[may(
    "format",
    Form::Words(FORMATS),
    "`text` for people (the default), `json` for machines.",
)];

/// What is said of `apart`, wherever it may stand.
const APART: &str = "`true`: watches home alone, from the default buses of the home Region and of the one of global services, \
                     through topics of its own without a key: it shares nothing with the other rules.";

/// A rule of one's own.
pub(crate) const OWN: &[MapKey] = &[
    need("id", Form::RuleId, "Names the rule."),
    may(
        "title",
        Form::Line,
        "What a person reads first; without it the id.",
    ),
    may(
        "severity",
        Form::Words(SEVERITIES),
        "How bad it is. Default medium.",
    ),
    may(
        "enabled",
        Form::Boolean,
        "`false`: nothing is deployed for it. Default true.",
    ),
    may(
        "channels",
        Form::ChannelNames,
        "Where its alerts go, whatever `notify` says.",
    ),
    may(
        "description",
        Form::Text,
        "What to do first, with the dispatcher: alerts say it.",
    ),
    may(
        "runbook",
        Form::Text,
        "Where to read on, with the dispatcher: an `https://` URL.",
    ),
    may(
        "headline",
        Form::Text,
        "What an alert says behind who did it, with the dispatcher: `{who} made {requestParameters.roleName} an administrator`.",
    ),
    may("apart", Form::Boolean, APART),
    may("events", Form::Events, "Any of these fires the rule."),
    may(
        "when",
        Form::Conditions,
        "Only events for which all of a map holds; of a list, any of its maps.",
    ),
    may(
        "unless",
        Form::Conditions,
        "Not events for which all of a map holds; of a list, any of its maps.",
    ),
    may(
        "unless_services",
        Form::Texts,
        "Not what these services of AWS do by themselves, each through its service-linked role.",
    ),
    may(
        "detail-type",
        Form::Texts,
        "The envelope's `detail-type`, in place of what follows from the events.",
    ),
    may(
        "pattern",
        Form::Pattern,
        "An EventBridge event pattern, in place of `events` and conditions.",
    ),
    may(
        "where",
        Form::NotYet,
        "Narrows the rule to accounts, Regions or units.",
    ),
    may(
        "tests",
        Form::Tests,
        "Events that must or must not fire the rule.",
    ),
    may(
        "accept",
        Form::Reasons,
        "Warnings that the rule accepts: their codes, each with the reason.",
    ),
];

/// A rule or pack of the catalogue.
pub(crate) const USE: &[MapKey] = &[
    need(
        "use",
        Form::CatalogueId,
        "The id of a rule or pack of the catalogue.",
    ),
    may("except", Form::Texts, "Rules that are left out of a pack."),
    may("title", Form::Line, "Replaces the catalogue's title."),
    may(
        "severity",
        Form::Words(SEVERITIES),
        "Replaces the catalogue's severity.",
    ),
    may(
        "enabled",
        Form::Boolean,
        "`false`: nothing is deployed for it. Default true.",
    ),
    may(
        "channels",
        Form::ChannelNames,
        "Where its alerts go, whatever `notify` says.",
    ),
    may(
        "description",
        Form::Text,
        "What to do first, with the dispatcher: alerts say it.",
    ),
    may(
        "runbook",
        Form::Text,
        "Where to read on, with the dispatcher: an `https://` URL.",
    ),
    may(
        "headline",
        Form::Text,
        "What an alert says behind who did it, with the dispatcher: `{who} made {requestParameters.roleName} an administrator`.",
    ),
    may("apart", Form::Boolean, APART),
    may(
        "when",
        Form::Conditions,
        "Further conditions, on other fields than the catalogue's.",
    ),
    may("unless", Form::Conditions, "Further exceptions."),
    may(
        "unless_services",
        Form::Texts,
        "Further services of AWS whose own work is left out.",
    ),
    may(
        "where",
        Form::NotYet,
        "Narrows the rule to accounts, Regions or units.",
    ),
    may(
        "tests",
        Form::Tests,
        "Events that must or must not fire the rule.",
    ),
    may(
        "accept",
        Form::Reasons,
        "Warnings that the rule accepts: their codes, each with the reason.",
    ),
];

/// A test of a rule: one of the first three says which event it is about.
pub(crate) const TEST: &[MapKey] = &[
    may(
        "like",
        Form::Event,
        "A realistic event of an API, as `service:EventName`.",
    ),
    may(
        "event",
        Form::Pattern,
        "A whole event, as EventBridge or CloudTrail writes it.",
    ),
    may(
        "file",
        Form::Text,
        "A JSON file with an event, relative to this file and inside its folder.",
    ),
    need("name", Form::Line, "What the test shows."),
    may(
        "as",
        Form::Words(IDENTITY_WORDS),
        "Who acts in an event of `like`. Default iam-user.",
    ),
    may(
        "with",
        Form::Values,
        "Values that are set in the event, by path under `detail`.",
    ),
    may(
        "without",
        Form::Texts,
        "Paths under `detail` that are removed from the event.",
    ),
    need(
        "expect",
        Form::Words(EXPECTATIONS),
        "Whether the rule fires.",
    ),
];

/// The keys of which a test has exactly one.
pub(crate) const GIVEN: [&str; 3] = ["like", "event", "file"];

/// A file of the catalogue.
pub(crate) const CATALOGUE: &[MapKey] = &[
    need(
        "version",
        Form::Version,
        "The version of the rules language: 1.",
    ),
    may("rules", Form::Rules, "The rules."),
    may("packs", Form::Rules, "Sets of rules."),
    may(
        "not_expressible",
        Form::Rules,
        "Alerts that no event pattern can express.",
    ),
];

/// A pack of the catalogue.
pub(crate) const PACK: &[MapKey] = &[
    need("id", Form::CatalogueId, "Begins with `pack/`."),
    need("title", Form::Line, "What the pack is for."),
    need("description", Form::Text, "What it covers."),
    need(
        "rules",
        Form::AllOrTexts,
        "The ids of its rules, or `all` for every rule of the catalogue.",
    ),
];

/// An alert that no event pattern can express.
pub(crate) const NOT_EXPRESSIBLE: &[MapKey] = &[
    need("id", Form::RuleId, "What the alert would be called."),
    need("title", Form::Line, "What it would tell."),
    need("reason", Form::Text, "Why a pattern cannot express it."),
];

/// What a catalogue rule has beyond one's own.
pub(crate) const ABOUT: &[MapKey] = &[
    need(
        "description",
        Form::Text,
        "What it means, and what to do first.",
    ),
    may("mitre", Form::Texts, "ATT&CK techniques."),
    may("cis", Form::Texts, "CIS AWS Foundations v1.4, section 4."),
    may(
        "compliance",
        Form::Map(FRAMEWORKS),
        "Controls that it serves, by framework.",
    ),
];

/// Frameworks whose controls are named.
pub(crate) const FRAMEWORKS: &[MapKey] = &[
    may("nist-800-53", Form::Texts, "Controls of NIST SP 800-53."),
    may("apra-cps-234", Form::Texts, "Paragraphs of APRA CPS 234."),
    may(
        "mas-trm",
        Form::Texts,
        "Sections of the MAS Technology Risk Management Guidelines of 2021.",
    ),
];

/// The operators of a condition.
pub(crate) const OPERATORS: &[MapKey] = &[
    may(
        "exact",
        Form::Test("scalars"),
        "Exactly this value; `*` has no meaning.",
    ),
    may("prefix", Form::OneOrTexts, "Text that begins so."),
    may("suffix", Form::OneOrTexts, "Text that ends so."),
    may(
        "any-case",
        Form::OneOrTexts,
        "This text whatever its case; a `*` can stand at one end.",
    ),
    may(
        "not",
        Form::Test("noneOf"),
        "The field is there and is none of these.",
    ),
    may("exists", Form::Boolean, "Whether the field is there."),
    may(
        "number",
        Form::Number,
        "A number or a comparison such as `> 0 and <= 5`.",
    ),
    may("cidr", Form::OneOrTexts, "An address in this block."),
];

/// The names of some keys.
pub(crate) fn names(keys: &[MapKey]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name).collect()
}
