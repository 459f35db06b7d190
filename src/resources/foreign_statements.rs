//! What the statements of others in the home bus's policy do to us.

use serde_json::{Value, json};

use super::policy::{canonical, strings};
use crate::place::Arn;
use crate::wildcard::{matches_arn, matches_glob};

/// What EventBridge does with a forwarder's role.
const ACTION: &str = "events:PutEvents";

/// What a statement of somebody else's does to a bus of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignStatement {
    /// It may keep out what our forwarders send.
    Refuses,
    /// It lets others send to the bus.
    Admits,
    /// It keeps nothing out and lets nobody in.
    Harmless,
}

/// Judges one statement: `roles` are those of our forwarders. A denial that is not understood is taken to
/// hold; a permission for the account as such only hands the decision to its identity policies.
pub fn judged_statement(statement: &Value, bus: &Arn, roles: &[Arn]) -> ForeignStatement {
    let document = canonical(&json!({ "Statement": [statement] }));
    let statement = document.pointer("/Statement/0").unwrap_or(&Value::Null);
    let covers = covers(statement, "Action", "NotAction", |glob| {
        matches_glob(&glob.to_ascii_lowercase(), &ACTION.to_ascii_lowercase())
    }) && covers(statement, "Resource", "NotResource", |glob| {
        matches_glob(glob, bus.as_str())
    });
    if !covers {
        return ForeignStatement::Harmless;
    }
    if statement.get("Effect") == Some(&json!("Allow")) {
        return if admits_others(statement, bus, roles) {
            ForeignStatement::Admits
        } else {
            ForeignStatement::Harmless
        };
    }
    let condition = statement.get("Condition");
    let meant = roles.iter().filter(|role| may_mean(statement, role));
    let mut refused = meant.filter(|role| condition.is_none_or(|c| holds(c, role) != Some(false)));
    if refused.next().is_some() {
        ForeignStatement::Refuses
    } else {
        ForeignStatement::Harmless
    }
}

/// Whether a field, or the field that is its opposite, takes something in; neither: everything.
fn covers(statement: &Value, field: &str, not: &str, fits: impl Fn(&str) -> bool) -> bool {
    match (statement.get(field), statement.get(not)) {
        (Some(listed), _) => strings(Some(listed)).any(fits),
        (None, Some(left_out)) => !strings(Some(left_out)).any(fits),
        (None, None) => true,
    }
}

/// The account itself, in both spellings.
fn is_account(principal: &str, arn: &Arn) -> bool {
    let root = format!("arn:{}:iam::{}:root", arn.partition(), arn.account());
    principal == arn.account() || principal == root
}

fn is_role(principal: &str, role: &Arn) -> bool {
    let name = role.resource().rsplit('/').next().unwrap_or_default();
    principal == role.as_str() || principal.contains(&format!(":assumed-role/{name}/"))
}

/// Whether a denial may be about a role.
fn may_mean(statement: &Value, role: &Arn) -> bool {
    if let Some(left_out) = statement.get("NotPrincipal") {
        return !strings(left_out.get("AWS")).any(|principal| is_role(principal, role));
    }
    let principal = statement.get("Principal").unwrap_or(&Value::Null);
    strings(principal.get("AWS")).any(|p| p == "*" || is_account(p, role) || is_role(p, role))
}

/// Whether a permission is for somebody besides the account as such and our roles.
fn admits_others(statement: &Value, bus: &Arn, roles: &[Arn]) -> bool {
    let Some(principals) = statement.get("Principal").and_then(Value::as_object) else {
        return true;
    };
    let known = |principal: &str| {
        is_account(principal, bus) || roles.iter().any(|role| is_role(principal, role))
    };
    principals
        .iter()
        .any(|(kind, listed)| kind != "AWS" || strings(Some(listed)).any(|p| !known(p)))
}

