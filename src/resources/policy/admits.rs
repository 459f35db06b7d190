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
    admission(policy, &queue_statement(queue, topic))
}

/// Whether a topic's policy lets EventBridge publish for rules of ours, each of them, where home belongs to that
/// organization or to none that is known. It says no where it does not know.
pub(in crate::resources) fn admits_rules<'a>(
    policy: &Value,
    topic: &Arn,
    rules: impl IntoIterator<Item = &'a Arn>,
    organization: Option<&str>,
) -> Admission {
    let for_rule = |rule: &Arn| {
        // EventBridge says for which rule it publishes, and whose organization that is.
        // Source: EventBridge, `eb-use-resource-based`; IAM, global condition keys.
        let mut condition = json!({ "ArnEquals": { "aws:SourceArn": rule } });
        if let (Some(fields), Some(id)) = (condition.as_object_mut(), organization) {
            let organization = json!({ "aws:SourceOrgID": id });
            fields.insert("StringEquals".to_owned(), organization);
        }
        let wanted = json!({
            "Effect": "Allow",
            "Principal": { "Service": "events.amazonaws.com" },
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": condition,
        });
        admission(policy, &wanted)
    };
    let all = rules.into_iter().map(for_rule);
    let mut shut_out = all.filter(|admission| *admission != Admission::Granted);
    shut_out.next().unwrap_or(Admission::Granted)
}

/// The organizations that a policy's conditions on the source name.
pub(in crate::resources) fn named_organizations(policy: &Value) -> Vec<String> {
    let policy = canonical(policy);
    let conditions = statements(&policy)
        .iter()
        .filter_map(|statement| statement.get("Condition")?.as_object());
    let keys = conditions
        .flat_map(|condition| condition.values())
        .filter_map(Value::as_object)
        .flatten();
    let named = keys.filter(|(key, _)| key.eq_ignore_ascii_case("aws:SourceOrgID"));
    named
        .flat_map(|(_, ids)| strings(Some(ids)).map(str::to_owned))
        .collect()
}

/// Whether a policy lets in what a statement of ours would.
fn admission(policy: &Value, wanted: &Value) -> Admission {
    let policy = canonical(policy);
    let wanted = canonical(&json!({ "Statement": [wanted] }));
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

/// What the policy of somebody's queue or topic says to us.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::resources) enum Admission {
    /// It lets us send.
    Granted,
    /// No statement lets us send.
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
    fn a_topic_policy_is_judged_for_each_rule() {
        let topic: Arn = "arn:aws:sns:us-east-1:111122223333:security"
            .parse()
            .unwrap();
        let rule = |name: &str| -> Arn {
            let rule = format!("arn:aws:events:us-east-1:111122223333:rule/{name}");
            rule.parse().unwrap()
        };
        let rules = [
            rule("iamwatch-acme-a"),
            rule("iamwatch-acme/iamwatch-acme-b"),
        ];
        let judged = |statements: Value, organization: Option<&str>| {
            let policy = json!({ "Version": "2012-10-17", "Statement": statements });
            admits_rules(&policy, &topic, &rules, organization)
        };
        let allow = |condition: Value| {
            json!({ "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
                "Action": "SNS:Publish", "Resource": topic, "Condition": condition })
        };
        for condition in [
            json!({}),
            json!({ "ArnLike": { "aws:SourceArn": "arn:aws:events:*:111122223333:rule/*" } }),
            json!({ "ArnLike": { "aws:SourceArn": rules } }),
            json!({ "StringEquals": { "AWS:SourceAccount": "111122223333" } }),
        ] {
            assert_eq!(judged(json!([allow(condition)]), None), Admission::Granted);
        }
        let organization = json!({ "StringEquals": { "aws:SourceOrgID": "o-1234567890" } });
        for (condition, organization) in [
            (json!({ "ArnEquals": { "aws:SourceArn": rules[0] } }), None),
            (
                json!({ "StringEquals": { "aws:SourceAccount": "444455556666" } }),
                None,
            ),
            (
                json!({ "StringEquals": { "AWS:SourceOwner": "111122223333" } }),
                None,
            ),
            (organization.clone(), None),
            (organization.clone(), Some("o-another000")),
        ] {
            let policy = json!([allow(condition)]);
            assert_eq!(judged(policy, organization), Admission::Missing);
        }
        let policy = json!([allow(organization)]);
        assert_eq!(
            judged(policy.clone(), Some("o-1234567890")),
            Admission::Granted
        );
        let policy = json!({ "Statement": policy });
        assert_eq!(named_organizations(&policy), ["o-1234567890"]);
        let deny = json!({ "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": topic,
            "Condition": { "StringNotEquals": { "aws:SourceOrgID": "o-1234567890" } } });
        let both = json!([allow(json!({})), deny]);
        assert!(matches!(judged(both.clone(), None), Admission::Denied(_)));
        assert_eq!(judged(both, Some("o-1234567890")), Admission::Granted);
    }

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
