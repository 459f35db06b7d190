//! Records in which somebody wrote whatever he likes.

use std::collections::BTreeMap;

use iamwatch::alert::{Reader, Surroundings, expression};
use iamwatch::place::{AccountId, Region, StackName};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::{is_whole, reader, rule, with_surroundings};

/// Values that break what does not expect them.
fn evil() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(-1.5e300),
        json!(""),
        json!("\u{0}\u{1b}[31m\r\n"),
        json!("\u{202e}abc\u{2066}"),
        json!("<script>&amp;</script>"),
        json!("a".repeat(3000)),
        json!("😀".repeat(150)),
        json!([]),
        json!([[null]]),
        json!({}),
        json!({ "constructor": "x", "__proto__": {} }),
        json!("constructor"),
        json!("arn:"),
        json!("arn:aws:iam::1:role/"),
        json!("arn:aws:lambda:us-east-1:1:function:"),
        json!("https://"),
        json!("{{x}} {% x %} ${x}"),
        json!("'\"\\"),
        json!("Failure"),
        json!("HIDDEN_DUE_TO_SECURITY_REASONS"),
        json!("2026-02-30T25:00:00Z"),
        json!("AWSReservedSSO_"),
        json!(vec![json!({ "instanceId": "i-1" }); 300]),
        json!(
            (0..80)
                .map(|n| (format!("k{n}Name"), json!(n)))
                .collect::<serde_json::Map<_, _>>()
        ),
    ]
}

/// Where a record is read.
const PATHS: &[&str] = &[
    "/source",
    "/account",
    "/detail",
    "/detail/eventName",
    "/detail/eventSource",
    "/detail/eventID",
    "/detail/eventTime",
    "/detail/errorCode",
    "/detail/errorMessage",
    "/detail/userIdentity",
    "/detail/userIdentity/type",
    "/detail/userIdentity/arn",
    "/detail/userIdentity/principalId",
    "/detail/userIdentity/sessionContext",
    "/detail/userIdentity/sessionContext/sessionIssuer",
    "/detail/userIdentity/sessionContext/sessionIssuer/arn",
    "/detail/userIdentity/invokedBy",
    "/detail/requestParameters",
    "/detail/requestParameters/roleName",
    "/detail/requestParameters/policyArn",
    "/detail/responseElements",
    "/detail/additionalEventData",
    "/detail/serviceEventDetails",
    "/detail/resources",
    "/detail/userAgent",
    "/detail/sourceIPAddress",
    "/detail/awsRegion",
];

/// The event with a value of somebody's choice at a path.
pub(super) fn with(event: &mut Value, path: &str, value: Value) {
    let (parent, key) = path.rsplit_once('/').unwrap();
    if let Some(fields) = event.pointer_mut(parent).and_then(Value::as_object_mut) {
        fields.insert(key.to_owned(), value);
    }
}

pub(super) fn attacks() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    prop::collection::vec((select(PATHS), select(evil())), 1..5)
}

/// An attachment of a policy through a role.
pub(super) fn attachment() -> Value {
    json!({ "source": "aws.iam", "account": "222233334444", "region": "us-east-1", "time": "2026-01-05T08:30:00Z",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": { "eventSource": "iam.amazonaws.com", "eventName": "AttachRolePolicy", "awsRegion": "us-east-1",
            "eventTime": "2026-01-05T08:30:00Z", "eventID": "00000000-0000-4000-8000-000000000001",
            "sourceIPAddress": "203.0.113.12", "userAgent": "aws-cli/2.15 Python/3.11",
            "userIdentity": { "type": "AssumedRole", "arn": "arn:aws:sts::222233334444:assumed-role/Deployer/alice",
                "principalId": "AROAEXAMPLE:alice", "accountId": "222233334444",
                "sessionContext": { "sessionIssuer": { "type": "Role", "userName": "Deployer",
                    "arn": "arn:aws:iam::222233334444:role/Deployer" } } },
            "requestParameters": { "roleName": "break-glass",
                "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess" } } })
}

#[test]
fn whatever_a_record_holds_there_is_an_alert() {
    let reader = reader();
    let mut runner = TestRunner::new(Config {
        cases: 300,
        failure_persistence: None,
        ..Config::default()
    });
    let run = runner.run(&attacks(), |attacks| {
        let mut event = attachment();
        for (path, value) in attacks {
            with(&mut event, path, value);
        }
        let alert = reader.alert(&rule(), &event).unwrap();
        prop_assert_eq!(is_whole(&alert), Ok(()));
        Ok(())
    });
    run.unwrap();
}

/// What only looks like Identity Center's is no person: whoever takes on another role chooses the session's name.
#[test]
fn nobody_becomes_a_person_by_a_roles_name() {
    let reader = reader();
    let mut event = attachment();
    let role = "AWSReservedSSO_Admin_0123456789abcdef";
    let path = "/detail/userIdentity/sessionContext/sessionIssuer";
    with(&mut event, &format!("{path}/userName"), json!(role));
    for (arn, person) in [
        (
            format!(
                "arn:aws:iam::222233334444:role/aws-reserved/sso.amazonaws.com/eu-west-1/{role}"
            ),
            true,
        ),
        (format!("arn:aws:iam::222233334444:role/{role}"), false),
        (
            format!("arn:aws:iam::222233334444:role/x/aws-reserved/sso.amazonaws.com/{role}"),
            false,
        ),
    ] {
        with(&mut event, &format!("{path}/arn"), json!(arn));
        let headline = reader.headline(&event).unwrap();
        assert_eq!(headline.starts_with("alice attached"), person, "{headline}");
        assert_eq!(
            headline.starts_with("role AWSReservedSSO_"),
            !person,
            "{headline}"
        );
    }
}

