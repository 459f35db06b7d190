//! Which resources a need is about, as ARNs with wildcards.
//!
//! Looking goes to every Region and to names of ours alone, where AWS can tell them: what a smaller rules
//! file no longer wants must be found. Writing goes to what the file asks for, where it asks for it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Scope;
use crate::aws::On;
use crate::aws::calls::{CONNECTIONS_ROLE, TRAIL_ROLE};
use crate::compile::test_source;
use crate::resources::{DEFAULT_BUS, STACK_TAG, names};

/// Characters of the id in the name of what is temporary.
const PROBE_ID: usize = 20;

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
    let sid = sid(on, write, scope);
    let granted = |resources: Vec<String>| Granted {
        order: ORDER.iter().position(|known| *known == sid).unwrap_or(0),
        sid,
        resources,
        condition: condition(on, write, scope),
    };
    let roles = scope.hub || scope.dispatcher;
    let used = match on {
        On::Bus if write => scope.hub,
        On::Role if write => roles,
        On::BoundedRole => roles,
        On::BoundaryPolicy | On::BoundaryOfRole => roles && scope.boundary.is_some(),
        On::UnboundedRole => roles && scope.boundary.is_none(),
        On::Rule if write => scope.hub || !scope.detectors.is_empty(),
        On::PassedRole => roles,
        On::AllBuses | On::LeftProbeRule => scope.hub,
        // What a file without a dispatcher has left is looked for.
        On::Machine | On::Table if write => scope.dispatcher,
        On::Execution | On::MachineRole | On::DispatcherProbes => scope.dispatcher,
        On::Connection if write => scope.connections,
        On::ConnectionSecret | On::ConnectionsRole => scope.connections,
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
        On::GivenTopic => !scope.given_topics.is_empty(),
        On::ReceiverKey | On::GivenTopicKey => !arns(on, write, scope).is_empty(),
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
    "ReadDispatcher",
    "ReadTopics",
    "ReadGivenTopics",
    "ReadQueues",
    "ReadReceivers",
    "ReadReceiversKeys",
    "ReadRoles",
    "ReadBoundary",
    "FindKeys",
    "ReadBucket",
    "ListLogs",
    "ReadLogs",
    "WriteTrail",
    "OrganizationTrail",
    "WriteBucket",
    "WriteRules",
    "WriteBus",
    "WriteDispatcher",
    "RoleOfConnections",
    "WriteTopics",
    "PublishToGivenTopics",
    "KeysOfGivenTopics",
    "WriteQueues",
    "WriteRoles",
    "WriteBoundedRoles",
    "PassRoles",
    "PassRoleToDispatcher",
    "CreateKey",
    "TagNewKey",
    "NameKey",
    "OurKey",
    "GivenKey",
    "PutTestEvents",
    "ReadProbes",
    "ListenWithProbe",
    "WriteProbe",
    "HearDispatcher",
];

