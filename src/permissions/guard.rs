//! The service control policies that guard a deployment: nobody but the roles that are excepted may touch
//! what is ours.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Phase, Scope, needs};
use crate::aws::On;
use crate::resources::{STACK_TAG, names};

/// Characters of a service control policy, white space included. Source: Organizations quotas.
pub const GUARD_LIMIT: usize = 5_120;

/// What breaks or silences a deployment and iamwatch never does itself.
const TAMPERING: &[(&str, On)] = &[
    ("events:DisableRule", On::Rule),
    ("events:EnableRule", On::Rule),
    ("events:UntagResource", On::Rule),
    ("events:UpdateEventBus", On::Bus),
    ("events:UntagResource", On::Bus),
    ("events:RemovePermission", On::AllBuses),
    ("sns:AddPermission", On::Topic),
    // Nothing of ours publishes but our rules, the dispatcher, and `dlq --redrive`.
    ("sns:Publish", On::Topic),
    ("sns:RemovePermission", On::Topic),
    ("sns:PutDataProtectionPolicy", On::Topic),
    ("sns:UntagResource", On::Topic),
    ("sqs:AddPermission", On::Queue),
    ("sqs:RemovePermission", On::Queue),
    ("sqs:PurgeQueue", On::Queue),
    // Letters that are taken, hidden or forged.
    ("sqs:ChangeMessageVisibility", On::Queue),
    ("sqs:DeleteMessage", On::Queue),
    ("sqs:SendMessage", On::Queue),
    ("sqs:StartMessageMoveTask", On::Queue),
    ("sqs:UntagQueue", On::Queue),
    ("iam:AttachRolePolicy", On::Role),
    ("iam:PutRolePermissionsBoundary", On::Role),
    ("iam:UntagRole", On::Role),
    // A boundary that allows nothing any more silences every forwarder of an account.
    ("iam:CreatePolicyVersion", On::BoundaryPolicy),
    ("iam:DeletePolicy", On::BoundaryPolicy),
    ("iam:DeletePolicyVersion", On::BoundaryPolicy),
    ("iam:SetDefaultPolicyVersion", On::BoundaryPolicy),
    ("cloudtrail:StopLogging", On::Trail),
    ("cloudtrail:RemoveTags", On::Trail),
    ("s3:DeleteBucketPolicy", On::Bucket),
    ("s3:DeleteObject", On::Bucket),
    ("s3:DeleteObjectVersion", On::Bucket),
    ("s3:PutBucketTagging", On::Bucket),
    ("s3:PutObject", On::Bucket),
    ("s3:UntagResource", On::Bucket),
    ("kms:DisableKey", On::Key),
    ("kms:DisableKeyRotation", On::Key),
    // Whose a key is tells its tag: without it the key would not be guarded any longer.
    ("kms:TagResource", On::Key),
    ("kms:UntagResource", On::Key),
    // The topics name the key by its alias.
    ("kms:UpdateAlias", On::Alias),
    // A run of the dispatcher tells people whatever its input says, and one that is stopped tells nobody.
    ("states:PublishStateMachineVersion", On::Machine),
    ("states:StartExecution", On::Machine),
    ("states:StartSyncExecution", On::Machine),
    ("states:UntagResource", On::Machine),
    ("states:StopExecution", On::Execution),
    // What was told is written once, by the dispatcher.
    ("dynamodb:BatchWriteItem", On::Table),
    ("dynamodb:DeleteItem", On::Table),
    ("dynamodb:PartiQLDelete", On::Table),
    ("dynamodb:PartiQLInsert", On::Table),
    ("dynamodb:PartiQLUpdate", On::Table),
    ("dynamodb:PutItem", On::Table),
    ("dynamodb:PutResourcePolicy", On::Table),
    ("dynamodb:UntagResource", On::Table),
    ("dynamodb:UpdateItem", On::Table),
    ("events:DeauthorizeConnection", On::Connection),
    ("events:RetrieveConnectionCredentials", On::Connection),
    // The service-linked role with which EventBridge keeps the secrets no service control policy affects, and the
    // dispatcher, which reads them, is excepted. Source: Organizations, `orgs_manage_policies_scps`.
    ("secretsmanager:GetSecretValue", On::ConnectionSecret),
    ("secretsmanager:PutResourcePolicy", On::ConnectionSecret),
    ("secretsmanager:RotateSecret", On::ConnectionSecret),
];

