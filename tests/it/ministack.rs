//! The dispatcher on an emulator that we did not write (`IAMWATCH_MINISTACK` names its endpoint): it evaluates the
//! machine's JSONata with another implementation, keeps the ledger, and delivers by topics.
//!
//! What only the sandbox can show, and why: services beyond AWS (it has no `http:invoke`), and that policies let the
//! dispatcher do its work (it enforces none).

use std::time::Duration;

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::{Value, json};

use crate::stage::{Stage, Wanted};

const RULES: &str = r#"
version: 1
name: acme
home: { region: us-east-1 }
delivery: dispatcher
zone: Europe/Berlin
channels:
  mail: { email: security@example.com }
  siem: { sqs: alerts, format: json }
notify: { default: [mail, siem] }
rules:
  - id: policy-attached
    title: Somebody attached a policy
    description: Ask whoever did it.
    severity: critical
    events: ["iam:AttachRolePolicy"]
"#;

#[tokio::test]
async fn an_event_becomes_an_alert_on_ministack() {
    let Some(stage) = Stage::ministack().await else {
        return;
    };
    let siem = stage.queue("alerts").await;
    let wanted = stage.wanted(RULES).await;
    stage.deploy(&wanted).await;
    let plan = stage.plan(&wanted).await;
    assert!(plan.changes.is_empty(), "{:#?}", plan.changes);

    let mails = listen(&stage, &wanted, "mail").await;
    send(&stage, "Europe").await;

    let mail = next(&stage, &mails).await;
    assert!(mail.contains("TEST CRITICAL"), "{mail}");
    let headline = "bob attached AdministratorAccess to the role break-glass";
    assert!(mail.contains(headline), "{mail}");
    assert!(mail.contains("Ask whoever did it."), "{mail}");
    assert!(mail.contains("09:30"), "{mail}");
    let read: Value = serde_json::from_str(&next(&stage, &siem).await).unwrap();
    assert_eq!(read["rule"], "policy-attached");

    let kept = kept(&stage).await;
    assert_eq!(kept.len(), 1, "{kept:#?}");
    assert!(kept[0].contains("SNS message"), "{kept:#?}");

    let gone = stage.destruction(&wanted).await;
    let report = stage.apply(&gone).await;
    assert!(report.is_complete(), "{report:#?}");
}

/// A queue that hears what the readers of a channel's topic hear.
async fn listen(stage: &Stage, wanted: &Wanted, channel: &str) -> String {
    let url = stage.queue("reader").await;
    let (account, name) = (&stage.account, &wanted.file.name);
    let topic = format!("arn:aws:sns:us-east-1:{account}:iamwatch-{name}-text_{channel}");
    let queue = format!("arn:aws:sqs:us-east-1:{account}:reader");
    let subscribed = stage.clients.sns.subscribe().topic_arn(topic);
    let subscribed = subscribed.protocol("sqs").endpoint(queue);
    let subscribed = subscribed.attributes("RawMessageDelivery", "true");
    subscribed.send().await.unwrap();
    url
}

/// Sends an event by the door for synthetic ones.
async fn send(stage: &Stage, from: &str) {
    let detail = json!({
        "iamwatch": "TEST ",
        "eventSource": "iam.amazonaws.com", "eventName": "AttachRolePolicy",
        "awsRegion": "us-east-1", "eventTime": "2026-01-05T08:30:00Z",
        "eventID": "00000000-0000-4000-8000-000000000001",
        "sourceIPAddress": "203.0.113.12", "userAgent": from,
        "userIdentity": { "type": "IAMUser", "userName": "bob", "accountId": stage.account,
            "arn": format!("arn:aws:iam::{}:user/bob", stage.account) },
        "requestParameters": { "roleName": "break-glass",
            "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess" },
    });
    let entry = PutEventsRequestEntry::builder()
        .source("iamwatch.test.acme")
        .detail_type("AWS API Call via CloudTrail")
        .detail(detail.to_string())
        .build();
    let sent = stage.clients.events.put_events().entries(entry);
    let sent = sent.send().await.unwrap();
    assert_eq!(sent.failed_entry_count(), 0, "{sent:?}");
}

/// The next message of a queue, within half a minute.
async fn next(stage: &Stage, url: &str) -> String {
    for _ in 0..60 {
        let asked = stage.clients.sqs.receive_message().queue_url(url);
        let received = asked.send().await.unwrap();
        if let Some(message) = received.messages().first() {
            return message.body().unwrap().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("nothing came to {url}");
}

/// What the ledger says that the channels answered.
async fn kept(stage: &Stage) -> Vec<String> {
    let scanned = stage.clients.dynamodb.scan().table_name("iamwatch-acme");
    let scanned = scanned.send().await.unwrap();
    let answers = scanned.items().iter();
    let answers = answers.map(|item| item["answers"].as_s().unwrap().clone());
    answers.collect()
}
