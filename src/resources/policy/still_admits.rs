//! Whether a policy that was changed still lets everything in that ours does.

use serde_json::{Value, json};

use super::admits::strings;
use super::canonical::{canonical, statements};
use crate::wildcard::{arn_parts_fit, matches_glob};

/// Whether `live` allows whatever `wanted` allows, and certainly denies none of it. Sound, not complete: what is not
/// understood counts as shutting something out. Both are policies of one kind: of a resource, an identity, or trust.
pub(in crate::resources) fn still_admits(live: &Value, wanted: &Value) -> bool {
    let (live, wanted) = (canonical(live), canonical(wanted));
    let needed = statements(&wanted).iter();
    let needed = needed.filter(|statement| is(statement, "Allow"));
    // One statement may allow one action, and another the next.
    let needed: Vec<Value> = needed.flat_map(each_action).collect();
    !needed.is_empty()
        && needed.iter().all(|needed| {
            let (mut one, mut every) = (statements(&live).iter(), statements(&live).iter());
            one.any(|statement| allows(statement, needed))
                && !every.any(|statement| may_deny(statement, needed))
        })
}

/// Whether a policy that is besides ours takes nothing away: it denies nothing.
pub(in crate::resources) fn takes_nothing(policy: &Value) -> bool {
    let policy = canonical(policy);
    let mut all = statements(&policy).iter();
    all.all(|statement| is(statement, "Allow"))
}

/// Whether a key's policy certainly lets a service encrypt with it, under a condition that every request of it meets, if one
/// is given. EventBridge meets none on the source. Source: EventBridge, `eb-encryption`; SNS, `sns-key-management`.
pub(in crate::resources) fn admits_service(
    key_policy: &Value,
    key: &str,
    service: &str,
    meets: Option<&Value>,
) -> bool {
    let mut needed = json!({
        "Effect": "Allow",
        "Principal": { "Service": service },
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": key,
    });
    if let (Some(fields), Some(meets)) = (needed.as_object_mut(), meets) {
        fields.insert("Condition".to_owned(), meets.clone());
    }
    still_admits(key_policy, &json!({ "Statement": [needed] }))
}

fn each_action(statement: &Value) -> Vec<Value> {
    let actions = strings(statement.get("Action"));
    let one = |action: &str| {
        let mut one = statement.clone();
        if let Some(fields) = one.as_object_mut() {
            fields.insert("Action".to_owned(), json!([action]));
        }
        one
    };
    actions.map(one).collect()
}

fn is(statement: &Value, effect: &str) -> bool {
    statement.get("Effect").and_then(Value::as_str) == Some(effect)
}

/// Whether a statement certainly allows whatever the needed one does. Both are canonical.
pub(super) fn allows(statement: &Value, needed: &Value) -> bool {
    is(statement, "Allow") && covers(statement, needed)
}

/// Whether a statement may deny something of what the needed one allows. Both are canonical.
pub(super) fn may_deny(statement: &Value, needed: &Value) -> bool {
    !is(statement, "Allow") && !spares(statement, needed)
}

/// What variables stand for is not known.
fn has_variable(statement: &Value) -> bool {
    statement.to_string().contains("${")
}

fn covers(statement: &Value, needed: &Value) -> bool {
    let named = |field: &str, fold: bool| {
        let mut wanted = strings(needed.get(field));
        wanted.all(|wanted| {
            let mut globs = strings(statement.get(field));
            globs.any(|glob| takes_in(glob, wanted, fold))
        })
    };
    let inverted = ["NotPrincipal", "NotAction", "NotResource"];
    inverted.iter().all(|field| statement.get(field).is_none())
        && !has_variable(statement)
        && admits_principals(statement, needed)
        && named("Action", true)
        && named("Resource", false)
        && tests(statement).is_some_and(|tests| {
            let mut tests = tests.iter();
            tests.all(|test| test.follows_from(needed) == Some(true))
        })
}

