//! Which resources a need is about, as ARNs with wildcards.
//!
//! Looking goes to every Region and to names of ours alone, where AWS can tell them: what a smaller rules
//! file no longer wants must be found. Writing goes to what the file asks for, where it asks for it.

use serde_json::{Value, json};

use super::Scope;
use crate::aws::On;
use crate::aws::calls::TRAIL_ROLE;
use crate::resources::{DEFAULT_BUS, STACK_TAG, names};

/// What a need grants: the resources and the condition of one statement of the policy.
pub(super) struct Granted {
    /// Where the statement stands in the policy.
    pub order: usize,
    /// What it is called; needs of one name have one condition.
    pub sid: &'static str,
    pub resources: Vec<String>,
    pub condition: Option<Value>,
}

/// What a need grants; `None`: the rules file does not use it.
pub(super) fn of(on: On, write: bool, scope: &Scope) -> Option<Granted> {
    let sid = sid(on, write);
    let granted = |resources: Vec<String>| Granted {
        order: ORDER.iter().position(|known| *known == sid).unwrap_or(0),
        sid,
        resources,
        condition: condition(on, write, scope),
    };
    let used = match on {
        On::Bus | On::Role if write => scope.hub,
        On::PassedRole | On::AllBuses | On::LeftProbeRule => scope.hub,
        On::AllKeys | On::FreshKey | On::NewKey | On::NewKeyTag | On::Alias => scope.key,
        On::Key if write => scope.key,
        On::GivenKey => scope.given_key.is_some(),
        On::Bucket if write => scope.bucket.is_some(),
        On::LogBucket | On::LogObject => !scope.logs.is_empty() || scope.bucket.is_some(),
        On::Trail => scope.trail.is_some(),
        On::Organization | On::MemberRole => scope.member_role.is_some(),
        On::OrganizationTrail | On::TrailRole => {
            scope.member_role.is_some() && scope.trail.is_some()
        }
        On::Receiver => !scope.receivers.is_empty(),
        _ => true,
    };
    used.then(|| granted(arns(on, write, scope)))
}

/// The order of the statements: first what looks, then what changes, by service.
const ORDER: &[&str] = &[
    "NoNarrowerResource",
    "EnabledRegions",
    "ReadOrganization",
    "WorkInMembers",
    "ReadTrails",
    "ReadRulesAndBus",
    "ReadTopics",
    "ReadQueues",
    "ReadReceivers",
    "ReadRoles",
    "FindKeys",
    "ReadBucket",
    "ListLogs",
    "ReadLogs",
    "WriteTrail",
    "OrganizationTrail",
    "WriteBucket",
    "WriteRules",
    "WriteBus",
    "WriteTopics",
    "WriteQueues",
    "WriteRoles",
    "PassRoles",
    "CreateKey",
    "TagNewKey",
    "NameKey",
    "OurKey",
    "GivenKey",
    "PutTestEvents",
    "WriteProbe",
];

fn sid(on: On, write: bool) -> &'static str {
    match on {
        On::Any | On::AllBuses | On::AllKeys => "NoNarrowerResource",
        On::Organization | On::OrganizationTrail => "ReadOrganization",
        On::TrailRole => "OrganizationTrail",
        On::MemberRole => "WorkInMembers",
        On::Account => "EnabledRegions",
        On::AnyTrail => "ReadTrails",
        On::Rule | On::LeftProbeRule if write => "WriteRules",
        On::Bus if write => "WriteBus",
        On::Rule | On::LeftProbeRule | On::Bus => "ReadRulesAndBus",
        On::Topic if write => "WriteTopics",
        On::Topic => "ReadTopics",
        On::Queue if write => "WriteQueues",
        On::Queue | On::LeftProbe => "ReadQueues",
        On::Receiver => "ReadReceivers",
        On::Role if write => "WriteRoles",
        On::Role | On::NamedRole => "ReadRoles",
        On::PassedRole => "PassRoles",
        On::AnyKey => "FindKeys",
        On::Key => "OurKey",
        On::GivenKey => "GivenKey",
        On::NewKey => "CreateKey",
        On::NewKeyTag => "TagNewKey",
        On::Alias | On::FreshKey => "NameKey",
        On::Bucket if write => "WriteBucket",
        On::Bucket => "ReadBucket",
        On::LogBucket => "ListLogs",
        On::LogObject => "ReadLogs",
        On::Trail => "WriteTrail",
        On::EventBus => "PutTestEvents",
        On::Probe | On::ProbeRule => "WriteProbe",
    }
}

