//! What keeps our alerts out of somebody's topic: its policy, its key, and that nobody reads it.

use iamwatch::resources::{queue, topic};
use serde_json::{Value, json};

use super::{RULES, Said, TOPIC, allow, document, heard, judged, make, ours, said};
use crate::stage::Stage;

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
        assert_eq!(found.verdict, queue::Verdict::Refused, "{found:?}");
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
    assert_eq!(found.verdict, queue::Verdict::Refused, "{found:?}");
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
        let mut key = stage.key(&statements).await.key_id;
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
        found.lost[0].contains("nobody who has confirmed a subscription"),
        "{found:?}"
    );
    // It was looked at; and a test event gets there all the same.
    assert!(
        found.unknown.is_empty() && found.broken.is_empty() && found.weak.len() == 2,
        "{found:?}"
    );
    let asked = sns.subscribe().topic_arn(TOPIC).protocol("email");
    asked.endpoint("ann@example.com").send().await.unwrap();
    let found = said(&stage, &wanted).await;
    assert!(found.lost[0].contains("1 subscription waits"), "{found:?}");
    sns.delete_topic().topic_arn(TOPIC).send().await.unwrap();
    let found = said(&stage, &wanted).await;
    assert!(found.lost[0].contains("it does not exist"), "{found:?}");
    assert_eq!(found.broken.len(), 2, "{found:?}");
}