/// Whether a Deny statement certainly has nothing to do with what the needed one allows.
fn spares(denial: &Value, needed: &Value) -> bool {
    let fails = |tests: Vec<Test<'_>>| {
        let mut tests = tests.iter();
        tests.any(|test| test.follows_from(needed) == Some(false))
    };
    let inverted = ["NotPrincipal", "NotAction", "NotResource"];
    let plain = inverted.iter().all(|field| denial.get(field).is_none());
    let other = |field: &str, fold: bool| {
        [denial, needed]
            .iter()
            .all(|each| each.get(field).is_some())
            && strings(needed.get(field)).all(|wanted| {
                let mut globs = strings(denial.get(field));
                // Two patterns may meet without one taking in the other.
                !globs.any(|glob| takes_in(glob, wanted, fold) || takes_in(wanted, glob, fold))
            })
            && !strings(needed.get(field)).any(|wanted| wanted.contains(['*', '?']))
    };
    (!has_variable(denial) && tests(denial).is_some_and(fails))
        || (plain
            && (other("Action", true) || other("Resource", false) || is_of_others(denial, needed)))
}

/// Whether a denial names principals of IAM alone, and the needed statement is for a service.
fn is_of_others(denial: &Value, needed: &Value) -> bool {
    let principal = denial.get("Principal").and_then(Value::as_object);
    let of_iam = principal.is_some_and(|kinds| {
        let mut names = strings(kinds.get("AWS"));
        kinds.keys().all(|kind| kind == "AWS") && names.all(|name| name != "*")
    });
    of_iam && needed.pointer("/Principal/Service").is_some()
}

/// Whether a pattern takes in whatever another one does: its text, in which stars are letters that only a star takes.
fn takes_in(glob: &str, other: &str, fold: bool) -> bool {
    if glob.contains('?') && other.contains('*') {
        return glob == other;
    }
    match fold {
        true => matches_glob(&glob.to_ascii_lowercase(), &other.to_ascii_lowercase()),
        false => matches_glob(glob, other),
    }
}

/// Whether everyone whom the needed statement names is named, or everybody is.
fn admits_principals(statement: &Value, needed: &Value) -> bool {
    let Some(wanted) = needed.get("Principal").and_then(Value::as_object) else {
        return statement.get("Principal").is_none();
    };
    let everybody = strings(statement.pointer("/Principal/AWS")).any(|name| name == "*");
    everybody
        || wanted.iter().all(|(kind, names)| {
            let given = statement.get("Principal").and_then(|given| given.get(kind));
            strings(Some(names)).all(|name| strings(given).any(|given| given == name))
        })
}

/// One key of a condition.
struct Test<'p> {
    operator: &'p str,
    key: String,
    values: Vec<&'p str>,
}

/// The tests of a statement; `None` for a condition that is none.
fn tests(statement: &Value) -> Option<Vec<Test<'_>>> {
    let Some(condition) = statement.get("Condition") else {
        return Some(Vec::new());
    };
    let mut tests = Vec::new();
    for (operator, keys) in condition.as_object()? {
        for (key, values) in keys.as_object()? {
            tests.push(Test {
                operator,
                key: key.to_ascii_lowercase(),
                values: strings(Some(values)).collect(),
            });
        }
    }
    Some(tests)
}

/// How a test compares.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Exact,
    Glob,
    /// The six parts of an ARN one by one, so that a star does not cross them.
    Arn,
}