fn sid(on: On, write: bool, scope: &Scope) -> &'static str {
    match on {
        On::Any | On::AllBuses | On::AllKeys => "NoNarrowerResource",
        On::Organization | On::OrganizationTrail => "ReadOrganization",
        On::TrailRole => "OrganizationTrail",
        On::MemberRole => "WorkInMembers",
        On::Account => "EnabledRegions",
        On::AnyTrail => "ReadTrails",
        On::Rule | On::LeftProbeRule if write => "WriteRules",
        On::Bus if write => "WriteBus",
        On::Rule | On::LeftProbeRule | On::Bus | On::DefaultBus => "ReadRulesAndBus",
        On::Topic if write => "WriteTopics",
        On::Topic => "ReadTopics",
        On::GivenTopic if write => "PublishToGivenTopics",
        On::GivenTopic => "ReadGivenTopics",
        On::ProbeSubscription => "ListenWithProbe",
        On::Queue if write => "WriteQueues",
        On::Queue | On::LeftProbe => "ReadQueues",
        On::Receiver => "ReadReceivers",
        On::ReceiverKey => "ReadReceiversKeys",
        On::GivenTopicKey => "KeysOfGivenTopics",
        On::BoundedRole | On::BoundaryOfRole if scope.boundary.is_some() => "WriteBoundedRoles",
        On::BoundedRole | On::BoundaryOfRole | On::UnboundedRole => "WriteRoles",
        On::BoundaryPolicy => "ReadBoundary",
        On::Role if write => "WriteRoles",
        On::Role | On::NamedRole => "ReadRoles",
        On::PassedRole => "PassRoles",
        On::AnyKey => "FindKeys",
        On::Key => "OurKey",
        On::GivenKey => "GivenKey",
        On::NewKey => "CreateKey",
        On::NewKeyTag => "TagNewKey",
        On::Alias | On::FreshKey => "NameKey",
        // No action of theirs takes two of these kinds: one statement allows no more than one for each.
        On::Machine | On::Execution | On::Table | On::Connection if write => "WriteDispatcher",
        On::ConnectionSecret => "WriteDispatcher",
        On::Machine | On::Execution | On::Table | On::Connection => "ReadDispatcher",
        On::DispatcherProbes => "HearDispatcher",
        On::MachineRole => "PassRoleToDispatcher",
        On::ConnectionsRole => "RoleOfConnections",
        On::Bucket if write => "WriteBucket",
        On::Bucket => "ReadBucket",
        On::LogBucket => "ListLogs",
        On::LogObject => "ReadLogs",
        On::Trail => "WriteTrail",
        On::EventBus => "PutTestEvents",
        On::Probe | On::ProbeRule if write => "WriteProbe",
        On::Probe | On::ProbeRule => "ReadProbes",
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
    let forwarders = format!("{}*", names::forwarder_role_prefix(&scope.stack));
    // Of a stack whose name goes on where this one's ends, they are longer.
    let probe = match write {
        true => format!(
            "{}{}",
            names::probe_prefix(&scope.stack),
            "?".repeat(PROBE_ID)
        ),
        false => format!("{}*", names::probe_prefix(&scope.stack)),
    };
    let path = names::ROLE_PATH;
    let connections = names::connections_pattern(&scope.stack);
    let bucket = |name: &str| format!("arn:{partition}:s3:::{name}");
    match on {
        On::Any | On::AllBuses | On::AllKeys | On::NewKey => vec!["*".to_owned()],
        On::Account => vec![format!("arn:{partition}:account::{account}:account")],
        On::Rule => {
            let on_bus = anywhere("events", region(true), &format!("rule/{whole}/{prefix}*"));
            match (write, scope.hub) {
                // Whose a rule is tells its tag, which must be read.
                (false, _) => {
                    let all = anywhere("events", region(false), &format!("rule/{prefix}*"));
                    vec![all, on_bus]
                }
                (true, true) => {
                    let detectors = scope.on_default_buses().into_iter();
                    let carried = scope.forwarders(account.as_str()).into_iter();
                    carried.chain([on_bus]).chain(detectors).collect()
                }
                (true, false) => scope.on_default_buses(),
            }
        }
        On::Bus => vec![anywhere(
            "events",
            region(true),
            &format!("event-bus/{whole}"),
        )],
        On::DefaultBus => {
            let bus = format!("event-bus/{DEFAULT_BUS}");
            vec![anywhere("events", region(false), &bus)]
        }
        On::EventBus => [DEFAULT_BUS, &whole]
            .iter()
            .filter(|bus| scope.hub || **bus == DEFAULT_BUS)
            .map(|bus| anywhere("events", region(false), &format!("event-bus/{bus}")))
            .collect(),
        On::Topic | On::ProbeSubscription if write => scope.topics(),
        On::Topic | On::ProbeSubscription => {
            vec![anywhere("sns", region(true), &format!("{prefix}*"))]
        }
        On::Queue if write => {
            let letters = scope.letters_of_rules(account.as_str()).into_iter();
            let letters = letters.chain(scope.letters_of_topics());
            letters.chain(scope.probes_of_dispatcher()).collect()
        }
        On::DispatcherProbes => scope.probes_of_dispatcher().into_iter().collect(),
        On::Queue => vec![anywhere("sqs", region(false), &format!("{prefix}*"))],
        On::GivenTopic => {
            let topics = scope.given_topics.iter();
            topics.map(ToString::to_string).collect()
        }
        On::Receiver => scope.receivers.iter().map(ToString::to_string).collect(),
        On::ReceiverKey => {
            // Nobody reads the policy of a key in another account.
            let here = scope
                .receivers
                .iter()
                .chain(&scope.given_topics)
                .filter(|receiver| receiver.account() == account.as_str());
            let keys = here.map(|receiver| {
                let (region, account) = (receiver.region(), receiver.account());
                format!("arn:{partition}:kms:{region}:{account}:key/*")
            });
            keys.collect()
        }
        On::GivenTopicKey => {
            let all = scope.given_topics.iter().map(|topic| {
                let (region, account) = (topic.region(), topic.account());
                format!("arn:{partition}:kms:{region}:{account}:key/*")
            });
            all.collect::<BTreeSet<String>>().into_iter().collect()
        }
        On::Probe | On::LeftProbe => {
            let regions = scope.raised_in();
            let queues = regions.map(|region| anywhere("sqs", region.as_str(), &probe));
            queues.collect()
        }
        On::ProbeRule => ["", &format!("{whole}/")]
            .iter()
            .filter(|bus| scope.hub || bus.is_empty())
            .map(|bus| at_home("events", &format!("rule/{bus}{probe}")))
            .collect(),
        On::LeftProbeRule => {
            let rule = format!("rule/{whole}/{probe}");
            vec![anywhere("events", region(true), &rule)]
        }
        On::NamedRole => vec![
            role(&format!("{path}{prefix}*")),
            role(&format!("/{prefix}*")),
        ],
        On::Role if !write => vec![role(&format!("{path}{prefix}*"))],
        On::Role | On::BoundedRole | On::BoundaryOfRole | On::UnboundedRole => {
            let of_forwarders = role(&format!("{path}{forwarders}"));
            let of_forwarders = scope.hub.then_some(of_forwarders);
            let of_dispatcher = scope.roles_of_dispatcher();
            of_forwarders.into_iter().chain(of_dispatcher).collect()
        }
        On::PassedRole => {
            let starter = role(&format!("{path}{}", names::starter_role(&scope.stack)));
            let forwarders = role(&format!("{path}{forwarders}"));
            let passed = [(scope.hub, forwarders), (scope.dispatcher, starter)];
            let passed = passed.into_iter().filter(|(is_used, _)| *is_used);
            passed.map(|(_, role)| role).collect()
        }
        On::BoundaryPolicy => {
            let name = scope.boundary.iter();
            let policy = name.filter_map(|name| names::policy_arn(home, account, name));
            policy.map(|policy| policy.to_string()).collect()
        }
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
        On::Machine => vec![at_home("states", &format!("stateMachine:{whole}"))],
        On::Execution => vec![at_home("states", &format!("execution:{whole}:*"))],
        On::MachineRole => {
            let name = names::dispatcher_role(&scope.stack);
            vec![role(&format!("{path}{name}"))]
        }
        On::Table => vec![at_home("dynamodb", &format!("table/{whole}"))],
        On::Connection => vec![at_home("events", &format!("connection/{connections}"))],
        On::ConnectionSecret => {
            let secrets = format!("secret:events!connection/{connections}");
            vec![at_home("secretsmanager", &secrets)]
        }
        On::ConnectionsRole => vec![role(&format!("/{CONNECTIONS_ROLE}"))],
        On::AnyTrail => vec![format!("arn:{partition}:cloudtrail:*:*:trail/*")],
    }
}

