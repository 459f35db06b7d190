//! What an alert says of how it ended: success where the record says so, and nothing where it does not.

use iamwatch::check;
use iamwatch::cloudtrail::{Identity, Setting, like};
use iamwatch::compile::{PATTERN_QUOTA, compile};
use iamwatch::pattern::{Event, EventPattern};
use iamwatch::place::AccountId;
use iamwatch::rules::{Format, RulesFile};
use serde_json::{Value, json};

const RULES: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
channels: { mail: { email: a@example.com } }
notify: { default: [mail] }
rules:
  - { id: everything, title: Something was done, events: ["*:*"] }
  - { id: iam, title: A user was made, events: ["iam:*"] }
  - { id: sign-ins, title: Somebody signed in, events: ["signin:ConsoleLogin"] }
  - { id: raw, title: Raw, pattern: { source: [aws.signin, aws.iam, aws.kms], detail: { eventName: [{ exists: true }] } } }
"#;

fn event(file: &RulesFile, api: &str, identity: Identity, changes: &[(&str, Value)]) -> Value {
    let account: AccountId = "111122223333".parse().unwrap();
    let setting = Setting {
        account: &account,
        region: &file.home.region,
        time: "2026-01-05T08:30:00Z",
        id: "00000000-0000-4000-8000-000000000001",
    };
    let (service, name) = api.split_once(':').unwrap();
    let mut event = like(service, name, identity, &setting);
    let detail = event["detail"].as_object_mut().unwrap();
    for (field, value) in changes {
        detail.insert((*field).to_owned(), value.clone());
    }
    event
}

/// The lines that each rule makes of an event: of all that match, by id.
fn alerts(file: &RulesFile, event: &Value) -> Vec<(String, Vec<String>)> {
    let mut alerts = Vec::new();
    for compiled in compile(file, PATTERN_QUOTA).unwrap() {
        let pattern = EventPattern::from_value(&compiled.pattern).unwrap();
        if pattern.matches(&Event::from_value(event).unwrap()) {
            let text = compiled
                .message(Format::Text, &file.home.region)
                .render(event);
            let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
            alerts.push((compiled.rule.0.clone(), lines.collect()));
        }
    }
    alerts
}

#[test]
fn how_it_ended_is_said_as_the_record_says_it() {
    let file = check::load_text("rules.yaml", RULES).file.unwrap();
    let failed = [
        ("responseElements", json!({ "ConsoleLogin": "Failure" })),
        ("errorMessage", json!("Failed authentication")),
    ];
    let refused = [
        ("errorCode", json!("AccessDenied")),
        ("errorMessage", json!("User \"x\" may not")),
        ("responseElements", Value::Null),
    ];
    let unauthorized = [
        ("errorCode", json!("Client.UnauthorizedOperation")),
        ("responseElements", Value::Null),
    ];
    let role = [("responseElements", json!({ "SwitchRole": "Failure" }))];
    let verified = [(
        "serviceEventDetails",
        json!({ "CredentialVerification": "Failure" }),
    )];
    let empty = [("responseElements", Value::Null)];
    // The word that the result has to hold, and those that it must not.
    let none: &[(&str, Value)] = &[];
    for (api, identity, changes, said, silent) in [
        (
            "signin:ConsoleLogin",
            Identity::Root,
            &failed[..],
            "Failure",
            "Success",
        ),
        (
            "signin:ConsoleLogin",
            Identity::IamUser,
            &failed[..],
            "Failure",
            "Success",
        ),
        (
            "signin:ConsoleLogin",
            Identity::Root,
            none,
            "Success",
            "Failure",
        ),
        (
            "signin:SwitchRole",
            Identity::IamUser,
            &role[..],
            "Failure",
            "Success",
        ),
        (
            "signin:CredentialVerification",
            Identity::IamUser,
            &verified[..],
            "Failure",
            "Success",
        ),
        (
            "signin:CredentialVerification",
            Identity::IamUser,
            none,
            "Success",
            "Failure",
        ),
        (
            "iam:CreateUser",
            Identity::IamUser,
            &refused[..],
            "AccessDenied",
            "Success",
        ),
        (
            "iam:CreateUser",
            Identity::Root,
            &unauthorized[..],
            "Client.UnauthorizedOperation",
            "Success",
        ),
        // A call that went through has a null or an answer, and says so nowhere.
        ("iam:CreateUser", Identity::IamUser, none, "", "Success"),
        (
            "iam:DeleteUser",
            Identity::IamUser,
            &empty[..],
            "",
            "Success",
        ),
        ("kms:RotateKey", Identity::Service, none, "", "Success"),
    ] {
        let event = event(&file, api, identity, changes);
        let alerts = alerts(&file, &event);
        assert!(alerts.len() >= 2, "{api}: {alerts:?}");
        for (rule, lines) in alerts {
            let result = &lines[1];
            let end = result.strip_prefix("Result: ").unwrap();
            let value = end.split_once('(').unwrap().0.trim();
            assert_eq!(value, said, "{rule} on {api}: {result}");
            let whole = lines.join("\n");
            for word in [silent, "went through", "succeeded"] {
                assert!(!whole.contains(word), "{rule} on {api}: {whole}");
            }
        }
    }
}

#[test]
fn the_legend_is_true_of_every_record() {
    let file = check::load_text("rules.yaml", RULES).file.unwrap();
    // With an error that has no code the record still has no error code.
    let message = [("errorMessage", json!("no"))];
    let event = event(&file, "iam:CreateUser", Identity::IamUser, &message);
    let alerts = alerts(&file, &event);
    let lines = &alerts.iter().find(|(rule, _)| rule == "iam").unwrap().1;
    assert_eq!(lines[1], "Result:  (empty: the record has no error code)");
}
