//! The alerts that apply itself causes: whoever is told of IAM changes is told of those too.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Action, Change, Plan};
use crate::compile::Compiled;
use crate::pattern::{Event, EventPattern};
use crate::place::{Place, Region};
use crate::resources::{Kind, Resource};
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

/// What apply will set off in the Regions that are listened to. Calls made once more after a failure,
/// and what AWS does by itself, are not counted.
pub fn own_alerts(
    plan: &Plan,
    patterns: &[Compiled],
    listening: &BTreeSet<Region>,
    caller: &str,
    deployed: impl Fn(&RuleId) -> bool,
) -> Vec<OwnAlert> {
    let mut made: BTreeMap<(&'static str, &'static str, Region), usize> = BTreeMap::new();
    for change in &plan.changes {
        let region = match &change.key.place {
            Place::Regional { region, .. } => region.clone(),
            Place::Global { .. } => match &plan.home {
                Place::Regional { region, .. } => region.global(),
                Place::Global { .. } => continue,
            },
        };
        let service = service(change.key.kind);
        for name in calls(change) {
            *made.entry((service, name, region.clone())).or_default() += 1;
        }
    }
    let patterns: Vec<(&RuleId, EventPattern)> = patterns
        .iter()
        .filter_map(|c| Some((&c.rule, EventPattern::from_value(&c.pattern).ok()?)))
        .collect();
    let mut alerts: BTreeMap<&RuleId, BTreeMap<String, usize>> = BTreeMap::new();
    let heard = made
        .iter()
        .filter(|((_, _, region), _)| listening.contains(region));
    for ((service, name, region), count) in heard {
        let event = event(service, name, region, plan.home.account().as_str(), caller);
        let Ok(event) = Event::from_value(&event) else {
            continue;
        };
        let matching = patterns.iter().filter(|(_, p)| p.matches(&event));
        // A rule's parts are disjoint, and one alert a rule is what a person sees.
        let rules: BTreeSet<&RuleId> = matching.map(|(rule, _)| *rule).collect();
        for rule in rules {
            let calls = alerts.entry(rule).or_default();
            *calls.entry((*name).to_owned()).or_default() += count;
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

/// The event of a call that succeeds. Source: CloudTrail, record contents.
fn event(service: &str, name: &str, region: &Region, account: &str, caller: &str) -> Value {
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
            "readOnly": false,
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