/// What makes an excepted role serve somebody else.
const TAKING_OVER: &[&str] = &[
    "iam:AttachRolePolicy",
    "iam:DeleteRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
];

/// A statement of the guard: what stands in one kind of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ward {
    /// In every account that is listened to.
    Forwarding,
    /// In the home account.
    Home,
    /// The dispatcher with its roles, its ledger and its connections, which are at home too.
    Dispatcher,
    /// Where the trail and its log files are.
    Trail,
    /// The key, which no name tells.
    Key,
    /// The roles that are excepted.
    Excepted,
    /// The policies of all buses in the home Region.
    BusPolicies,
}

impl Ward {
    fn sid(self) -> &'static str {
        match self {
            Self::Forwarding => "IamwatchGuardForwarding",
            Self::Home => "IamwatchGuardHome",
            Self::Dispatcher => "IamwatchGuardDispatcher",
            Self::Trail => "IamwatchGuardTrail",
            Self::Key => "IamwatchGuardKey",
            Self::Excepted => "IamwatchGuardExceptedRoles",
            Self::BusPolicies => "IamwatchGuardBusPolicies",
        }
    }

    /// The roles of ours that work there: the dispatcher publishes, answers to probes, keeps the ledger and reads
    /// secrets, and its starter starts it. A service control policy affects them like any role. What they may do
    /// themselves their own policies say, which are guarded too.
    fn works(self, scope: &Scope) -> Vec<String> {
        match self {
            Self::Home | Self::Dispatcher => scope.roles_of_dispatcher(),
            Self::Forwarding | Self::Trail | Self::Key | Self::Excepted | Self::BusPolicies => {
                Vec::new()
            }
        }
    }

    /// What must be true besides; conditions of one operator and different keys must all hold.
    fn holds_for(self, scope: &Scope) -> Option<Value> {
        match self {
            Self::Forwarding | Self::Home | Self::Dispatcher | Self::Trail | Self::Excepted => None,
            Self::Key => {
                let mut tag = Map::new();
                tag.insert(format!("aws:ResourceTag/{STACK_TAG}"), json!(scope.stack));
                Some(Value::Object(tag))
            }
            Self::BusPolicies => Some(json!({
                "aws:PrincipalAccount": scope.account,
                "aws:RequestedRegion": scope.home,
            })),
        }
    }
}

/// The service control policies. `except` are the ARNs of roles, wildcards allowed, that keep their powers.
///
/// They deny every write with which `apply` changes or deletes, and what breaks the same things in other ways: on what
/// has our names, in whichever account it stands. What makes something new is not denied. A trail that is not ours is not
/// guarded. Nobody but the excepted roles changes what they may do and who takes them on. The policies of event buses are only guarded with `bus_policies`, since AWS knows no resource for
/// `PutPermission` and `RemovePermission`: nobody else could change the policy of any bus in the home Region of the
/// home account.
///
/// There are as many as it takes to keep each below [`GUARD_LIMIT`].
pub fn guard(scope: &Scope, except: &[String], bus_policies: bool) -> Vec<Value> {
    let applied = needs(Phase::Apply);
    let written = applied.iter().filter(|(_, write)| *write);
    let written = written.map(|(need, _)| (need.action, need.on));
    let mut wards: BTreeMap<Ward, (BTreeSet<&str>, BTreeSet<String>)> = BTreeMap::new();
    for (action, on) in written.chain(TAMPERING.iter().copied()) {
        if makes(action) {
            continue;
        }
        for (ward, resource) in guarded(on, scope) {
            if ward == Ward::BusPolicies && !bus_policies {
                continue;
            }
            let (actions, resources) = wards.entry(ward).or_default();
            actions.insert(action);
            resources.insert(resource);
        }
    }
    let excepted = wards.entry(Ward::Excepted).or_default();
    excepted.0.extend(TAKING_OVER);
    excepted.1.extend(except.iter().cloned());
    let statements = wards.into_iter().map(|(ward, (actions, resources))| {
        let works = ward.works(scope);
        let except: Vec<&String> = except.iter().chain(&works).collect();
        let mut condition = json!({ "ArnNotLike": { "aws:PrincipalArn": except } });
        if let (Some(tests), Some(besides)) = (condition.as_object_mut(), ward.holds_for(scope)) {
            tests.insert("StringEquals".to_owned(), besides);
        }
        json!({
            "Sid": ward.sid(),
            "Effect": "Deny",
            "Action": actions,
            "Resource": super::one_or_many(resources),
            "Condition": condition,
        })
    });
    super::packed(statements, fits)
}

