//! The alerts that apply itself causes: whoever is told of IAM changes is told of those too.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Action, Change, Note, Plan};
use crate::compile::{Compiled, RuleState};
use crate::pattern::{Event, EventPattern};
use crate::place::{Place, Region};
use crate::resources::{DEFAULT_BUS, Kind, Live, Resource};
use crate::rules::RuleId;

/// A rule that apply sets off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnAlert {
    /// The rule.
    pub rule: RuleId,
    /// By which calls, each with how often it is made.
    pub calls: BTreeMap<String, usize>,
    /// Whether the rule is deployed already. One that is only being created hears of what comes after it.
    pub deployed: bool,
}

/// The rules as they hear of calls: read once, however many plans are held against them.
#[derive(Debug)]
pub struct OwnCallMatcher(Vec<(RuleId, EventPattern)>);

impl OwnCallMatcher {
    /// All of these.
    pub fn of(patterns: &[Compiled]) -> Self {
        let read = patterns
            .iter()
            .filter_map(|c| Some((c.rule.clone(), EventPattern::from_value(&c.pattern).ok()?)));
        Self(read.collect())
    }
}

/// What a plan for an account will set off in the Regions that are listened to. Calls made once more after a
/// failure, and what AWS does by itself, are not counted.
pub fn own_alerts(
    plan: &Plan,
    OwnCallMatcher(patterns): &OwnCallMatcher,
    listening: &BTreeSet<Region>,
    caller: &Caller<'_>,
    deployed: impl Fn(&RuleId) -> bool,
) -> Vec<OwnAlert> {
    let mut alerts: BTreeMap<&RuleId, BTreeMap<String, usize>> = BTreeMap::new();
    for change in &plan.changes {
        let region = match &change.key.place {
            Place::Regional { region, .. } => region.clone(),
            Place::Global { .. } => match &plan.home {
                Place::Regional { region, .. } => region.global(),
                Place::Global { .. } => continue,
            },
        };
        if !listening.contains(&region) {
            continue;
        }
        for name in calls(change) {
            let call = Call {
                service: service(change.key.kind),
                name,
                parameters: parameters(change, &region),
                reads: false,
            };
            let event = event(&call, &region, caller.account, caller.arn);
            let Ok(event) = Event::from_value(&event) else {
                continue;
            };
            let matching = patterns.iter().filter(|(_, p)| p.matches(&event));
            // A rule's parts are disjoint, and one alert a rule is what a person sees.
            let rules: BTreeSet<&RuleId> = matching.map(|(rule, _)| rule).collect();
            for rule in rules {
                let calls = alerts.entry(rule).or_default();
                *calls.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
    alerts
        .into_iter()
        .map(|(rule, calls)| OwnAlert {
            rule: rule.clone(),
            calls,
            deployed: deployed(rule),
        })
        .collect()
}

fn service(kind: Kind) -> &'static str {
    match kind {
        Kind::EncryptionKey => "kms",
        Kind::Bucket => "s3",
        Kind::Trail => "cloudtrail",
        Kind::Role => "iam",
        Kind::Queue => "sqs",
        Kind::Topic | Kind::Subscription => "sns",
        Kind::Bus | Kind::Rule => "events",
    }
}

/// The calls of a change as CloudTrail records them, which for S3 are not always the operations' names.
/// Source: CloudTrail events of each service's user guide; S3, `cloudtrail-logging-s3-info`.
fn calls(change: &Change) -> Vec<&'static str> {
    match change.action {
        Action::Create => created(change.key.kind).to_vec(),
        Action::Delete => deleted(change),
        Action::Replace => [&deleted(change)[..], created(change.key.kind)].concat(),
        Action::Update => {
            let changed = change.attributes.iter();
            let names: BTreeSet<&'static str> = changed
                .map(|attribute| {
                    let field = attribute.path.split('.').next().unwrap_or_default();
                    updated(change.key.kind, field, attribute.after.is_null())
                })
                .collect();
            names.into_iter().collect()
        }
    }
}

fn created(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::EncryptionKey => &["CreateKey", "EnableKeyRotation", "CreateAlias"],
        Kind::Bucket => &[
            "CreateBucket",
            "PutBucketPublicAccessBlock",
            "PutBucketEncryption",
            "PutBucketVersioning",
            "PutBucketLifecycle",
            "PutBucketPolicy",
        ],
        Kind::Trail => &["CreateTrail", "PutEventSelectors", "StartLogging"],
        Kind::Role => &["CreateRole", "PutRolePolicy"],
        Kind::Queue => &["CreateQueue"],
        Kind::Topic => &["CreateTopic"],
        Kind::Subscription => &["Subscribe"],
        Kind::Bus => &["CreateEventBus", "PutPermission"],
        Kind::Rule => &["PutRule", "PutTargets"],
    }
}