fn condition(on: On, write: bool, scope: &Scope) -> Option<Value> {
    let stack = &scope.stack;
    let mut tests = Map::new();
    let mut test = |operator: &str, key: &str, value: Value| {
        let keys = tests
            .entry(operator)
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(keys) = keys {
            keys.insert(key.to_owned(), value);
        }
    };
    match (on, &scope.regions) {
        (On::Rule | On::LeftProbeRule | On::Queue | On::EventBus, Some(regions))
            if write && regions.len() > 1 =>
        {
            test("StringEquals", "aws:RequestedRegion", json!(regions));
        }
        _ => {}
    }
    match on {
        On::PassedRole => test(
            "StringEquals",
            "iam:PassedToService",
            json!("events.amazonaws.com"),
        ),
        On::MachineRole => test(
            "StringEquals",
            "iam:PassedToService",
            json!("states.amazonaws.com"),
        ),
        On::ConnectionsRole => test(
            "StringEquals",
            "iam:AWSServiceName",
            json!("apidestinations.events.amazonaws.com"),
        ),
        On::Key => test(
            "StringEquals",
            &format!("aws:ResourceTag/{STACK_TAG}"),
            json!(stack),
        ),
        On::NewKey | On::NewKeyTag => test(
            "StringEquals",
            &format!("aws:RequestTag/{STACK_TAG}"),
            json!(stack),
        ),
        On::BoundedRole | On::BoundaryOfRole => {
            if let Some(name) = &scope.boundary {
                let policy = names::policy_arn(&scope.home, &scope.account, name);
                test("ArnLike", "iam:PermissionsBoundary", json!(policy));
            }
        }
        // A role of that name elsewhere is nobody's that we know. The variable is the caller's own organization.
        On::MemberRole => test(
            "StringEquals",
            "aws:ResourceOrgID",
            json!("${aws:PrincipalOrgID}"),
        ),
        // The key has a value for each event of a call, and where a list is empty everything holds of all its values.
        // Source: EventBridge, `eb-use-conditions`; IAM, keys with several values.
        On::EventBus => {
            let source = json!(test_source(stack));
            test("ForAllValues:StringEquals", "events:source", source);
            test("Null", "events:source", json!("false"));
        }
        On::ReceiverKey => test(
            "StringNotEquals",
            &format!("aws:ResourceTag/{STACK_TAG}"),
            json!(stack),
        ),
        // Which key it is only the topic says. Source: KMS, `conditions-kms`; SNS, `sns-key-management`, which shows the
        // encryption context.
        On::GivenTopicKey => {
            let topics = scope.given_topics.iter();
            let by = topics
                .clone()
                .map(|topic| format!("sns.{}.*", topic.region()));
            let by: BTreeSet<String> = by.collect();
            let by = super::one_or_many(by.into_iter().collect::<Vec<String>>());
            test("StringLike", "kms:ViaService", by);
            let topics =
                super::one_or_many(topics.map(ToString::to_string).collect::<Vec<String>>());
            let context = "kms:EncryptionContext:aws:sns:topicArn";
            test("StringEquals", context, topics);
        }
        On::ProbeSubscription => {
            test("StringEquals", "sns:Protocol", json!("sqs"));
            let queues = arns(On::Probe, true, scope);
            test("StringLike", "sns:Endpoint", super::one_or_many(queues));
        }
        _ => {}
    }
    (!tests.is_empty()).then_some(Value::Object(tests))
}