impl Test<'_> {
    /// How it compares, and whether it is true where nothing is equal. For ARNs `equals` has wildcards too.
    /// Source: IAM, condition operators.
    fn comparison(&self) -> Option<(Comparison, bool)> {
        // What is known of a request is there.
        let operator = self.operator.strip_suffix("IfExists");
        Some(match operator.unwrap_or(self.operator) {
            "StringEquals" | "Bool" => (Comparison::Exact, false),
            "StringNotEquals" => (Comparison::Exact, true),
            "StringLike" => (Comparison::Glob, false),
            "StringNotLike" => (Comparison::Glob, true),
            "ArnLike" | "ArnEquals" => (Comparison::Arn, false),
            "ArnNotLike" | "ArnNotEquals" => (Comparison::Arn, true),
            _ => return None,
        })
    }

    /// Whether the test holds of every request that a statement is for; `None` where that cannot be told.
    fn follows_from(&self, needed: &Value) -> Option<bool> {
        let (comparison, negated) = self.comparison()?;
        let known = known_values(&self.key, needed)?;
        let equal = |wanted: &str, value: &str| match comparison {
            Comparison::Exact => wanted == value && !value.contains(['*', '?']),
            Comparison::Glob => takes_in(wanted, value, false),
            Comparison::Arn => arn_parts_fit(wanted, value, |w, v| takes_in(w, v, false)),
        };
        let hits = |value: &String| self.values.iter().any(|wanted| equal(wanted, value));
        if known.iter().all(hits) {
            return Some(!negated);
        }
        // Of a pattern some may be equal although not all are.
        let literal = known.iter().all(|value| !value.contains(['*', '?']));
        (literal && !known.iter().any(hits)).then_some(negated)
    }
}

