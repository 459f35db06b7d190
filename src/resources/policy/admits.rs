//! Whether somebody else's policy lets us in.

use serde_json::{Value, json};

use super::canonical::{canonical, statements};
use super::statements::queue_statement;
use super::still_admits::{allows, may_deny};
use crate::place::Arn;
use crate::wildcard::matches_glob;

/// Whether a queue's policy lets `topic` send. It says no where it does not know: the worst that follows is a hint to
/// check.
pub(in crate::resources) fn admits_topic(policy: &Value, queue: &Arn, topic: &Arn) -> Admission {
    let policy = canonical(policy);
    let wanted = canonical(&json!({ "Statement": [queue_statement(queue, topic)] }));
    let Some(wanted) = statements(&wanted).first() else {
        return Admission::Missing;
    };
    let all = statements(&policy);
    if let Some(denial) = all.iter().find(|statement| may_deny(statement, wanted)) {
        return Admission::Denied(denial.clone());
    }
    match all.iter().any(|statement| allows(statement, wanted)) {
        true => Admission::Granted,
        false => Admission::Missing,
    }
}

/// What a queue's policy says to a topic.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::resources) enum Admission {
    /// It lets it send.
    Granted,
    /// No statement lets it send.
    Missing,
    /// This statement denies it, or may do so: no other can help.
    Denied(Value),
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
    strings(statement.get("Action")).any(|glob| matches_glob(&glob.to_ascii_lowercase(), &action))
}

pub(in crate::resources) fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_policy_is_judged_by_what_it_says() {
        let queue: Arn = "arn:aws:sqs:us-east-1:111122223333:siem".parse().unwrap();
        let topic: Arn = "arn:aws:sns:us-east-1:111122223333:iamwatch-acme-json_siem"
            .parse()
            .unwrap();
        let other: Arn = "arn:aws:sns:us-east-1:111122223333:other".parse().unwrap();
        let policy = json!({ "Statement": [queue_statement(&queue, &topic)] });
        assert_eq!(admits_topic(&policy, &queue, &topic), Admission::Granted);
        assert_eq!(admits_topic(&policy, &queue, &other), Admission::Missing);
        assert_eq!(admits_topic(&policy, &other, &topic), Admission::Missing);
        assert_eq!(admits_topic(&json!({}), &queue, &topic), Admission::Missing);
        let denied = json!({ "Statement": [queue_statement(&queue, &topic),
            { "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*" }] });
        assert!(matches!(
            admits_topic(&denied, &queue, &topic),
            Admission::Denied(_)
        ));
        let insecure = json!({ "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*",
            "Condition": { "Bool": { "aws:SecureTransport": "false" } } });
        let foreign = json!({ "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*",
            "Condition": { "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } } });
        let perimeter = json!({ "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*",
            "Condition": { "StringNotEqualsIfExists": { "aws:PrincipalOrgID": "o-1" },
                "BoolIfExists": { "aws:PrincipalIsAWSService": "false" } } });
        let with = |deny: &Value| json!({ "Statement": [queue_statement(&queue, &topic), deny] });
        for harmless in [&insecure, &perimeter] {
            assert_eq!(
                admits_topic(&with(harmless), &queue, &topic),
                Admission::Granted
            );
        }
        assert!(matches!(
            admits_topic(&with(&foreign), &queue, &topic),
            Admission::Denied(_)
        ));
    }
}
