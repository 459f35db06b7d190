//! Whether somebody else's policy lets us in.

use serde_json::{Value, json};

use super::canonical::canonical;
use crate::place::Arn;

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
pub(in crate::resources) fn names_service(statement: &Value, service: &str) -> bool {
    let principal = statement.get("Principal").unwrap_or(&Value::Null);
    strings(principal.get("Service")).any(|s| s == service)
        || strings(principal.get("AWS")).any(|s| s == "*")
}

/// Whether a canonical statement is about an action, whose case means nothing.
pub(in crate::resources) fn names_action(statement: &Value, action: &str) -> bool {
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

pub(in crate::resources) fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_str)
}

/// IAM's wildcards: `*` and `?`.
pub(in crate::resources) fn like(pattern: &str, text: &str) -> bool {
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
    use crate::resources::policy::statements::{key_statement, queue_statement};

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