/// Whether a condition holds for what a forwarder with that role sends; `None` where that cannot be told.
fn holds(condition: &Value, role: &Arn) -> Option<bool> {
    let mut all = Some(true);
    for (operator, tests) in condition.as_object()? {
        for (key, wanted) in tests.as_object()? {
            let wanted: Vec<&str> = strings(Some(wanted)).collect();
            let any_like = |text: &str| wanted.iter().any(|wanted| matches_glob(wanted, text));
            let any_arn = |text: &str| wanted.iter().any(|wanted| matches_arn(wanted, text));
            // What a variable stands for is not known.
            if wanted.iter().any(|wanted| wanted.contains("${")) {
                all = None;
                continue;
            }
            let is_one = |text: &str| wanted.contains(&text);
            let key = key.to_ascii_lowercase();
            let held = match (operator.as_str(), key.as_str()) {
                // EventBridge always comes by TLS.
                ("Bool", "aws:securetransport") => Some(is_one("true")),
                // For ARNs `equals` has wildcards too. Source: IAM, condition operators.
                ("ArnEquals" | "ArnLike", "aws:principalarn") => Some(any_arn(role.as_str())),
                ("ArnNotEquals" | "ArnNotLike", "aws:principalarn") => {
                    Some(!any_arn(role.as_str()))
                }
                ("StringLike", "aws:principalarn") => Some(any_like(role.as_str())),
                ("StringNotLike", "aws:principalarn") => Some(!any_like(role.as_str())),
                ("StringEquals", "aws:principalarn") => Some(is_one(role.as_str())),
                ("StringNotEquals", "aws:principalarn") => Some(!is_one(role.as_str())),
                ("StringEquals" | "StringLike", "aws:principalaccount") => {
                    Some(any_like(role.account()))
                }
                ("StringNotEquals" | "StringNotLike", "aws:principalaccount") => {
                    Some(!any_like(role.account()))
                }
                // What we forward is AWS's own and our test events.
                ("StringEquals", "events:source") => {
                    let ours = |s: &&str| s.starts_with("aws.") || s.starts_with("iamwatch.");
                    (!wanted.iter().any(ours)).then_some(false)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_others_are_judged_by_what_they_do_to_our_forwarders() {
        let bus: Arn = "arn:aws:events:us-east-1:111122223333:event-bus/iamwatch-acme"
            .parse()
            .unwrap();
        let role = "arn:aws:iam::111122223333:role/iamwatch/iamwatch-acme-forwarder-eu-west-1";
        let roles: [Arn; 1] = [role.parse().unwrap()];
        let judged = |mut statement: Value, more: Value| {
            let fields = statement.as_object_mut().unwrap();
            fields.extend(more.as_object().unwrap().clone());
            judged_statement(&statement, &bus, &roles)
        };
        let deny = || json!({ "Effect": "Deny", "Principal": "*", "Action": "events:PutEvents", "Resource": bus });
        let allow = || json!({ "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": bus });
        let when = |operator: &str, key: &str, value: &str| json!({ "Condition": { operator: { key: value } } });
        let root = json!({ "AWS": "arn:aws:iam::111122223333:root" });
        for (more, expected) in [
            (json!({}), ForeignStatement::Refuses),
            (json!({ "Action": "events:*" }), ForeignStatement::Refuses),
            (
                json!({ "Action": "events:PutRule" }),
                ForeignStatement::Harmless,
            ),
            (
                json!({ "Resource": format!("{bus}x") }),
                ForeignStatement::Harmless,
            ),
            (json!({ "Principal": root }), ForeignStatement::Refuses),
            (
                json!({ "Principal": { "AWS": role } }),
                ForeignStatement::Refuses,
            ),
            (
                json!({ "Principal": { "AWS": "444455556666" } }),
                ForeignStatement::Harmless,
            ),
            (
                json!({ "Principal": { "Service": "events.amazonaws.com" } }),
                ForeignStatement::Harmless,
            ),
            (
                when("Bool", "aws:SecureTransport", "false"),
                ForeignStatement::Harmless,
            ),
            (
                when(
                    "ArnNotLike",
                    "aws:PrincipalArn",
                    "arn:aws:iam::*:role/iamwatch/*",
                ),
                ForeignStatement::Harmless,
            ),
            (
                when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/admin"),
                ForeignStatement::Harmless,
            ),
            (
                when("StringNotEquals", "aws:PrincipalAccount", "111122223333"),
                ForeignStatement::Harmless,
            ),
            (
                when("StringEquals", "events:source", "my.app"),
                ForeignStatement::Harmless,
            ),
            // What cannot be told may hold.
            (
                when("StringNotEquals", "aws:PrincipalOrgID", "o-abcdefghij"),
                ForeignStatement::Refuses,
            ),
        ] {
            assert_eq!(judged(deny(), more.clone()), expected, "{more}");
        }
        for (more, expected) in [
            (json!({}), ForeignStatement::Admits),
            (
                json!({ "Principal": { "AWS": "444455556666" } }),
                ForeignStatement::Admits,
            ),
            (
                json!({ "Principal": { "Service": "scheduler.amazonaws.com" } }),
                ForeignStatement::Admits,
            ),
            (json!({ "Principal": root }), ForeignStatement::Harmless),
            (
                json!({ "Principal": { "AWS": role } }),
                ForeignStatement::Harmless,
            ),
            (
                json!({ "Action": "events:DescribeRule" }),
                ForeignStatement::Harmless,
            ),
        ] {
            assert_eq!(judged(allow(), more.clone()), expected, "{more}");
        }
    }
}