fn deleted(change: &Change) -> Vec<&'static str> {
    match change.before.as_ref().map(|live| &live.resource) {
        Some(Resource::EncryptionKey(_)) => vec!["DeleteAlias", "ScheduleKeyDeletion"],
        Some(Resource::Bucket(_)) => vec!["DeleteBucket"],
        Some(Resource::Trail(_)) => vec!["DeleteTrail"],
        Some(Resource::Role(_)) => vec!["DeleteRolePolicy", "DeleteRole"],
        Some(Resource::Queue(_)) => vec!["DeleteQueue"],
        Some(Resource::Topic(_)) => vec!["DeleteTopic"],
        Some(Resource::Subscription(_)) => vec!["Unsubscribe"],
        Some(Resource::Bus(_)) => vec!["DeleteEventBus"],
        Some(Resource::Rule(_)) => vec!["RemoveTargets", "DeleteRule"],
        None => Vec::new(),
    }
}

/// `gone`: the field, or the entry of it, is taken away.
fn updated(kind: Kind, field: &str, gone: bool) -> &'static str {
    match (kind, field) {
        (Kind::Role, "tags") => "TagRole",
        (Kind::Queue, "tags") => "TagQueue",
        (Kind::Trail, "tags") => "AddTags",
        (Kind::Bucket, "tags") => "PutBucketTagging",
        (_, "tags") => "TagResource",
        (Kind::EncryptionKey, "policy") => "PutKeyPolicy",
        (Kind::EncryptionKey, "rotated") => "EnableKeyRotation",
        (Kind::EncryptionKey, "enabled") => "EnableKey",
        (Kind::EncryptionKey, _) => "UpdateKeyDescription",
        (Kind::Bucket, "policy") => "PutBucketPolicy",
        (Kind::Bucket, "encryption") => "PutBucketEncryption",
        (Kind::Bucket, "ownership") => "PutBucketOwnershipControls",
        (Kind::Bucket, "versioned") => "PutBucketVersioning",
        (Kind::Bucket, "lifecycle") => "PutBucketLifecycle",
        (Kind::Bucket, _) => "PutBucketPublicAccessBlock",
        (Kind::Trail, "selectors") => "PutEventSelectors",
        (Kind::Trail, "logging") => "StartLogging",
        (Kind::Trail, _) => "UpdateTrail",
        (Kind::Role, "trust") => "UpdateAssumeRolePolicy",
        (Kind::Role, "policies") if gone => "DeleteRolePolicy",
        (Kind::Role, "policies") => "PutRolePolicy",
        (Kind::Role, "attached") => "DetachRolePolicy",
        (Kind::Role, "boundary") => "DeleteRolePermissionsBoundary",
        (Kind::Role, _) => "UpdateRole",
        (Kind::Queue, _) => "SetQueueAttributes",
        (Kind::Topic, _) => "SetTopicAttributes",
        (Kind::Subscription, _) => "SetSubscriptionAttributes",
        (Kind::Bus, "kms_key") => "UpdateEventBus",
        (Kind::Bus, _) => "PutPermission",
        (Kind::Rule, "targets") if gone => "RemoveTargets",
        (Kind::Rule, "targets") => "PutTargets",
        (Kind::Rule, _) => "PutRule",
    }
}