/// Only AWS's own events are real, whatever they say.
#[test]
fn what_aws_did_not_send_is_a_test() {
    let reader = reader();
    let mut event = attachment();
    for (source, mode) in [
        ("aws.iam", "real"),
        ("iamwatch.probe.acme", "probe"),
        ("iamwatch.probe.other", "test"),
        ("iamwatch.test.acme", "test"),
        ("aws.partner/example.com/x", "test"),
        ("AWS.iam", "test"),
        ("", "test"),
    ] {
        event["source"] = json!(source);
        let alert = reader.alert(&rule(), &event).unwrap();
        assert_eq!(alert["mode"], mode, "{source}");
        let is_marked = |name: &str| alert[name].as_str().unwrap().starts_with("TEST ");
        assert_eq!(
            (is_marked("subject"), is_marked("text")),
            (mode != "real", mode != "real")
        );
    }
}

/// The largest event of EventBridge, and what is large in each place that is read.
#[test]
fn large_records_become_alerts_of_the_usual_size() {
    let reader = reader();
    let half = "\"'<\u{202e}>\n\\é😀".repeat(7_000);
    assert!(half.len() > 100_000);
    for path in PATHS {
        let mut event = attachment();
        with(&mut event, path, json!(half));
        let alert = reader.alert(&rule(), &event).unwrap();
        assert_eq!(is_whole(&alert), Ok(()), "{path}");
        assert!(alert["text"].as_str().unwrap().len() < 8_000, "{path}");
    }
    let mut event = attachment();
    let rest = 256 * 1024 - event.to_string().len() - 100;
    with(
        &mut event,
        "/detail/requestParameters/policyDocument",
        json!("x".repeat(rest)),
    );
    let alert = reader.alert(&rule(), &event).unwrap();
    assert_eq!(
        alert["headline"],
        "role Deployer (session alice) attached AdministratorAccess to the role break-glass in prod (222233334444)"
    );
    assert!(alert.to_string().len() < 8_000);
    // As many fields and items as fit.
    let many: serde_json::Map<String, Value> = (0..8_000)
        .map(|n| (format!("field{n}Name"), json!(n.to_string())))
        .collect();
    let items = json!(vec![json!({ "ARN": "arn:aws:s3:::x" }); 5_000]);
    let mut event = attachment();
    with(&mut event, "/detail/requestParameters", Value::Object(many));
    with(&mut event, "/detail/resources", items);
    let alert = reader.alert(&rule(), &event).unwrap();
    assert_eq!(is_whole(&alert), Ok(()));
}

/// Each kind of value in each place, so that no place depends on chance.
#[test]
fn nothing_that_a_field_can_be_spoils_an_alert() {
    let reader = reader();
    for value in [
        Value::Null,
        json!([[null], {}]),
        json!({ "a": [null] }),
        json!("\u{202e}a\"'<b>\r\n&\u{200f}"),
    ] {
        for path in PATHS {
            let mut event = attachment();
            with(&mut event, path, value.clone());
            let alert = reader.alert(&rule(), &event).unwrap();
            assert_eq!(is_whole(&alert), Ok(()), "{path}: {value}");
        }
    }
}

/// A rule's own headline is used where the event has all that it names; else the general sentence says what happened.
#[test]
fn a_headline_without_its_fields_gives_way() {
    let reader = reader();
    let mut rule = rule();
    for (path, said) in [
        (
            "requestParameters.roleName",
            "role Deployer (session alice) opened break-glass in prod (222233334444)",
        ),
        (
            "requestParameters.ticket",
            "role Deployer (session alice) called iam:AttachRolePolicy on role break-glass, policy AdministratorAccess \
             in prod (222233334444)",
        ),
    ] {
        rule["headline"] = json!(["opened ", { "of": [path] }]);
        let alert = reader.alert(&rule, &attachment()).unwrap();
        assert_eq!(alert["headline"], said);
    }
    for value in [Value::Null, json!(""), json!({}), json!([]), json!([{}])] {
        let mut event = attachment();
        with(&mut event, "/detail/requestParameters/ticket", value);
        let headline = reader.alert(&rule, &event).unwrap()["headline"].clone();
        assert!(
            headline
                .as_str()
                .unwrap()
                .contains(" called iam:AttachRolePolicy "),
            "{headline}"
        );
    }
}

/// An organization of ten thousand accounts: each has its own name, and the expression still is a third of what a machine
/// may be.
#[test]
fn ten_thousand_accounts_keep_their_names() {
    let (stack, home): (StackName, Region) =
        ("acme".parse().unwrap(), "us-east-1".parse().unwrap());
    let named = |n: u64| match n {
        7 => "x;000000000008=y".to_owned(),
        n => format!("team-{n}-production"),
    };
    let accounts: BTreeMap<AccountId, String> = (0..10_000)
        .map(|n| (format!("{n:012}").parse().unwrap(), named(n)))
        .collect();
    let surroundings = Surroundings {
        stack: &stack,
        home: &home,
        accounts,
        zone: None,
    };
    let size = expression(&surroundings).len();
    let without = with_surroundings(|surroundings| expression(surroundings).len());
    assert!(size - without < 400_000, "{size}");
    let reader = Reader::new(&surroundings).unwrap();
    for (id, name) in [
        ("000000000000", "team-0-production (000000000000)"),
        ("000000000007", "x,000000000008,y (000000000007)"),
        ("000000000008", "team-8-production (000000000008)"),
        ("000000009999", "team-9999-production (000000009999)"),
        ("000000010000", "000000010000"),
        ("9999", "9999"),
        (";00000000000", ";00000000000"),
    ] {
        let mut event = attachment();
        event["account"] = json!(id);
        let headline = reader.headline(&event).unwrap();
        assert!(headline.ends_with(&format!(" in {name}")), "{headline}");
    }
}
