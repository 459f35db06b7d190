//! `status`: each link of the way, broken by hand, is named, with whose alerts it loses.

use aws_sdk_sqs::types::QueueAttributeName;
use iamwatch::health::{self, Finding, Health, Weight};
use iamwatch::place::Region;
use iamwatch::resources::{Kind, Live};

use crate::stage::{Stage, Wanted};

mod foreign_statements;
mod forwarders;
mod trail;

/// Home and one more Region: a home bus, forwarders, roles, a trail with its bucket, a key.
const RULES: &str = r#"
version: 1
name: acme
home: { region: us-east-1 }
watch: { regions: [eu-west-1] }
trail: existing-or-create
topics: { kms_key: create }
channels:
  mail: { email: security@example.com }
  siem: { sqs: alerts, format: json }
notify: { default: [mail, siem] }
rules:
  - use: signin/failed
  - use: iam/changes
"#;

/// A deployment in which nothing is wrong.
async fn healthy() -> (Stage, Wanted) {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(RULES).await;
    receiver(&stage, &wanted).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    (stage, wanted)
}

/// The queue of somebody who lets our topics in.
async fn receiver(stage: &Stage, wanted: &Wanted) {
    let url = stage.queue("alerts").await;
    let topics: Vec<&str> = wanted
        .desired
        .receivers
        .iter()
        .map(|r| r.topic.as_str())
        .collect();
    let policy = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "sns.amazonaws.com" },
            "Action": "sqs:SendMessage",
            "Resource": wanted.desired.receivers[0].queue,
            "Condition": { "ArnEquals": { "aws:SourceArn": topics } },
        }],
    });
    stage.set_queue_policy(&url, &policy).await;
}

/// What `status` says now, of the account as it is now.
async fn status(stage: &Stage) -> Health {
    status_of(stage, RULES).await
}

async fn status_of(stage: &Stage, rules: &str) -> Health {
    let wanted = stage.wanted(rules).await;
    let standing = stage.standing(&wanted).await.unwrap();
    let deployment = standing.deployment(&wanted);
    let now = stage.sandbox.as_ref().unwrap().now();
    health::health(&stage.cloud, deployment, now).await.unwrap()
}

/// The only live resource of a kind whose name holds `part`.
async fn find(stage: &Stage, wanted: &Wanted, kind: Kind, part: &str) -> Live {
    let live = stage.live(wanted).await;
    live.into_iter()
        .find(|live| live.key.kind == kind && live.key.name.contains(part))
        .unwrap()
}

/// The one finding about `what`, which must lose or weaken as said.
fn named(health: &Health, weight: Weight, what: &str, problem: &str) -> Finding {
    assert!(!health.healthy);
    let found = health.findings.iter().find(|finding| {
        finding.weight == weight && finding.what.contains(what) && finding.problem.contains(problem)
    });
    found
        .unwrap_or_else(|| panic!("no finding says `{what}: {problem}`: {health:#?}"))
        .clone()
}

fn rules(finding: &Finding) -> Vec<&str> {
    finding.rules.iter().map(|rule| rule.0.as_str()).collect()
}

fn eu_west() -> Region {
    "eu-west-1".parse().unwrap()
}

const BOTH: [&str; 2] = ["iam/changes", "signin/failed"];

#[tokio::test(start_paused = true)]
async fn a_deployment_as_applied_is_healthy() {
    let (stage, _) = healthy().await;
    let health = status(&stage).await;
    assert_eq!(health.findings, []);
    assert!(health.healthy);
    assert_eq!((health.rules, health.home), (2, stage.home));
}

#[tokio::test(start_paused = true)]
async fn nothing_deployed_is_unhealthy_for_every_rule() {
    let stage = Stage::sandbox().await;
    let health = status(&stage).await;
    let trail = named(
        &health,
        Weight::LosesAlerts,
        "trail",
        "the account has none",
    );
    assert_eq!(rules(&trail), BOTH);
    named(&health, Weight::LosesAlerts, "topic", "does not exist");
    named(
        &health,
        Weight::LosesAlerts,
        "queue arn:aws:sqs:",
        "does not exist",
    );
}

#[tokio::test(start_paused = true)]
async fn a_disabled_detector_is_named_with_its_rule() {
    let (stage, wanted) = healthy().await;
    let events = &stage.clients.events;
    let detector = find(&stage, &wanted, Kind::Rule, "signin.failed").await;
    let name = detector.key.name.rsplit('/').next().unwrap();
    let request = events.disable_rule().name(name);
    request
        .event_bus_name("iamwatch-acme")
        .send()
        .await
        .unwrap();
    let health = status(&stage).await;
    let finding = named(
        &health,
        Weight::LosesAlerts,
        "signin.failed",
        "it is disabled",
    );
    assert_eq!(rules(&finding), ["signin/failed"]);
}

