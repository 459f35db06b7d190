//! Keys, and topics that they encrypt.

use std::time::Duration;

use aws_sdk_eventbridge::types::RuleState;
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::types::{KeyMetadata, KeyState, Tag};
use serde_json::{Value, json};

use super::{ACCOUNT, Aws, aws, clients, queue_arn, target};

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder()
        .tag_key(key)
        .tag_value(value)
        .build()
        .unwrap()
}

macro_rules! code {
    ($call:expr) => {
        $call.send().await.unwrap_err().code().map(str::to_owned)
    };
}

async fn make(aws: &Aws, policy: Option<Value>) -> String {
    let policy = policy.map(|policy| policy.to_string());
    let made = aws
        .kms
        .create_key()
        .set_policy(policy)
        .send()
        .await
        .unwrap();
    made.key_metadata.unwrap().key_id
}

async fn described(aws: &Aws, key: &str) -> KeyMetadata {
    let described = aws.kms.describe_key().key_id(key).send().await;
    described.unwrap().key_metadata.unwrap()
}

fn root() -> Value {
    json!({"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")},
        "Action": "kms:*", "Resource": "*"})
}

fn policy(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn for_events(condition: Value) -> Value {
    json!({"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*",
        "Condition": condition})
}

#[tokio::test(start_paused = true)]
async fn a_key_is_found_by_id_arn_alias_and_alias_arn() {
    let aws = aws();
    let create = aws
        .kms
        .create_key()
        .description("topics")
        .tags(tag("a", "b"));
    let made = create.send().await.unwrap().key_metadata.unwrap();
    let alias = aws.kms.create_alias().alias_name("alias/topics");
    alias.target_key_id(made.key_id()).send().await.unwrap();
    let alias_arn = format!("arn:aws:kms:us-east-1:{ACCOUNT}:alias/topics");
    for given in [
        made.key_id(),
        made.arn().unwrap(),
        "alias/topics",
        &alias_arn,
    ] {
        assert_eq!(described(&aws, given).await, made, "{given}");
    }
    assert_eq!(made.key_state(), Some(&KeyState::Enabled));
    assert_eq!(made.description(), Some("topics"));
    for unknown in ["alias/other", "11111111-2222-4333-a444-555555555555"] {
        let error = code!(aws.kms.describe_key().key_id(unknown));
        assert_eq!(error, Some("NotFoundException".to_owned()), "{unknown}");
    }
    let tags = aws.kms.list_resource_tags().key_id(made.key_id());
    assert_eq!(tags.send().await.unwrap().tags(), [tag("a", "b")]);
}

#[tokio::test(start_paused = true)]
async fn an_alias_has_one_key_and_can_be_given_another() {
    let aws = aws();
    let (one, two) = (make(&aws, None).await, make(&aws, None).await);
    let create = |name: &str| aws.kms.create_alias().alias_name(name).target_key_id(&one);
    create("alias/a").send().await.unwrap();
    assert_eq!(
        code!(create("alias/a")),
        Some("AlreadyExistsException".to_owned())
    );
    assert_eq!(code!(create("a")), Some("ValidationException".to_owned()));
    assert_eq!(
        code!(create("alias/aws/sns")),
        Some("NotAuthorizedException".to_owned())
    );
    let update = aws
        .kms
        .update_alias()
        .alias_name("alias/a")
        .target_key_id(&two);
    update.send().await.unwrap();
    assert_eq!(described(&aws, "alias/a").await.key_id(), two);
    for n in 0..11 {
        create(&format!("alias/b{n}")).send().await.unwrap();
    }
    let all = aws.kms.list_aliases().into_paginator().items().send();
    assert_eq!(all.collect::<Result<Vec<_>, _>>().await.unwrap().len(), 12);
    let of_two = aws.kms.list_aliases().key_id(&two).send().await.unwrap();
    assert_eq!(of_two.aliases()[0].alias_name(), Some("alias/a"));
    aws.kms
        .delete_alias()
        .alias_name("alias/a")
        .send()
        .await
        .unwrap();
    let again = code!(aws.kms.delete_alias().alias_name("alias/a"));
    assert_eq!(again, Some("NotFoundException".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_key_waits_to_be_deleted_and_its_aliases_go_with_it() {
    let aws = aws();
    let key = make(&aws, None).await;
    let alias = aws.kms.create_alias().alias_name("alias/a");
    alias.target_key_id(&key).send().await.unwrap();
    let schedule = |days: i32| {
        let schedule = aws.kms.schedule_key_deletion().key_id(&key);
        schedule.pending_window_in_days(days)
    };
    assert_eq!(code!(schedule(6)), Some("ValidationException".to_owned()));
    schedule(7).send().await.unwrap();
    let invalid = Some("KMSInvalidStateException".to_owned());
    assert_eq!(code!(schedule(7)), invalid);
    assert_eq!(code!(aws.kms.enable_key().key_id(&key)), invalid);
    let waiting = described(&aws, &key).await;
    assert_eq!(waiting.key_state(), Some(&KeyState::PendingDeletion));
    assert!(waiting.deletion_date().is_some());
    aws.kms
        .cancel_key_deletion()
        .key_id(&key)
        .send()
        .await
        .unwrap();
    assert_eq!(
        described(&aws, &key).await.key_state(),
        Some(&KeyState::Disabled)
    );
    aws.kms.enable_key().key_id(&key).send().await.unwrap();
    schedule(7).send().await.unwrap();
    aws.sandbox.advance(Duration::from_secs(7 * 86_400));
    let gone = code!(aws.kms.describe_key().key_id(&key));
    assert_eq!(gone, Some("NotFoundException".to_owned()));
    let aliases = aws.kms.list_aliases().send().await.unwrap();
    assert!(aliases.aliases().is_empty());
}

#[tokio::test(start_paused = true)]
async fn rotation_is_off_until_it_is_turned_on() {
    let aws = aws();
    let key = make(&aws, None).await;
    let status = || aws.kms.get_key_rotation_status().key_id(&key).send();
    assert!(!status().await.unwrap().key_rotation_enabled());
    let enable = aws.kms.enable_key_rotation().key_id(&key);
    let short = enable.clone().rotation_period_in_days(10);
    assert_eq!(code!(short), Some("ValidationException".to_owned()));
    enable.send().await.unwrap();
    assert_eq!(status().await.unwrap().rotation_period_in_days(), Some(365));
    aws.kms
        .disable_key_rotation()
        .key_id(&key)
        .send()
        .await
        .unwrap();
    assert!(!status().await.unwrap().key_rotation_enabled());
    aws.kms.disable_key().key_id(&key).send().await.unwrap();
    let enable = code!(aws.kms.enable_key_rotation().key_id(&key));
    assert_eq!(enable, Some("DisabledException".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn only_the_key_policy_lets_iam_decide() {
    let aws = aws();
    let everything = json!({"Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}});
    let bob = aws.sandbox.caller("bob", &everything.to_string());
    let bob = clients(aws.sandbox.clone(), bob, "us-east-1");
    let ann = aws.sandbox.caller("ann", r#"{"Statement":[]}"#);
    let ann = clients(aws.sandbox.clone(), ann, "us-east-1");
    let open = make(&aws, None).await;
    described(&bob, &open).await;
    let refused = Some("AccessDeniedException".to_owned());
    assert_eq!(code!(ann.kms.describe_key().key_id(&open)), refused);
    let only_ann = json!({"Effect": "Allow", "Action": "kms:*", "Resource": "*",
        "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:user/ann")}});
    let hers = make(&aws, Some(policy(&[only_ann]))).await;
    described(&ann, &hers).await;
    let error = bob
        .kms
        .describe_key()
        .key_id(&hers)
        .send()
        .await
        .unwrap_err();
    let message = error.message().unwrap();
    assert!(
        message.contains("no resource-based policy allows the kms:DescribeKey action"),
        "{message}"
    );
    // An alias needs the permission on itself and on its key.
    let create = bob
        .kms
        .create_alias()
        .alias_name("alias/a")
        .target_key_id(&hers);
    assert_eq!(code!(create), refused);
}

#[tokio::test(start_paused = true)]
async fn a_key_policy_is_checked_and_answered_in_other_spacing() {
    let aws = aws();
    let key = make(&aws, None).await;
    let put = |policy: &str| aws.kms.put_key_policy().key_id(&key).policy(policy);
    for bad in [
        "{}",
        r#"{"Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}"#,
    ] {
        let error = code!(put(bad));
        assert_eq!(error, Some("MalformedPolicyDocumentException".to_owned()));
    }
    let wanted = policy(&[root(), for_events(json!({}))]);
    put(&wanted.to_string()).send().await.unwrap();
    let got = aws.kms.get_key_policy().key_id(&key).send().await.unwrap();
    let got = got.policy.unwrap();
    assert_ne!(got, wanted.to_string());
    assert_eq!(serde_json::from_str::<Value>(&got).unwrap(), wanted);
}

/// A topic that this key encrypts becomes a target of the rule; a phone listens to it.
async fn published(aws: &Aws, key: &str, topic: &str, rule: &str) {
    let arn = aws.open_topic(topic).await;
    let set = aws.sns.set_topic_attributes().topic_arn(&arn);
    let set = set.attribute_name("KmsMasterKeyId").attribute_value(key);
    set.send().await.unwrap();
    let subscribe = aws.sns.subscribe().topic_arn(&arn).protocol("sms");
    subscribe.endpoint("+4915112345678").send().await.unwrap();
    aws.target(rule, target(topic, &arn).build().unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn rules_publish_to_an_encrypted_topic_only_if_the_key_lets_them() {
    let source = json!({"ArnLike": {"aws:SourceArn": super::any_rule()}});
    let account = json!({"StringEquals": {"aws:SourceAccount": ACCOUNT}});
    let mut decrypt_only = for_events(json!({}));
    decrypt_only["Action"] = json!("kms:Decrypt");
    let cases = [
        (vec![root(), for_events(json!({}))], 1),
        (vec![root()], 0),
        (vec![root(), decrypt_only], 0),
        // EventBridge does not say for whom it asks.
        (vec![root(), for_events(source)], 0),
        (vec![root(), for_events(account)], 0),
    ];
    for (statements, arrived) in cases {
        let aws = aws();
        let key = make(&aws, Some(policy(&statements))).await;
        aws.rule("r", r#"{"source":["app"]}"#).await;
        published(&aws, &key, "t", "r").await;
        aws.put(json!({})).await;
        assert_eq!(aws.sandbox.outbox().len(), arrived, "{statements:?}");
        let lost = aws.sandbox.lost();
        assert_eq!(lost.len(), 1 - arrived);
        assert!(
            lost.iter()
                .all(|l| l.code == "NO_PERMISSIONS" && l.message.contains("kms:"))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_finds_its_key_by_every_name_while_the_key_works() {
    let aws = aws();
    let key = make(&aws, Some(policy(&[root(), for_events(json!({}))]))).await;
    let alias = aws.kms.create_alias().alias_name("alias/a");
    alias.target_key_id(&key).send().await.unwrap();
    aws.rule("r", r#"{"source":["app"]}"#).await;
    let names = [
        key.clone(),
        format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{key}"),
        "alias/a".to_owned(),
        format!("arn:aws:kms:us-east-1:{ACCOUNT}:alias/a"),
    ];
    for (number, name) in names.iter().enumerate() {
        published(&aws, name, &format!("t{number}"), "r").await;
    }
    aws.put(json!({})).await;
    assert_eq!(aws.sandbox.outbox().len(), 4);
    aws.kms.disable_key().key_id(&key).send().await.unwrap();
    aws.put(json!({})).await;
    assert_eq!(aws.sandbox.lost().len(), 4);
    assert!(aws.sandbox.lost()[0].message.contains("Disabled"));
    aws.kms.enable_key().key_id(&key).send().await.unwrap();
    aws.put(json!({})).await;
    assert_eq!(aws.sandbox.outbox().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn an_alert_about_keys_hears_itself_once_in_five_minutes() {
    let aws = aws().with_trail().await;
    let key = make(&aws, Some(policy(&[root(), for_events(json!({}))]))).await;
    aws.open_queue("q").await;
    let pattern = r#"{"source":["aws.kms"]}"#;
    let all = RuleState::EnabledWithAllCloudtrailManagementEvents;
    aws.rule_in("loud", pattern, all).await;
    aws.target("loud", target("q", &queue_arn("q")).build().unwrap())
        .await;
    published(&aws, &key, "t", "loud").await;
    described(&aws, &key).await;

    let names = |bodies: Vec<String>| {
        let events = bodies
            .iter()
            .map(|body| serde_json::from_str::<Value>(body).unwrap());
        events.collect::<Vec<_>>()
    };
    let events = names(aws.bodies("q").await);
    let seen: Vec<_> = events.iter().map(|e| &e["detail"]["eventName"]).collect();
    assert_eq!(seen, ["DescribeKey", "GenerateDataKey"]);
    let identity = &events[1]["detail"]["userIdentity"];
    assert_eq!(identity["type"], "AWSService");
    assert_eq!(identity["invokedBy"], "events.amazonaws.com");
    assert_eq!(events[1]["detail"]["readOnly"], true);
    assert_eq!(
        aws.sandbox.outbox().len(),
        2,
        "the alert, and the one about itself"
    );

    described(&aws, &key).await;
    assert_eq!(
        aws.bodies("q").await.len(),
        1,
        "the data key is still in use"
    );
    aws.sandbox.advance(Duration::from_secs(300));
    described(&aws, &key).await;
    assert_eq!(aws.bodies("q").await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_encrypted_queue_asks_its_key_as_a_topic_does() {
    let aws = aws();
    let key = make(&aws, Some(policy(&[root()]))).await;
    aws.open_queue("q").await;
    let set = aws
        .sqs
        .set_queue_attributes()
        .queue_url(super::queue_url("q"));
    let set = set.attributes("KmsMasterKeyId".into(), &key);
    set.send().await.unwrap();
    aws.rule("r", r#"{"source":["app"]}"#).await;
    aws.target("r", target("q", &queue_arn("q")).build().unwrap())
        .await;
    aws.put(json!({})).await;
    assert!(
        aws.sandbox.lost()[0]
            .message
            .contains("kms:GenerateDataKey")
    );
    let open = policy(&[root(), for_events(json!({}))]).to_string();
    let put = aws.kms.put_key_policy().key_id(&key).policy(open);
    put.send().await.unwrap();
    aws.put(json!({})).await;
    assert_eq!(aws.bodies("q").await.len(), 1);
}
