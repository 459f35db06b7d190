//! Queues.

use std::time::Duration;

use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::QueueAttributeName;

use super::{aws, queue_arn, queue_url};

#[tokio::test(start_paused = true)]
async fn a_queue_of_the_same_name_must_have_the_same_attributes() {
    let aws = aws();
    let create = |seconds: &str| {
        let create = aws.sqs.create_queue().queue_name("q");
        create
            .attributes(QueueAttributeName::VisibilityTimeout, seconds)
            .send()
    };
    let url = create("5").await.unwrap().queue_url.unwrap();
    assert_eq!(url, queue_url("q"));
    create("5").await.unwrap();
    aws.sqs.create_queue().queue_name("q").send().await.unwrap();
    let error = create("6").await.unwrap_err().into_service_error();
    assert!(error.is_queue_name_exists(), "{error:?}");
    assert_eq!(error.code(), Some("QueueAlreadyExists"));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_does_not_exist_is_the_modeled_error() {
    let aws = aws();
    let error = aws
        .sqs
        .get_queue_url()
        .queue_name("none")
        .send()
        .await
        .unwrap_err();
    assert!(error.into_service_error().is_queue_does_not_exist());
    let send = aws
        .sqs
        .send_message()
        .queue_url(queue_url("none"))
        .message_body("m");
    let error = send.send().await.unwrap_err().into_service_error();
    assert!(error.is_queue_does_not_exist());
    assert_eq!(
        error.code(),
        Some("AWS.SimpleQueueService.NonExistentQueue")
    );
}

#[tokio::test(start_paused = true)]
async fn attributes_are_checked_and_read_back() {
    let aws = aws();
    aws.sqs.create_queue().queue_name("q").send().await.unwrap();
    let set = |name: QueueAttributeName, value: &str| {
        let set = aws.sqs.set_queue_attributes().queue_url(queue_url("q"));
        set.attributes(name, value).send()
    };
    set(QueueAttributeName::MessageRetentionPeriod, "1209600")
        .await
        .unwrap();
    for (name, value) in [
        (QueueAttributeName::VisibilityTimeout, "x"),
        (QueueAttributeName::MessageRetentionPeriod, "59"),
        (QueueAttributeName::Policy, "{"),
    ] {
        let error = set(name, value).await.unwrap_err().into_service_error();
        assert!(error.is_invalid_attribute_value(), "{error:?}");
    }
    let get = |name: QueueAttributeName| {
        let get = aws.sqs.get_queue_attributes().queue_url(queue_url("q"));
        get.attribute_names(name).send()
    };
    let all = get(QueueAttributeName::All)
        .await
        .unwrap()
        .attributes
        .unwrap();
    assert_eq!(all[&QueueAttributeName::MessageRetentionPeriod], "1209600");
    assert_eq!(all[&QueueAttributeName::VisibilityTimeout], "30");
    assert_eq!(all[&QueueAttributeName::QueueArn], queue_arn("q"));
    let one = get(QueueAttributeName::QueueArn)
        .await
        .unwrap()
        .attributes
        .unwrap();
    assert_eq!(one.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_received_message_hides_until_its_time_is_up() {
    let aws = aws();
    aws.sqs.create_queue().queue_name("q").send().await.unwrap();
    let send = aws
        .sqs
        .send_message()
        .queue_url(queue_url("q"))
        .message_body("m");
    send.send().await.unwrap();
    let receive = || async {
        let receive = aws.sqs.receive_message().queue_url(queue_url("q"));
        let receive = receive.wait_time_seconds(20).visibility_timeout(60);
        receive
            .send()
            .await
            .unwrap()
            .messages
            .unwrap_or_default()
            .pop()
    };
    let first = receive().await.unwrap();
    assert!(receive().await.is_none());
    aws.sandbox.advance(Duration::from_secs(61));
    let second = receive().await.unwrap();
    assert_eq!(first.message_id, second.message_id);
    assert_ne!(first.receipt_handle, second.receipt_handle);
    aws.sqs
        .purge_queue()
        .queue_url(queue_url("q"))
        .send()
        .await
        .unwrap();
    aws.sandbox.advance(Duration::from_secs(61));
    assert!(receive().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn queues_are_tagged_listed_and_deleted() {
    let aws = aws();
    for n in 0..3 {
        let create = aws
            .sqs
            .create_queue()
            .queue_name(format!("a{n}"))
            .tags("k", "v");
        create.send().await.unwrap();
    }
    aws.sqs.create_queue().queue_name("b").send().await.unwrap();
    let add = aws
        .sqs
        .tag_queue()
        .queue_url(queue_url("a1"))
        .tags("x", "y");
    add.send().await.unwrap();
    let remove = aws
        .sqs
        .untag_queue()
        .queue_url(queue_url("a1"))
        .tag_keys("k");
    remove.send().await.unwrap();
    let tags = aws.sqs.list_queue_tags().queue_url(queue_url("a1")).send();
    let tags = tags.await.unwrap().tags.unwrap();
    assert_eq!(
        tags.into_iter().collect::<Vec<_>>(),
        [("x".to_owned(), "y".to_owned())]
    );

    let list = aws.sqs.list_queues().queue_name_prefix("a").max_results(2);
    let urls = list.into_paginator().items().send();
    let urls: Vec<_> = urls.collect::<Result<_, _>>().await.unwrap();
    assert_eq!(urls, [queue_url("a0"), queue_url("a1"), queue_url("a2")]);
    aws.sqs
        .delete_queue()
        .queue_url(queue_url("a1"))
        .send()
        .await
        .unwrap();
    let error = aws
        .sqs
        .get_queue_url()
        .queue_name("a1")
        .send()
        .await
        .unwrap_err();
    assert!(error.into_service_error().is_queue_does_not_exist());
}