#[tokio::test(start_paused = true)]
async fn a_missing_detector_is_named_with_its_rule() {
    let (stage, wanted) = healthy().await;
    let events = &stage.clients.events;
    let detector = find(&stage, &wanted, Kind::Rule, "iam.changes").await;
    let name = detector.key.name.rsplit('/').next().unwrap();
    let targets = events.remove_targets().rule(name).ids("mail").ids("siem");
    let targets = targets.event_bus_name("iamwatch-acme");
    targets.send().await.unwrap();
    let health = status(&stage).await;
    let finding = named(
        &health,
        Weight::LosesAlerts,
        "iam.changes",
        "target `mail` is missing",
    );
    assert_eq!(rules(&finding), ["iam/changes"]);

    let request = events.delete_rule().name(name);
    request
        .event_bus_name("iamwatch-acme")
        .send()
        .await
        .unwrap();
    let health = status(&stage).await;
    let finding = named(
        &health,
        Weight::LosesAlerts,
        "iam.changes",
        "does not exist",
    );
    assert_eq!(rules(&finding), ["iam/changes"]);
}

#[tokio::test(start_paused = true)]
async fn a_disabled_forwarder_loses_the_events_of_its_region_only() {
    let (stage, _) = healthy().await;
    let events = stage.cloud.at(&eu_west()).events;
    let request = events.disable_rule().name("iamwatch-acme-forwarder_events");
    request.send().await.unwrap();
    let health = status(&stage).await;
    let finding = named(
        &health,
        Weight::LosesAlerts,
        "forwarder_events",
        "it is disabled",
    );
    assert!(finding.consequence.contains("eu-west-1"), "{finding:#?}");
    assert!(finding.place.unwrap().to_string().contains("eu-west-1"));
    // IAM's events appear in us-east-1 alone.
    assert_eq!(
        finding
            .rules
            .iter()
            .map(|r| r.0.as_str())
            .collect::<Vec<_>>(),
        ["signin/failed"]
    );
}

#[tokio::test(start_paused = true)]
async fn policies_that_no_longer_let_alerts_through_are_named() {
    let (stage, wanted) = healthy().await;
    let nobody = |arn: &str, action: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"{action}","Resource":"{arn}"}}]}}"#,
            stage.account
        )
    };
    let topic = find(&stage, &wanted, Kind::Topic, "text_mail").await;
    let arn = topic.handle.unwrap();
    let request = stage.clients.sns.set_topic_attributes().topic_arn(&arn);
    let request = request.attribute_name("Policy");
    let request = request.attribute_value(nobody(&arn, "sns:Publish"));
    request.send().await.unwrap();
    let queue = find(&stage, &wanted, Kind::Queue, "dead-letters").await;
    let request = stage.cloud.at_place(&queue.key.place).sqs;
    let request = request
        .set_queue_attributes()
        .queue_url(queue.handle.unwrap())
        .attributes(QueueAttributeName::Policy, "");
    request.send().await.unwrap();
    let request = stage.clients.events.remove_permission();
    let request = request.event_bus_name("iamwatch-acme");
    request.remove_all_permissions(true).send().await.unwrap();
    let bucket = find(&stage, &wanted, Kind::Bucket, "logs").await.key.name;
    let request = stage.clients.s3.delete_bucket_policy().bucket(&bucket);
    request.send().await.unwrap();

    let health = status(&stage).await;
    let topic = named(
        &health,
        Weight::LosesAlerts,
        "text_mail",
        "its policy is not the one that lets",
    );
    assert_eq!(rules(&topic), BOTH);
    named(&health, Weight::Weakens, "dead-letters", "policy");
    let bus = named(&health, Weight::LosesAlerts, "bus iamwatch-acme", "policy");
    assert_eq!(rules(&bus), BOTH);
    named(
        &health,
        Weight::Weakens,
        &format!("bucket {bucket}"),
        "it has no policy",
    );
}

