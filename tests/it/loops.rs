//! Alerting makes calls that CloudTrail records. A rule over those calls must not hear of its own alerts:
//! each would cause the next.

use std::time::Duration;

use aws_sdk_eventbridge::types::{RuleState, Target};
use aws_sdk_sqs::types::QueueAttributeName;
use iamwatch::sandbox::{Delivery, Sandbox};

use crate::stage::{Stage, Wanted};

/// A hub, encrypted topics, and rules over exactly the calls that EventBridge makes.
const RULES: &str = r#"
version: 1
name: acme
home: { region: eu-central-1 }
watch: { regions: [eu-central-1, eu-west-1] }
trail: create
topics: { kms_key: create }
channels:
  phone: { sms: "+4915112345678" }
notify: { default: [phone] }
rules:
"#;

const EXCLUDING: &str = r#"
  - id: keys
    title: A key was used
    events: ["kms:*"]
  - id: roles
    title: A role was assumed
    events: ["sts:AssumeRole"]
"#;

/// The same as a careless person writes them, where iamwatch adds nothing.
const CARELESS: &str = r#"
  - id: keys
    title: A key was used
    pattern: { source: [aws.kms], detail: { eventSource: [kms.amazonaws.com] } }
  - id: roles
    title: A role was assumed
    pattern: { source: [aws.sts], detail: { eventName: [AssumeRole] } }
"#;

async fn deployed(rules: &str) -> (Stage, Wanted) {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(&format!("{RULES}{rules}")).await;
    stage.deploy(&wanted).await;
    (stage, wanted)
}

/// Time passes: CloudTrail's events come when they are due.
fn wait(sandbox: &Sandbox, minutes: u32) -> Vec<Delivery> {
    let before = sandbox.outbox().len();
    for _ in 0..minutes {
        sandbox.advance(Duration::from_secs(60));
    }
    sandbox.outbox().split_off(before)
}

/// The alerts of two hours after a call that reads a key which is not ours. CloudTrail takes longer than a
/// data key is kept (5 minutes), so that each alert asks for a new one.
async fn alerts_of_one_call(stage: &Stage, at: &str) -> Vec<Delivery> {
    let sandbox = stage.sandbox.clone().unwrap();
    let kms = stage.cloud.at(&at.parse().unwrap()).kms;
    let key = kms.create_key().send().await.unwrap().key_metadata.unwrap();
    sandbox.set_trail_delay(Duration::from_secs(6 * 60));
    wait(&sandbox, 30);
    kms.describe_key().key_id(key.key_id).send().await.unwrap();
    wait(&sandbox, 120)
}

/// A queue of somebody's that hears of every call that EventBridge makes at home.
async fn tap(stage: &Stage) -> (aws_sdk_sqs::Client, String) {
    let home = stage.cloud.at(&"eu-central-1".parse().unwrap());
    let arn = "arn:aws:sqs:eu-central-1:111122223333:tap";
    let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sqs:SendMessage", "Resource": arn,
    }]});
    let request = home.sqs.create_queue().queue_name("tap");
    let request = request.attributes(QueueAttributeName::Policy, policy.to_string());
    let url = request.send().await.unwrap().queue_url.unwrap();
    let request = home.events.put_rule().name("tap");
    let request = request.state(RuleState::EnabledWithAllCloudtrailManagementEvents);
    let pattern = r#"{"detail":{"userIdentity":{"invokedBy":["events.amazonaws.com"]}}}"#;
    request.event_pattern(pattern).send().await.unwrap();
    let target = Target::builder().id("tap").arn(arn).build().unwrap();
    let request = home.events.put_targets().rule("tap").targets(target);
    request.send().await.unwrap();
    ((*home.sqs).clone(), url)
}

#[tokio::test(start_paused = true)]
async fn one_event_makes_one_alert() {
    let (stage, wanted) = deployed(EXCLUDING).await;
    let (sqs, tap) = tap(&stage).await;
    for region in ["eu-west-1", "eu-central-1", "us-east-1"] {
        let alerts = alerts_of_one_call(&stage, region).await;
        assert_eq!(alerts.len(), 1, "{region}: {alerts:#?}");
        assert!(alerts[0].body.contains("DescribeKey"), "{alerts:#?}");
    }
    let sandbox = stage.sandbox.clone().unwrap();
    assert_eq!(sandbox.lost().len(), 0, "{:#?}", sandbox.lost());
    // EventBridge did make its calls, and CloudTrail did record them.
    let request = sqs
        .receive_message()
        .queue_url(tap)
        .max_number_of_messages(10);
    let heard = request.send().await.unwrap();
    let heard: Vec<&str> = heard.messages().iter().filter_map(|m| m.body()).collect();
    for call in ["GenerateDataKey", "AssumeRole"] {
        assert!(
            heard.iter().any(|body| body.contains(call)),
            "{call}: {heard:#?}"
        );
    }
    let proofs = stage.prove(&wanted, &[], 30).await;
    assert!(
        proofs.iter().all(|proof| proof.has_arrived()),
        "{proofs:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_careless_pattern_hears_of_its_own_alerts_for_ever() {
    let (stage, _) = deployed(CARELESS).await;
    let alerts = alerts_of_one_call(&stage, "eu-west-1").await;
    assert!(alerts.len() > 15, "{} alerts", alerts.len());
    // The people were told of nothing but their own alerts, and it does not end by itself.
    let sandbox = stage.sandbox.clone().unwrap();
    let later = wait(&sandbox, 60);
    assert!(later.len() > 5, "{} alerts", later.len());
    assert!(
        later
            .iter()
            .all(|alert| !alert.body.contains("DescribeKey"))
    );
    assert!(
        later
            .iter()
            .any(|alert| alert.body.contains("GenerateDataKey"))
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_calls_by_anybody_else_still_alert() {
    let (stage, _) = deployed(EXCLUDING).await;
    let sandbox = stage.sandbox.clone().unwrap();
    for invoked_by in [None, Some("events.amazonaws.com"), Some("s3.amazonaws.com")] {
        let before = sandbox.outbox().len();
        let mut identity = serde_json::json!({ "type": "AWSService" });
        if let Some(service) = invoked_by {
            identity["invokedBy"] = service.into();
        }
        let event = serde_json::json!({
            "source": "aws.kms",
            "detail-type": "AWS API Call via CloudTrail",
            "detail": {
                "eventSource": "kms.amazonaws.com",
                "eventName": "GenerateDataKey",
                "eventID": "e",
                "readOnly": true,
                "managementEvent": true,
                "userIdentity": identity,
            },
        });
        sandbox.emit(&"eu-west-1".parse().unwrap(), event);
        let alerts = sandbox.outbox().len() - before;
        let own = invoked_by == Some("events.amazonaws.com");
        assert_eq!(alerts, usize::from(!own), "{invoked_by:?}");
    }
}
