//! Policies that look at tags: what is on the resource, and what the call gives or takes.

use aws_sdk_eventbridge::types::Tag;
use serde_json::{Value, json};

use super::{ACCOUNT, Aws, aws, clients, queue_url, topic_arn};

const KEY: &str = "iamwatch:stack";

fn caller(aws: &Aws, condition: Value) -> Aws {
    let policy = json!({"Version": "2012-10-17", "Statement":
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}});
    let caller = aws.sandbox.caller("ann", &policy.to_string());
    clients(aws.sandbox.clone(), caller, "us-east-1")
}

fn tag(value: &str) -> Tag {
    Tag::builder().key(KEY).value(value).build().unwrap()
}

fn iam_tag(value: &str) -> aws_sdk_iam::types::Tag {
    let tag = aws_sdk_iam::types::Tag::builder();
    tag.key(KEY).value(value).build().unwrap()
}

/// Makes `name` of every kind that has tags.
async fn make(aws: &Aws, name: &str, stack: &str) {
    let put = aws.events.put_rule().name(name).tags(tag(stack));
    let put = put.event_pattern(r#"{"source":["app"]}"#).send().await;
    put.unwrap();
    let bus = aws.events.create_event_bus().name(name).tags(tag(stack));
    bus.send().await.unwrap();
    let put = aws.events.put_rule().name(name).event_bus_name(name);
    let put = put.event_pattern(r#"{"source":["app"]}"#).tags(tag(stack));
    put.send().await.unwrap();
    let topic_tag = aws_sdk_sns::types::Tag::builder().key(KEY).value(stack);
    let topic = aws.sns.create_topic().name(name);
    let topic = topic.tags(topic_tag.build().unwrap()).send().await;
    topic.unwrap();
    let queue = aws.sqs.create_queue().queue_name(name);
    queue.tags(KEY, stack).send().await.unwrap();
    let trust = json!({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "events.amazonaws.com"}}]});
    let role = aws.iam.create_role().role_name(name).path("/p/");
    let role = role.assume_role_policy_document(trust.to_string());
    role.tags(iam_tag(stack)).send().await.unwrap();
}

/// Whether the caller may read the rule, bus, rule on the bus, topic, queue and role of that name.
async fn readable(aws: &Aws, name: &str) -> [bool; 6] {
    let events = &aws.events;
    let on_bus = events.describe_rule().name(name).event_bus_name(name);
    let topic = aws.sns.get_topic_attributes().topic_arn(topic_arn(name));
    let queue = aws.sqs.get_queue_attributes().queue_url(queue_url(name));
    [
        events.describe_rule().name(name).send().await.is_ok(),
        events.describe_event_bus().name(name).send().await.is_ok(),
        on_bus.send().await.is_ok(),
        topic.send().await.is_ok(),
        queue.send().await.is_ok(),
        aws.iam.get_role().role_name(name).send().await.is_ok(),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_policy_can_be_bound_to_what_carries_a_tag() {
    let aws = aws();
    make(&aws, "ours", "acme").await;
    make(&aws, "theirs", "other").await;
    let ours = format!("aws:ResourceTag/{KEY}");
    let ann = caller(&aws, json!({"StringEquals": {&ours: "acme"}}));
    assert_eq!(readable(&ann, "ours").await, [true; 6]);
    assert_eq!(readable(&ann, "theirs").await, [false; 6]);
    let ann = caller(&aws, json!({"Null": {&ours: "true"}}));
    assert_eq!(readable(&ann, "ours").await, [false; 6]);
}

#[tokio::test(start_paused = true)]
async fn a_policy_can_demand_a_tag_at_birth() {
    let aws = aws();
    let given = format!("aws:RequestTag/{KEY}");
    let ann = caller(&aws, json!({"StringEquals": {&given: "acme"}}));
    make(&ann, "ours", "acme").await;
    let bus = |value: Option<&str>| {
        let create = ann.events.create_event_bus().name("other");
        let tags = value.map(|value| vec![tag(value)]);
        create.set_tags(tags).send()
    };
    bus(None).await.unwrap_err();
    bus(Some("other")).await.unwrap_err();
    bus(Some("acme")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_policy_can_say_which_keys_may_be_given_and_taken() {
    let aws = aws();
    make(&aws, "ours", "acme").await;
    let bus = format!("arn:aws:events:us-east-1:{ACCOUNT}:event-bus/ours");
    let only = json!({"ForAllValues:StringEquals": {"aws:TagKeys": [KEY]}});
    let any = json!({"ForAnyValue:StringEquals": {"aws:TagKeys": [KEY]}});
    for (condition, known_and_other, other, none) in
        [(only, false, false, true), (any, true, false, false)]
    {
        let ann = caller(&aws, condition);
        let add = |keys: &[&str]| {
            let tags = keys.iter().map(|key| {
                let tag = Tag::builder().key(*key).value("x");
                tag.build().unwrap()
            });
            let add = ann.events.tag_resource().resource_arn(&bus);
            add.set_tags(Some(tags.collect())).send()
        };
        assert!(add(&[KEY]).await.is_ok());
        assert_eq!(add(&[KEY, "b"]).await.is_ok(), known_and_other);
        assert_eq!(add(&["b"]).await.is_ok(), other);
        let list = ann.events.list_tags_for_resource().resource_arn(&bus);
        assert_eq!(list.send().await.is_ok(), none);
        let take = ann.iam.untag_role().role_name("ours").tag_keys("b");
        assert_eq!(take.send().await.is_ok(), other);
    }
}
