//! A channel that is somebody's topic: rules publish to it themselves, it stays as it is, and what keeps an alert out of it
//! is said by plan, status, test-event and coverage alike.

use iamwatch::check;
use iamwatch::dead_letters;
use iamwatch::health::{self, Weight};
use iamwatch::permissions::{self, Phase, Scope};
use iamwatch::proof::{self, Options, Outcome, RealOutcome};
use iamwatch::resources::{Kind, Resource, topic};
use serde_json::{Value, json};

use crate::cli_deploy::Folder;
use crate::organization::kit::Kit;
use crate::organization::{self, MANAGEMENT, MEMBERS};
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

#[tokio::test(start_paused = true)]
async fn its_policy_is_judged_by_what_it_says() {
    let account = json!({ "StringEquals": { "aws:SourceAccount": "111122223333" } });
    let insecure = json!({ "Effect": "Deny", "Principal": "*", "Action": "SNS:Publish", "Resource": TOPIC,
        "Condition": { "Bool": { "aws:SecureTransport": "false" } } });
    for policy in [
        vec![allow(ours())],
        vec![allow(json!({}))],
        vec![allow(account)],
        vec![insecure, allow(ours())],
    ] {
        let (stage, found) = judged(Some(&policy), None).await;
        assert_eq!(found, Said::default(), "{policy:?}");
        assert_eq!(heard(&stage), 1, "{policy:?}");
    }
    let one = json!({ "ArnEquals": { "aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/iamwatch-acme-signin.failed" } });
    let others = json!({ "StringEquals": { "aws:SourceAccount": "444455556666" } });
    let deny = |condition: Value| json!({ "Effect": "Deny", "Principal": "*", "Action": "SNS:Publish", "Resource": TOPIC, "Condition": condition });
    let none: Option<Vec<Value>> = None;
    for (policy, problem) in [
        (none, "its policy does not let our rules publish"),
        (
            Some(vec![allow(others)]),
            "its policy does not let our rules publish",
        ),
        (
            Some(vec![allow(one)]),
            "its policy does not let our rules publish",
        ),
        (
            Some(vec![allow(ours()), deny(ours())]),
            "a statement of its policy denies our rules",
        ),
        (
            Some(vec![
                allow(ours()),
                deny(json!({ "StringNotEquals": { "aws:SourceAccount": "444455556666" } })),
            ]),
            "a statement of its policy denies our rules",
        ),
    ] {
        let (stage, found) = judged(policy.as_deref(), None).await;
        assert!(
            found.lost.len() == 1 && found.lost[0].contains(problem),
            "{policy:?} {found:?}"
        );
        assert!(found.lost[0].contains(TOPIC), "{found:?}");
        assert!(
            !found.broken.is_empty() && found.broken.iter().all(|text| text.contains(problem)),
            "{found:?}"
        );
        assert_eq!(heard(&stage), 0, "{policy:?}");
    }
}

