//! One topic for each channel: whoever has confirmed is never asked again, whatever is told to whom besides.

use iamwatch::check;
use iamwatch::plan::Action;
use iamwatch::resources::{Kind, Resource};

use crate::stage::Stage;

fn rules(channels: &str, notify: &str) -> String {
    format!(
        "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\ntrail: create\nchannels:\n{channels}\nnotify: {notify}\nrules:\n  - use: root/sign-in\n  - use: signin/failed\n"
    )
}

const MAIL: &str = "  mail: { email: security@example.com }\n";
const PHONE: &str = "  phone: { sms: \"+4915112345678\" }\n";
const SECOND: &str = "  second: { email: second@example.com }\n";

/// How often somebody was asked whether he wants to hear of a topic.
fn asked(stage: &Stage) -> Vec<String> {
    let outbox = stage.sandbox.as_ref().unwrap().outbox().into_iter();
    let asked = outbox.filter(|delivery| delivery.confirmation);
    asked.map(|delivery| delivery.endpoint).collect()
}

/// Who gets the alert about a root sign-in.
fn told(stage: &Stage) -> Vec<String> {
    let sandbox = stage.sandbox.as_ref().unwrap();
    let before = sandbox.outbox().len();
    let event = serde_json::json!({ "source": "aws.signin", "detail-type": "AWS Console Sign In via CloudTrail",
        "detail": { "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin",
            "userIdentity": { "type": "Root" }, "readOnly": false } });
    sandbox.emit(&"us-east-1".parse().unwrap(), event);
    let mut told: Vec<String> = sandbox
        .outbox()
        .split_off(before)
        .into_iter()
        .map(|d| d.endpoint)
        .collect();
    told.sort();
    told
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_comes_or_goes_asks_no_confirmed_reader_again() {
    let stage = Stage::sandbox().await;
    stage
        .deploy(&stage.wanted(&rules(MAIL, "{ default: [mail] }")).await)
        .await;
    stage.confirm_all();
    assert_eq!(asked(&stage), ["security@example.com"]);
    assert_eq!(told(&stage), ["security@example.com"]);
    // Each step: the channels, who hears of what, and who must hear of a root sign-in at once.
    let (mail, phone) = ("security@example.com", "+4915112345678");
    for (channels, notify, hear) in [
        (
            [MAIL, PHONE].concat(),
            "{ critical: [mail, phone], default: [mail] }",
            vec![phone, mail],
        ),
        (
            [MAIL, PHONE].concat(),
            "{ critical: [phone], default: [mail] }",
            vec![phone],
        ),
        (
            [MAIL, PHONE].concat(),
            "{ default: [phone, mail] }",
            vec![phone, mail],
        ),
        (
            [MAIL, PHONE, SECOND].concat(),
            "{ default: [phone, mail, second] }",
            vec![phone, mail],
        ),
        (MAIL.to_owned(), "{ default: [mail] }", vec![mail]),
    ] {
        let wanted = stage.wanted(&rules(&channels, notify)).await;
        let plan = stage.plan(&wanted).await;
        let asks_again = plan.changes.iter().any(|change| {
            matches!(&change.after, Some(Resource::Subscription(s)) if s.endpoint.to_string() == mail)
                && change.action != Action::Delete
        });
        assert!(!asks_again, "{notify}");
        assert!(stage.apply(&plan).await.is_complete());
        assert_eq!(told(&stage), hear, "{notify}");
    }
    let again = asked(&stage)
        .iter()
        .filter(|endpoint| *endpoint == mail)
        .count();
    assert_eq!(again, 1);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_would_be_heard_by_nobody_is_named_before() {
    let stage = Stage::sandbox().await;
    stage
        .deploy(&stage.wanted(&rules(MAIL, "{ default: [mail] }")).await)
        .await;
    stage.confirm_all();
    let wanted = stage
        .wanted(&rules(
            &[MAIL, SECOND].concat(),
            "{ critical: [second], default: [mail] }",
        ))
        .await;
    let plan = stage.plan(&wanted).await;
    let note = iamwatch::plan::notes::silenced(&wanted.desired, &stage.live(&wanted).await, false);
    let note = note.unwrap();
    assert!(
        note.loses_alerts && note.message.contains("root/sign-in"),
        "{note:?}"
    );
    assert!(!note.message.contains("signin/failed"), "{note:?}");
    assert!(!plan.changes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_channel_has_one_topic_whatever_uses_it() {
    let stage = Stage::sandbox().await;
    let wanted = stage
        .wanted(&rules(
            &[MAIL, PHONE].concat(),
            "{ critical: [mail, phone], default: [mail] }",
        ))
        .await;
    let keys = wanted.desired.resources.keys();
    let topics: Vec<&str> = keys
        .filter(|key| key.kind == Kind::Topic)
        .map(|key| key.name.as_str())
        .collect();
    assert_eq!(
        topics,
        ["iamwatch-acme-text_mail", "iamwatch-acme-text_phone"]
    );
}

#[test]
fn more_channels_than_a_rule_has_targets_are_refused() {
    let channels: String = (0..6)
        .map(|n| format!("  c{n}: {{ email: c{n}@example.com }}\n"))
        .collect();
    let loaded = check::load_text(
        "iamwatch.yaml",
        &rules(&channels, "{ default: [c0, c1, c2, c3, c4, c5] }"),
    );
    let found: Vec<_> = loaded
        .diagnostics
        .iter()
        .filter(|d| d.code == "E0503")
        .collect();
    assert_eq!(found.len(), 1, "{:?}", loaded.diagnostics);
    let loaded = check::load_text(
        "iamwatch.yaml",
        &rules(&channels, "{ default: [c0, c1, c2, c3, c4], info: [c5] }"),
    );
    assert!(
        loaded.diagnostics.iter().all(|d| d.code != "E0503"),
        "{:?}",
        loaded.diagnostics
    );
}
