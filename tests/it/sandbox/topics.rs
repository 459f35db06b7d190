//! Topics and subscriptions.

use std::time::Duration;

use aws_sdk_sns::error::ProvideErrorMetadata;
use aws_sdk_sns::types::Tag;
use serde_json::{Value, json};

use super::{Aws, aws, queue_arn, topic_arn};

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

async fn subscribe(aws: &Aws, protocol: &str, endpoint: &str) -> String {
    let made = aws
        .sns
        .subscribe()
        .topic_arn(topic_arn("t"))
        .protocol(protocol);
    let made = made.endpoint(endpoint).send().await.unwrap();
    made.subscription_arn.unwrap()
}

/// ARN (or what stands in its place) and endpoint of every subscription.
async fn listed(aws: &Aws) -> Vec<(String, String)> {
    let pages = aws
        .sns
        .list_subscriptions_by_topic()
        .topic_arn(topic_arn("t"));
    let all = pages.into_paginator().items().send();
    let all: Vec<_> = all.collect::<Result<_, _>>().await.unwrap();
    all.into_iter()
        .map(|s| (s.subscription_arn.unwrap(), s.endpoint.unwrap()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_topic_is_adopted_in_silence_unless_other_tags_are_given() {
    let aws = aws();
    let create = || aws.sns.create_topic().name("t");
    create().tags(tag("a", "1")).send().await.unwrap();
    create().send().await.unwrap();
    create().tags(tag("a", "1")).send().await.unwrap();
    let error = create().tags(tag("a", "2")).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameter"));
    assert!(
        error
            .message()
            .unwrap()
            .contains("already exists with different tags")
    );
}

#[tokio::test(start_paused = true)]
async fn topic_attributes_are_set_one_by_one_and_policies_are_read() {
    let aws = aws();
    aws.sns.create_topic().name("t").send().await.unwrap();
    let set = |name: &str, value: &str| {
        let set = aws.sns.set_topic_attributes().topic_arn(topic_arn("t"));
        set.attribute_name(name).attribute_value(value).send()
    };
    set("DisplayName", "Alerts <1>").await.unwrap();
    let everything = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"SNS:*"}}"#;
    for (name, value) in [
        ("Policy", everything),
        ("Policy", "{}"),
        ("Policy", "no"),
        ("Colour", "red"),
        ("DeliveryPolicy", "{"),
    ] {
        let error = set(name, value).await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidParameter"), "{name} {value}");
    }
    let get = aws.sns.get_topic_attributes().topic_arn(topic_arn("t"));
    let attributes = get.send().await.unwrap().attributes.unwrap();
    assert_eq!(attributes["DisplayName"], "Alerts <1>");
    assert!(attributes["Policy"].contains("AWS:SourceOwner"));
    assert_eq!(attributes["SubscriptionsPending"], "0");
    let missing = aws.sns.get_topic_attributes().topic_arn(topic_arn("none"));
    let error = missing.send().await.unwrap_err().into_service_error();
    assert!(error.is_not_found_exception());
}

#[tokio::test(start_paused = true)]
async fn topics_and_their_tags_are_listed_page_by_page() {
    let aws = aws();
    for n in 0..25 {
        aws.sns
            .create_topic()
            .name(format!("t{n}"))
            .send()
            .await
            .unwrap();
    }
    let topics = aws.sns.list_topics().into_paginator().items().send();
    let topics: Vec<_> = topics.collect::<Result<_, _>>().await.unwrap();
    assert_eq!(topics.len(), 25);
    let calls = aws.sandbox.calls();
    assert_eq!(
        calls.iter().filter(|c| c.operation == "ListTopics").count(),
        3
    );

    let arn = topic_arn("t7");
    let add = aws.sns.tag_resource().resource_arn(&arn);
    add.tags(tag("a", "1"))
        .tags(tag("b", "2"))
        .send()
        .await
        .unwrap();
    let remove = aws.sns.untag_resource().resource_arn(&arn).tag_keys("a");
    remove.send().await.unwrap();
    let tags = aws.sns.list_tags_for_resource().resource_arn(&arn).send();
    assert_eq!(tags.await.unwrap().tags.unwrap(), [tag("b", "2")]);
    aws.sns.delete_topic().topic_arn(&arn).send().await.unwrap();
    let tags = aws.sns.list_tags_for_resource().resource_arn(&arn).send();
    assert_eq!(tags.await.unwrap_err().code(), Some("ResourceNotFound"));
}

#[tokio::test(start_paused = true)]
async fn a_mail_address_stays_pending_and_silent_until_it_is_confirmed() {
    let aws = aws();
    aws.open_topic("t").await;
    let arn = subscribe(&aws, "email", "me@example.com").await;
    assert_eq!(arn, "pending confirmation");
    let pending = (
        "PendingConfirmation".to_owned(),
        "me@example.com".to_owned(),
    );
    assert_eq!(listed(&aws).await, [pending]);
    let asked = aws.sandbox.outbox();
    assert!(asked.len() == 1 && asked[0].confirmation, "{asked:?}");
    let publish = || aws.sns.publish().topic_arn(topic_arn("t")).message("hello");
    publish().send().await.unwrap();
    assert_eq!(aws.sandbox.outbox().len(), 1);

    let confirmed = aws.sandbox.confirm(Some("me@example.com")).unwrap();
    assert_eq!(confirmed.len(), 1);
    publish().subject("Hi").send().await.unwrap();
    let mail = aws.sandbox.outbox().pop().unwrap();
    assert_eq!(mail.subject.as_deref(), Some("Hi"));
    assert!(mail.body.starts_with("hello\n"), "{}", mail.body);
    assert!(listed(&aws).await[0].0.starts_with(&topic_arn("t")));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_confirms_is_gone_after_two_days() {
    let aws = aws();
    aws.open_topic("t").await;
    subscribe(&aws, "email", "me@example.com").await;
    aws.sandbox.advance(Duration::from_secs(47 * 3600));
    assert_eq!(listed(&aws).await.len(), 1);
    aws.sandbox.advance(Duration::from_secs(2 * 3600));
    assert_eq!(listed(&aws).await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_arn_of_a_pending_subscription_is_returned_on_request() {
    let aws = aws();
    aws.open_topic("t").await;
    let made = aws
        .sns
        .subscribe()
        .topic_arn(topic_arn("t"))
        .protocol("https");
    let made = made.endpoint("https://example.com/hook");
    let made = made.return_subscription_arn(true).send().await.unwrap();
    let arn = made.subscription_arn.unwrap();
    let get = aws.sns.get_subscription_attributes().subscription_arn(&arn);
    let attributes = get.send().await.unwrap().attributes.unwrap();
    assert_eq!(attributes["PendingConfirmation"], "true");
    aws.sandbox.confirm(None).unwrap();
    aws.sns
        .publish()
        .topic_arn(topic_arn("t"))
        .message("m")
        .send()
        .await
        .unwrap();
    let post: Value = serde_json::from_str(&aws.sandbox.outbox().pop().unwrap().body).unwrap();
    assert_eq!(
        (&post["Type"], &post["Message"]),
        (&json!("Notification"), &json!("m"))
    );
}

#[tokio::test(start_paused = true)]
async fn subscribing_twice_is_one_subscription() {
    let aws = aws();
    aws.open_topic("t").await;
    let first = subscribe(&aws, "sqs", &queue_arn("q")).await;
    assert_eq!(subscribe(&aws, "sqs", &queue_arn("q")).await, first);
    assert_eq!(listed(&aws).await, [(first.clone(), queue_arn("q"))]);
    let end = || aws.sns.unsubscribe().subscription_arn(&first).send();
    end().await.unwrap();
    assert!(listed(&aws).await.is_empty());
    end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn subscriptions_are_listed_page_by_page() {
    let aws = aws();
    aws.open_topic("t").await;
    for n in 0..12 {
        subscribe(&aws, "sms", &format!("+49151123456{n:02}")).await;
    }
    assert_eq!(listed(&aws).await.len(), 12);
}

#[tokio::test(start_paused = true)]
async fn endpoints_must_fit_their_protocol() {
    let aws = aws();
    aws.open_topic("t").await;
    for (protocol, endpoint) in [
        ("email", "me"),
        ("sms", "call me"),
        ("https", "http://example.com"),
        ("sqs", "queue"),
        ("pigeon", "coo"),
    ] {
        let made = aws
            .sns
            .subscribe()
            .topic_arn(topic_arn("t"))
            .protocol(protocol);
        let error = made.endpoint(endpoint).send().await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidParameter"), "{protocol}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_text_message_begins_with_the_display_name() {
    let aws = aws();
    aws.open_topic("t").await;
    let set = aws.sns.set_topic_attributes().topic_arn(topic_arn("t"));
    let set = set
        .attribute_name("DisplayName")
        .attribute_value("Security Alerts");
    set.send().await.unwrap();
    subscribe(&aws, "sms", "+4915112345678").await;
    aws.sns
        .publish()
        .topic_arn(topic_arn("t"))
        .message("root")
        .send()
        .await
        .unwrap();
    assert_eq!(aws.sandbox.outbox()[0].body, "Security A> root");
}
