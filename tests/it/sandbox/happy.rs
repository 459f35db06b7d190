//! The way that works, from a rule to a reader.

use serde_json::{Value, json};

use super::{ACCOUNT, any_rule, aws, letting, queue_arn, queue_url, target, topic_arn};

#[tokio::test(start_paused = true)]
async fn an_event_travels_over_rule_topic_and_subscription_to_the_reader() {
    let aws = aws();
    let topic = aws.sns.create_topic().name("alerts").send().await.unwrap();
    let topic = topic.topic_arn.unwrap();
    assert_eq!(topic, topic_arn("alerts"));
    let policy = letting("events.amazonaws.com", "sns:Publish", &topic, &any_rule());
    let set = aws.sns.set_topic_attributes().topic_arn(&topic);
    let set = set.attribute_name("Policy").attribute_value(&policy);
    set.send().await.unwrap();
    let subscribe = aws.sns.subscribe().topic_arn(&topic).protocol("sms");
    subscribe.endpoint("+4915112345678").send().await.unwrap();

    aws.rule("watch", r#"{"source":["app"]}"#).await;
    aws.target("watch", target("sns", &topic).build().unwrap())
        .await;
    aws.put(json!({"who": "me"})).await;

    let outbox = aws.sandbox.outbox();
    assert_eq!(outbox.len(), 1);
    assert_eq!(outbox[0].endpoint, "+4915112345678");
    let event: Value = serde_json::from_str(&outbox[0].body).unwrap();
    assert_eq!(event["detail"], json!({"who": "me"}));
    assert_eq!(event["account"], ACCOUNT);
    assert!(aws.sandbox.lost().is_empty());
}

#[tokio::test(start_paused = true)]
async fn sqs_keeps_what_is_sent_until_it_is_deleted() {
    let aws = aws();
    aws.open_queue("q").await;
    let sent = aws.sqs.send_message().queue_url(queue_url("q"));
    sent.message_body("hello <&> \"you\"").send().await.unwrap();
    assert_eq!(aws.bodies("q").await, ["hello <&> \"you\""]);
    assert!(aws.bodies("q").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_topic_wraps_what_it_sends_to_a_queue_unless_told_not_to() {
    let aws = aws();
    aws.open_queue("q").await;
    let topic = aws.open_topic("t").await;
    let subscribe = aws.sns.subscribe().topic_arn(&topic).protocol("sqs");
    let made = subscribe.endpoint(queue_arn("q")).send().await.unwrap();
    let subscription = made.subscription_arn.unwrap();
    let publish = || aws.sns.publish().topic_arn(&topic).message("a \"b\"\nc");
    publish().subject("Hi").send().await.unwrap();
    let set = aws.sns.set_subscription_attributes();
    let set = set
        .subscription_arn(&subscription)
        .attribute_name("RawMessageDelivery");
    set.attribute_value("true").send().await.unwrap();
    publish().send().await.unwrap();

    let bodies = aws.bodies("q").await;
    let wrapped: Value = serde_json::from_str(&bodies[0]).unwrap();
    assert_eq!(wrapped["Message"], "a \"b\"\nc");
    assert_eq!(wrapped["Subject"], "Hi");
    assert_eq!(wrapped["TopicArn"], topic.as_str());
    assert_eq!(bodies[1], "a \"b\"\nc");
}

#[tokio::test(start_paused = true)]
async fn sts_says_who_calls() {
    let aws = aws();
    let me = aws.sts.get_caller_identity().send().await.unwrap();
    assert_eq!(me.account(), Some(ACCOUNT));
    assert_eq!(me.arn(), Some("arn:aws:iam::111122223333:user/admin"));
}
