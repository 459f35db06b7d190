//! The calls that alerting itself makes do not alert; the same calls by others do.

use iamwatch::check;
use iamwatch::compile::{self, Compiled, PATTERN_QUOTA};
use iamwatch::pattern::{Event, EventPattern};
use serde_json::{Value, json};

fn compiled(rule: &str) -> Result<Vec<Compiled>, String> {
    let text = format!(
        "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\nchannels: {{ mail: {{ email: a@example.com }} }}\nnotify: {{ default: [mail] }}\nrules:\n  - id: own\n    {rule}\n"
    );
    let loaded = check::load_text("rules.yaml", &text);
    let file = loaded
        .file
        .ok_or_else(|| format!("{:?}", loaded.diagnostics))?;
    compile::compile(&file, PATTERN_QUOTA).map_err(|problems| problems[0].code.to_owned())
}

fn call(service: &str, name: &str, invoked_by: Option<&str>) -> Value {
    let mut identity =
        json!({ "type": if invoked_by.is_some() { "AWSService" } else { "IAMUser" } });
    if let Some(service) = invoked_by {
        identity["invokedBy"] = json!(service);
    }
    json!({
        "source": format!("aws.{service}"), "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": format!("{service}.amazonaws.com"), "eventName": name,
            "userIdentity": identity, "eventType": "AwsApiCall",
            "sourceIPAddress": invoked_by.unwrap_or("192.0.2.1"),
        },
    })
}

fn alerts(rule: &str, event: &Value) -> bool {
    let event = Event::parse(&event.to_string()).unwrap();
    compiled(rule).unwrap().iter().any(|compiled| {
        EventPattern::parse(&compiled.pattern.to_string())
            .unwrap()
            .matches(&event)
    })
}

const EVENTS: &str = "events.amazonaws.com";
const OWN: [(&str, &str); 3] = [
    ("sts", "AssumeRole"),
    ("kms", "Decrypt"),
    ("kms", "GenerateDataKey"),
];

#[test]
fn only_the_alerting_itself_is_left_out() {
    for rule in [
        "events: ['*:*']",
        "events: ['sts:*', 'kms:*', 'iam:*']",
        "events: ['sts:Assume*', 'kms:Decrypt', 'kms:Generate*']",
        // Conditions of its own on the same field leave room for it.
        "events: ['*:*']\n    unless: { userIdentity.invokedBy: ec2.amazonaws.com }",
        "events: ['*:*']\n    unless: { userIdentity.invokedBy: '*.example.com' }",
        "events: ['*:*']\n    unless: { userIdentity.type: Root, errorCode: AccessDenied }",
        "events: ['*:*']\n    when: [{ userIdentity.invokedBy: '*' }, { eventType: AwsApiCall }]",
    ] {
        for (service, name) in OWN {
            let by = |caller| alerts(rule, &call(service, name, caller));
            assert!(!by(Some(EVENTS)), "{rule} {name}");
            assert!(by(Some("lambda.amazonaws.com")), "{rule} {name}");
            assert!(by(None), "{rule} {name}");
        }
    }
}

#[test]
fn a_condition_that_leaves_no_room_for_an_exception_is_helped_by_another_field() {
    let rule = "events: ['kms:*']\n    when: { userIdentity.invokedBy: '*.amazonaws.com' }";
    assert!(!alerts(rule, &call("kms", "Decrypt", Some(EVENTS))));
    assert!(alerts(
        rule,
        &call("kms", "Decrypt", Some("lambda.amazonaws.com"))
    ));
    let asked =
        "events: ['kms:Decrypt']\n    when: { userIdentity.invokedBy: events.amazonaws.com }";
    assert_eq!(compiled(asked).unwrap_err(), "E0805");
}

#[test]
fn patterns_that_cannot_match_them_say_nothing_of_it() {
    for rule in [
        "events: ['iam:*']",
        "events: ['sts:GetFederationToken', 'kms:Disable*']",
        // It demands that nobody acted on behalf: nothing to add.
        "events: ['*:*']\n    when: { userIdentity.invokedBy: { exists: false } }",
        "events: ['sts:*']\n    when: { eventName: GetSessionToken }",
    ] {
        for compiled in compiled(rule).unwrap() {
            assert!(!compiled.pattern.to_string().contains(EVENTS), "{rule}");
        }
    }
    let raw = "pattern: { source: [aws.kms], detail: { eventName: [Decrypt] } }";
    assert!(alerts(raw, &call("kms", "Decrypt", Some(EVENTS))));
}
