//! A channel that is somebody's topic: rules publish to it themselves, it stays as it is, and what keeps an alert out of it
//! is said by plan, status, test-event and coverage alike.

mod agreed;
mod allowed;
mod judged;
mod written;

use iamwatch::health::{self, Weight};
use iamwatch::proof::{self, Options, Outcome, RealOutcome};
use iamwatch::resources::{Kind, Resource};
use serde_json::{Value, json};

use crate::stage::{Stage, Wanted, new_id};

const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:security";

const RULES: &str = r#"version: 1
name: acme
home: { region: us-east-1 }
trail: existing-or-create
channels:
  existing: { sns: "arn:aws:sns:us-east-1:111122223333:security" }
notify: { default: [existing] }
rules:
  - use: root/sign-in
  - use: signin/failed
"#;

/// What lets rules publish, where their requests meet a condition.
fn allow(condition: Value) -> Value {
    json!({ "Sid": "rules", "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": "SNS:Publish", "Resource": TOPIC, "Condition": condition })
}

fn document(statements: &[Value]) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn ours() -> Value {
    json!({ "ArnLike": { "aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/iamwatch-acme*" } })
}

/// Makes the topic, with a policy and a key, and with a reader.
async fn make(stage: &Stage, policy: Option<&[Value]>, key: Option<&str>) {
    let mut made = stage.clients.sns.create_topic().name("security");
    if let Some(policy) = policy {
        made = made.attributes("Policy", document(policy));
    }
    if let Some(key) = key {
        made = made.attributes("KmsMasterKeyId", key);
    }
    made.send().await.unwrap();
    let subscribe = stage.clients.sns.subscribe().topic_arn(TOPIC);
    let subscribe = subscribe.protocol("sms").endpoint("+4915112345678");
    subscribe.send().await.unwrap();
}

/// What status calls lost and what it cannot tell, and what test-event calls broken and weak.
#[derive(Debug, Default, PartialEq)]
struct Said {
    lost: Vec<String>,
    unknown: Vec<String>,
    broken: Vec<String>,
    weak: Vec<String>,
}

async fn said(stage: &Stage, wanted: &Wanted) -> Said {
    let standing = stage.standing(wanted).await.unwrap();
    let deployment = standing.deployment(wanted);
    let health = health::health(&stage.cloud, deployment, stage.now())
        .await
        .unwrap();
    let mut said = Said::default();
    for finding in health.findings {
        let text = format!("{}: {}", finding.what, finding.problem);
        match finding.weight {
            Weight::LosesAlerts => said.lost.push(text),
            Weight::Unknown => said.unknown.push(text),
            Weight::Weakens => panic!("{text}"),
        }
    }
    let clock = || stage.now();
    let options = Options {
        wait: None,
        from: None,
        clock: &clock,
        new_id: &new_id,
    };
    let stop = std::future::pending();
    let proofs = proof::prove(&stage.cloud, deployment, &wanted.patterns, &options, stop);
    for proof in proofs.await.unwrap() {
        let links = |links: &[proof::BrokenLink]| -> Vec<String> {
            links.iter().map(|link| link.problem.clone()).collect()
        };
        match &proof.outcome {
            Outcome::Broken { links: found } => said.broken.extend(links(found)),
            Outcome::Sent => {}
            other => panic!("{other:?}"),
        }
        said.weak.extend(links(&proof.weak));
        assert!(!proof.handed_over.is_empty());
    }
    said
}

/// A topic with a policy and a key, and what is said of it.
async fn judged(policy: Option<&[Value]>, key: Option<&str>) -> (Stage, Said) {
    let stage = Stage::sandbox().await;
    make(&stage, policy, key).await;
    let wanted = stage.wanted(RULES).await;
    stage.deploy(&wanted).await;
    let said = said(&stage, &wanted).await;
    (stage, said)
}

fn heard(stage: &Stage) -> usize {
    let sandbox = stage.sandbox.as_ref().unwrap();
    let before = sandbox.outbox().len();
    let event = json!({ "source": "aws.signin", "detail-type": "AWS Console Sign In via CloudTrail",
        "detail": { "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin",
            "userIdentity": { "type": "Root" }, "readOnly": false } });
    sandbox.emit(&"us-east-1".parse().unwrap(), event);
    sandbox.outbox().len() - before
}