/// What is pasted as it is printed mends the topic.
#[tokio::test(start_paused = true)]
async fn the_statement_that_is_printed_is_what_is_missing() {
    for regions in ["", "watch: { regions: [eu-west-1] }\n"] {
        let stage = Stage::sandbox().await;
        make(&stage, Some(&[]), None).await;
        let rules = RULES.replace("trail: existing", &format!("{regions}trail: existing"));
        let wanted = stage.wanted(&rules).await;
        stage.deploy(&wanted).await;
        let given = wanted.desired.given_topics.values().next().unwrap();
        let found = topic::obstacle(&stage.clients, given)
            .await
            .unwrap()
            .unwrap();
        assert!(found.is_certain, "{found:?}");
        let statement = found.document.unwrap();
        let set = stage.clients.sns.set_topic_attributes().topic_arn(TOPIC);
        let set = set
            .attribute_name("Policy")
            .attribute_value(document(&[statement]));
        set.send().await.unwrap();
        assert_eq!(topic::obstacle(&stage.clients, given).await.unwrap(), None);
        assert_eq!(heard(&stage), 1, "{regions}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_organization_that_is_not_known_is_not_taken_for_ours() {
    let organization = json!({ "StringEquals": { "aws:SourceOrgID": "o-abcdefghij" } });
    let policy = [allow(organization)];
    let (stage, found) = judged(Some(&policy), None).await;
    assert_eq!(found.lost, Vec::<String>::new());
    assert!(
        found.unknown[0].contains("rules of the organization o-abcdefghij"),
        "{found:?}"
    );
    assert!(found.weak.iter().all(|text| text.contains("is not known")) && !found.weak.is_empty());
    let wanted = stage.wanted(RULES).await;
    let mut given = wanted.desired.given_topics.into_values().next().unwrap();
    given.organization = Some("o-abcdefghij".to_owned());
    assert_eq!(topic::obstacle(&stage.clients, &given).await.unwrap(), None);
    given.organization = Some("o-another000".to_owned());
    let found = topic::obstacle(&stage.clients, &given)
        .await
        .unwrap()
        .unwrap();
    assert!(found.is_certain, "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn its_key_is_judged() {
    let own = json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" },
        "Action": "kms:*", "Resource": "*" });
    let lets = |service: &str, condition: Value| {
        json!({ "Effect": "Allow", "Principal": { "Service": service },
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*", "Condition": condition })
    };
    let source = json!({ "StringEquals": { "aws:SourceAccount": "111122223333" } });
    for (statements, alias, problem) in [
        (
            vec![own.clone(), lets("events.amazonaws.com", json!({}))],
            false,
            None,
        ),
        (
            vec![own.clone(), lets("events.amazonaws.com", json!({}))],
            true,
            None,
        ),
        (
            vec![own.clone()],
            true,
            Some("does not let EventBridge use it"),
        ),
        (
            vec![own.clone(), lets("sns.amazonaws.com", json!({}))],
            false,
            Some("does not let EventBridge use it"),
        ),
        // EventBridge does not say for whom it encrypts.
        (
            vec![own.clone(), lets("events.amazonaws.com", source)],
            false,
            Some("does not let EventBridge use it"),
        ),
    ] {
        let stage = Stage::sandbox().await;
        let made = stage
            .clients
            .kms
            .create_key()
            .policy(document(&statements))
            .send();
        let mut key = made.await.unwrap().key_metadata.unwrap().key_id;
        if alias {
            let made = stage.clients.kms.create_alias().alias_name("alias/alerts");
            made.target_key_id(&key).send().await.unwrap();
            key = "alias/alerts".to_owned();
        }
        make(&stage, Some(&[allow(ours())]), Some(&key)).await;
        let wanted = stage.wanted(RULES).await;
        stage.deploy(&wanted).await;
        let found = said(&stage, &wanted).await;
        match problem {
            None => assert_eq!(found, Said::default()),
            Some(problem) => {
                assert!(
                    found.lost[0].contains(problem) && found.lost[0].contains(&key),
                    "{found:?}"
                );
                assert!(
                    found.broken.iter().all(|text| text.contains(problem))
                        && !found.broken.is_empty()
                );
            }
        }
        assert_eq!(
            heard(&stage),
            usize::from(problem.is_none()),
            "{statements:?}"
        );
    }
    let (stage, found) = judged(Some(&[allow(ours())]), Some("alias/aws/sns")).await;
    assert!(
        found.lost[0].contains("AWS's own, which EventBridge cannot use"),
        "{found:?}"
    );
    assert_eq!(heard(&stage), 0);
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_is_gone_or_that_nobody_reads_is_named() {
    let (stage, _) = judged(Some(&[allow(ours())]), None).await;
    let wanted = stage.wanted(RULES).await;
    let sns = &stage.clients.sns;
    let readers = sns.list_subscriptions_by_topic().topic_arn(TOPIC).send();
    let reader = readers.await.unwrap().subscriptions()[0]
        .subscription_arn
        .clone();
    let gone = sns.unsubscribe().subscription_arn(reader.unwrap());
    gone.send().await.unwrap();
    let found = said(&stage, &wanted).await;
    assert!(
        found.unknown[0].contains("nobody who has confirmed a subscription"),
        "{found:?}"
    );
    assert!(
        found.lost.is_empty() && found.broken.is_empty() && found.weak.len() == 2,
        "{found:?}"
    );
    let asked = sns.subscribe().topic_arn(TOPIC).protocol("email");
    asked.endpoint("ann@example.com").send().await.unwrap();
    let found = said(&stage, &wanted).await;
    assert!(
        found.unknown[0].contains("1 subscription waits"),
        "{found:?}"
    );
    sns.delete_topic().topic_arn(TOPIC).send().await.unwrap();
    let found = said(&stage, &wanted).await;
    assert!(found.lost[0].contains("it does not exist"), "{found:?}");
    assert_eq!(found.broken.len(), 2, "{found:?}");
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

/// What could not be published is a dead letter like any other, and `dlq` publishes it again with the caller's own rights.
#[tokio::test(start_paused = true)]
async fn what_the_topic_did_not_take_is_sent_again() {
    let stage = Stage::sandbox().await;
    make(&stage, None, None).await;
    let wanted = stage.wanted(RULES).await;
    stage.deploy(&wanted).await;
    assert_eq!(heard(&stage), 0);
    let standing = stage.standing(&wanted).await.unwrap();
    let deployment = standing.deployment(&wanted);
    let policy = permissions::policy(
        &Scope::of(&wanted.file, &wanted.patterns, &stage.account).unwrap(),
        Phase::Dlq,
    );
    let sandbox = stage.sandbox.as_ref().unwrap();
    let caller = sandbox.caller("redriver", &policy.to_string());
    let redriver = stage
        .seen_by(sandbox.sdk_config(&"us-east-1".parse().unwrap(), caller))
        .await;
    let read = dead_letters::read(&redriver.cloud, deployment)
        .await
        .unwrap();
    let done = dead_letters::redrive(&redriver.cloud, &wanted.desired, &read).await;
    assert_eq!((done.sent.len(), done.failed.len()), (1, 0), "{done:?}");
    let outbox = sandbox.outbox();
    let last = outbox.last().unwrap();
    assert_eq!(last.endpoint, "+4915112345678");
    assert!(last.body.contains("LATE "), "{last:?}");
    let left = dead_letters::read(&stage.cloud, deployment).await.unwrap();
    assert_eq!(left.letters().count(), 0);
}

/// A mistake in a rule does not make its topic one that others have added.
#[test]
fn a_rule_that_cannot_be_read_keeps_its_topic() {
    let own = "  - { id: keys, channels: [existing], events: [\"kms:DisableKey\"] }\n";
    let rules = RULES.replace(
        "notify: { default: [existing] }",
        "  phone: { sms: \"+4915187654321\" }\nnotify: { default: [phone] }",
    );
    let folder = Folder::with(&format!("{rules}{own}"));
    folder.succeed(&["apply", "--auto-approve"]);
    folder.rules(&format!(
        "{rules}{}",
        own.replace("kms:DisableKey", "kms:DisabelKey")
    ));
    let (_, out, _) = folder.run(&["status"]);
    assert!(out.contains("rule `keys`"), "{out}");
    assert!(!out.contains("target"), "{out}");
}

/// A caller with the printed policy sees all that is to be judged; one without is told what he lacks.
#[tokio::test(start_paused = true)]
async fn the_printed_policies_read_that_topic_and_no_other() {
    let stage = Stage::sandbox().await;
    let statements = [
        json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" },
        "Action": "kms:*", "Resource": "*" }),
        json!({ "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*" }),
    ];
    let made = stage
        .clients
        .kms
        .create_key()
        .policy(document(&statements))
        .send();
    let key = made.await.unwrap().key_metadata.unwrap().arn.unwrap();
    make(&stage, Some(&[allow(ours())]), Some(&key)).await;
    let wanted = stage.wanted(RULES).await;
    let given = wanted.desired.given_topics.values().next().unwrap();
    let scope = Scope::of(&wanted.file, &wanted.patterns, &stage.account).unwrap();
    let sandbox = stage.sandbox.as_ref().unwrap();
    let seen = |policy: &Value| {
        let caller = sandbox.caller("looker", &policy.to_string());
        sandbox.sdk_config(&"us-east-1".parse().unwrap(), caller)
    };
    for phase in [Phase::Plan, Phase::Apply, Phase::TestEvent, Phase::Dlq] {
        let policy = permissions::policy(&scope, phase);
        let named: Vec<(&str, &Value)> = policy["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|statement| statement["Resource"].to_string().contains(":security"))
            .map(|statement| (statement["Sid"].as_str().unwrap(), statement))
            .collect();
        let sids: Vec<&str> = named.iter().map(|(sid, _)| *sid).collect();
        let wanted = match phase {
            Phase::Dlq => vec!["ReadGivenTopics", "PublishToGivenTopics"],
            _ => vec!["ReadGivenTopics"],
        };
        assert_eq!(sids, wanted, "{policy:#}");
        assert_eq!(named[0].1["Action"], json!(["sns:GetTopicAttributes"]));
        assert!(
            named
                .iter()
                .all(|(_, statement)| statement["Resource"] == TOPIC)
        );
        let looker = stage.seen_by(seen(&policy)).await;
        assert_eq!(
            topic::obstacle(&looker.clients, given).await.unwrap(),
            None,
            "{phase:?}"
        );
        for (action, problem) in [
            (
                "sns:GetTopicAttributes",
                "cannot tell whether it lets our rules publish",
            ),
            ("kms:GetKeyPolicy", "which cannot be looked at"),
        ] {
            let mut less = policy.clone();
            for statement in less["Statement"].as_array_mut().unwrap() {
                let actions = statement["Action"].as_array_mut().unwrap();
                actions.retain(|known| known != action);
                if actions.is_empty() {
                    *statement =
                        json!({ "Effect": "Allow", "Action": ["iam:GetUser"], "Resource": "*" });
                }
            }
            let looker = stage.seen_by(seen(&less)).await;
            let found = topic::obstacle(&looker.clients, given)
                .await
                .unwrap()
                .unwrap();
            assert!(
                !found.is_certain && found.problem.contains(problem),
                "{found:?}"
            );
            assert!(found.remedy.contains(action), "{found:?}");
        }
    }
    // Nothing is asked for a file without such a channel.
    let other = RULES.replace(
        "sns: \"arn:aws:sns:us-east-1:111122223333:security\"",
        "sms: \"+4915112345678\"",
    );
    let wanted = stage.wanted(&other).await;
    let scope = Scope::of(&wanted.file, &wanted.patterns, &stage.account).unwrap();
    let policy = permissions::policy(&scope, Phase::Dlq).to_string();
    assert!(!policy.contains("GivenTopics"), "{policy}");
}

/// The place, the code, the problem and what to write.
#[test]
fn a_topic_that_cannot_be_is_refused_where_it_stands() {
    for (written, home, code, problem, help) in [
        (
            "arn:aws:sns:us-east-1:111122223333:security.fifo",
            "",
            "E0309",
            "FIFO topic",
            "standard topic",
        ),
        (
            "arn:aws:sns:us-east-1:111122223333:security:6b0e71bd-7e97-4d97-80ce-4a0994e55286",
            "",
            "E0303",
            "is the ARN of a subscription",
            "write `arn:aws:sns:us-east-1:111122223333:security`",
        ),
        (
            "arn:aws:sns:eu-west-1:111122223333:security",
            "",
            "E0309",
            "in `eu-west-1`, and rules at home, in us-east-1,",
            "name a topic in us-east-1",
        ),
        (
            "arn:aws-cn:sns:us-east-1:111122223333:security",
            "",
            "E0309",
            "no partition of us-east-1",
            "write `arn:aws:sns:",
        ),
        (
            "arn:aws:sns:us-east-1:444455556666:security",
            ", account: \"111122223333\"",
            "E0309",
            "the topic is in account 444455556666",
            "name a topic in account 111122223333",
        ),
        (
            "arn:aws:sqs:us-east-1:111122223333:security",
            "",
            "E0303",
            "not the ARN of a topic",
            "write `sqs:`",
        ),
        (
            "security",
            "",
            "E0303",
            "not the ARN of a topic",
            "as the console shows it",
        ),
        (
            "arn:aws:sns:us-east-1:1111222233:security",
            "",
            "E0303",
            "not the ARN of a topic",
            "as the console shows it",
        ),
        (
            "arn:aws:sns:us-east-1:111122223333:sec urity",
            "",
            "E0303",
            "not the ARN of a topic",
            "as the console shows it",
        ),
        (
            "arn:aws:sns:us-east-1:111122223333:",
            "",
            "E0303",
            "not the ARN of a topic",
            "as the console shows it",
        ),
    ] {
        let rules = RULES
            .replace(TOPIC, written)
            .replace("us-east-1 }", &format!("us-east-1{home} }}"));
        let loaded = check::load_text("iamwatch.yaml", &rules);
        assert!(loaded.file.is_none(), "{written}");
        let found: Vec<_> = loaded
            .diagnostics
            .iter()
            .filter(|d| d.code == code)
            .collect();
        assert_eq!(found.len(), 1, "{written}: {:?}", loaded.diagnostics);
        let (name, line, column) = loaded.sources.position(found[0].span);
        assert_eq!((name, line, column), ("iamwatch.yaml", 6, 20), "{written}");
        assert!(found[0].message.contains(problem), "{:?}", found[0]);
        assert!(
            found[0].help.as_deref().unwrap().contains(help),
            "{:?}",
            found[0]
        );
    }
    let bare = RULES.replace(&format!("{{ sns: \"{TOPIC}\" }}"), TOPIC);
    let loaded = check::load_text("iamwatch.yaml", &bare);
    let help = loaded.diagnostics[0].help.as_deref().unwrap();
    assert!(help.contains("write { sns: "), "{help}");
}

/// Only AWS knows whose the credentials are: then the plan refuses, before anything is changed.
#[test]
fn a_topic_of_another_account_or_of_ours_is_refused_by_the_plan() {
    for (written, problem) in [
        (
            "arn:aws:sns:us-east-1:444455556666:security",
            "the topic is in account 444455556666",
        ),
        (
            "arn:aws:sns:us-east-1:111122223333:iamwatch-acme-text_mail",
            "a topic that iamwatch makes for this rules file",
        ),
    ] {
        let folder = Folder::with(&RULES.replace(TOPIC, written));
        // What is deployed can be looked at all the same.
        let (code, out, err) = folder.run(&["status"]);
        assert_ne!(code, 1, "{out}{err}");
        for command in [&["plan"][..], &["apply", "--auto-approve"]] {
            let err = folder.fail(command);
            assert!(
                err.contains(problem) && err.contains("iamwatch.yaml:6:20"),
                "{err}"
            );
        }
    }
}

#[test]
fn plan_status_and_test_event_say_the_same() {
    let folder = Folder::with(RULES);
    folder.run(&["status"]);
    folder.aws(|clients| async move {
        let made = clients.sns.create_topic().name("security");
        made.send().await.unwrap();
        let subscribe = clients.sns.subscribe().topic_arn(TOPIC);
        let subscribe = subscribe.protocol("sms").endpoint("+4915112345678");
        subscribe.send().await.unwrap();
    });
    let out = folder.succeed(&["plan"]);
    let problem = "its policy does not let our rules publish";
    assert!(
        out.contains(&format!("! {TOPIC} (channel `existing`): {problem}")),
        "{out}"
    );
    assert!(
        out.contains("add this statement to its policy; iamwatch edits nothing of yours"),
        "{out}"
    );
    assert!(out.contains("\"aws:SourceArn\""), "{out}");
    folder.succeed(&["apply", "--auto-approve"]);
    let (code, out, _) = folder.run(&["status"]);
    assert!(
        code == 2 && out.contains(&format!("topic {TOPIC}")) && out.contains(problem),
        "{out}"
    );
    assert!(
        out.contains("channel `existing` gets no alert: all rules"),
        "{out}"
    );
    let (code, out, _) = folder.run(&["test-event", "root/sign-in", "--wait", "--auto-approve"]);
    assert!(
        code == 1 && out.contains(problem) && out.contains("nothing was sent"),
        "{out}"
    );
    let plan = folder.succeed(&["plan", "--json"]);
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let note = plan["notes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|note| !note["document"].is_null());
    let statement = note.unwrap()["document"].clone();
    folder.aws(|clients| async move {
        let set = clients.sns.set_topic_attributes().topic_arn(TOPIC);
        let set = set
            .attribute_name("Policy")
            .attribute_value(document(&[statement]));
        set.send().await.unwrap();
    });
    let out = folder.succeed(&["plan", "--detailed-exitcode"]);
    assert!(!out.contains(TOPIC), "{out}");
    folder.succeed(&["status"]);
    let out = folder.succeed(&["test-event", "root/sign-in", "--wait", "--auto-approve"]);
    assert!(
        out.contains(&format!("handed over to topic {TOPIC}")),
        "{out}"
    );
}

/// A look at the organization says what a look at home does, of topics and of queues.
#[test]
fn coverage_knows_what_others_let_through() {
    let topic = TOPIC.replace("us-east-1", "eu-central-1");
    let queue = "arn:aws:sqs:eu-central-1:111122223333:archive";
    let channels = format!(
        "channels:\n  existing: {{ sns: \"{topic}\" }}\n  archive: {{ sqs: archive, format: json }}\n"
    );
    let rules = organization::RULES;
    let begin = rules.find("channels:").unwrap();
    let end = rules.find("notify:").unwrap();
    let line = rules[end..].lines().next().unwrap();
    let rules = rules
        .replace(&rules[begin..end], &channels)
        .replace(line, "notify: { default: [existing, archive] }");
    let kit = Kit::with(&rules, &MEMBERS);
    let sns = |config: &aws_types::SdkConfig| aws_sdk_sns::Client::new(config);
    let home = (MANAGEMENT, "eu-central-1");
    kit.act(home.0, home.1, async |config| {
        let made = sns(&config).create_topic().name("security");
        made.send().await.unwrap();
        let made = aws_sdk_sqs::Client::new(&config).create_queue();
        made.queue_name("archive").send().await.unwrap();
    });
    kit.succeed(&["apply", "--auto-approve"]);
    let said = kit.run(&["coverage"]);
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    for problem in [
        format!("topic {topic} of channel existing: its policy does not let our rules publish"),
        format!("queue {queue} of channel archive: its policy does not let our topic send"),
    ] {
        assert!(said.out.contains(&problem), "{}", said.out);
    }
    let id = kit.organization().id();
    let policy = document(&[
        json!({ "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
        "Action": "SNS:Publish", "Resource": topic,
        "Condition": { "StringEquals": { "aws:SourceOrgID": id } } }),
    ]);
    let send = document(&[
        json!({ "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage", "Resource": queue,
        "Condition": { "StringEquals": { "aws:SourceAccount": MANAGEMENT } } }),
    ]);
    kit.act(home.0, home.1, async |config| {
        let set = sns(&config).set_topic_attributes().topic_arn(&topic);
        let set = set.attribute_name("Policy").attribute_value(policy);
        set.send().await.unwrap();
        let sqs = aws_sdk_sqs::Client::new(&config);
        let url = sqs.get_queue_url().queue_name("archive").send().await;
        let set = sqs
            .set_queue_attributes()
            .queue_url(url.unwrap().queue_url.unwrap());
        let set = set.attributes(aws_sdk_sqs::types::QueueAttributeName::Policy, send);
        set.send().await.unwrap();
    });
    // That nobody reads there is all that is left.
    let said = kit.run(&["coverage"]);
    assert!(!said.out.contains("its policy"), "{}", said.out);
    assert!(
        said.out.contains("nobody who has confirmed a subscription"),
        "{}",
        said.out
    );
    kit.act(home.0, home.1, async |config| {
        let subscribe = sns(&config).subscribe().topic_arn(&topic);
        let subscribe = subscribe.protocol("sms").endpoint("+4915112345678");
        subscribe.send().await.unwrap();
    });
    kit.succeed(&["coverage"]);
}