#[tokio::test(start_paused = true)]
async fn a_role_that_cannot_be_assumed_or_may_not_send_is_named() {
    let (stage, _) = healthy().await;
    let iam = &stage.clients.iam;
    let role = "iamwatch-acme-forwarder-eu-west-1";
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"sts:AssumeRole"}}]}}"#,
        stage.account
    );
    let request = iam.update_assume_role_policy().role_name(role);
    request.policy_document(trust).send().await.unwrap();
    let health = status(&stage).await;
    let finding = named(
        &health,
        Weight::LosesAlerts,
        role,
        "trust policy was changed",
    );
    assert!(finding.consequence.contains("eu-west-1"), "{finding:#?}");
    assert_eq!(rules(&finding), ["signin/failed"]);

    let request = iam.delete_role_policy().role_name(role);
    request.policy_name("forward").send().await.unwrap();
    let health = status(&stage).await;
    named(
        &health,
        Weight::LosesAlerts,
        role,
        "policy that lets it send is missing",
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_disabled_or_does_not_grant_is_named() {
    let (stage, wanted) = healthy().await;
    let kms = &stage.clients.kms;
    let key = find(&stage, &wanted, Kind::EncryptionKey, "iamwatch-acme").await;
    let id = key.handle.unwrap();
    kms.disable_key().key_id(&id).send().await.unwrap();
    let health = status(&stage).await;
    let finding = named(
        &health,
        Weight::LosesAlerts,
        "key iamwatch-acme",
        "disabled",
    );
    assert_eq!(rules(&finding), BOTH);

    kms.enable_key().key_id(&id).send().await.unwrap();
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{}:root"}},"Action":"kms:*","Resource":"*"}}]}}"#,
        stage.account
    );
    let request = kms.put_key_policy().key_id(&id).policy_name("default");
    request.policy(policy).send().await.unwrap();
    let health = status(&stage).await;
    named(
        &health,
        Weight::LosesAlerts,
        "key iamwatch-acme",
        "its policy is not the one that lets",
    );
}

#[tokio::test(start_paused = true)]
async fn subscriptions_pending_and_gone_are_named() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(RULES).await;
    receiver(&stage, &wanted).await;
    stage.deploy(&wanted).await;
    let health = status(&stage).await;
    let mail = "email/security@example.com";
    let finding = named(&health, Weight::LosesAlerts, mail, "not confirmed");
    assert_eq!(rules(&finding), BOTH);
    assert!(finding.remedy.contains("link"));

    stage.confirm_all();
    assert!(status(&stage).await.healthy);
    let subscription = find(&stage, &wanted, Kind::Subscription, mail).await;
    let request = stage.clients.sns.unsubscribe();
    let arn = subscription.handle.unwrap();
    request.subscription_arn(arn).send().await.unwrap();
    let health = status(&stage).await;
    let finding = named(&health, Weight::LosesAlerts, mail, "does not exist");
    assert!(finding.consequence.contains("security@example.com"));
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_does_not_admit_our_topic_is_named_with_the_statement() {
    let (stage, wanted) = healthy().await;
    let queue = &wanted.desired.receivers[0].queue;
    let sqs = &stage.clients.sqs;
    let url = sqs
        .get_queue_url()
        .queue_name("alerts")
        .send()
        .await
        .unwrap();
    let request = sqs.set_queue_attributes().set_queue_url(url.queue_url);
    let request = request.attributes(QueueAttributeName::Policy, "");
    request.send().await.unwrap();
    let health = status(&stage).await;
    let finding = named(
        &health,
        Weight::LosesAlerts,
        queue.as_str(),
        "does not let our topic",
    );
    assert!(finding.consequence.contains("siem"));
    assert_eq!(finding.document.unwrap()["Action"], "sqs:SendMessage");
}

#[tokio::test(start_paused = true)]
async fn what_lost_its_tag_is_named_and_judged_all_the_same() {
    let (stage, wanted) = healthy().await;
    let topic = find(&stage, &wanted, Kind::Topic, "text_mail").await;
    let request = stage.clients.sns.untag_resource();
    let request = request.resource_arn(topic.handle.unwrap());
    request.tag_keys("iamwatch:stack").send().await.unwrap();
    let health = status(&stage).await;
    let finding = named(
        &health,
        Weight::Weakens,
        "text_mail",
        "does not carry our tag",
    );
    assert!(finding.remedy.contains("iamwatch:stack=acme"));
    let adopt = "`iamwatch apply --adopt topic:iamwatch-acme-text_mail@us-east-1`";
    assert!(finding.remedy.contains(adopt), "{}", finding.remedy);
    assert_eq!(health.findings.len(), 1, "{health:#?}");
}

