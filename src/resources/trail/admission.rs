//! Whether somebody's own bucket lets our trail write.

use serde_json::{Value, json};

use crate::place::{AccountId, Arn};
use crate::resources::policy::{self, canonical, strings};
use crate::wildcard::matches_glob;

/// The statements that a bucket's policy lacks, so that CloudTrail can write for a trail. Judges the forms
/// that people write, and says "lacks" where it does not know: the worst that follows is a hint to check.
pub fn missing_statements(
    stored: &Value,
    bucket: &str,
    prefix: Option<&str>,
    account: &AccountId,
    organization: Option<&str>,
    trail: &Arn,
) -> Vec<Value> {
    let stored = canonical(stored);
    let statements = stored.get("Statement").and_then(Value::as_array);
    let statements = statements.map(Vec::as_slice).unwrap_or_default();
    policy::trail_statements(bucket, prefix, account, organization, trail)
        .map(|wanted| canonical(&json!({ "Statement": [wanted] })))
        .into_iter()
        .filter_map(|policy| policy.get("Statement")?.get(0).cloned())
        .filter(|wanted| !statements.iter().any(|s| admits(s, wanted, account, trail)))
        .collect()
}

fn admits(statement: &Value, wanted: &Value, account: &AccountId, trail: &Arn) -> bool {
    let mut actions = strings(wanted.get("Action"));
    let covers =
        |resource: &str| strings(statement.get("Resource")).any(|r| matches_glob(r, resource));
    statement.get("Effect") == Some(&json!("Allow"))
        && policy::names_service(statement, "cloudtrail.amazonaws.com")
        && actions.all(|action| policy::names_action(statement, action))
        && strings(wanted.get("Resource")).all(covers)
        && statement
            .get("Condition")
            .is_none_or(|condition| holds(condition, account, trail))
}

fn holds(condition: &Value, account: &AccountId, trail: &Arn) -> bool {
    let tests = condition.as_object().into_iter().flatten();
    let mut tests = tests.flat_map(|(operator, tests)| {
        let tests = tests.as_object().into_iter().flatten();
        tests.map(move |(key, wanted)| (operator.as_str(), key.to_ascii_lowercase(), wanted))
    });
    tests.all(|(operator, key, wanted)| {
        let mut wanted = strings(Some(wanted));
        match (operator, key.as_str()) {
            ("Bool", "aws:securetransport") => wanted.any(|wanted| wanted == "true"),
            ("ArnEquals" | "ArnLike" | "StringLike", "aws:sourcearn") => {
                wanted.any(|wanted| matches_glob(wanted, trail.as_str()))
            }
            ("StringEquals", "aws:sourcearn") => wanted.any(|wanted| wanted == trail.as_str()),
            ("StringEquals" | "StringLike", "aws:sourceaccount") => {
                wanted.any(|wanted| wanted == account.as_str())
            }
            ("StringEquals" | "StringLike", "s3:x-amz-acl") => {
                wanted.any(|wanted| wanted == "bucket-owner-full-control")
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_policy_is_judged_by_what_it_says() {
        let account: AccountId = "111122223333".parse().unwrap();
        let trail: Arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/t"
            .parse()
            .unwrap();
        let lacks =
            |policy: &Value| missing_statements(policy, "logs", None, &account, None, &trail).len();
        let ours =
            json!({ "Statement": policy::trail_statements("logs", None, &account, None, &trail) });
        assert_eq!(lacks(&ours), 0);
        let of_all = |policy: &Value| {
            missing_statements(policy, "logs", None, &account, Some("o-acme"), &trail).len()
        };
        assert_eq!(of_all(&ours), 1, "members' log files stand elsewhere");
        assert_eq!(lacks(&Value::Null), 2);
        let wide = json!({ "Statement": {
            "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "s3:*",
            "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"],
            "Condition": { "StringEquals": { "aws:SourceAccount": "111122223333" } } } });
        assert_eq!(lacks(&wide), 0);
        for (from, to) in [
            ("111122223333\"", "444455556666\""),
            ("Allow", "Deny"),
            ("cloudtrail.", "config."),
            (":::logs\"", ":::other\""),
        ] {
            let other = wide.to_string().replace(from, to);
            assert_ne!(lacks(&serde_json::from_str(&other).unwrap()), 0, "{other}");
        }
    }
}
