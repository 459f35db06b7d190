//! What every operation is called in IAM, on which resource, and whether it changes anything.
//!
//! Actions and resource types are those of the Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/>).

use std::collections::BTreeSet;

use serde_json::Value;

use super::wire::{ApiError, Call, Service};
use super::world::Site;

mod authorise;
mod tags;

pub(crate) use authorise::authorise;

/// What a call may do to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
    /// Messages and events: CloudTrail does not record these as management events.
    Data,
}

/// Calls for data that change nothing.
pub(crate) const READS_OF_DATA: [&str; 4] = [
    "ReceiveMessage",
    "HeadBucket",
    "ListObjectsV2",
    "ListObjectVersions",
];

/// What a call needs.
#[derive(Debug, Clone)]
pub(crate) struct Needs {
    pub kind: Kind,
    /// Action and resource ARN.
    pub permissions: Vec<(String, String)>,
}

/// What the call needs; an operation that the sandbox does not know is an error that names it.
pub(crate) fn needs(call: &Call, site: &Site) -> Result<Needs, ApiError> {
    use Kind::{Data, Read, Write};
    let input = &call.input;
    let text = |key: &str| input.get(key).and_then(Value::as_str).unwrap_or_default();
    let tagged = ["Tags", "tags"]
        .iter()
        .any(|key| input.get(key).is_some_and(|tags| !is_empty(tags)));
    let operation = call.operation.as_str();
    if call.service == Service::S3 {
        return super::s3::needs(operation, site.region.partition().id(), input);
    }
    if call.service == Service::CloudTrail
        && let Some(needs) = super::cloudtrail::access::needs(site, operation, input)
    {
        return Ok(needs);
    }
    if call.service == Service::Kms
        && let Some(kind) = super::kms::kind(operation)
    {
        // Which key is meant, only the world knows.
        let permissions = Vec::new();
        return Ok(Needs { kind, permissions });
    }
    if call.service == Service::Organizations
        && let Some(kind) = super::organizations::kind(operation)
    {
        let permissions = Vec::new();
        return Ok(Needs { kind, permissions });
    }
    let mut also = None;
    let (kind, resource) = match (call.service, operation) {
        (Service::Events, "PutRule" | "DeleteRule" | "EnableRule" | "DisableRule") => {
            also = tagged.then_some("TagResource");
            (Write, rule_arn(site, text("EventBusName"), text("Name")))
        }
        (Service::Events, "DescribeRule") => {
            (Read, rule_arn(site, text("EventBusName"), text("Name")))
        }
        (Service::Events, "PutTargets" | "RemoveTargets") => {
            (Write, rule_arn(site, text("EventBusName"), text("Rule")))
        }
        (Service::Events, "ListTargetsByRule") => {
            (Read, rule_arn(site, text("EventBusName"), text("Rule")))
        }
        (Service::Events, "ListRules" | "ListRuleNamesByTarget") => {
            (Read, rule_arn(site, text("EventBusName"), "*"))
        }
        (Service::Events, "TestEventPattern") => (Read, "*".to_owned()),
        (Service::Events, "TagResource" | "UntagResource") => {
            (Write, text("ResourceARN").to_owned())
        }
        (Service::Events, "ListTagsForResource") => (Read, text("ResourceARN").to_owned()),
        (Service::Events, "CreateEventBus" | "UpdateEventBus" | "DeleteEventBus") => {
            also = tagged.then_some("TagResource");
            (Write, bus_arn(site, bus_name(text("Name"))))
        }
        (Service::Events, "DescribeEventBus") => (Read, bus_arn(site, bus_name(text("Name")))),
        // These name no resource at all.
        (Service::Events, "ListEventBuses") => (Read, "*".to_owned()),
        (Service::Events, "PutPermission" | "RemovePermission") => (Write, "*".to_owned()),
        (Service::Events, "PutEvents") => return Ok(put_events(site, input)),

        (Service::Sns, "CreateTopic") => {
            also = tagged.then_some("TagResource");
            (Write, site.arn("sns", text("Name")))
        }
        (Service::Sns, "SetTopicAttributes" | "DeleteTopic" | "Subscribe") => {
            (Write, text("TopicArn").to_owned())
        }
        (Service::Sns, "GetTopicAttributes" | "ListSubscriptionsByTopic") => {
            (Read, text("TopicArn").to_owned())
        }
        (Service::Sns, "ListTopics") => (Read, site.arn("sns", "*")),
        (Service::Sns, "TagResource" | "UntagResource") => (Write, text("ResourceArn").to_owned()),
        (Service::Sns, "ListTagsForResource") => (Read, text("ResourceArn").to_owned()),
        (Service::Sns, "Unsubscribe" | "SetSubscriptionAttributes") => {
            (Write, topic_of(text("SubscriptionArn")))
        }
        (Service::Sns, "GetSubscriptionAttributes") => (Read, topic_of(text("SubscriptionArn"))),
        (Service::Sns, "Publish") => (Data, text("TopicArn").to_owned()),

        (Service::Sqs, "CreateQueue") => {
            also = tagged.then_some("TagQueue");
            (Write, site.arn("sqs", text("QueueName")))
        }
        (Service::Sqs, "GetQueueUrl") => (Read, site.arn("sqs", text("QueueName"))),
        (Service::Sqs, "GetQueueAttributes" | "ListQueueTags") => (Read, queue_arn(site, input)),
        (
            Service::Sqs,
            "SetQueueAttributes" | "DeleteQueue" | "TagQueue" | "UntagQueue" | "PurgeQueue",
        ) => (Write, queue_arn(site, input)),
        // AWS names no queue at all here: the refusals end with the account.
        (Service::Sqs, "ListQueues") => (Read, site.arn("sqs", "")),
        (Service::Sqs, "SendMessage" | "ReceiveMessage" | "DeleteMessage") => {
            (Data, queue_arn(site, input))
        }
        // Batches have no actions of their own.
        (Service::Sqs, "ChangeMessageVisibilityBatch") => {
            let action = "sqs:ChangeMessageVisibility".to_owned();
            return Ok(Needs {
                kind: Data,
                permissions: vec![(action, queue_arn(site, input))],
            });
        }

        // Needs no permission at all.
        (Service::Sts, "GetCallerIdentity") => {
            return Ok(Needs {
                kind: Read,
                permissions: Vec::new(),
            });
        }

        (Service::Sts, "AssumeRole") => {
            return Ok(Needs {
                kind: Read,
                permissions: vec![("sts:AssumeRole".to_owned(), text("RoleArn").to_owned())],
            });
        }

        (
            Service::Iam,
            "CreateUser" | "DeleteUser" | "CreateAccessKey" | "AttachUserPolicy"
            | "DetachUserPolicy" | "PutUserPolicy" | "DeleteUserPolicy",
        ) => (Write, iam_arn(site, "user", text("UserName"))),
        (Service::Iam, "GetUser") => (Read, iam_arn(site, "user", text("UserName"))),
        (Service::Iam, "ListUsers") => (Read, iam_arn(site, "user", "")),
        (Service::Iam, "CreateRole") => {
            also = tagged.then_some("TagRole");
            let path = text("Path").trim_matches('/');
            let slash = if path.is_empty() { "" } else { "/" };
            let name = format!("{path}{slash}{}", text("RoleName"));
            (Write, iam_arn(site, "role", &name))
        }
        (
            Service::Iam,
            "DeleteRole"
            | "AttachRolePolicy"
            | "DetachRolePolicy"
            | "PutRolePolicy"
            | "PutRolePermissionsBoundary"
            | "DeleteRolePermissionsBoundary"
            | "DeleteRolePolicy"
            | "UpdateRole"
            | "UpdateRoleDescription"
            | "UpdateAssumeRolePolicy"
            | "TagRole"
            | "UntagRole",
        ) => (Write, iam_arn(site, "role", text("RoleName"))),
        (
            Service::Iam,
            "GetRole"
            | "GetRolePolicy"
            | "ListRolePolicies"
            | "ListAttachedRolePolicies"
            | "ListRoleTags",
        ) => (Read, iam_arn(site, "role", text("RoleName"))),
        (Service::Iam, "ListRoles") => {
            let prefix = text("PathPrefix").trim_start_matches('/');
            (Read, iam_arn(site, "role", prefix))
        }
        (Service::Account, "ListRegions" | "GetRegionOptStatus") => {
            (Read, format!("arn:aws:account::{}:account", site.account))
        }

        (service, _) => {
            return Err(ApiError::unsupported(format_args!(
                "operation `{}:{operation}`",
                service.name()
            )));
        }
    };
    let prefix = call.service.name();
    let mut permissions = vec![(format!("{prefix}:{operation}"), resource.clone())];
    permissions.extend(also.map(|action| (format!("{prefix}:{action}"), resource)));
    // Whoever gives a role to a service must be allowed to pass it.
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    let targets = input.get("Targets").and_then(Value::as_array);
    let roles = std::iter::once(input).chain(targets.into_iter().flatten());
    let roles = roles.filter_map(|holder| holder.get("RoleArn").and_then(Value::as_str));
    permissions.extend(roles.map(|role| ("iam:PassRole".to_owned(), role.to_owned())));
    Ok(Needs { kind, permissions })
}

