//! plan, apply, destroy and test-event, on the sandbox and on an emulator that we did not write.

use iamwatch::plan::Action;
use iamwatch::proof::Outcome;
use iamwatch::resources::{Kind, Owner};

use crate::stage::Stage;

/// Several rules, several channels, text and JSON.
pub const RULES: &str = r#"
version: 1
name: acme
home: { region: us-east-1 }
channels:
  security-mail: { email: security@example.com }
  night-phone: { sms: "+4915112345678" }
  siem: { sqs: arn:aws:sqs:us-east-1:111122223333:alerts, format: json }
notify: { critical: [night-phone, security-mail], default: [security-mail, siem] }
rules:
  - use: pack/aws-blog
  - use: root/sign-in
  - id: admin-policy-attached
    title: AdministratorAccess was attached
    severity: critical
    events: ["iam:Attach*Policy"]
    when: { requestParameters.policyArn: "*:policy/AdministratorAccess" }
"#;

/// A rules file whose channels need no resource of anybody else.
pub const SELF_CONTAINED: &str = r#"
version: 1
name: acme
home: { region: us-east-1 }
channels:
  security-mail: { email: security@example.com }
  night-phone: { sms: "+4915112345678" }
notify: { critical: [night-phone, security-mail], default: [security-mail] }
rules:
  - use: pack/aws-blog
  - use: root/sign-in
  - use: signin/failed
"#;

/// plan → apply → plan says no changes → a second apply writes nothing → destroy leaves nothing.
pub async fn a_whole_life(stage: &Stage) {
    let wanted = stage.wanted(RULES);
    let plan = stage.plan(&wanted).await;
    assert_eq!(stage.writes(), Vec::<String>::new(), "plan wrote something");
    assert!(
        plan.changes
            .iter()
            .all(|change| change.action == Action::Create)
    );
    let report = stage.apply(&plan).await;
    assert!(report.is_complete(), "{report:#?}");
    stage.writes();

    let again = stage.plan(&wanted).await;
    assert_eq!(again.changes, Vec::new());
    let report = stage.apply(&again).await;
    assert!(report.is_complete());
    assert_eq!(
        stage.writes(),
        Vec::<String>::new(),
        "the second apply wrote something"
    );

    let plan = stage.destruction(&wanted).await;
    let report = stage.apply(&plan).await;
    assert!(report.is_complete(), "{report:#?}");
    assert_eq!(stage.live(&wanted).await, Vec::new());
}

/// Others' resources, under names that look like ours, are left as they are.
pub async fn foreign_things_stay(stage: &Stage) {
    let wanted = stage.wanted(SELF_CONTAINED);
    let events = &stage.clients.events;
    events
        .put_rule()
        .name("iamwatch-acme-not-ours")
        .event_pattern(r#"{"source":["aws.ec2"]}"#)
        .send()
        .await
        .unwrap();
    stage
        .clients
        .sns
        .create_topic()
        .name("iamwatch-acme-not-ours")
        .send()
        .await
        .unwrap();
    stage
        .clients
        .sqs
        .create_queue()
        .queue_name("iamwatch-acme-not-ours")
        .send()
        .await
        .unwrap();
    stage.deploy(&wanted).await;
    let report = stage.apply(&stage.destruction(&wanted).await).await;
    assert!(report.is_complete(), "{report:#?}");
    let left: Vec<(Kind, Owner)> = stage
        .live(&wanted)
        .await
        .into_iter()
        .map(|live| (live.key.kind, live.owner))
        .collect();
    assert_eq!(
        left,
        [
            (Kind::Queue, Owner::Nobody),
            (Kind::Topic, Owner::Nobody),
            (Kind::Rule, Owner::Nobody)
        ]
    );
}

pub async fn a_same_named_foreign_rule_stops_the_plan(stage: &Stage) {
    let wanted = stage.wanted(SELF_CONTAINED);
    let events = &stage.clients.events;
    let foreign = r#"{"source":["aws.ec2"]}"#;
    events
        .put_rule()
        .name("iamwatch-acme-root.sign-in")
        .event_pattern(foreign)
        .send()
        .await
        .unwrap();
    stage.writes();
    let conflicts = stage.try_plan(&wanted, false).await.unwrap_err();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].key.name, "iamwatch-acme-root.sign-in");
    assert_eq!(stage.writes(), Vec::<String>::new());
}

/// All rules, all at once: every alert arrives, and nothing of the test stays behind.
pub async fn every_alert_arrives(stage: &Stage) {
    let wanted = stage.wanted(SELF_CONTAINED);
    stage.deploy(&wanted).await;
    stage.confirm_all();
    for proof in stage.prove(&wanted, &[], 60).await {
        match &proof.outcome {
            Outcome::Arrived { alert, .. } => assert!(alert.contains("TEST"), "{alert}"),
            other => panic!("{}: {other:#?}", proof.rule),
        }
    }
    let queues = stage
        .clients
        .sqs
        .list_queues()
        .queue_name_prefix("iamwatch-test-")
        .send()
        .await
        .unwrap();
    assert!(queues.queue_urls().is_empty());
    assert_eq!(stage.plan(&wanted).await.changes, Vec::new());
}

mod sandbox {
    use super::*;

    #[tokio::test]
    async fn a_rules_file_lives_and_dies() {
        a_whole_life(&Stage::sandbox().await).await;
    }

    #[tokio::test]
    async fn what_is_not_ours_is_never_touched() {
        foreign_things_stay(&Stage::sandbox().await).await;
    }

    #[tokio::test]
    async fn a_rule_without_our_tag_is_never_overwritten() {
        a_same_named_foreign_rule_stops_the_plan(&Stage::sandbox().await).await;
    }

    #[tokio::test]
    async fn test_events_arrive() {
        every_alert_arrives(&Stage::sandbox().await).await;
    }
}
