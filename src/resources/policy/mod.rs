//! Resource policies: ours, their canonical form, and whether somebody else's lets us in.

mod log_bucket;

use serde_json::{Map, Value, json};

use crate::place::{AccountId, Arn};

pub use log_bucket::{LogBucket, analyzer_key_statement, log_bucket};

/// A policy with every optional spelling decided: lists where AWS takes one or many, sorted, statements
/// sorted by their text. AWS stores policies in the spelling that it was given, and people reorder them.
pub fn canonical(policy: &Value) -> Value {
    let mut fields = policy.as_object().cloned().unwrap_or_default();
    let statements = match fields.remove("Statement") {
        Some(Value::Array(statements)) => statements,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let mut statements: Vec<Value> = statements.iter().map(canonical_statement).collect();
    statements.sort_by_key(Value::to_string);
    fields.insert("Statement".to_owned(), Value::Array(statements));
    // The policy's Id has no meaning, and SNS invents one.
    fields.remove("Id");
    fields.sort_keys();
    Value::Object(fields)
}

fn canonical_statement(statement: &Value) -> Value {
    let Some(statement) = statement.as_object() else {
        return statement.clone();
    };
    let mut fields: Map<String, Value> = statement
        .iter()
        .map(|(key, value)| {
            let value = match key.as_str() {
                "Action" | "NotAction" | "Resource" | "NotResource" => sorted_list(value),
                "Principal" | "NotPrincipal" => canonical_principal(value),
                "Condition" => each_value(value, |tests| each_value(tests, sorted_list)),
                _ => value.clone(),
            };
            (key.clone(), value)
        })
        .collect();
    fields.sort_keys();
    Value::Object(fields)
}

/// `"*"` and `{"AWS": "*"}` mean the same.
fn canonical_principal(value: &Value) -> Value {
    match value {
        Value::String(text) if text == "*" => json!({ "AWS": ["*"] }),
        value => each_value(value, sorted_list),
    }
}

fn each_value(value: &Value, f: impl Fn(&Value) -> Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Map<String, Value> =
                fields.iter().map(|(k, v)| (k.clone(), f(v))).collect();
            fields.sort_keys();
            Value::Object(fields)
        }
        other => f(other),
    }
}

/// One or many, as a sorted list without repetition. Booleans and numbers are compared as text by IAM.
fn sorted_list(value: &Value) -> Value {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut list: Vec<String> = match value {
        Value::Array(values) => values.iter().map(text).collect(),
        one => vec![text(one)],
    };
    list.sort_unstable();
    list.dedup();
    json!(list)
}

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
    canonical(&json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "events.amazonaws.com" },
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": { "aws:SourceAccount": account },
                "ArnLike": { "aws:SourceArn": rules },
            },
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

/// The same for the forwarders' roles of a whole organization. `aws:PrincipalOrgID` holds for principals
/// of its accounts alone, so that anybody may be named. Source: EventBridge, `eb-event-bus-perms`.
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

/// Whether a key's policy lets EventBridge encrypt with it. Only a statement without conditions counts: those
/// on the source do not work here.
pub fn admits_events(policy: &Value) -> bool {
    let policy = canonical(policy);
    let statements = policy.get("Statement").and_then(Value::as_array);
    let allowed: Vec<&Value> = statements
        .into_iter()
        .flatten()
        .filter(|s| s.get("Effect") == Some(&json!("Allow")) && s.get("Condition").is_none())
        .filter(|s| names_service(s, "events.amazonaws.com"))
        .collect();
    ["kms:Decrypt", "kms:GenerateDataKey"]
        .iter()
        .all(|action| allowed.iter().any(|s| names_action(s, action)))
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

/// Whether a queue's policy lets `topic` send. Judges the forms that people write (service principal or
/// everyone, conditions on the source or on TLS) and says no where it does not know: the worst that
/// follows is a hint to check.
pub fn admits_topic(policy: &Value, queue: &Arn, topic: &Arn) -> bool {
    let policy = canonical(policy);
    let statements = policy.get("Statement").and_then(Value::as_array);
    statements.is_some_and(|all| {
        all.iter().any(|s| allows(s, queue, topic))
            && !all.iter().any(|s| may_deny(s, queue, topic))
    })
}

/// Whether an Allow statement certainly covers the topic.
fn allows(statement: &Value, queue: &Arn, topic: &Arn) -> bool {
    let condition = statement.get("Condition");
    statement.get("Effect") == Some(&json!("Allow"))
        && names_sns(statement)
        && covers(statement, queue)
        && condition.is_none_or(|condition| holds(condition, topic) == Some(true))
}

/// Whether a Deny statement may cover the topic: what is not understood is taken to.
fn may_deny(statement: &Value, queue: &Arn, topic: &Arn) -> bool {
    let inverted = ["NotPrincipal", "NotAction", "NotResource"]
        .iter()
        .any(|field| statement.get(*field).is_some());
    let condition = statement.get("Condition");
    statement.get("Effect") == Some(&json!("Deny"))
        && (inverted || (names_sns(statement) && covers(statement, queue)))
        && condition.is_none_or(|condition| holds(condition, topic) != Some(false))
}

/// Whether a canonical statement is about a service, or about everyone.
pub(super) fn names_service(statement: &Value, service: &str) -> bool {
    let principal = statement.get("Principal").unwrap_or(&Value::Null);
    strings(principal.get("Service")).any(|s| s == service)
        || strings(principal.get("AWS")).any(|s| s == "*")
}

/// Whether a canonical statement is about an action, whose case means nothing.
pub(super) fn names_action(statement: &Value, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    strings(statement.get("Action")).any(|glob| like(&glob.to_ascii_lowercase(), &action))
}

fn names_sns(statement: &Value) -> bool {
    names_service(statement, "sns.amazonaws.com")
}

fn covers(statement: &Value, queue: &Arn) -> bool {
    names_action(statement, "sqs:SendMessage")
        && strings(statement.get("Resource")).any(|resource| like(resource, queue.as_str()))
}

/// Whether a condition holds for a message from the topic; `None` where that cannot be told.
fn holds(condition: &Value, topic: &Arn) -> Option<bool> {
    let mut all = Some(true);
    for (operator, tests) in condition.as_object()? {
        for (key, wanted) in tests.as_object()? {
            let key = key.to_ascii_lowercase();
            let mut wanted = strings(Some(wanted));
            let held = match (operator.as_str(), key.as_str()) {
                // SNS always comes by TLS.
                ("Bool", "aws:securetransport") => Some(wanted.any(|wanted| wanted == "true")),
                // For ARNs `equals` has wildcards too. Source: IAM, condition operators.
                ("ArnEquals" | "ArnLike" | "StringLike", "aws:sourcearn") => {
                    Some(wanted.any(|wanted| like(wanted, topic.as_str())))
                }
                ("StringEquals", "aws:sourcearn") => {
                    Some(wanted.any(|wanted| wanted == topic.as_str()))
                }
                ("StringEquals" | "StringLike", "aws:sourceaccount") => {
                    Some(wanted.any(|wanted| wanted == topic.account()))
                }
                _ => None,
            };
            match held {
                // One test that fails settles it, whatever the others say.
                Some(false) => return Some(false),
                Some(true) => {}
                None => all = None,
            }
        }
    }
    all
}

pub(super) fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_str)
}