/// What is known of a key in the requests that a statement is for: all values that it can have.
fn known_values(key: &str, needed: &Value) -> Option<Vec<String>> {
    if key == "aws:securetransport" {
        // AWS's services come by TLS.
        return Some(vec!["true".to_owned()]);
    }
    if key == "aws:principalisawsservice" {
        let service = needed.pointer("/Principal/Service");
        return service.map(|_| vec!["true".to_owned()]);
    }
    let tests = tests(needed)?;
    let positive = |test: &&Test<'_>| matches!(test.comparison(), Some((_, false)));
    let of = |key: &str| {
        let mut tests = tests.iter().filter(positive);
        tests.find(|test| test.key == key)
    };
    if let Some(test) = of(key) {
        return Some(
            test.values
                .iter()
                .map(|value| (*value).to_owned())
                .collect(),
        );
    }
    // An ARN tells its account.
    let arn = match key {
        "aws:sourceaccount" => "aws:sourcearn",
        "aws:principalaccount" => "aws:principalarn",
        _ => return None,
    };
    let accounts = of(arn)?.values.iter().map(|arn| {
        let account = arn.split(':').nth(4)?;
        let is_one = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        is_one.then(|| account.to_owned())
    });
    accounts.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:iamwatch-acme-text_mail";
    const RULES: &str = "arn:aws:events:us-east-1:111122223333:rule/iamwatch-acme-*";

    fn ours() -> Value {
        json!({ "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
            "Action": "sns:Publish", "Resource": TOPIC,
            "Condition": { "ArnLike": { "aws:SourceArn": [RULES] } } })
    }

    fn with(changes: Value) -> Value {
        let mut statement = ours();
        let fields = statement.as_object_mut().unwrap();
        for (key, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => fields.remove(key),
                value => fields.insert(key.clone(), value.clone()),
            };
        }
        statement
    }

    fn judged(statements: Vec<Value>) -> bool {
        let wanted = json!({ "Version": "2012-10-17", "Statement": [ours()] });
        still_admits(
            &json!({ "Version": "2012-10-17", "Statement": statements }),
            &wanted,
        )
    }

    #[test]
    fn what_is_spelt_otherwise_or_wider_admits() {
        let owner = json!({ "Effect": "Allow", "Principal": { "AWS": "111122223333" },
            "Action": "sns:*", "Resource": TOPIC });
        for changes in [
            json!({}),
            json!({ "Sid": "other" }),
            json!({ "Action": ["SNS:Publish", "SNS:Subscribe"] }),
            json!({ "Action": "sns:*", "Resource": "*" }),
            json!({ "Principal": "*" }),
            json!({ "Principal": { "Service": ["lambda.amazonaws.com", "events.amazonaws.com"] } }),
            json!({ "Condition": null }),
            json!({ "Condition": { "StringEquals": { "aws:SourceAccount": "111122223333" } } }),
            json!({ "Condition": { "ArnEquals": { "AWS:SourceArn": "arn:aws:events:*:111122223333:rule/*" } } }),
            json!({ "Condition": { "Bool": { "aws:SecureTransport": true } } }),
        ] {
            assert!(judged(vec![with(changes.clone())]), "{changes}");
            assert!(
                judged(vec![owner.clone(), with(changes.clone())]),
                "{changes}"
            );
        }
    }

    #[test]
    fn what_shuts_something_out_does_not() {
        for changes in [
            json!({ "Effect": "Deny" }),
            json!({ "Action": "sns:Subscribe" }),
            json!({ "Action": null, "NotAction": "sns:Subscribe" }),
            json!({ "Resource": format!("{TOPIC}x") }),
            json!({ "Principal": { "AWS": "111122223333" } }),
            json!({ "Principal": { "Service": "lambda.amazonaws.com" } }),
            json!({ "Condition": { "StringEquals": { "aws:SourceAccount": "444455556666" } } }),
            json!({ "Condition": { "StringEquals": { "aws:SourceArn": RULES } } }),
            json!({ "Condition": { "ArnLike": { "aws:SourceArn": format!("{RULES}-one") } } }),
            json!({ "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-1" } } }),
            json!({ "Condition": { "ArnLike": { "aws:SourceArn": RULES }, "Bool": { "aws:SecureTransport": "false" } } }),
        ] {
            assert!(!judged(vec![with(changes.clone())]), "{changes}");
        }
        assert!(!judged(Vec::new()));
    }

    #[test]
    fn a_denial_counts_unless_it_is_certainly_about_something_else() {
        let deny = |changes: Value| {
            let mut statement =
                with(json!({ "Effect": "Deny", "Principal": "*", "Condition": null }));
            let fields = statement.as_object_mut().unwrap();
            fields.extend(changes.as_object().unwrap().clone());
            judged(vec![ours(), statement])
        };
        for (changes, admits) in [
            (json!({}), false),
            (json!({ "Action": "*" }), false),
            (json!({ "Action": "sns:Subscribe" }), true),
            (json!({ "Action": "sns:Pub*" }), false),
            (
                json!({ "Resource": "arn:aws:sns:us-east-1:111122223333:other" }),
                true,
            ),
            (
                json!({ "Condition": { "Bool": { "aws:SecureTransport": "false" } } }),
                true,
            ),
            (
                json!({ "Condition": { "Bool": { "aws:SecureTransport": "true" } } }),
                false,
            ),
            (
                json!({ "Condition": { "StringNotEquals": { "aws:SourceAccount": "111122223333" } } }),
                true,
            ),
            (
                json!({ "Condition": { "StringNotEquals": { "aws:SourceAccount": "444455556666" } } }),
                false,
            ),
            (
                json!({ "Condition": { "StringEquals": { "aws:SourceAccount": "444455556666" } } }),
                true,
            ),
            (
                json!({ "Condition": { "ArnNotLike": { "aws:SourceArn": "arn:aws:events:*:111122223333:rule/*" } } }),
                true,
            ),
            (
                json!({ "Condition": { "ArnLike": { "aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/iamwatch-acme-a" } } }),
                false,
            ),
            (
                json!({ "Condition": { "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } } }),
                false,
            ),
            (
                json!({ "Condition": { "DateGreaterThan": { "aws:CurrentTime": "2020-01-01T00:00:00Z" } } }),
                false,
            ),
        ] {
            assert_eq!(deny(changes.clone()), admits, "{changes}");
        }
    }

    #[test]
    fn a_keys_policy_is_judged_by_what_it_lets_a_service_do() {
        let sns = "sns.amazonaws.com";
        let allow = |changes: Value| {
            let mut statement = json!({ "Effect": "Allow", "Principal": { "Service": [sns] },
                "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*" });
            let fields = statement.as_object_mut().unwrap();
            fields.extend(changes.as_object().unwrap().clone());
            statement
        };
        const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/a";
        let topic = "arn:aws:sns:us-east-1:111122223333:t";
        let source = json!({ "ArnEquals": { "aws:SourceArn": topic } });
        let admits = |statements: Vec<Value>| {
            admits_service(&json!({ "Statement": statements }), KEY, sns, Some(&source))
        };
        assert!(admits(vec![allow(json!({}))]));
        assert!(admits(vec![allow(
            json!({ "Resource": "arn:aws:kms:us-east-1:111122223333:key/a" })
        )]));
        assert!(admits(vec![allow(json!({ "Action": "kms:*" }))]));
        assert!(admits(vec![
            allow(json!({ "Action": "kms:Decrypt" })),
            allow(json!({ "Action": "kms:GenerateDataKey" }))
        ]));
        let account = json!({ "StringEquals": { "aws:SourceAccount": "111122223333" } });
        assert!(admits(vec![allow(json!({ "Condition": &account }))]));
        let events = |condition: Value| {
            let allowed = json!({ "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
                "Action": "kms:*", "Resource": "*", "Condition": condition });
            admits_service(
                &json!({ "Statement": [allowed] }),
                KEY,
                "events.amazonaws.com",
                None,
            )
        };
        assert!(events(json!({ "Bool": { "aws:SecureTransport": "true" } })));
        assert!(!events(account));
        let deny = |changes: Value| {
            let mut changes = changes;
            changes["Effect"] = json!("Deny");
            admits(vec![allow(json!({})), allow(changes)])
        };
        let others = json!({ "BoolIfExists": { "aws:PrincipalIsAWSService": "false" } });
        assert!(deny(json!({ "Principal": "*", "Condition": others })));
        assert!(deny(
            json!({ "Principal": "*", "Action": "kms:ScheduleKeyDeletion" })
        ));
        assert!(!deny(json!({ "Principal": "*" })));
        for lacking in [
            allow(json!({ "Principal": { "AWS": "arn:aws:iam::111122223333:root" } })),
            allow(json!({ "Principal": { "Service": "events.amazonaws.com" } })),
            allow(json!({ "Action": "kms:Decrypt" })),
            allow(json!({ "Resource": "arn:aws:kms:us-east-1:111122223333:key/b" })),
            allow(json!({ "Condition": { "ArnLike": { "aws:SourceArn": "arn:aws:sns:*:t" } } })),
            allow(
                json!({ "Condition": { "StringEquals": { "aws:SourceAccount": "${aws:SourceAccount}" } } }),
            ),
        ] {
            assert!(!admits(vec![lacking.clone()]), "{lacking}");
        }
    }

    #[test]
    fn policies_of_identities_and_trust_are_judged_as_well() {
        let send = |bus: &str| json!({ "Statement": [{ "Effect": "Allow", "Action": "events:PutEvents", "Resource": bus }] });
        assert!(still_admits(&send("*"), &send("arn:b")));
        assert!(!still_admits(&send("arn:c"), &send("arn:b")));
        let trust = |condition: Value| {
            json!({ "Statement": [{ "Effect": "Allow",
            "Principal": { "Service": "events.amazonaws.com" }, "Action": "sts:AssumeRole", "Condition": condition }] })
        };
        let ours = trust(
            json!({ "StringEquals": { "aws:SourceAccount": "1" }, "ArnLike": { "aws:SourceArn": "a:*" } }),
        );
        assert!(still_admits(
            &trust(json!({ "StringEquals": { "aws:SourceAccount": ["1", "2"] } })),
            &ours
        ));
        assert!(!still_admits(
            &trust(json!({ "StringEquals": { "aws:SourceAccount": "2" } })),
            &ours
        ));
    }
}
