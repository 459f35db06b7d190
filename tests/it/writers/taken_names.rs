//! A name that somebody takes between plan and apply: AWS answers that it exists already, what stands there stays as it
//! is, and the next plan says whose it is not.

use iamwatch::resources::{Kind, ResourceKey};

use super::{BUS, RULES};
use crate::stage::{Stage, Wanted};

const ROLE: &str = "iamwatch-acme-forwarder-eu-west-1";

fn wanted_of(wanted: &Wanted, kind: Kind) -> ResourceKey {
    let mut keys = wanted.desired.resources.keys();
    keys.find(|key| key.kind == kind).unwrap().clone()
}

/// Applies a plan whose only name of this kind was taken meanwhile.
async fn assert_refused(stage: &Stage, wanted: &Wanted, plan: &iamwatch::plan::Plan, kind: Kind) {
    let report = stage.apply(plan).await;
    let failed = report.failed.iter().map(|failed| failed.key.kind);
    assert_eq!(failed.collect::<Vec<_>>(), [kind], "{report:#?}");
    let call = &report.failed[0].error.call.operation;
    assert_eq!(*call, format!("Create{}", name(kind)));
    let conflicts = stage.try_plan(wanted, false).await.unwrap_err();
    let kinds = conflicts.iter().map(|conflict| conflict.key.kind);
    assert_eq!(kinds.collect::<Vec<_>>(), [kind]);
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Topic => "Topic",
        Kind::Bus => "EventBus",
        Kind::Role => "Role",
        other => panic!("no name of a {other} is taken here"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_bus_of_somebodys_keeps_its_policy() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(RULES).await;
    let plan = stage.plan(&wanted).await;
    let events = &stage.clients.events;
    let theirs = events.create_event_bus().name(BUS);
    theirs.description("theirs").send().await.unwrap();
    assert_refused(&stage, &wanted, &plan, Kind::Bus).await;
    let bus = events.describe_event_bus().name(BUS).send().await.unwrap();
    assert_eq!((bus.policy(), bus.description()), (None, Some("theirs")));
    let tags = events.list_tags_for_resource();
    let tags = tags.resource_arn(bus.arn().unwrap()).send().await.unwrap();
    assert!(tags.tags().is_empty(), "{tags:?}");
}

#[tokio::test(start_paused = true)]
async fn a_topic_of_somebodys_keeps_its_policy_and_readers() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(RULES).await;
    let plan = stage.plan(&wanted).await;
    let sns = &stage.clients.sns;
    let theirs = sns
        .create_topic()
        .name(wanted_of(&wanted, Kind::Topic).name);
    let arn = theirs.send().await.unwrap().topic_arn.unwrap();
    let attributes = async || {
        let got = sns.get_topic_attributes().topic_arn(&arn);
        got.send().await.unwrap().attributes.unwrap()
    };
    let before = attributes().await;
    assert_refused(&stage, &wanted, &plan, Kind::Topic).await;
    assert_eq!(attributes().await, before);
    let tags = sns.list_tags_for_resource().resource_arn(&arn);
    assert!(tags.send().await.unwrap().tags().is_empty());
    let readers = sns.list_subscriptions_by_topic().topic_arn(&arn);
    assert!(readers.send().await.unwrap().subscriptions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_role_of_somebodys_gets_no_policy_of_ours() {
    const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    // Under our path, and elsewhere: its name is unique in the account.
    for path in ["/iamwatch/", "/"] {
        let stage = Stage::sandbox().await;
        let wanted = stage.wanted(RULES).await;
        let plan = stage.plan(&wanted).await;
        let iam = stage.cloud.global().iam;
        let theirs = iam.create_role().role_name(ROLE).path(path);
        let theirs = theirs.assume_role_policy_document(TRUST);
        theirs.send().await.unwrap();
        assert_refused(&stage, &wanted, &plan, Kind::Role).await;
        let policies = iam.list_role_policies().role_name(ROLE);
        assert!(policies.send().await.unwrap().policy_names().is_empty());
        let tags = iam.list_role_tags().role_name(ROLE).send().await;
        assert!(tags.unwrap().tags().is_empty());
    }
}