#[tokio::test(start_paused = true)]
async fn dead_letters_and_leftovers_of_tests_are_named_with_the_command_that_helps() {
    let (stage, wanted) = healthy().await;
    let queue = find(&stage, &wanted, Kind::Queue, "dead-letters").await;
    let sqs = stage.cloud.at_place(&queue.key.place).sqs;
    let request = sqs.send_message().queue_url(queue.handle.unwrap());
    request.message_body("{}").send().await.unwrap();
    let sqs = &stage.clients.sqs;
    let request = sqs.create_queue().queue_name("iamwatch-test-acme-1");
    let request = request.tags("iamwatch:probe", "acme");
    let request = request.tags("iamwatch:probe-until", "1700000000");
    request.send().await.unwrap();
    // One that is in use, and one of another rules file.
    let request = sqs.create_queue().queue_name("iamwatch-test-acme-2");
    let request = request.tags("iamwatch:probe", "acme");
    let request = request.tags("iamwatch:probe-until", "4000000000");
    request.send().await.unwrap();
    let health = status(&stage).await;
    let letters = named(
        &health,
        Weight::LosesAlerts,
        "dead-letters",
        "1 dead letter",
    );
    assert!(letters.remedy.contains("iamwatch dlq"));
    let leftover = named(
        &health,
        Weight::Weakens,
        "iamwatch-test-acme-1",
        "left over",
    );
    assert!(leftover.remedy.contains("test-event"));
    assert_eq!(health.findings.len(), 2, "{health:#?}");
}

/// A reader without its dead-letter queue gets its alerts: what is gone is a safeguard.
#[tokio::test(start_paused = true)]
async fn letters_of_a_topic_are_counted_and_its_missing_queue_only_weakens() {
    let (stage, wanted) = healthy().await;
    let queue = find(&stage, &wanted, Kind::Queue, "json_siem").await;
    let sqs = stage.cloud.at_place(&queue.key.place).sqs;
    let url = queue.handle.unwrap();
    for _ in 0..2 {
        let request = sqs.send_message().queue_url(&url);
        request.message_body("{}").send().await.unwrap();
    }
    let health = status(&stage).await;
    let what = "queue iamwatch-acme-json_siem-dead-letters";
    let letters = named(&health, Weight::LosesAlerts, what, "2 dead letters");
    assert!(letters.remedy.contains("iamwatch dlq"));
    assert_eq!(health.findings.len(), 1, "{health:#?}");

    sqs.delete_queue().queue_url(&url).send().await.unwrap();
    let health = status(&stage).await;
    let gone = named(&health, Weight::Weakens, what, "it does not exist");
    assert!(gone.consequence.contains("are not kept"), "{gone:#?}");
    // Whose alerts these are: both rules tell this channel.
    assert_eq!(rules(&gone), BOTH);
    stage.deploy(&wanted).await;
    assert!(status(&stage).await.healthy);

    let reader = find(&stage, &wanted, Kind::Subscription, "/sqs/").await;
    let request = stage.clients.sns.set_subscription_attributes();
    let request = request.subscription_arn(reader.handle.unwrap());
    request
        .attribute_name("RedrivePolicy")
        .send()
        .await
        .unwrap();
    let health = status(&stage).await;
    let problem = "no dead-letter queue";
    let found = named(&health, Weight::Weakens, "/sqs/", problem);
    assert!(found.consequence.starts_with("alerts arrive"), "{found:#?}");
    assert_eq!(health.findings.len(), 1, "{health:#?}");
}

/// A key of the user's own is never edited, and looked at all the same.
#[tokio::test(start_paused = true)]
async fn a_key_of_somebodys_own_that_eventbridge_cannot_use_is_named() {
    let (stage, _) = healthy().await;
    let kms = &stage.clients.kms;
    let made = kms.create_key().send().await.unwrap().key_metadata.unwrap();
    let arn = made.arn.unwrap();
    let rules = RULES.replace("kms_key: create", &format!("kms_key: \"{arn}\""));
    stage.deploy(&stage.wanted(&rules).await).await;
    let health = status_of(&stage, &rules).await;
    let found = named(
        &health,
        Weight::LosesAlerts,
        &arn,
        "does not let EventBridge",
    );
    let statement = found.document.clone().unwrap();
    let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*" },
        statement,
    ] });
    let put = kms.put_key_policy().key_id(&arn).policy_name("default");
    put.policy(policy.to_string()).send().await.unwrap();
    assert!(
        status_of(&stage, &rules)
            .await
            .findings
            .iter()
            .all(|f| !f.what.contains(&arn))
    );
    kms.disable_key().key_id(&arn).send().await.unwrap();
    let health = status_of(&stage, &rules).await;
    named(&health, Weight::LosesAlerts, &arn, "it is disabled");
}