/// IAM's wildcards: `*` and `?`.
pub(super) fn like(pattern: &str, text: &str) -> bool {
    fn go(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) => {
                (0..=text.len()).any(|skip| text.get(skip..).is_some_and(|text| go(rest, text)))
            }
            (Some((b'?', rest)), Some((_, text))) => go(rest, text),
            (Some((p, rest)), Some((t, text))) => p == t && go(rest, text),
            _ => false,
        }
    }
    // A hostile pattern of many stars would take for ever; nobody writes more than a few.
    pattern.matches('*').count() <= 6 && go(pattern.as_bytes(), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_policy_are_one_policy() {
        let short = json!({ "Version": "2012-10-17", "Id": "x", "Statement": {
            "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "r",
            "Condition": { "Bool": { "aws:SecureTransport": false } } } });
        let long = json!({ "Statement": [{
            "Condition": { "Bool": { "aws:SecureTransport": ["false"] } }, "Resource": ["r"],
            "Action": ["sqs:SendMessage"], "Principal": { "AWS": ["*"] }, "Effect": "Allow" }],
            "Version": "2012-10-17" });
        assert_eq!(canonical(&short), canonical(&long));
        assert_eq!(canonical(&canonical(&short)), canonical(&short));
    }

    #[test]
    fn a_key_policy_is_judged_by_what_it_says() {
        let with = |statement: Value| json!({ "Statement": [statement] });
        assert!(admits_events(&with(key_statement())));
        assert!(admits_events(&with(json!({
            "Effect": "Allow", "Principal": { "Service": ["events.amazonaws.com"] },
            "Action": ["kms:Dec*", "kms:GenerateDataKey*"], "Resource": "*" }))));
        for lacking in [
            json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" },
                "Action": "kms:*", "Resource": "*" }),
            json!({ "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
                "Action": "kms:Decrypt", "Resource": "*" }),
            json!({ "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
                "Action": "kms:*", "Resource": "*",
                "Condition": { "StringEquals": { "aws:SourceAccount": "111122223333" } } }),
        ] {
            assert!(!admits_events(&with(lacking.clone())), "{lacking}");
        }
    }

    #[test]
    fn a_queue_policy_is_judged_by_what_it_says() {
        let queue: Arn = "arn:aws:sqs:us-east-1:111122223333:siem".parse().unwrap();
        let topic: Arn = "arn:aws:sns:us-east-1:111122223333:iamwatch-acme-json_siem"
            .parse()
            .unwrap();
        let other: Arn = "arn:aws:sns:us-east-1:111122223333:other".parse().unwrap();
        let policy = json!({ "Statement": [queue_statement(&queue, &topic)] });
        assert!(admits_topic(&policy, &queue, &topic));
        assert!(!admits_topic(&policy, &queue, &other));
        assert!(!admits_topic(&policy, &other, &topic));
        assert!(!admits_topic(&json!({}), &queue, &topic));
        let denied = json!({ "Statement": [queue_statement(&queue, &topic),
            { "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*" }] });
        assert!(!admits_topic(&denied, &queue, &topic));
        let insecure = json!({ "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*",
            "Condition": { "Bool": { "aws:SecureTransport": "false" } } });
        let foreign = json!({ "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*",
            "Condition": { "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } } });
        let with = |deny: &Value| json!({ "Statement": [queue_statement(&queue, &topic), deny] });
        assert!(admits_topic(&with(&insecure), &queue, &topic));
        assert!(!admits_topic(&with(&foreign), &queue, &topic));
    }
}