#[tokio::test(start_paused = true)]
async fn rules_publish_to_the_topic_itself() {
    let stage = Stage::sandbox().await;
    make(&stage, Some(&[allow(ours())]), None).await;
    let both = RULES
        .replace(
            "notify: { default: [existing] }",
            "  machine: { sns: \"arn:aws:sns:us-east-1:111122223333:security\", format: json }\nnotify: { critical: [existing], default: [machine] }",
        );
    let wanted = stage.wanted(&both).await;
    let kinds: Vec<Kind> = wanted
        .desired
        .resources
        .keys()
        .map(|key| key.kind)
        .collect();
    assert!(!kinds.contains(&Kind::Topic) && !kinds.contains(&Kind::Subscription));
    let mut targets = wanted.desired.resources.values().filter_map(|r| match r {
        Resource::Rule(rule) => Some(&rule.targets),
        _ => None,
    });
    assert!(targets.all(
        |targets| targets.values().all(|target| target.arn.as_str() == TOPIC
            && target.role.is_none()
            && target.dead_letters.is_some())
    ));
    stage.deploy(&wanted).await;
    assert_eq!(heard(&stage), 1);
    let outbox = stage.sandbox.as_ref().unwrap().outbox();
    assert_eq!(outbox.last().unwrap().endpoint, "+4915112345678");
    assert_eq!(said(&stage, &wanted).await, Said::default());
}

/// Whatever is done to a deployment, the topic, its policy, its tags and its readers stay as they are.
#[tokio::test(start_paused = true)]
async fn the_topic_is_never_edited() {
    let stage = Stage::sandbox().await;
    make(&stage, Some(&[allow(ours())]), None).await;
    let sns = &stage.clients.sns;
    let state = || async {
        let topic = sns.get_topic_attributes().topic_arn(TOPIC).send();
        let topic = topic.await.unwrap();
        let tags = sns.list_tags_for_resource().resource_arn(TOPIC).send();
        let tags = tags.await.unwrap();
        let readers = sns.list_subscriptions_by_topic().topic_arn(TOPIC).send();
        let readers = readers.await.unwrap();
        let mut attributes: Vec<(String, String)> =
            topic.attributes().unwrap().clone().into_iter().collect();
        attributes.sort();
        (
            attributes,
            tags.tags().to_vec(),
            readers.subscriptions().to_vec(),
        )
    };
    let before = state().await;
    let wanted = stage.wanted(RULES).await;
    stage.writes();
    stage.deploy(&wanted).await;
    let proofs = stage.prove(&wanted, &[], 30).await;
    assert_eq!(proofs.len(), 2);
    assert!(
        proofs
            .iter()
            .all(|proof| proof.outcome == Outcome::HandedOver && proof.is_good())
    );
    let mut lines = stage.writes();
    lines.retain(|write| {
        [
            "Subscribe",
            "Unsubscribe",
            "SetTopicAttributes",
            "TagResource",
            "CreateTopic",
            "DeleteTopic",
            "CreateQueue",
        ]
        .contains(&write.as_str())
    });
    assert_eq!(lines, ["CreateQueue"], "the dead letters' alone");
    assert_eq!(state().await, before);
    let other = RULES.replace(
        "existing: { sns: \"arn:aws:sns:us-east-1:111122223333:security\" }",
        "existing: { sms: \"+4915187654321\" }",
    );
    let other = stage.wanted(&other).await;
    let plan = stage.try_plan(&other, true).await.unwrap();
    assert!(stage.apply(&plan).await.is_complete());
    assert_eq!(state().await, before);
    stage.deploy(&wanted).await;
    stage
        .sandbox
        .as_ref()
        .unwrap()
        .empty_bucket("iamwatch-acme-logs-111122223333-us-east-1");
    let destruction = stage.destruction(&wanted).await;
    stage.apply(&destruction).await;
    assert_eq!(state().await, before);
}

/// Beside a channel of ours, test-event waits for that one, and says that the other is handed over.
#[tokio::test(start_paused = true)]
async fn a_test_waits_for_what_is_ours_alone() {
    let stage = Stage::sandbox().await;
    make(&stage, Some(&[allow(ours())]), None).await;
    let rules = RULES.replace(
        "notify: { default: [existing] }",
        "  phone: { sms: \"+4915187654321\" }\nnotify: { default: [existing, phone] }",
    );
    let rules = format!("{rules}  - use: iam/auth-changes\n");
    let wanted = stage.wanted(&rules).await;
    stage.deploy(&wanted).await;
    for proof in stage.prove(&wanted, &[], 30).await {
        assert!(proof.has_arrived(), "{proof:?}");
        assert!(
            proof
                .handed_over
                .iter()
                .any(|reader| reader.contains(TOPIC)),
            "{proof:?}"
        );
    }
    // A real call, where all that alerts is somebody's topic.
    let alone = rules.replace("[existing, phone]", "[existing]");
    let wanted = stage.wanted(&alone).await;
    stage.deploy(&wanted).await;
    let standing = stage.standing(&wanted).await.unwrap();
    let clock = || stage.now();
    let options = Options {
        wait: Some(std::time::Duration::from_secs(900)),
        from: None,
        clock: &clock,
        new_id: &new_id,
    };
    let stop = std::future::pending();
    let deployment = standing.deployment(&wanted);
    let real = proof::prove_real(&stage.cloud, deployment, &options, stop)
        .await
        .unwrap();
    assert!(
        matches!(real.outcome, RealOutcome::HandedOver { .. }),
        "{real:?}"
    );
}