fn arns(on: On, write: bool, scope: &Scope) -> Vec<String> {
    let partition = scope.home.partition();
    let Scope { account, home, .. } = scope;
    let prefix = names::prefix(&scope.stack);
    let whole = names::whole(&scope.stack);
    let anywhere = |service: &str, region: &str, resource: &str| {
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    };
    let at_home = |service: &str, resource: &str| anywhere(service, home.as_str(), resource);
    let region = |home_only: bool| match (write, home_only, &scope.regions) {
        (true, true, _) => home.as_str(),
        // More than one Region would multiply the ARNs: the condition names them.
        (true, false, Some(regions)) if regions.len() == 1 => home.as_str(),
        _ => "*",
    };
    let role = |name: &str| format!("arn:{partition}:iam::{account}:role{name}");
    let path = names::ROLE_PATH;
    let bucket = |name: &str| format!("arn:{partition}:s3:::{name}");
    match on {
        On::Any | On::AllBuses | On::AllKeys | On::NewKey => vec!["*".to_owned()],
        On::Account => vec![format!("arn:{partition}:account::{account}:account")],
        On::Rule => {
            let own = |bus: &str| format!("rule/{bus}{prefix}*");
            let on_bus = own(&format!("{whole}/"));
            let mut rules = vec![anywhere("events", region(false), &own(""))];
            if !write || scope.hub {
                rules.push(anywhere("events", region(true), &on_bus));
            }
            rules
        }
        On::Bus => vec![anywhere(
            "events",
            region(true),
            &format!("event-bus/{whole}"),
        )],
        On::EventBus => [DEFAULT_BUS, &whole]
            .iter()
            .filter(|bus| scope.hub || **bus == DEFAULT_BUS)
            .map(|bus| anywhere("events", region(false), &format!("event-bus/{bus}")))
            .collect(),
        On::Topic => vec![anywhere("sns", region(true), &format!("{prefix}*"))],
        On::Queue => vec![anywhere("sqs", region(false), &format!("{prefix}*"))],
        On::Receiver => scope.receivers.iter().map(ToString::to_string).collect(),
        On::Probe | On::LeftProbe => vec![at_home(
            "sqs",
            &format!("{}*", names::probe_prefix(&scope.stack)),
        )],
        On::ProbeRule => ["", &format!("{whole}/")]
            .iter()
            .filter(|bus| scope.hub || bus.is_empty())
            .map(|bus| {
                let probe = names::probe_prefix(&scope.stack);
                at_home("events", &format!("rule/{bus}{probe}*"))
            })
            .collect(),
        On::LeftProbeRule => {
            let probe = names::probe_prefix(&scope.stack);
            vec![anywhere(
                "events",
                region(true),
                &format!("rule/{whole}/{probe}*"),
            )]
        }
        On::NamedRole => vec![
            role(&format!("{path}{prefix}*")),
            role(&format!("/{prefix}*")),
        ],
        On::Role | On::PassedRole => vec![role(&format!("{path}{prefix}*"))],
        On::AnyKey | On::Key => vec![anywhere("kms", "*", "key/*")],
        On::GivenKey => scope.given_key.iter().map(ToString::to_string).collect(),
        On::FreshKey | On::NewKeyTag => vec![at_home("kms", "key/*")],
        On::Alias => vec![at_home("kms", &format!("alias/{whole}"))],
        On::Bucket if write => scope.buckets().iter().map(|name| bucket(name)).collect(),
        On::Bucket => {
            let ours = format!("{prefix}logs-");
            let mut buckets = vec![bucket(&format!("{ours}*"))];
            let other = scope.bucket.iter().filter(|name| !name.starts_with(&ours));
            buckets.extend(other.map(|name| bucket(name)));
            buckets
        }
        On::LogBucket | On::LogObject => {
            let ours = scope.buckets().map(|name| (name, String::new()));
            let logs = if scope.logs.is_empty() {
                ours.into_iter().collect()
            } else {
                scope.logs.clone()
            };
            logs.iter()
                .map(|(name, folder)| match on {
                    On::LogObject => format!("{}/{folder}*", bucket(name)),
                    _ => bucket(name),
                })
                .collect()
        }
        On::Trail => scope
            .trail
            .iter()
            // Where home has moved, it stays where it was.
            .map(|name| anywhere("cloudtrail", "*", &format!("trail/{name}")))
            .collect(),
        On::Organization | On::OrganizationTrail => vec!["*".to_owned()],
        On::TrailRole => vec![role(&format!("/{TRAIL_ROLE}"))],
        On::MemberRole => scope
            .member_role
            .iter()
            .map(|role| format!("arn:{partition}:iam::*:role/{role}"))
            .collect(),
        On::AnyTrail => vec![format!("arn:{partition}:cloudtrail:*:*:trail/*")],
    }
}

fn condition(on: On, write: bool, scope: &Scope) -> Option<Value> {
    let stack = &scope.stack;
    let equals = |key: String, value: Value| {
        let mut test = serde_json::Map::new();
        test.insert(key, value);
        Some(json!({ "StringEquals": test }))
    };
    match (on, &scope.regions) {
        (On::Rule | On::LeftProbeRule | On::Queue | On::EventBus, Some(regions))
            if write && regions.len() > 1 =>
        {
            equals("aws:RequestedRegion".to_owned(), json!(regions))
        }
        (On::PassedRole, _) => equals(
            "iam:PassedToService".to_owned(),
            json!("events.amazonaws.com"),
        ),
        (On::Key, _) => equals(format!("aws:ResourceTag/{STACK_TAG}"), json!(stack)),
        (On::NewKey | On::NewKeyTag, _) => {
            equals(format!("aws:RequestTag/{STACK_TAG}"), json!(stack))
        }
        _ => None,
    }
}
