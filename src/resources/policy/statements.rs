//! The policies and statements that ours have, or that things of others need.

use serde_json::{Value, json};

use super::canonical::canonical;
use crate::place::{AccountId, Arn};

/// What the `Sid` of every statement of ours begins with: so they are told from those of others.
pub const SID_PREFIX: &str = "Iamwatch";

/// The policy that lets only our EventBridge rules use a topic or queue: `action` on `resource`, for
/// rules whose ARN matches one of `rules`.
///
/// `aws:SourceArn` closes the confused deputy. Source: EventBridge, `eb-use-resource-based`.
pub fn for_our_rules(action: &str, resource: &Arn, rules: &[String]) -> Value {
    canonical(&json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "IamwatchRules",
            "Effect": "Allow",
            "Principal": { "Service": "events.amazonaws.com" },
            "Action": action,
            "Resource": resource,
            "Condition": { "ArnLike": { "aws:SourceArn": rules } },
        }],
    }))
}

/// The trust policy of a forwarder's role: EventBridge, for our rules of one account and Region.
/// Source: EventBridge, the roles that its console makes for bus targets.
pub fn trust_for_rules(account: &AccountId, rules: &str) -> Value {
    trust_for(
        "events.amazonaws.com",
        account,
        &json!({ "ArnLike": { "aws:SourceArn": rules } }),
    )
}

/// The trust policy of a role that a service takes on for what `source` describes in an account.
pub(super) fn trust_for(service: &str, account: &AccountId, source: &Value) -> Value {
    let mut condition = source.clone();
    if let Some(tests) = condition.as_object_mut() {
        let of_account = json!({ "aws:SourceAccount": account });
        tests.insert("StringEquals".to_owned(), of_account);
    }
    canonical(&json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": service },
            "Action": "sts:AssumeRole",
            "Condition": condition,
        }],
    }))
}

/// What a forwarder's role may do: put events on the home bus, and nothing else.
pub fn put_events_on(bus: &Arn) -> Value {
    canonical(&json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "events:PutEvents", "Resource": bus }],
    }))
}

/// Our part of the home bus's policy: it admits the forwarders' roles and nobody else.
pub fn admits_forwarders(bus: &Arn, account: &AccountId, roles: &str) -> Value {
    let partition = bus.partition();
    canonical(&json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": format!("{SID_PREFIX}Forwarders"),
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:{partition}:iam::{account}:root") },
            "Action": "events:PutEvents",
            "Resource": bus,
            "Condition": { "ArnLike": { "aws:PrincipalArn": roles } },
        }],
    }))
}

/// Our part of the home bus's policy where a whole organization is watched: it admits the forwarders' roles of
/// each account. `aws:PrincipalOrgID` holds for principals of its accounts alone, so that anybody may be named.
/// Source: EventBridge, `eb-event-bus-perms`.
pub fn admits_forwarders_of(bus: &Arn, organization: &str, roles: &str) -> Value {
    canonical(&json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": format!("{SID_PREFIX}Forwarders"),
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": "events:PutEvents",
            "Resource": bus,
            "Condition": {
                "StringEquals": { "aws:PrincipalOrgID": organization },
                "ArnLike": { "aws:PrincipalArn": roles },
            },
        }],
    }))
}

/// What CloudTrail needs of a log bucket's policy, for one trail of one account.
/// Source: CloudTrail, `create-s3-bucket-policy-for-cloudtrail`.
pub fn trail_statements(
    bucket: &str,
    prefix: Option<&str>,
    account: &AccountId,
    organization: Option<&str>,
    trail: &Arn,
) -> [Value; 2] {
    let partition = trail.partition();
    let arn = format!("arn:{partition}:s3:::{bucket}");
    let prefix = prefix
        .map(|prefix| format!("{prefix}/"))
        .unwrap_or_default();
    // An organization's trail writes below its id, and below the owner's for a check of its own.
    // Source: CloudTrail, `create-s3-bucket-policy-for-cloudtrail`, organization trails.
    let writes: Vec<String> = [Some(account.as_str()), organization]
        .into_iter()
        .flatten()
        .map(|below| format!("{arn}/{prefix}AWSLogs/{below}/*"))
        .collect();
    [
        json!({
            "Sid": format!("{SID_PREFIX}TrailAcl"),
            "Effect": "Allow",
            "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "s3:GetBucketAcl",
            "Resource": arn,
            "Condition": { "StringEquals": { "aws:SourceArn": trail } },
        }),
        json!({
            "Sid": format!("{SID_PREFIX}TrailWrite"),
            "Effect": "Allow",
            "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "s3:PutObject",
            "Resource": writes,
            "Condition": { "StringEquals": {
                "aws:SourceArn": trail,
                "s3:x-amz-acl": "bucket-owner-full-control",
            } },
        }),
    ]
}

/// What EventBridge needs of a key that encrypts its topics. Conditions on the source do not work here.
/// Source: EventBridge, `eb-encryption`; SNS, `sns-key-management`.
pub fn key_statement() -> Value {
    json!({
        "Sid": format!("{SID_PREFIX}Events"),
        "Effect": "Allow",
        "Principal": { "Service": "events.amazonaws.com" },
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
    })
}

/// What another service needs of a key that encrypts what it sends to, where its requests meet a condition.
pub fn key_statement_for(service: &str, condition: &Value) -> Value {
    json!({
        "Sid": format!("{SID_PREFIX}Key"),
        "Effect": "Allow",
        "Principal": { "Service": service },
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
        "Condition": condition,
    })
}

/// The whole policy of a key of ours: the account's own IAM policies decide who manages it.
pub fn topic_key(account: &AccountId, partition: &str) -> Value {
    canonical(&json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": format!("{SID_PREFIX}Account"),
                "Effect": "Allow",
                "Principal": { "AWS": format!("arn:{partition}:iam::{account}:root") },
                "Action": "kms:*",
                "Resource": "*",
            },
            key_statement(),
        ],
    }))
}

/// The statement that an existing topic's policy needs, so that rules of ours can publish to it: those whose ARN matches
/// one of `rules`.
pub fn topic_statement(topic: &Arn, rules: &[String]) -> Value {
    json!({
        "Sid": "IamwatchAlerts",
        "Effect": "Allow",
        "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": { "ArnLike": { "aws:SourceArn": rules } },
    })
}

/// The policy that lets one topic of ours leave in a queue what it could not deliver, and nobody else.
/// Source: SNS, `sns-configure-dead-letter-queue`.
pub fn for_our_topic(queue: &Arn, topic: &Arn) -> Value {
    canonical(&json!({
        "Version": "2012-10-17",
        "Statement": [queue_statement(queue, topic)],
    }))
}

/// The statement that an existing queue's policy needs, so that our topic can send to it.
pub fn queue_statement(queue: &Arn, topic: &Arn) -> Value {
    json!({
        "Sid": "IamwatchAlerts",
        "Effect": "Allow",
        "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": { "ArnEquals": { "aws:SourceArn": topic } },
    })
}
