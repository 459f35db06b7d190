//! Applies that are not alone, or are cut off from the network.

use iamwatch::sandbox::{Fault, FaultKind};

use crate::stage::Stage;

const RULES: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
watch: { regions: [us-east-1, eu-west-1, eu-central-1] }
trail: create
channels:
  security-mail: { email: security@example.com }
notify: { default: [security-mail] }
rules:
  - use: root/sign-in
  - use: signin/failed
"#;

/// Everything is there once, and a further run changes nothing.
async fn converged(stage: &Stage) {
    let wanted = stage.wanted(RULES).await;
    stage.deploy(&wanted).await;
    let plan = stage.plan(&wanted).await;
    assert!(plan.changes.is_empty(), "{:#?}", plan.changes);
    assert!(plan.orphans.is_empty(), "{:#?}", plan.orphans);
    let mut keys: Vec<_> = stage.live(&wanted).await;
    let all = keys.len();
    keys.dedup_by(|a, b| a.key == b.key);
    assert_eq!(keys.len(), all);
    assert_eq!(all, wanted.desired.resources.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_applies_at_once_lose_no_statement_and_end_in_one_state() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(RULES).await;
    // Somebody else's statement on the home bus, before both begin.
    let bus = stage
        .clients
        .events
        .create_event_bus()
        .name("iamwatch-acme");
    let tag = aws_sdk_eventbridge::types::Tag::builder();
    let tag = tag.key("iamwatch:stack").value("acme").build().unwrap();
    bus.tags(tag).send().await.unwrap();
    let theirs = serde_json::json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::444455556666:root" },
        "Action": "events:PutEvents",
        "Resource": "arn:aws:events:us-east-1:111122223333:event-bus/iamwatch-acme" }] });
    let put = stage
        .clients
        .events
        .put_permission()
        .event_bus_name("iamwatch-acme");
    put.policy(theirs.to_string()).send().await.unwrap();

    let plan = stage.plan(&wanted).await;
    let (cloud, again) = (stage.cloud.clone(), stage.cloud.clone());
    let changes = plan.changes.len();
    let (one, two) = (plan.clone(), plan);
    let run = |plan: iamwatch::plan::Plan, cloud: iamwatch::aws::Cloud| {
        tokio::spawn(async move {
            iamwatch::apply::apply(&plan, &cloud, std::future::pending(), |_| {}).await
        })
    };
    let (one, two) = (run(one, cloud), run(two, again));
    let (one, two) = (one.await.unwrap(), two.await.unwrap());
    for report in [&one, &two] {
        // Whoever comes second stops where the other was, and touches nothing.
        let all = report.done.len() + report.failed.len() + report.not_tried.len();
        assert_eq!(all, changes, "{report:#?}");
    }
    converged(&stage).await;
    let bus = stage
        .clients
        .events
        .describe_event_bus()
        .name("iamwatch-acme");
    let policy = bus.send().await.unwrap().policy.unwrap();
    assert!(
        policy.contains("\"Theirs\"") && policy.contains("Iamwatch"),
        "{policy}"
    );
}

#[tokio::test(start_paused = true)]
async fn after_a_minute_without_network_a_plain_run_finishes_the_work() {
    let stage = Stage::sandbox().await;
    let sandbox = stage.sandbox.clone().unwrap();
    for after in [0, 5, 11, 23] {
        let wanted = stage.wanted(RULES).await;
        let plan = stage.plan(&wanted).await;
        sandbox.fault(Fault {
            service: None,
            operation: None,
            account: None,
            after,
            times: 30,
            sticks: false,
            kind: FaultKind::Stop,
        });
        let report = stage.apply(&plan).await;
        assert!(
            plan.changes.is_empty() || !report.is_complete(),
            "cut off after {after}"
        );
        sandbox.clear_faults();
        converged(&stage).await;
        let wanted = stage.wanted(RULES).await;
        let report = stage.apply(&stage.destruction(&wanted).await).await;
        // The bucket keeps its log files; all else is gone for the next round.
        assert!(
            report
                .failed
                .iter()
                .all(|f| f.key.kind == iamwatch::resources::Kind::Bucket)
        );
        // SQS keeps names for a minute.
        sandbox.advance(std::time::Duration::from_secs(61));
    }
}

#[tokio::test(start_paused = true)]
async fn a_region_that_is_disabled_meanwhile_fails_alone() {
    let stage = Stage::sandbox().await;
    let sandbox = stage.sandbox.clone().unwrap();
    let wanted = stage.wanted(RULES).await;
    let plan = stage.plan(&wanted).await;
    sandbox.disable_region(&"eu-west-1".parse().unwrap());
    let report = stage.apply(&plan).await;
    assert!(!report.failed.is_empty());
    for failed in &report.failed {
        assert!(
            failed.key.place.to_string().contains("eu-west-1"),
            "{failed:#?}"
        );
    }
    let elsewhere = plan
        .changes
        .iter()
        .filter(|change| !change.key.place.to_string().contains("eu-west-1"));
    let elsewhere = elsewhere.filter(|change| change.key.kind == iamwatch::resources::Kind::Rule);
    for change in elsewhere {
        assert!(report.done.contains(&change.key), "{}", change.key);
    }
}