/// Every bus that gets an event of the call.
fn put_events(site: &Site, input: &Value) -> Needs {
    let entries = input.get("Entries").and_then(Value::as_array);
    let given = entries.into_iter().flatten().map(|entry| {
        let bus = entry.get("EventBusName").and_then(Value::as_str);
        bus.unwrap_or_default()
    });
    let buses: BTreeSet<String> = given
        .map(|given| match given.starts_with("arn:") {
            true => given.to_owned(),
            false => bus_arn(site, bus_name(given)),
        })
        .collect();
    let permissions = buses.into_iter();
    Needs {
        kind: Kind::Data,
        permissions: permissions
            .map(|bus| ("events:PutEvents".to_owned(), bus))
            .collect(),
    }
}

fn is_empty(tags: &Value) -> bool {
    tags.as_array().is_some_and(Vec::is_empty)
        || tags.as_object().is_some_and(serde_json::Map::is_empty)
}

/// The ARN of a rule; on the default bus it does not name the bus.
pub(crate) fn rule_arn(site: &Site, bus: &str, rule: &str) -> String {
    match bus_name(bus) {
        "default" => site.arn("events", &format!("rule/{rule}")),
        bus => site.arn("events", &format!("rule/{bus}/{rule}")),
    }
}

/// The ARN of a bus of that name.
pub(crate) fn bus_arn(site: &Site, bus: &str) -> String {
    site.arn("events", &format!("event-bus/{bus}"))
}

/// A bus can be given by name or ARN; nothing means `default`.
pub(crate) fn bus_name(given: &str) -> &str {
    match given.rsplit_once(":event-bus/") {
        Some((_, name)) => name,
        None if given.is_empty() => "default",
        None => given,
    }
}

/// A subscription's ARN is its topic's and an id.
pub(crate) fn topic_of(subscription: &str) -> String {
    match subscription.rsplit_once(':') {
        Some((topic, _)) => topic.to_owned(),
        None => subscription.to_owned(),
    }
}

/// The name at the end of a queue URL.
pub(crate) fn queue_name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}

fn queue_arn(site: &Site, input: &Value) -> String {
    let url = input.get("QueueUrl").and_then(Value::as_str);
    site.arn("sqs", queue_name(url.unwrap_or_default()))
}

fn iam_arn(site: &Site, kind: &str, name: &str) -> String {
    format!("arn:aws:iam::{}:{kind}/{name}", site.account)
}
