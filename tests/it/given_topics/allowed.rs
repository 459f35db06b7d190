//! The printed policies are about that topic and no other.

use iamwatch::dead_letters;
use iamwatch::permissions::{self, Phase, Scope};
use iamwatch::resources::{queue, topic};
use serde_json::{Value, json};

use super::{RULES, TOPIC, allow, heard, make, ours};
use crate::stage::Stage;

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
    let key = stage.key(&statements).await.arn.unwrap();
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
        if phase == Phase::Dlq {
            may_publish_with_the_key_alone(&stage, &policy, &key).await;
        }
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
                found.verdict == queue::Verdict::Unknown && found.problem.contains(problem),
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

/// SNS uses the topic's key for whoever publishes, who needs it as well, and needs it for nothing else.
async fn may_publish_with_the_key_alone(stage: &Stage, policy: &Value, key: &str) {
    let sandbox = stage.sandbox.as_ref().unwrap();
    let publish = async |policy: &Value| {
        let caller = sandbox.caller("publisher", &policy.to_string());
        let config = sandbox.sdk_config(&"us-east-1".parse().unwrap(), caller);
        let sns = stage.seen_by(config).await.clients.sns.clone();
        let sent = sns.publish().topic_arn(TOPIC).message("LATE");
        sent.send().await.map_err(|e| e.into_service_error())
    };
    publish(policy).await.unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let of_key = |statement: &&Value| statement["Sid"] == "KeysOfGivenTopics";
    let statement = statements.iter().find(of_key).unwrap();
    assert_eq!(
        statement["Condition"],
        json!({ "StringLike": { "kms:ViaService": "sns.us-east-1.*" },
            "StringEquals": { "kms:EncryptionContext:aws:sns:topicArn": TOPIC } })
    );
    let others = statements.iter().filter(|statement| !of_key(statement));
    let less = json!({ "Version": "2012-10-17", "Statement": others.collect::<Vec<_>>() });
    let refused = publish(&less).await.unwrap_err();
    assert!(refused.is_kms_access_denied_exception(), "{refused:?}");
    for (enabled, is_refused) in [(false, true), (true, false)] {
        let kms = &stage.clients.kms;
        match enabled {
            true => drop(kms.enable_key().key_id(key).send().await.unwrap()),
            false => drop(kms.disable_key().key_id(key).send().await.unwrap()),
        }
        assert_eq!(publish(policy).await.is_err(), is_refused);
    }
}
