//! Files that earlier versions wrote.

use std::path::Path;
use std::time::Duration;

use aws_sdk_kms::types::KeyState;
use iamwatch::sandbox::Sandbox;

use super::{ACCOUNT, Aws, clients, queue_url, topic_arn};

/// Written by version 0.1.0, whose format was 3: every service has something in it, a subscription
/// is pending, a message is being read, an event was lost, and another is still on its way.
fn format_3() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/sandbox/format-3.json"
    ))
}

fn opened(path: &Path) -> Aws {
    let sandbox = Sandbox::load(path).unwrap();
    let admin = sandbox.admin();
    clients(sandbox, admin, "us-east-1")
}

#[tokio::test(start_paused = true)]
async fn a_file_of_format_3_opens_with_everything_that_is_in_it() {
    holds_everything(&opened(format_3())).await;
}

#[tokio::test(start_paused = true)]
async fn a_file_of_format_3_that_is_written_again_holds_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.json");
    Sandbox::load(format_3()).unwrap().save(&file).unwrap();
    holds_everything(&opened(&file)).await;
}

async fn holds_everything(aws: &Aws) {
    let member = "444455556666".parse().unwrap();
    assert_eq!(aws.sandbox.account().as_str(), ACCOUNT);
    // The event of the last call waits until CloudTrail's delay is over.
    let users = aws.iam.list_users().send().await.unwrap().users;
    let users: Vec<_> = users.iter().map(|user| user.user_name()).collect();
    assert_eq!(users, ["ann", "ben"]);
    let outbox = aws.sandbox.outbox();
    let outbox: Vec<_> = outbox
        .iter()
        .map(|d| (d.endpoint.as_str(), d.confirmation))
        .collect();
    assert_eq!(
        outbox,
        [("me@example.com", true), ("+4915112345678", false)]
    );
    let lost = aws.sandbox.lost();
    assert_eq!(lost.len(), 1);
    assert_eq!(lost[0].code, "NO_RESOURCE");

    // EventBridge
    let bus = aws
        .events
        .describe_event_bus()
        .name("home")
        .send()
        .await
        .unwrap();
    assert!(bus.policy().unwrap().contains("444455556666"));
    let rules = aws.events.list_rules().send().await.unwrap().rules.unwrap();
    let rules: Vec<_> = rules.iter().map(|rule| rule.name().unwrap()).collect();
    assert_eq!(rules, ["quiet", "watch"]);
    let targets = aws
        .events
        .list_targets_by_rule()
        .rule("watch")
        .limit(10)
        .send()
        .await
        .unwrap();
    let targets = targets.targets.unwrap();
    assert_eq!(targets.len(), 5);
    assert_eq!(
        targets[0].retry_policy().unwrap().maximum_retry_attempts(),
        Some(3)
    );
    assert!(targets[0].input_transformer().is_some());
    let there = aws
        .events
        .list_rules()
        .event_bus_name("home")
        .send()
        .await
        .unwrap();
    assert_eq!(there.rules.unwrap().len(), 1);

    // SNS and SQS
    let topic = aws
        .sns
        .get_topic_attributes()
        .topic_arn(topic_arn("alerts"));
    let topic = topic.send().await.unwrap().attributes.unwrap();
    assert_eq!(topic["SubscriptionsConfirmed"], "2");
    assert_eq!(topic["SubscriptionsPending"], "1");
    assert_eq!(topic["KmsMasterKeyId"], "alias/topics");
    let received = aws
        .sqs
        .receive_message()
        .queue_url(queue_url("dlq"))
        .message_attribute_names("All");
    let received = received.send().await.unwrap().messages.unwrap();
    let attributes = received[0].message_attributes().unwrap();
    assert_eq!(attributes["ERROR_CODE"].string_value(), Some("NO_RESOURCE"));
    let shown = aws.sqs.get_queue_attributes().queue_url(queue_url("q"));
    let shown = shown
        .attribute_names("All".into())
        .send()
        .await
        .unwrap()
        .attributes
        .unwrap();
    assert_eq!(shown[&"ApproximateNumberOfMessagesNotVisible".into()], "1");

    // KMS
    let key = aws
        .kms
        .describe_key()
        .key_id("alias/topics")
        .send()
        .await
        .unwrap();
    assert_eq!(key.key_metadata.unwrap().description(), Some("topics"));
    let keys = aws.kms.list_keys().send().await.unwrap().keys.unwrap();
    let mut states = Vec::new();
    for key in &keys {
        let key = aws
            .kms
            .describe_key()
            .key_id(key.key_id().unwrap())
            .send()
            .await
            .unwrap();
        states.push(key.key_metadata.unwrap().key_state.unwrap());
    }
    assert!(states.contains(&KeyState::PendingDeletion));

    // IAM
    let role = aws
        .iam
        .get_role()
        .role_name("forward")
        .send()
        .await
        .unwrap()
        .role
        .unwrap();
    assert_eq!(role.description(), Some("forwards"));

    // S3
    let buckets = aws.s3.list_buckets().send().await.unwrap().buckets.unwrap();
    assert_eq!(buckets.len(), 3);
    let objects = aws
        .s3
        .list_objects_v2()
        .bucket("plain")
        .send()
        .await
        .unwrap();
    assert_eq!(objects.contents()[0].key(), Some("a/b"));
    let theirs = aws.s3.head_bucket().bucket("theirs").send().await;
    assert!(theirs.is_err());

    // Account and Organizations
    let there = clients(
        aws.sandbox.clone(),
        aws.sandbox.admin_in(&member),
        "eu-west-1",
    );
    assert_eq!(
        there
            .sqs
            .list_queues()
            .send()
            .await
            .unwrap()
            .queue_urls
            .unwrap()
            .len(),
        1
    );
    let elsewhere = clients(
        aws.sandbox.clone(),
        aws.sandbox.admin_in(&member),
        "us-west-2",
    );
    assert!(
        elsewhere.sqs.list_queues().send().await.is_err(),
        "the Region is disabled"
    );
    let denied = there
        .events
        .put_rule()
        .name("r")
        .event_pattern(r#"{"source":["a"]}"#);
    let denied = denied
        .send()
        .await
        .unwrap_err()
        .into_service_error()
        .to_string();
    assert!(denied.contains("AccessDenied"), "{denied}");
    let organization = aws.sandbox.organization().unwrap();
    assert_eq!(organization.id(), "o-2471190348");
    assert_eq!(organization.accounts().len(), 2);

    // CloudTrail
    let trails = aws
        .trail
        .list_trails()
        .send()
        .await
        .unwrap()
        .trails
        .unwrap();
    assert_eq!(trails.len(), 2);
    let status = aws
        .trail
        .get_trail_status()
        .name("main")
        .send()
        .await
        .unwrap();
    assert_eq!(status.is_logging(), Some(true));
    let before = aws
        .trail
        .lookup_events()
        .send()
        .await
        .unwrap()
        .events
        .unwrap();
    assert!(
        before
            .iter()
            .all(|event| event.event_name() != Some("CreateUser"))
    );
    aws.sandbox.advance(Duration::from_secs(300));
    let after = aws
        .trail
        .lookup_events()
        .send()
        .await
        .unwrap()
        .events
        .unwrap();
    assert_eq!(
        after
            .iter()
            .filter(|event| event.event_name() == Some("CreateUser"))
            .count(),
        1
    );
}