/// What the calls of a change are about, as CloudTrail records it: together, since no two of the names are
/// the same. Source: CloudTrail events of each service's user guide.
fn parameters(change: &Change, region: &Region) -> Value {
    let key = &change.key;
    let account = key.place.account();
    let name = key.name.as_str();
    let partition = region.partition();
    let handle = change.before.as_ref().and_then(|live| live.handle.clone());
    match key.kind {
        Kind::EncryptionKey => json!({ "keyId": handle, "aliasName": format!("alias/{name}") }),
        Kind::Bucket => json!({ "bucketName": name }),
        Kind::Trail => json!({ "name": name, "trailName": name }),
        Kind::Role => json!({ "roleName": name }),
        Kind::Queue => {
            let domain = partition.dns_suffix();
            json!({
                "queueName": name,
                "queueUrl": handle.unwrap_or_else(|| {
                    format!("https://sqs.{region}.{domain}/{account}/{name}")
                }),
            })
        }
        Kind::Topic => json!({
            "name": name,
            "topicArn": format!("arn:{partition}:sns:{region}:{account}:{name}"),
        }),
        Kind::Subscription => {
            let topic = name.split('/').next().unwrap_or_default();
            json!({
                "topicArn": format!("arn:{partition}:sns:{region}:{account}:{topic}"),
                "subscriptionArn": handle,
            })
        }
        Kind::Bus => json!({ "name": name, "eventBusName": name }),
        Kind::Rule => {
            let (bus, rule) = name.rsplit_once('/').unwrap_or((DEFAULT_BUS, name));
            json!({ "name": rule, "rule": rule, "eventBusName": bus })
        }
    }
}

/// A call as CloudTrail records it.
struct Call {
    service: &'static str,
    name: &'static str,
    parameters: Value,
    reads: bool,
}

/// The reads that every plan, apply and status begin with, which rules that hear of reads tell of.
///
/// Counted are lists once a place (long ones have more pages) and what is looked at of each resource.
pub fn own_reads(
    patterns: &[Compiled],
    listening: &BTreeSet<Region>,
    home: &Region,
    live: &[Live],
    caller: &Caller<'_>,
) -> Option<Note> {
    let readers = patterns
        .iter()
        .filter(|c| c.state == RuleState::EnabledWithAll);
    let readers: Vec<(&RuleId, EventPattern)> = readers
        .filter_map(|c| Some((&c.rule, EventPattern::from_value(&c.pattern).ok()?)))
        .collect();
    if readers.is_empty() {
        return None;
    }
    let mut made: Vec<(&Region, &'static str, &'static str)> = Vec::new();
    for region in listening {
        made.extend(
            LISTS
                .iter()
                .map(|(service, name)| (region, *service, *name)),
        );
    }
    let global = &home.global();
    made.extend(
        LISTS_AT_HOME
            .iter()
            .map(|(service, name)| (home, *service, *name)),
    );
    made.extend(
        GLOBAL_LISTS
            .iter()
            .map(|(service, name)| (global, *service, *name)),
    );
    for live in live {
        let region = match &live.key.place {
            Place::Regional { region, .. } => region,
            Place::Global { .. } => global,
        };
        let kind = live.key.kind;
        made.extend(
            looks(kind)
                .iter()
                .map(|name| (region, service(kind), *name)),
        );
    }
    let mut heard: BTreeMap<&RuleId, usize> = BTreeMap::new();
    for (region, service, name) in made {
        if !listening.contains(region) {
            continue;
        }
        let call = Call {
            service,
            name,
            parameters: Value::Null,
            reads: true,
        };
        let event = event(&call, region, caller.account, caller.arn);
        let Ok(event) = Event::from_value(&event) else {
            continue;
        };
        let rules: BTreeSet<&RuleId> = readers
            .iter()
            .filter(|(_, pattern)| pattern.matches(&event))
            .map(|(rule, _)| *rule)
            .collect();
        for rule in rules {
            *heard.entry(rule).or_default() += 1;
        }
    }
    if heard.is_empty() {
        return None;
    }
    let rules = heard
        .iter()
        .map(|(rule, count)| format!("{rule} (some {count})"));
    Some(Note {
        message: format!(
            "each plan, apply and status reads, and these rules alert on it: {}",
            rules.collect::<Vec<_>>().join(", ")
        ),
        help: format!(
            "to spare whoever runs iamwatch, give them `unless: {{ {}, readOnly: true }}`",
            exception(caller.arn)
        ),
        document: None,
        loses_alerts: false,
    })
}

