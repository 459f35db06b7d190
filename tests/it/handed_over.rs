//! What carries our tag and another name is not ours: whoever may only tag hands over nothing.

use aws_sdk_cloudtrail::types as cloudtrail;
use aws_sdk_iam::types as iam;
use aws_sdk_kms::types as kms;
use aws_sdk_s3::types as s3;
use iamwatch::aws::Clients;
use iamwatch::plan::{self, Action, Plan, PlanOptions};
use iamwatch::resources::{Kind, STACK_TAG};
use serde_json::{Value, json};

use crate::stage::{Stage, Wanted};

const RULES: &str = r#"
version: 1
name: acme
home: { region: us-east-1 }
trail: create
topics: { kms_key: create }
channels: { phone: { sms: "+4915112345678" } }
notify: { default: [phone] }
rules:
  - use: root/sign-in
"#;

const ACCOUNT: &str = "111122223333";

/// The policy of a company's key.
fn payments() -> String {
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Sid": "root", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") } },
        { "Sid": "db", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*",
            "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:role/payments-db") } },
    ] });
    document.to_string()
}

async fn key(clients: &Clients, description: &str, policy: &str, alias: Option<&str>) -> String {
    let tag = kms::Tag::builder().tag_key(STACK_TAG).tag_value("acme");
    let request = clients.kms.create_key().description(description);
    let request = request.policy(policy).tags(tag.build().unwrap());
    let made = request.send().await.unwrap();
    let id = made.key_metadata.unwrap().key_id;
    if let Some(alias) = alias {
        let request = clients.kms.create_alias().alias_name(alias);
        request.target_key_id(&id).send().await.unwrap();
    }
    id
}

/// Everything that can be changed of a key.
async fn state(clients: &Clients, id: &str) -> (Value, Option<String>, String) {
    let request = clients
        .kms
        .get_key_policy()
        .key_id(id)
        .policy_name("default");
    let policy = request.send().await.unwrap().policy.unwrap();
    let described = clients.kms.describe_key().key_id(id).send().await.unwrap();
    let metadata = described.key_metadata.unwrap();
    let state = metadata.key_state.unwrap().as_str().to_owned();
    (
        serde_json::from_str(&policy).unwrap(),
        metadata.description,
        state,
    )
}

/// Applies, prunes and destroys.
async fn through_its_life(stage: &Stage, wanted: &Wanted) {
    stage.deploy(wanted).await;
    let pruned = stage.try_plan(wanted, true).await.unwrap();
    assert_eq!(pruned.changes, Vec::new());
    assert_eq!(pruned.orphans, Vec::new());
    // Log files are never deleted: somebody does that by hand.
    if let Some(sandbox) = &stage.sandbox {
        sandbox.empty_bucket("iamwatch-acme-logs-111122223333-us-east-1");
    }
    let destruction = stage.destruction(wanted).await;
    let report = stage.apply(&destruction).await;
    let only_bucket = report
        .failed
        .iter()
        .all(|failed| failed.key.kind == Kind::Bucket);
    assert!(only_bucket, "{report:#?}");
}

fn creates(plan: &Plan, kind: Kind) -> bool {
    let mut changes = plan.changes.iter();
    changes.any(|change| change.key.kind == kind && change.action == Action::Create)
}

#[tokio::test(start_paused = true)]
async fn a_companys_key_stays_as_it_is_whatever_tag_it_carries() {
    // What our own key is like.
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(RULES).await;
    stage.deploy(&wanted).await;
    let aliases = stage.clients.kms.list_aliases().send().await.unwrap();
    let mut aliases = aliases.aliases().iter();
    let ours = aliases.find(|alias| alias.alias_name() == Some("alias/iamwatch-acme"));
    let ours = ours.unwrap().target_key_id().unwrap();
    let (policy, description, _) = state(&stage.clients, ours).await;
    let (policy, description) = (policy.to_string(), description.unwrap());
    for (description, policy, alias) in [
        ("payments", payments(), None),
        ("payments", payments(), Some("alias/payments")),
        (description.as_str(), payments(), None),
        ("payments", policy.clone(), None),
        (description.as_str(), policy.clone(), Some("alias/payments")),
        (
            description.as_str(),
            policy.clone(),
            Some("alias/iamwatch-acme-2"),
        ),
    ] {
        let stage = Stage::sandbox().await;
        let theirs = key(&stage.clients, description, &policy, alias).await;
        let before = state(&stage.clients, &theirs).await;
        let wanted = stage.wanted(RULES).await;
        assert!(creates(&stage.plan(&wanted).await, Kind::EncryptionKey));
        through_its_life(&stage, &wanted).await;
        assert_eq!(
            state(&stage.clients, &theirs).await,
            before,
            "{description} {alias:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_of_ours_that_lost_its_alias_is_used_again() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(RULES).await;
    stage.deploy(&wanted).await;
    let request = stage.clients.kms.delete_alias();
    let request = request.alias_name("alias/iamwatch-acme");
    request.send().await.unwrap();
    stage.deploy(&wanted).await;
    let keys = stage.clients.kms.list_keys().send().await.unwrap();
    assert_eq!(keys.keys().len(), 1);
    assert_eq!(stage.plan(&wanted).await.changes, Vec::new());
}

#[tokio::test(start_paused = true)]
async fn a_companys_trail_feeds_the_rules_and_stays_as_it_is() {
    for rules in [
        RULES,
        &RULES.replace("trail: create", "trail: existing-or-create"),
    ] {
        let stage = Stage::sandbox().await;
        let (trails, buckets) = (&stage.clients.cloudtrail, &stage.clients.s3);
        buckets
            .create_bucket()
            .bucket("corp-logs")
            .send()
            .await
            .unwrap();
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "s3:*",
            "Resource": ["arn:aws:s3:::corp-logs", "arn:aws:s3:::corp-logs/*"],
        }] });
        let request = buckets.put_bucket_policy().bucket("corp-logs");
        request.policy(policy.to_string()).send().await.unwrap();
        let tag = cloudtrail::Tag::builder().key(STACK_TAG).value("acme");
        let request = trails
            .create_trail()
            .name("corp-trail")
            .s3_bucket_name("corp-logs");
        let request = request
            .is_multi_region_trail(true)
            .include_global_service_events(true);
        let request = request.tags_list(tag.build().unwrap());
        request.send().await.unwrap();
        trails
            .start_logging()
            .name("corp-trail")
            .send()
            .await
            .unwrap();
        let wanted = stage.wanted(rules).await;
        let makes_one = rules == RULES;
        assert_eq!(creates(&stage.plan(&wanted).await, Kind::Trail), makes_one);
        through_its_life(&stage, &wanted).await;
        let left = trails.describe_trails().send().await.unwrap();
        let names: Vec<_> = left
            .trail_list()
            .iter()
            .filter_map(|trail| trail.name())
            .collect();
        assert_eq!(names, ["corp-trail"]);
        let status = trails
            .get_trail_status()
            .name("corp-trail")
            .send()
            .await
            .unwrap();
        assert_eq!(status.is_logging(), Some(true));
    }
}

