//! The door for synthetic events: from home alone, and never mistaken for what AWS tells.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::{Value, json};

use crate::organization::kit::Kit;
use crate::organization::{RULES, id};
use crate::stage::Stage;

const MEMBER: (&str, &str) = ("333344445555", "payments");

/// A root sign-in that never was, as whoever may call `PutEvents` writes it.
fn entry(mark: &Value, more: &[(&str, Value)]) -> PutEventsRequestEntry {
    let mut detail = json!({
        "iamwatch": mark,
        "eventName": "ConsoleLogin",
        "eventSource": "signin.amazonaws.com",
        "userIdentity": { "type": "Root" },
        "eventID": "e-1",
    });
    for (path, value) in more {
        *detail.pointer_mut(path).unwrap() = value.clone();
    }
    PutEventsRequestEntry::builder()
        .source("iamwatch.test.acme")
        .detail_type("AWS Console Sign In via CloudTrail")
        .detail(detail.to_string())
        .build()
}

/// What people got so far, without questions whether they want it.
fn alerts(kit: &Kit) -> Vec<String> {
    let outbox = kit.sandbox.outbox().into_iter();
    let alerts = outbox.filter(|delivery| !delivery.confirmation);
    alerts.map(|delivery| delivery.body).collect()
}

fn deployed(rules: &str) -> Kit {
    let kit = Kit::with(rules, &[MEMBER]);
    kit.succeed(&["apply", "--auto-approve"]);
    kit.sandbox.confirm(None).unwrap();
    kit
}

/// Sends as an application of an account that may put events on its own bus and nothing else.
fn sends(kit: &Kit, account: &str, region: &str, entries: Vec<PutEventsRequestEntry>) {
    let bus = format!("arn:aws:events:{region}:{account}:event-bus/default");
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "events:PutEvents", "Resource": bus }] });
    let caller = kit
        .sandbox
        .caller_in(&id(account), "webshop", &policy.to_string());
    let config = kit.sandbox.sdk_config(&region.parse().unwrap(), caller);
    crate::organization::kit::block_on(async {
        let events = aws_sdk_eventbridge::Client::new(&config);
        let put = events.put_events().set_entries(Some(entries));
        assert_eq!(put.send().await.unwrap().failed_entry_count, 0);
    });
}

#[test]
fn what_members_send_reaches_nobody() {
    let kit = deployed(RULES);
    let filler = format!("CRITICAL: lock the account now {}", ".".repeat(1500));
    let marks = [
        json!("TEST "),
        json!([filler, "TEST "]),
        json!(["TEST ", "TEST "]),
    ];
    for region in ["us-east-1", "eu-central-1", "eu-west-1"] {
        for mark in &marks {
            sends(&kit, MEMBER.0, region, vec![entry(mark, &[]); 10]);
        }
    }
    assert_eq!(alerts(&kit), Vec::<String>::new());
    // The way from members is proved all the same.
    kit.succeed(&["test-event", "--all-accounts"]);
    assert_eq!(alerts(&kit), Vec::<String>::new());
}

#[test]
fn what_home_sends_says_so_before_all_that_the_sender_wrote() {
    let kit = deployed(RULES);
    let lines = "x\"\n\"CRITICAL: Root of the management account signed in\"\n\"";
    let filler = format!("CRITICAL: lock the account now {}", ".".repeat(1500));
    let cases = [
        entry(&json!("TEST "), &[]),
        entry(&json!([filler, "TEST "]), &[]),
        entry(&json!("TEST "), &[("/eventID", json!(lines))]),
        entry(
            &json!("TEST "),
            &[(
                "/userIdentity",
                json!({ "type": "Root", "accountId": lines }),
            )],
        ),
        entry(
            &json!("TEST "),
            &[("/eventName", json!(["CRITICAL: gone", "ConsoleLogin"]))],
        ),
    ];
    for case in cases {
        let before = alerts(&kit).len();
        sends(&kit, "111122223333", "us-east-1", vec![case]);
        for alert in &alerts(&kit)[before..] {
            assert!(alert.starts_with("\"[iamwatch.test.acme] "), "{alert}");
        }
    }
    assert!(!alerts(&kit).is_empty());
}

#[test]
fn a_closed_door_lets_nobody_in() {
    let kit = deployed(&RULES.replace("version: 1\n", "version: 1\ntest_events: false\n"));
    sends(
        &kit,
        "111122223333",
        "us-east-1",
        vec![entry(&json!("TEST "), &[])],
    );
    assert_eq!(alerts(&kit), Vec::<String>::new());
}

const MACHINES: &str = r#"
version: 1
name: acme
home: { region: us-east-1 }
channels:
  responder: { sqs: responder, format: json }
notify: { default: [responder] }
rules:
  - id: root-sign-in
    events: ["signin:ConsoleLogin"]
    when: { userIdentity.type: Root }
"#;

/// A program that acts on alerts can tell a test without looking into what its sender wrote.
#[tokio::test(start_paused = true)]
async fn json_says_at_the_top_whether_aws_told_it() {
    let stage = Stage::sandbox().await;
    let url = stage.queue("responder").await;
    let wanted = stage.wanted(MACHINES).await;
    let queue = &wanted.desired.receivers[0].queue;
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": { "Service": "sns.amazonaws.com" }, "Action": "sqs:SendMessage", "Resource": queue }] });
    stage.set_queue_policy(&url, &policy).await;
    stage.deploy(&wanted).await;
    let events = &stage.clients.events;
    let put = events.put_events().entries(entry(&json!("TEST "), &[]));
    put.send().await.unwrap();
    let real = json!({
        "source": "aws.signin",
        "detail-type": "AWS Console Sign In via CloudTrail",
        "detail": { "iamwatch": "TEST ", "eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com",
            "userIdentity": { "type": "Root" } },
    });
    stage
        .sandbox
        .as_ref()
        .unwrap()
        .emit(&"us-east-1".parse().unwrap(), real);
    let mut sources = Vec::new();
    for _ in 0..2 {
        for alert in stage.received(&url).await {
            assert_eq!(alert["source"], alert["event"]["source"]);
            sources.push(alert["source"].as_str().unwrap().to_owned());
        }
    }
    sources.sort();
    assert_eq!(sources, ["aws.signin", "iamwatch.test.acme"]);
}

/// What a raw pattern asks of the account is asked of AWS's events; the door has the home account.
#[tokio::test(start_paused = true)]
async fn a_pattern_about_one_account_is_tested_from_home() {
    let raw = MACHINES.replace(
        "    events: [\"signin:ConsoleLogin\"]\n    when: { userIdentity.type: Root }\n",
        "    pattern: { source: [aws.signin], account: [\"333344445555\"], detail: { userIdentity: { type: [Root] } } }\n",
    );
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(&raw).await;
    let pattern = wanted.patterns[0].at_home(&stage.account);
    let fires = |source: &str, account: &str| {
        let event = json!({ "source": source, "account": account, "detail-type": "x",
            "detail": { "iamwatch": "TEST ", "userIdentity": { "type": "Root" } } });
        let pattern = iamwatch::pattern::EventPattern::from_value(&pattern).unwrap();
        pattern.matches(&iamwatch::pattern::Event::from_value(&event).unwrap())
    };
    assert!(fires("aws.signin", "333344445555"));
    assert!(!fires("aws.signin", "111122223333"));
    assert!(fires("iamwatch.test.acme", "111122223333"));
    assert!(!fires("iamwatch.test.acme", "333344445555"));
    assert!(wanted.patterns[0].without_door().get("account").is_some());
}