/// Characters of a service control policy as it is printed: Organizations counts white space too.
pub fn printed_length(policy: &Value) -> usize {
    format!("{policy:#}").chars().count()
}

fn fits(policy: &Value) -> bool {
    printed_length(policy) <= GUARD_LIMIT
}

/// Whether an action makes something that is not there yet, or only looks: neither breaks anything. A new version of a
/// policy changes it, and whoever reads a secret speaks in our name.
fn makes(action: &str) -> bool {
    if ["iam:CreatePolicyVersion", "secretsmanager:GetSecretValue"].contains(&action) {
        return false;
    }
    let (_, name) = action.split_once(':').unwrap_or_default();
    ["Create", "Get", "List", "Describe"]
        .iter()
        .any(|word| name.starts_with(word))
}

/// Where what a need is about is guarded, and under which names.
fn guarded(on: On, scope: &Scope) -> Vec<(Ward, String)> {
    let partition = scope.home.partition();
    let (stack, home, account) = (&scope.stack, &scope.home, &scope.account);
    let whole = names::whole(stack);
    let at_home = |service: &str, resource: String| {
        let arn = format!("arn:{partition}:{service}:{home}:{account}:{resource}");
        (Ward::Home, arn)
    };
    let of_dispatcher = |service: &str, resource: String| {
        let (_, arn) = at_home(service, resource);
        (Ward::Dispatcher, arn)
    };
    // Every account has what forwards its events, under the same names.
    let listening = match scope.member_role {
        Some(_) => "*",
        None => account.as_str(),
    };
    let listens = |resource: String| {
        let arn = format!("arn:{partition}:iam::{listening}:{resource}");
        (Ward::Forwarding, arn)
    };
    match on {
        On::Rule => {
            let on_bus = format!("rule/{whole}/{}*", names::prefix(stack));
            let on_bus = scope.hub.then(|| at_home("events", on_bus));
            let forwarders = scope.forwarders(listening).into_iter();
            let forwarders = forwarders.map(|arn| (Ward::Forwarding, arn));
            let detectors = scope.on_default_buses().into_iter();
            let detectors = detectors.map(|arn| (Ward::Home, arn));
            forwarders.chain(on_bus).chain(detectors).collect()
        }
        On::Bus if scope.hub => vec![at_home("events", format!("event-bus/{whole}"))],
        On::AllBuses if scope.hub => vec![(Ward::BusPolicies, "*".to_owned())],
        On::Topic => {
            let topics = scope.topics().into_iter();
            topics.map(|arn| (Ward::Home, arn)).collect()
        }
        On::Queue => {
            let (ward, account) = match scope.hub {
                true => (Ward::Forwarding, listening),
                false => (Ward::Home, account.as_str()),
            };
            let letters = scope.letters_of_rules(account).into_iter();
            let letters = letters.map(|arn| (ward, arn));
            let at_home = scope.letters_of_topics().into_iter();
            let at_home = at_home.chain(scope.probes_of_dispatcher());
            letters
                .chain(at_home.map(|arn| (Ward::Home, arn)))
                .collect()
        }
        On::Role | On::BoundedRole | On::BoundaryOfRole | On::UnboundedRole => {
            let role = format!(
                "{}{}*",
                names::ROLE_PATH,
                names::forwarder_role_prefix(stack)
            );
            let forwarders = scope.hub.then(|| listens(format!("role{role}")));
            let of_dispatcher = scope.roles_of_dispatcher().into_iter();
            let of_dispatcher = of_dispatcher.map(|arn| (Ward::Dispatcher, arn));
            forwarders.into_iter().chain(of_dispatcher).collect()
        }
        // With a colon behind it: a version of it, or an alias, which can be started as well.
        On::Machine if scope.dispatcher => ["", ":*"]
            .iter()
            .map(|rest| of_dispatcher("states", format!("stateMachine:{whole}{rest}")))
            .collect(),
        On::Execution if scope.dispatcher => {
            vec![of_dispatcher("states", format!("execution:{whole}:*"))]
        }
        On::Table if scope.dispatcher => {
            vec![of_dispatcher("dynamodb", format!("table/{whole}"))]
        }
        On::Connection if scope.connections => {
            let connections = names::connections_pattern(stack);
            vec![of_dispatcher("events", format!("connection/{connections}"))]
        }
        On::ConnectionSecret if scope.connections => {
            let secrets = names::connections_pattern(stack);
            let secrets = format!("secret:events!connection/{secrets}");
            vec![of_dispatcher("secretsmanager", secrets)]
        }
        On::BoundaryPolicy => {
            let name = scope.boundary.iter();
            let policies = name.map(|name| listens(format!("policy/{name}")));
            policies.collect()
        }
        On::Alias if scope.key => vec![at_home("kms", format!("alias/{whole}"))],
        On::Key if scope.key => {
            let keys = format!("arn:{partition}:kms:*:{account}:key/*");
            vec![(Ward::Key, keys)]
        }
        // An organization's trail is that of its owner, whoever that is.
        On::Trail => {
            let trails = scope.trail.iter();
            let trail = |name| format!("arn:{partition}:cloudtrail:*:{listening}:trail/{name}");
            trails.map(|name| (Ward::Trail, trail(name))).collect()
        }
        On::Bucket => {
            let bucket = |name| format!("arn:{partition}:s3:::{name}");
            let buckets = scope.buckets().map(bucket).into_iter();
            let both = buckets.flat_map(|bucket| [format!("{bucket}/*"), bucket]);
            both.map(|arn| (Ward::Trail, arn)).collect()
        }
        // Not deployed.
        On::Bus
        | On::AllBuses
        | On::Alias
        | On::Key
        | On::Machine
        | On::Execution
        | On::Table
        | On::Connection
        | On::ConnectionSecret => Vec::new(),
        // What is looked at, handed on, new, temporary, or somebody else's.
        On::Any
        | On::Account
        | On::DefaultBus
        | On::EventBus
        | On::ProbeSubscription
        | On::GivenTopic
        | On::Receiver
        | On::ReceiverKey
        | On::GivenTopicKey
        | On::Probe
        | On::DispatcherProbes
        | On::ProbeRule
        | On::LeftProbeRule
        | On::LeftProbe
        | On::NamedRole
        | On::PassedRole
        | On::AllKeys
        | On::AnyKey
        | On::GivenKey
        | On::FreshKey
        | On::NewKey
        | On::NewKeyTag
        | On::LogBucket
        | On::LogObject
        | On::AnyTrail
        | On::Organization
        | On::OrganizationTrail
        | On::TrailRole
        | On::MachineRole
        | On::ConnectionsRole
        | On::MemberRole => Vec::new(),
    }
}
