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

/// Judges one statement: `roles` are those of our forwarders, all of them of `organization` where that is known. A denial
/// that is not understood is taken to hold; a permission for the account as such only hands the decision to its identity
/// policies.
pub fn judged_statement(
    statement: &Value,
    bus: &Arn,
    roles: &[Arn],
    organization: Option<&str>,
) -> ForeignStatement {
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
    let mut refused = meant.filter(|role| {
        condition.is_none_or(|condition| holds(condition, role, organization) != Some(false))
    });
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
    let session = format!("::{}:assumed-role/{name}/", role.account());
    principal == role.as_str() || principal.contains(&session)
}

/// Whether a denial may be about a role.
fn may_mean(statement: &Value, role: &Arn) -> bool {
    // Who is left out by name must be so with its session, which EventBridge calls anew each time. Source: IAM,
    // NotPrincipal.
    if let Some(left_out) = statement.get("NotPrincipal") {
        return !strings(left_out.get("AWS")).any(|principal| principal == "*");
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
fn holds(condition: &Value, role: &Arn, organization: Option<&str>) -> Option<bool> {
    let mut all = Some(true);
    for (operator, tests) in condition.as_object()? {
        for (key, wanted) in tests.as_object()? {
            let wanted: Vec<&str> = strings(Some(wanted)).collect();
            let key = key.to_ascii_lowercase();
            // What a variable stands for is not known.
            let held = match wanted.iter().any(|wanted| wanted.contains("${")) {
                true => None,
                false => test_holds(operator, &key, &wanted, role, organization),
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

/// Whether one test of a condition holds for what a forwarder with that role sends; its key is in lower case. `None` where
/// that cannot be told.
fn test_holds(
    operator: &str,
    key: &str,
    wanted: &[&str],
    role: &Arn,
    organization: Option<&str>,
) -> Option<bool> {
    let value = match key {
        "aws:principalarn" => role.as_str(),
        "aws:principalaccount" => role.account(),
        "aws:principalorgid" => organization?,
        "aws:principalorgpaths" => return path_holds(operator, wanted, organization?),
        // EventBridge always comes by TLS.
        "aws:securetransport" if operator == "Bool" => return Some(wanted.contains(&"true")),
        "events:source" if operator == "StringEquals" => {
            // What we forward is AWS's own and our test events.
            let ours = |s: &&str| s.starts_with("aws.") || s.starts_with("iamwatch.");
            return (!wanted.iter().any(ours)).then_some(false);
        }
        _ => return None,
    };
    let fits = |fit: fn(&str, &str) -> bool| wanted.iter().any(|wanted| fit(wanted, value));
    // For ARNs `equals` has wildcards too. Source: IAM, condition operators.
    match plain_operator(operator) {
        "StringEquals" => Some(wanted.contains(&value)),
        "StringNotEquals" => Some(!wanted.contains(&value)),
        "StringEqualsIgnoreCase" => Some(fits(str::eq_ignore_ascii_case)),
        "StringNotEqualsIgnoreCase" => Some(!fits(str::eq_ignore_ascii_case)),
        "StringLike" => Some(fits(matches_glob)),
        "StringNotLike" => Some(!fits(matches_glob)),
        "ArnEquals" | "ArnLike" if key == "aws:principalarn" => Some(fits(matches_arn)),
        "ArnNotEquals" | "ArnNotLike" if key == "aws:principalarn" => Some(!fits(matches_arn)),
        "Null" => Some(wanted.contains(&"false")),
        _ => None,
    }
}

/// An operator without what changes nothing where a key is there and has one value, as what is known of a role is and has.
fn plain_operator(operator: &str) -> &str {
    let of_set = ["ForAnyValue:", "ForAllValues:"];
    let of_one = of_set.iter().find_map(|set| operator.strip_prefix(set));
    let of_one = of_one.unwrap_or(operator);
    of_one.strip_suffix("IfExists").unwrap_or(of_one)
}

/// Whether a test of `aws:PrincipalOrgPaths` holds in an organization: where in it the account stands is not known.
fn path_holds(operator: &str, wanted: &[&str], organization: &str) -> Option<bool> {
    let any = |fits: fn(&str, &str) -> Option<bool>| {
        let fits = wanted.iter().map(|wanted| fits(wanted, organization));
        let fits: Vec<Option<bool>> = fits.collect();
        // One that fits is enough, and one that may fit leaves it open.
        if fits.contains(&Some(true)) {
            return Some(true);
        }
        fits.iter()
            .all(|fits| *fits == Some(false))
            .then_some(false)
    };
    match plain_operator(operator) {
        "Null" => Some(wanted.contains(&"false")),
        // A test of a list that does not say how many must fit may mean anything.
        _ if !operator.starts_with("For") => None,
        "StringEquals" => any(path_equals),
        "StringNotEquals" => any(path_equals).map(|equal| !equal),
        "StringLike" => any(path_like),
        "StringNotLike" => any(path_like).map(|like| !like),
        _ => None,
    }
}

/// Whether the path of every account of an organization, such as `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/`, is this one.
fn path_equals(wanted: &str, organization: &str) -> Option<bool> {
    let begin = format!("{organization}/");
    (!wanted.starts_with(&begin)).then_some(false)
}

/// Whether it fits a pattern.
fn path_like(pattern: &str, organization: &str) -> Option<bool> {
    let begin = format!("{organization}/");
    let Some(at) = pattern.find(['*', '?']) else {
        return path_equals(pattern, organization);
    };
    let (literal, rest) = pattern.split_at(at);
    if begin.starts_with(literal) {
        return (rest == "*").then_some(true);
    }
    (!literal.starts_with(&begin)).then_some(false)
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
            judged_statement(&statement, &bus, &roles, None)
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
            // A star is a star where texts are equal.
            (
                when("StringNotEquals", "aws:PrincipalAccount", "*"),
                ForeignStatement::Refuses,
            ),
            (
                when("StringEquals", "aws:PrincipalAccount", "*"),
                ForeignStatement::Harmless,
            ),
            (
                when(
                    "ForAllValues:ArnNotLikeIfExists",
                    "aws:PrincipalArn",
                    "arn:aws:iam::*:role/iamwatch/*",
                ),
                ForeignStatement::Harmless,
            ),
            (
                when("BoolIfExists", "aws:SecureTransport", "false"),
                ForeignStatement::Refuses,
            ),
        ] {
            assert_eq!(judged(deny(), more.clone()), expected, "{more}");
        }
        // Sessions of a role have names that nobody knows beforehand.
        for left_out in [
            role,
            "arn:aws:iam::111122223333:root",
            "arn:aws:sts::444455556666:assumed-role/iamwatch-acme-forwarder-eu-west-1/x",
        ] {
            let statement = json!({ "Effect": "Deny", "NotPrincipal": { "AWS": left_out },
                "Action": "events:PutEvents", "Resource": bus });
            let judged = judged_statement(&statement, &bus, &roles, None);
            assert_eq!(judged, ForeignStatement::Refuses, "{left_out}");
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

    #[test]
    fn where_in_an_organization_an_account_stands_is_not_known() {
        const OURS: &str = "o-abcdefghij";
        let role = "arn:aws:iam::111122223333:role/iamwatch/iamwatch-acme-forwarder-eu-west-1";
        let role: Arn = role.parse().unwrap();
        for (operator, wanted, expected) in [
            ("ForAnyValue:StringLike", "o-abcdefghij/*", Some(true)),
            ("ForAllValues:StringLike", "*", Some(true)),
            ("ForAnyValue:StringLike", "o-*", Some(true)),
            (
                "ForAnyValue:StringLikeIfExists",
                "o-abcdefghij/r-ab12/*",
                None,
            ),
            ("ForAnyValue:StringLike", "o-abcdefghij/?*", None),
            ("ForAnyValue:StringLike", "o-other/*", Some(false)),
            ("ForAnyValue:StringLike", "o-abcdefghijk*", Some(false)),
            ("ForAnyValue:StringNotLike", "o-abcdefghij/*", Some(false)),
            ("ForAllValues:StringNotLike", "o-other/*", Some(true)),
            ("ForAnyValue:StringNotLike", "o-abcdefghij/r-ab12/*", None),
            ("ForAnyValue:StringEquals", "o-abcdefghij/r-ab12/", None),
            ("ForAnyValue:StringEquals", "o-abcdefghij/*", None),
            ("ForAnyValue:StringNotEquals", "o-other/r-ab12/", Some(true)),
            ("StringNotLike", "o-abcdefghij/*", None),
            ("Null", "true", Some(false)),
            ("Null", "false", Some(true)),
        ] {
            let held = test_holds(
                operator,
                "aws:principalorgpaths",
                &[wanted],
                &role,
                Some(OURS),
            );
            assert_eq!(held, expected, "{operator} {wanted}");
            let held = test_holds(operator, "aws:principalorgpaths", &[wanted], &role, None);
            assert_eq!(held, None, "{operator} {wanted}");
        }
        let both = ["o-other/*", "o-abcdefghij/r-ab12/*"];
        let like = |wanted: &[&str]| path_holds("ForAnyValue:StringLike", wanted, OURS);
        assert_eq!(like(&both), None);
        assert_eq!(like(&both[..1]), Some(false));
        assert_eq!(
            like(&["o-abcdefghij/r-ab12/*", "o-abcdefghij/*"]),
            Some(true)
        );
    }
}