/// Who runs iamwatch.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// As STS names it.
    pub arn: &'a str,
    /// The account.
    pub account: &'a str,
}

/// What every place is asked.
const LISTS: &[(&str, &str)] = &[
    ("kms", "ListAliases"),
    ("sqs", "ListQueues"),
    ("sns", "ListTopics"),
    ("events", "DescribeEventBus"),
    ("events", "ListRules"),
];
const LISTS_AT_HOME: &[(&str, &str)] = &[
    ("sts", "GetCallerIdentity"),
    ("cloudtrail", "DescribeTrails"),
    ("s3", "ListBuckets"),
];
const GLOBAL_LISTS: &[(&str, &str)] = &[("account", "ListRegions"), ("iam", "ListRoles")];

/// What is asked of a resource that was found.
fn looks(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::EncryptionKey => &[
            "DescribeKey",
            "ListResourceTags",
            "GetKeyPolicy",
            "GetKeyRotationStatus",
        ],
        Kind::Bucket => &[
            "GetBucketTagging",
            "GetBucketPolicy",
            "GetBucketPublicAccessBlock",
            "GetBucketEncryption",
            "GetBucketOwnershipControls",
            "GetBucketVersioning",
            "GetBucketLifecycle",
        ],
        Kind::Trail => &["GetTrailStatus", "GetEventSelectors", "ListTags"],
        Kind::Role => &[
            "GetRole",
            "ListRolePolicies",
            "GetRolePolicy",
            "ListAttachedRolePolicies",
        ],
        Kind::Queue => &["GetQueueAttributes", "ListQueueTags"],
        Kind::Topic => &[
            "GetTopicAttributes",
            "ListTagsForResource",
            "ListSubscriptionsByTopic",
        ],
        Kind::Subscription => &["GetSubscriptionAttributes"],
        Kind::Bus => &["ListTagsForResource"],
        Kind::Rule => &["ListTagsForResource", "ListTargetsByRule"],
    }
}

/// The condition that is true of one caller, whatever its session.
fn exception(caller: &str) -> String {
    let resource = caller.splitn(6, ':').nth(5).unwrap_or_default();
    let mut parts = resource.split('/');
    match (parts.next(), parts.next()) {
        (Some("assumed-role"), Some(role)) => {
            format!("userIdentity.sessionContext.sessionIssuer.userName: {role}")
        }
        _ => format!("userIdentity.arn: \"{caller}\""),
    }
}

/// The event of a call that succeeds. Source: CloudTrail, record contents.
fn event(call: &Call, region: &Region, account: &str, caller: &str) -> Value {
    let Call {
        service,
        name,
        parameters,
        reads,
    } = call;
    json!({
        "version": "0",
        "id": "00000000-0000-4000-8000-000000000000",
        "detail-type": "AWS API Call via CloudTrail",
        "source": format!("aws.{service}"),
        "account": account,
        "time": "2026-01-01T00:00:00Z",
        "region": region,
        "resources": [],
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": identity(account, caller),
            "eventTime": "2026-01-01T00:00:00Z",
            "eventSource": format!("{service}.amazonaws.com"),
            "eventName": name,
            "awsRegion": region,
            "requestParameters": parameters,
            "readOnly": reads,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": account,
            "eventCategory": "Management",
        },
    })
}

/// Who calls, as far as STS's ARN tells: `…:user/NAME`, `…:assumed-role/ROLE/SESSION`, `…:root`.
fn identity(account: &str, caller: &str) -> Value {
    let resource = caller.splitn(6, ':').nth(5).unwrap_or_default();
    let mut parts = resource.split('/');
    match (parts.next(), parts.next()) {
        (Some("root"), _) => json!({ "type": "Root", "arn": caller, "accountId": account }),
        (Some("assumed-role"), Some(role)) => json!({
            "type": "AssumedRole",
            "arn": caller,
            "accountId": account,
            "sessionContext": {
                "sessionIssuer": { "type": "Role", "userName": role, "accountId": account },
            },
        }),
        _ => json!({
            "type": "IAMUser",
            "arn": caller,
            "accountId": account,
            "userName": resource.rsplit('/').next(),
        }),
    }
}
