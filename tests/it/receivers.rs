//! Queues and keys of others on the way: what keeps an alert out is named by plan, status and test-event alike, before
//! anything is sent.

use aws_sdk_sqs::types::QueueAttributeName;
use iamwatch::health::{self, Weight};
use iamwatch::proof::{self, Options, Outcome};
use serde_json::{Value, json};

use crate::stage::{Stage, new_id};

const ACCOUNT: &str = "111122223333";

const QUEUE_RULES: &str = r#"
version: 1
name: acme
home: { region: us-east-1 }
trail: create
channels: { siem: { sqs: archive, format: json } }
notify: { default: [siem] }
rules:
  - use: root/sign-in
"#;

const QUEUE: &str = "arn:aws:sqs:us-east-1:111122223333:archive";
const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:iamwatch-acme-json_siem";

/// What lets our topic send.
fn allow() -> Value {
    json!({ "Sid": "alerts", "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage", "Resource": QUEUE, "Condition": { "ArnEquals": { "aws:SourceArn": TOPIC } } })
}

fn document(statements: &[Value]) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// What lets the account itself use a key.
fn own() -> Value {
    json!({ "Sid": "own", "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
        "Action": "kms:*", "Resource": "*" })
}

fn lets(service: &str, condition: Option<Value>) -> Value {
    let mut statement = json!({ "Effect": "Allow", "Principal": { "Service": service },
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*" });
    if let Some(condition) = condition {
        statement["Condition"] = condition;
    }
    statement
}

async fn key(stage: &Stage, statements: &[Value]) -> String {
    stage.key(statements).await.arn.unwrap()
}

/// What the three say of a deployment: whether status calls alerts lost, and what test-event says is broken.
async fn answers(stage: &Stage, rules: &str) -> (Vec<String>, Vec<String>) {
    let wanted = stage.wanted(rules).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    let standing = stage.standing(&wanted).await.unwrap();
    let deployment = standing.deployment(&wanted);
    let health = health::health(&stage.cloud, deployment, stage.now())
        .await
        .unwrap();
    let lost = health
        .findings
        .iter()
        .filter(|f| f.weight == Weight::LosesAlerts);
    let lost = lost.map(|f| format!("{}: {}", f.what, f.problem)).collect();
    let clock = || stage.now();
    let options = Options {
        wait: None,
        from: None,
        clock: &clock,
        new_id: &new_id,
    };
    let proofs = proof::prove(
        &stage.cloud,
        deployment,
        &wanted.patterns,
        &options,
        std::future::pending(),
    );
    let proofs = proofs.await.unwrap();
    let mut broken = Vec::new();
    for proof in &proofs {
        match &proof.outcome {
            Outcome::Broken { links } => {
                broken.extend(
                    links
                        .iter()
                        .map(|link| format!("{}: {}", link.link, link.problem)),
                );
            }
            Outcome::Sent => {}
            other => panic!("{other:?}"),
        }
    }
    (lost, broken)
}

/// A queue with a policy, encrypted or not, and what is said of it.
async fn with_queue(policy: &[Value], key: Option<String>) -> (Vec<String>, Vec<String>) {
    let stage = Stage::sandbox().await;
    let mut made = stage.clients.sqs.create_queue().queue_name("archive");
    made = made.attributes(QueueAttributeName::Policy, document(policy));
    if let Some(key) = key {
        made = made.attributes(QueueAttributeName::KmsMasterKeyId, key);
    }
    made.send().await.unwrap();
    answers(&stage, QUEUE_RULES).await
}

#[tokio::test(start_paused = true)]
async fn a_queue_is_judged_by_its_policy_and_by_every_denial_in_it() {
    let deny = |condition: Value| {
        json!({ "Sid": "no", "Effect": "Deny", "Principal": "*", "Action": "sqs:Send*", "Resource": QUEUE,
            "Condition": condition })
    };
    let insecure = json!({ "Bool": { "aws:SecureTransport": "false" } });
    assert_eq!(with_queue(&[allow()], None).await, (vec![], vec![]));
    assert_eq!(
        with_queue(&[allow(), deny(insecure)], None).await,
        (vec![], vec![])
    );
    let organization = json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-abcdefghij" } });
    for (policy, problem) in [
        (vec![], "does not let our topic send"),
        (vec![allow(), deny(organization)], "denies our topic"),
        (
            vec![
                allow(),
                deny(json!({ "ArnLike": { "aws:SourceArn": "arn:aws:sns:*:*:*" } })),
            ],
            "denies our topic",
        ),
    ] {
        let (status, test) = with_queue(&policy, None).await;
        assert!(
            status.len() == 1 && status[0].contains(problem),
            "{policy:?} {status:?}"
        );
        assert!(test.len() == 1 && test[0].contains(problem), "{test:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_is_judged_by_the_key_that_encrypts_it() {
    let source = json!({ "StringEquals": { "aws:SourceAccount": ACCOUNT } });
    let deny = json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:GenerateDataKey", "Resource": "*" });
    let sns = "sns.amazonaws.com";
    for (statements, lets_in) in [
        (vec![own(), lets(sns, None)], true),
        (vec![own()], false),
        (vec![own(), lets("events.amazonaws.com", None)], false),
        (vec![own(), lets(sns, Some(source))], true),
        (vec![own(), lets(sns, None), deny], false),
    ] {
        for alias in [false, true] {
            let stage = Stage::sandbox().await;
            let mut named = key(&stage, &statements).await;
            if alias {
                let made = stage.clients.kms.create_alias().alias_name("alias/siem");
                made.target_key_id(&named).send().await.unwrap();
                named = "alias/siem".to_owned();
            }
            let made = stage.clients.sqs.create_queue().queue_name("archive");
            let made = made.attributes(QueueAttributeName::KmsMasterKeyId, &named);
            let made = made.attributes(QueueAttributeName::Policy, document(&[allow()]));
            made.send().await.unwrap();
            let (status, test) = answers(&stage, QUEUE_RULES).await;
            assert_eq!(status.is_empty(), lets_in, "{statements:?} {status:?}");
            assert_eq!(test.is_empty(), lets_in, "{statements:?} {test:?}");
            assert!(
                status.iter().chain(&test).all(|text| text.contains(&named)),
                "{status:?} {test:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_disabled_or_gone_lets_nothing_in() {
    let stage = Stage::sandbox().await;
    let key = key(&stage, &[own(), lets("sns.amazonaws.com", None)]).await;
    stage
        .clients
        .kms
        .disable_key()
        .key_id(&key)
        .send()
        .await
        .unwrap();
    let made = stage.clients.sqs.create_queue().queue_name("archive");
    let made = made.attributes(QueueAttributeName::KmsMasterKeyId, &key);
    let made = made.attributes(QueueAttributeName::Policy, document(&[allow()]));
    made.send().await.unwrap();
    let (status, test) = answers(&stage, QUEUE_RULES).await;
    assert!(
        status[0].contains("disabled") && test[0].contains("disabled"),
        "{status:?} {test:?}"
    );
}

/// A rule has a topic for each of its channels, and one key encrypts them all.
#[tokio::test(start_paused = true)]
async fn the_key_of_two_topics_is_named_once() {
    let stage = Stage::sandbox().await;
    let key = key(&stage, &[own()]).await;
    let rules = QUEUE_RULES
        .replace(
            "trail: create",
            &format!("topics: {{ kms_key: \"{key}\" }}\ntrail: create"),
        )
        .replace(
            "siem: { sqs: archive, format: json }",
            "phone: { sms: \"+4915112345678\" }, other: { sms: \"+4915187654321\" }",
        )
        .replace("[siem]", "[phone, other]");
    let (_, test) = answers(&stage, &rules).await;
    let named = test.iter().filter(|text| text.contains(&key));
    assert_eq!(named.count(), 1, "{test:?}");
}

/// EventBridge does not say for whom it encrypts: a condition on the source keeps it out.
#[tokio::test(start_paused = true)]
async fn the_key_of_the_topics_is_named_before_anything_is_sent() {
    let rules = |key: &str| {
        let keyed = format!("topics: {{ kms_key: \"{key}\" }}\ntrail: create");
        QUEUE_RULES
            .replace("trail: create", &keyed)
            .replace(
                "siem: { sqs: archive, format: json }",
                "phone: { sms: \"+4915112345678\" }",
            )
            .replace("[siem]", "[phone]")
    };
    let events = "events.amazonaws.com";
    let account = json!({ "StringEquals": { "aws:SourceAccount": ACCOUNT } });
    let arn =
        json!({ "ArnLike": { "aws:SourceArn": format!("arn:aws:events:*:{ACCOUNT}:rule/*") } });
    for (statements, lets_in) in [
        (vec![own(), lets(events, None)], true),
        (vec![own(), lets(events, Some(account))], false),
        (vec![own(), lets(events, Some(arn))], false),
        (vec![own(), lets("sns.amazonaws.com", None)], false),
    ] {
        let stage = Stage::sandbox().await;
        let key = key(&stage, &statements).await;
        let (status, test) = answers(&stage, &rules(&key)).await;
        assert_eq!(status.is_empty(), lets_in, "{status:?}");
        assert_eq!(test.is_empty(), lets_in, "{test:?}");
        assert!(test.iter().all(|text| text.contains(&key)), "{test:?}");
    }
}