/// Queues, topics, roles and buckets whose names begin as ours do.
#[tokio::test(start_paused = true)]
async fn names_that_only_begin_like_ours_are_not_ours() {
    let stage = Stage::sandbox().await;
    let clients = &stage.clients;
    let (sqs, sns, roles, buckets) = (&clients.sqs, &clients.sns, &clients.iam, &clients.s3);
    for name in [
        "iamwatch-acme-payments",
        "iamwatch-acme-eu-dead-letters",
        "iamwatch-acme-dead-letters-2",
        "iamwatch-acme-eu-json_siem-dead-letters",
    ] {
        let request = sqs.create_queue().queue_name(name).tags(STACK_TAG, "acme");
        request.send().await.unwrap();
    }
    let tag = aws_sdk_sns::types::Tag::builder()
        .key(STACK_TAG)
        .value("acme");
    for name in ["iamwatch-acme-payments", "iamwatch-acme-eu-text_mail"] {
        let request = sns
            .create_topic()
            .name(name)
            .tags(tag.clone().build().unwrap());
        request.send().await.unwrap();
    }
    let tag = iam::Tag::builder()
        .key(STACK_TAG)
        .value("acme")
        .build()
        .unwrap();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" }, "Action": "sts:AssumeRole",
    }] });
    for name in [
        "iamwatch-acme-payments",
        "iamwatch-acme-forwarder-of-payments",
    ] {
        let request = roles
            .create_role()
            .role_name(name)
            .path("/iamwatch/")
            .tags(tag.clone());
        let request = request.assume_role_policy_document(trust.to_string());
        request.send().await.unwrap();
    }
    for name in [
        "iamwatch-acme-logs-archive",
        "iamwatch-acme-logs-444455556666-us-east-1",
    ] {
        buckets.create_bucket().bucket(name).send().await.unwrap();
        let tag = s3::Tag::builder()
            .key(STACK_TAG)
            .value("acme")
            .build()
            .unwrap();
        let tags = s3::Tagging::builder().tag_set(tag).build().unwrap();
        let request = buckets.put_bucket_tagging().bucket(name).tagging(tags);
        request.send().await.unwrap();
    }
    let wanted = stage.wanted(RULES).await;
    through_its_life(&stage, &wanted).await;
    let queues = sqs.list_queues().send().await.unwrap();
    assert_eq!(queues.queue_urls().len(), 4, "{queues:?}");
    assert_eq!(sns.list_topics().send().await.unwrap().topics().len(), 2);
    assert_eq!(roles.list_roles().send().await.unwrap().roles().len(), 2);
    // The log bucket holds log files, or is kept otherwise: two are theirs.
    let buckets = buckets.list_buckets().send().await.unwrap();
    let theirs = buckets.buckets().iter().filter_map(|bucket| bucket.name());
    let theirs = theirs.filter(|name| !name.contains(ACCOUNT));
    assert_eq!(theirs.count(), 2);
}

/// What has our name and nobody's tag still stops the plan.
#[tokio::test(start_paused = true)]
async fn a_name_without_the_tag_stops_the_plan() {
    let stage = Stage::sandbox().await;
    let _ = key(&stage.clients, "theirs", &payments(), None).await;
    let untagged = stage.clients.kms.create_key().send().await.unwrap();
    let id = untagged.key_metadata.unwrap().key_id;
    let request = stage.clients.kms.create_alias();
    let request = request.alias_name("alias/iamwatch-acme").target_key_id(id);
    request.send().await.unwrap();
    let wanted = stage.wanted(RULES).await;
    let live = stage.live(&wanted).await;
    let options = PlanOptions::default();
    let conflicts = plan::plan(&wanted.file.name, &wanted.desired, &live, &options).unwrap_err();
    assert_eq!(conflicts.len(), 1, "{conflicts:#?}");
    assert_eq!(conflicts[0].key.kind, Kind::EncryptionKey);
}
