//! What stops an event on its way, and where it then goes.

use aws_sdk_eventbridge::types::{DeadLetterConfig, RuleState, Target};
use serde_json::{Value, json};

use super::{Aws, aws, letting, queue_arn, queue_url, target, topic_arn};

const PATTERN: &str = r#"{"source":["app"]}"#;

fn with_dead_letters(arn: &str) -> Target {
    let queue = DeadLetterConfig::builder().arn(queue_arn("dead")).build();
    target("t", arn).dead_letter_config(queue).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn without_a_topic_policy_nothing_arrives_and_nothing_says_so() {
    let aws = aws();
    let topic = aws.sns.create_topic().name("t").send().await.unwrap();
    let subscribe = aws.sns.subscribe().topic_arn(topic.topic_arn.unwrap());
    let subscribe = subscribe.protocol("sms").endpoint("+491511234567");
    subscribe.send().await.unwrap();
    aws.rule("r", PATTERN).await;
    aws.target("r", target("t", &topic_arn("t")).build().unwrap())
        .await;
    aws.put(json!({})).await;
    assert!(aws.sandbox.outbox().is_empty());
    let lost = aws.sandbox.lost();
    assert_eq!(lost[0].code, "NO_PERMISSIONS");
    assert!(
        lost[0].message.contains("SNS:Publish"),
        "{}",
        lost[0].message
    );
}

#[tokio::test(start_paused = true)]
async fn a_policy_for_another_rule_does_not_help() {
    let aws = aws();
    aws.sqs.create_queue().queue_name("q").send().await.unwrap();
    let other = "arn:aws:events:us-east-1:111122223333:rule/other";
    let policy = letting(
        "events.amazonaws.com",
        "sqs:SendMessage",
        &queue_arn("q"),
        other,
    );
    let set = aws.sqs.set_queue_attributes().queue_url(queue_url("q"));
    let set = set.attributes("Policy".into(), policy);
    set.send().await.unwrap();
    for rule in ["mine", "other"] {
        aws.rule(rule, PATTERN).await;
        aws.target(rule, target("t", &queue_arn("q")).build().unwrap())
            .await;
    }
    aws.put(json!({})).await;
    assert_eq!(aws.bodies("q").await.len(), 1);
    assert!(aws.sandbox.lost()[0].rule.ends_with("rule/mine"));
}

#[tokio::test(start_paused = true)]
async fn undeliverable_events_go_to_the_dead_letter_queue_with_the_reason() {
    let aws = aws();
    aws.open_queue("dead").await;
    let rule = aws.rule("r", PATTERN).await;
    aws.target("r", with_dead_letters(&topic_arn("gone"))).await;
    aws.put(json!({"k": "v"})).await;

    let dead = aws.drain("dead").await.pop().unwrap();
    let event: Value = serde_json::from_str(dead.body().unwrap()).unwrap();
    assert_eq!(event["detail"], json!({"k": "v"}));
    let attributes = dead.message_attributes().unwrap();
    let attribute = |name: &str| attributes[name].string_value().unwrap();
    assert_eq!(attribute("RULE_ARN"), rule);
    assert_eq!(attribute("TARGET_ARN"), topic_arn("gone"));
    assert_eq!(attribute("ERROR_CODE"), "NO_RESOURCE");
    assert!(attribute("ERROR_MESSAGE").contains("does not exist"));
    assert_eq!(attribute("RETRY_ATTEMPTS"), "0");
    assert!(aws.sandbox.lost().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_queue_without_a_policy_receives_nothing() {
    let aws = aws();
    aws.sqs
        .create_queue()
        .queue_name("dead")
        .send()
        .await
        .unwrap();
    aws.rule("r", PATTERN).await;
    aws.target("r", with_dead_letters(&topic_arn("gone"))).await;
    aws.put(json!({})).await;
    assert!(aws.bodies("dead").await.is_empty());
    let lost = &aws.sandbox.lost()[0];
    assert!(
        lost.message.contains("the dead-letter queue refused it"),
        "{}",
        lost.message
    );
}

#[tokio::test(start_paused = true)]
async fn a_queue_without_a_policy_receives_nothing_from_its_topic() {
    let aws = aws();
    let topic = aws.open_topic("t").await;
    aws.sqs.create_queue().queue_name("q").send().await.unwrap();
    let subscribe = aws.sns.subscribe().topic_arn(&topic).protocol("sqs");
    subscribe.endpoint(queue_arn("q")).send().await.unwrap();
    let publish = || aws.sns.publish().topic_arn(&topic).message("hello").send();
    publish().await.unwrap();
    assert!(aws.bodies("q").await.is_empty());

    let policy = letting(
        "sns.amazonaws.com",
        "sqs:SendMessage",
        &queue_arn("q"),
        &topic,
    );
    let set = aws.sqs.set_queue_attributes().queue_url(queue_url("q"));
    set.attributes("Policy".into(), policy)
        .send()
        .await
        .unwrap();
    publish().await.unwrap();
    assert_eq!(aws.bodies("q").await.len(), 1);
}

async fn delivered(state: RuleState, event: Value) -> usize {
    let aws = aws();
    aws.open_queue("q").await;
    aws.rule_in("r", r#"{"source":["aws.sts","aws.signin"]}"#, state)
        .await;
    aws.target("r", target("q", &queue_arn("q")).build().unwrap())
        .await;
    emit(&aws, event);
    aws.bodies("q").await.len()
}

fn emit(aws: &Aws, event: Value) -> String {
    aws.sandbox.emit(&"us-east-1".parse().unwrap(), event)
}

#[tokio::test(start_paused = true)]
async fn read_only_management_events_need_the_state_that_lets_them_through() {
    let call = |name: &str, read_only: bool| {
        json!({"source": "aws.sts", "detail-type": "AWS API Call via CloudTrail",
            "detail": {"eventName": name, "readOnly": read_only, "managementEvent": true}})
    };
    let all = RuleState::EnabledWithAllCloudtrailManagementEvents;
    let counts = [
        delivered(RuleState::Enabled, call("GetCallerIdentity", true)).await,
        delivered(all.clone(), call("GetCallerIdentity", true)).await,
        delivered(RuleState::Enabled, call("GetSessionToken", true)).await,
        delivered(RuleState::Enabled, call("SetSomething", false)).await,
        delivered(RuleState::Disabled, call("SetSomething", false)).await,
    ];
    assert_eq!(counts, [0, 1, 1, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn an_emitted_event_gets_the_envelope_that_it_leaves_out() {
    let aws = aws();
    aws.open_queue("q").await;
    aws.rule("r", r#"{"source":["aws.signin"]}"#).await;
    aws.target("r", target("q", &queue_arn("q")).build().unwrap())
        .await;
    let id = emit(
        &aws,
        json!({"source": "aws.signin", "detail-type": "AWS Console Sign In via CloudTrail",
            "detail": {"eventName": "ConsoleLogin", "userIdentity": {"type": "Root"}}}),
    );
    let event: Value = serde_json::from_str(&aws.bodies("q").await[0]).unwrap();
    assert_eq!(event["id"], id.as_str());
    assert_eq!(event["region"], "us-east-1");
    assert_eq!(event["account"], super::ACCOUNT);
    assert_eq!(event["resources"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn topics_and_queues_with_keys_that_aws_manages_take_nothing_from_rules() {
    let aws = aws();
    let topic = aws.open_topic("t").await;
    aws.open_queue("q").await;
    let set = aws.sns.set_topic_attributes().topic_arn(&topic);
    let set = set.attribute_name("KmsMasterKeyId");
    set.attribute_value("alias/aws/sns").send().await.unwrap();
    let set = aws.sqs.set_queue_attributes().queue_url(queue_url("q"));
    let set = set.attributes("KmsMasterKeyId".into(), "alias/aws/sqs");
    set.send().await.unwrap();
    aws.rule("r", PATTERN).await;
    for arn in [topic, queue_arn("q")] {
        let id = arn.rsplit(':').next().unwrap();
        aws.target("r", target(id, &arn).build().unwrap()).await;
    }
    aws.put(json!({})).await;
    let lost = aws.sandbox.lost();
    assert_eq!(lost.len(), 2);
    assert!(
        lost.iter()
            .all(|l| l.message.contains("kms:GenerateDataKey"))
    );
}
