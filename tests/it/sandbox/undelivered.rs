//! Dead letters of subscriptions.

use aws_sdk_sns::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use super::{Aws, aws, clients, letting, queue_arn, queue_url, topic_arn};

async fn subscribe(aws: &Aws, protocol: &str, endpoint: &str) {
    let made = aws.sns.subscribe().topic_arn(topic_arn("t"));
    let made = made.protocol(protocol).endpoint(endpoint);
    made.send().await.unwrap();
}

/// A queue that lets a topic in.
async fn letters(aws: &Aws, name: &str, topic: &str) {
    let policy = letting(
        "sns.amazonaws.com",
        "sqs:SendMessage",
        &queue_arn(name),
        &topic_arn(topic),
    );
    let queue = aws.sqs.create_queue().queue_name(name);
    let queue = queue.attributes(QueueAttributeName::Policy, policy);
    queue.send().await.unwrap();
}

fn redrive_to(arn: &str) -> String {
    json!({ "deadLetterTargetArn": arn }).to_string()
}

/// A subscription with a dead-letter queue, confirmed.
async fn subscribe_with(aws: &Aws, protocol: &str, endpoint: &str, raw: bool) -> String {
    let made = aws.sns.subscribe().topic_arn(topic_arn("t"));
    let made = made.protocol(protocol).endpoint(endpoint);
    let made = made.attributes("RedrivePolicy", redrive_to(&queue_arn("dead")));
    let made = match raw {
        true => made.attributes("RawMessageDelivery", "true"),
        false => made,
    };
    let made = made.return_subscription_arn(true).send().await.unwrap();
    aws.sandbox.confirm(None).unwrap();
    made.subscription_arn.unwrap()
}

async fn publish(aws: &Aws, message: &str) {
    let publish = aws.sns.publish().topic_arn(topic_arn("t"));
    publish.message(message).send().await.unwrap();
}

/// What lies in a queue: bodies, none of which has an attribute.
async fn bodies(aws: &Aws, queue: &str) -> Vec<String> {
    let request = aws.sqs.receive_message().queue_url(queue_url(queue));
    let request = request.message_attribute_names("All");
    let answer = request.max_number_of_messages(10).send().await.unwrap();
    let messages = answer.messages().iter();
    messages
        .map(|message| {
            assert_eq!(message.message_attributes, None);
            message.body.clone().unwrap()
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_delivered_goes_to_the_dead_letter_queue_as_it_was() {
    // As AWS answered the tests of others: bare where it is delivered raw, and without a reason.
    for (protocol, endpoint, raw) in [
        ("sqs", queue_arn("gone"), true),
        ("sqs", queue_arn("gone"), false),
        ("sqs", queue_arn("closed"), true),
        (
            "lambda",
            "arn:aws:lambda:us-east-1:111122223333:function:f".to_owned(),
            false,
        ),
        ("https", "https://example.com/hook".to_owned(), false),
        ("https", "https://example.com/hook".to_owned(), true),
    ] {
        let aws = aws();
        aws.open_topic("t").await;
        letters(&aws, "dead", "t").await;
        let closed = aws.sqs.create_queue().queue_name("closed");
        closed.send().await.unwrap();
        subscribe_with(&aws, protocol, &endpoint, raw).await;
        aws.sandbox.set_refusing(&endpoint, true);
        let before = aws.sandbox.outbox().len();
        publish(&aws, "hello").await;
        assert_eq!(aws.sandbox.outbox().len(), before, "{protocol}");
        let bodies = bodies(&aws, "dead").await;
        assert_eq!(bodies.len(), 1, "{protocol} {raw}");
        if raw {
            assert_eq!(bodies[0], "hello");
            continue;
        }
        let envelope: Value = serde_json::from_str(&bodies[0]).unwrap();
        assert_eq!(envelope["Type"], "Notification");
        assert_eq!(envelope["TopicArn"], topic_arn("t"));
        assert_eq!(envelope["Message"], "hello");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_dead_letter_queue_refuses_is_lost_and_others_hear_all_the_same() {
    let aws = aws();
    aws.open_topic("t").await;
    letters(&aws, "dead", "other").await;
    subscribe(&aws, "sms", "+4915112345678").await;
    subscribe_with(&aws, "sqs", &queue_arn("gone"), true).await;
    publish(&aws, "hello").await;
    assert_eq!(bodies(&aws, "dead").await, Vec::<String>::new());
    assert_eq!(aws.sandbox.outbox().len(), 1);
    // What is delivered leaves nothing there.
    letters(&aws, "alive", "t").await;
    letters(&aws, "dead-too", "t").await;
    let made = aws
        .sns
        .subscribe()
        .topic_arn(topic_arn("t"))
        .protocol("sqs");
    let made = made.endpoint(queue_arn("alive"));
    let made = made.attributes("RedrivePolicy", redrive_to(&queue_arn("dead-too")));
    made.send().await.unwrap();
    publish(&aws, "again").await;
    assert_eq!(bodies(&aws, "alive").await.len(), 1);
    assert_eq!(bodies(&aws, "dead-too").await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_redrive_policy_names_a_queue_of_the_topics_account_region_and_kind() {
    let aws = aws();
    aws.open_topic("t").await;
    let arn = subscribe_with(&aws, "sqs", &queue_arn("q"), false).await;
    let set = |value: Option<&str>| {
        let set = aws.sns.set_subscription_attributes().subscription_arn(&arn);
        let set = set.attribute_name("RedrivePolicy");
        set.set_attribute_value(value.map(str::to_owned)).send()
    };
    let shown = async || {
        let get = aws.sns.get_subscription_attributes().subscription_arn(&arn);
        let attributes = get.send().await.unwrap().attributes.unwrap();
        attributes.get("RedrivePolicy").cloned()
    };
    assert_eq!(shown().await, Some(redrive_to(&queue_arn("dead"))));
    let more = json!({ "deadLetterTargetArn": queue_arn("dead"), "maxReceiveCount": 3 });
    for bad in [
        String::new(),
        "{}".to_owned(),
        "no".to_owned(),
        r#""arn""#.to_owned(),
        more.to_string(),
        redrive_to("queue"),
        redrive_to(&topic_arn("t")),
        redrive_to("arn:aws:sqs:eu-west-1:111122223333:dead"),
        redrive_to("arn:aws:sqs:us-east-1:444455556666:dead"),
        redrive_to(&queue_arn("dead.fifo")),
    ] {
        let error = set(Some(&bad)).await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidParameter"), "{bad}");
        let made = aws
            .sns
            .subscribe()
            .topic_arn(topic_arn("t"))
            .protocol("sqs");
        let made = made.endpoint(queue_arn("other"));
        let made = made.attributes("RedrivePolicy", &bad).send().await;
        assert_eq!(made.unwrap_err().code(), Some("InvalidParameter"), "{bad}");
    }
    assert_eq!(shown().await, Some(redrive_to(&queue_arn("dead"))));
    set(Some(&redrive_to(&queue_arn("other")))).await.unwrap();
    assert_eq!(shown().await, Some(redrive_to(&queue_arn("other"))));
    set(None).await.unwrap();
    assert_eq!(shown().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_redrive_policy_is_set_by_those_alone_who_may() {
    let aws = aws();
    aws.open_topic("t").await;
    let arn = subscribe_with(&aws, "sqs", &queue_arn("q"), false).await;
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": ["sns:Subscribe", "sns:Get*"], "Resource": "*" },
        { "Effect": "Deny", "Action": "sns:Subscribe", "Resource": topic_arn("t") },
    ] });
    let caller = aws.sandbox.caller("somebody", &policy.to_string());
    let somebody = clients(aws.sandbox.clone(), caller, "us-east-1");
    let set = somebody.sns.set_subscription_attributes();
    let set = set.subscription_arn(&arn).attribute_name("RedrivePolicy");
    assert_eq!(
        set.send().await.unwrap_err().code(),
        Some("AuthorizationError")
    );
    let made = somebody.sns.subscribe().topic_arn(topic_arn("t"));
    let made = made.protocol("sqs").endpoint(queue_arn("other"));
    let made = made.attributes("RedrivePolicy", redrive_to(&queue_arn("dead")));
    assert_eq!(
        made.send().await.unwrap_err().code(),
        Some("AuthorizationError")
    );
}
