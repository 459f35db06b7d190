//! Which calls reach EventBridge: those that a trail logs.

use std::time::Duration;

use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, EventSelector, ReadWriteType,
};
use aws_sdk_eventbridge::types::RuleState;

use super::callers::records;
use super::{Aws, aws, clients, queue_arn, target, trail_arn};

/// Sends all records, reads included, on the default bus of us-east-1 to the queue `trail`.
async fn watch(aws: &Aws) {
    aws.open_queue("trail").await;
    let pattern = r#"{"detail-type":["AWS API Call via CloudTrail"]}"#;
    let state = RuleState::EnabledWithAllCloudtrailManagementEvents;
    aws.rule_in("trail", pattern, state).await;
    let to = target("q", &queue_arn("trail")).build().unwrap();
    aws.target("trail", to).await;
    aws.drain("trail").await;
}

/// The names of the events that have come since the last look.
async fn names(aws: &Aws) -> Vec<String> {
    let records = records(aws).await;
    let names = records.iter().map(|r| r["detail"]["eventName"].as_str());
    names.map(|name| name.unwrap().to_owned()).collect()
}

async fn topic(aws: &Aws, name: &str) {
    aws.sns.create_topic().name(name).send().await.unwrap();
}

async fn user(aws: &Aws, name: &str) {
    aws.iam.create_user().user_name(name).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn without_a_trail_that_logs_no_call_reaches_a_bus() {
    let aws = aws();
    watch(&aws).await;
    topic(&aws, "a").await;
    aws.new_trail("main").await.send().await.unwrap();
    topic(&aws, "b").await;
    assert!(names(&aws).await.is_empty());
    aws.logging("main").await;
    topic(&aws, "c").await;
    assert_eq!(names(&aws).await, ["CreateTopic"]);
}

#[tokio::test(start_paused = true)]
async fn the_stopping_of_a_trail_is_the_last_thing_it_tells() {
    let aws = aws().with_trail().await;
    watch(&aws).await;
    aws.trail.stop_logging().name("main").send().await.unwrap();
    topic(&aws, "a").await;
    let seen = records(&aws).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["source"], "aws.cloudtrail");
    let detail = &seen[0]["detail"];
    assert_eq!(detail["eventSource"], "cloudtrail.amazonaws.com");
    assert_eq!(detail["eventName"], "StopLogging");
    assert_eq!(detail["requestParameters"]["name"], "main");

    aws.logging("main").await;
    aws.trail.delete_trail().name("main").send().await.unwrap();
    topic(&aws, "b").await;
    assert_eq!(names(&aws).await, ["DeleteTrail"]);
}

#[tokio::test(start_paused = true)]
async fn a_trail_of_one_region_covers_no_other() {
    let aws = aws();
    watch(&aws).await;
    let far = clients(aws.sandbox.clone(), aws.sandbox.admin(), "eu-central-1");
    far.new_trail("far").await.send().await.unwrap();
    far.logging("far").await;
    topic(&aws, "a").await;
    // IAM is recorded in us-east-1, where this trail is not.
    user(&far, "ann").await;
    assert!(names(&aws).await.is_empty());
    let update = far.trail.update_trail().name("far");
    update.is_multi_region_trail(true).send().await.unwrap();
    topic(&aws, "b").await;
    user(&far, "bob").await;
    assert_eq!(names(&aws).await, ["CreateTopic", "CreateUser"]);
}

#[tokio::test(start_paused = true)]
async fn global_services_are_logged_only_where_the_trail_includes_them() {
    let aws = aws();
    watch(&aws).await;
    let create = aws
        .new_trail("main")
        .await
        .include_global_service_events(false);
    create.send().await.unwrap();
    aws.logging("main").await;
    user(&aws, "ann").await;
    topic(&aws, "a").await;
    assert_eq!(names(&aws).await, ["CreateTopic"]);
    let update = aws.trail.update_trail().name("main");
    let update = update.include_global_service_events(true);
    update.send().await.unwrap();
    user(&aws, "bob").await;
    assert_eq!(names(&aws).await, ["UpdateTrail", "CreateUser"]);
}

#[tokio::test(start_paused = true)]
async fn several_trails_that_log_a_call_make_one_event() {
    let aws = aws().with_trail().await;
    watch(&aws).await;
    aws.new_trail("second").await.send().await.unwrap();
    aws.logging("second").await;
    aws.drain("trail").await;
    topic(&aws, "a").await;
    assert_eq!(names(&aws).await, ["CreateTopic"]);
}

/// Replaces the selectors of the trail `main` by one basic selector.
async fn select(aws: &Aws, selector: aws_sdk_cloudtrail::types::builders::EventSelectorBuilder) {
    let put = aws.trail.put_event_selectors().trail_name("main");
    put.event_selectors(selector.build()).send().await.unwrap();
    aws.drain("trail").await;
}

async fn a_write_and_a_read(aws: &Aws, name: &str) -> Vec<String> {
    topic(aws, name).await;
    aws.sns.list_topics().send().await.unwrap();
    names(aws).await
}

#[tokio::test(start_paused = true)]
async fn basic_selectors_choose_reads_writes_or_no_management_events() {
    let aws = aws().with_trail().await;
    watch(&aws).await;
    assert_eq!(
        a_write_and_a_read(&aws, "a").await,
        ["CreateTopic", "ListTopics"]
    );
    let of = |kind| EventSelector::builder().read_write_type(kind);
    select(&aws, of(ReadWriteType::WriteOnly)).await;
    assert_eq!(a_write_and_a_read(&aws, "b").await, ["CreateTopic"]);
    select(&aws, of(ReadWriteType::ReadOnly)).await;
    assert_eq!(a_write_and_a_read(&aws, "c").await, ["ListTopics"]);
    let none = of(ReadWriteType::All).include_management_events(false);
    select(&aws, none).await;
    assert!(a_write_and_a_read(&aws, "d").await.is_empty());
}

fn field(name: &str) -> aws_sdk_cloudtrail::types::builders::AdvancedFieldSelectorBuilder {
    AdvancedFieldSelector::builder().field(name)
}

async fn select_fields(
    aws: &Aws,
    fields: Vec<aws_sdk_cloudtrail::types::builders::AdvancedFieldSelectorBuilder>,
) {
    let mut selector = AdvancedEventSelector::builder()
        .field_selectors(field("eventCategory").equals("Management").build().unwrap());
    for field in fields {
        selector = selector.field_selectors(field.build().unwrap());
    }
    let put = aws.trail.put_event_selectors().trail_name("main");
    let put = put.advanced_event_selectors(selector.build().unwrap());
    put.send().await.unwrap();
    aws.drain("trail").await;
}

#[tokio::test(start_paused = true)]
async fn advanced_selectors_choose_by_the_fields_of_the_record() {
    let aws = aws().with_trail().await;
    watch(&aws).await;
    let source = || field("eventSource");
    let cases = [
        (vec![], vec!["CreateTopic", "CreateUser"]),
        (
            vec![field("readOnly").equals("false")],
            vec!["CreateTopic", "CreateUser"],
        ),
        (vec![field("readOnly").equals("true")], vec![]),
        (
            vec![source().equals("iam.amazonaws.com")],
            vec!["CreateUser"],
        ),
        (
            vec![source().not_equals("iam.amazonaws.com")],
            vec!["CreateTopic"],
        ),
        (
            vec![source().starts_with("sn").starts_with("x")],
            vec!["CreateTopic"],
        ),
        (vec![source().not_starts_with("sn")], vec!["CreateUser"]),
        (
            vec![source().ends_with("m.amazonaws.com")],
            vec!["CreateUser"],
        ),
        (
            vec![source().not_ends_with("m.amazonaws.com")],
            vec!["CreateTopic"],
        ),
        // A negative condition outweighs a positive one.
        (
            vec![source().ends_with(".com").not_starts_with("i")],
            vec!["CreateTopic"],
        ),
    ];
    for (n, (fields, expected)) in cases.into_iter().enumerate() {
        select_fields(&aws, fields).await;
        topic(&aws, &format!("t{n}")).await;
        user(&aws, &format!("u{n}")).await;
        assert_eq!(names(&aws).await, expected, "case {n}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_comes_when_the_delay_is_over_and_tells_when_the_call_was() {
    let aws = aws().with_trail().await;
    watch(&aws).await;
    aws.sandbox.set_trail_delay(Duration::from_secs(300));
    user(&aws, "ann").await;
    let called = aws.sandbox.now();
    assert!(names(&aws).await.is_empty());
    aws.sandbox.advance(Duration::from_secs(240));
    assert!(names(&aws).await.is_empty());
    aws.sandbox.set_trail_delay(Duration::ZERO);
    topic(&aws, "a").await;
    assert_eq!(
        names(&aws).await,
        ["CreateTopic"],
        "a later event may overtake"
    );
    aws.sandbox.advance(Duration::from_secs(60));
    let seen = records(&aws).await;
    assert_eq!(seen.len(), 1);
    let time: jiff::Timestamp = seen[0]["time"].as_str().unwrap().parse().unwrap();
    assert!(time.as_millisecond() <= called && called < time.as_millisecond() + 1000);
    assert_eq!(seen[0]["detail"]["eventTime"], seen[0]["time"]);
    assert_eq!(seen[0]["detail"]["eventName"], "CreateUser");
}

#[tokio::test(start_paused = true)]
async fn whoever_looks_at_the_outbox_sees_what_is_due() {
    let aws = aws().with_trail().await;
    let topic = aws.open_topic("alerts").await;
    let subscribe = aws.sns.subscribe().topic_arn(&topic).protocol("sms");
    subscribe.endpoint("+4915112345678").send().await.unwrap();
    aws.rule("users", r#"{"detail":{"eventName":["CreateUser"]}}"#)
        .await;
    aws.target("users", target("sns", &topic).build().unwrap())
        .await;
    aws.sandbox.set_trail_delay(Duration::from_secs(300));
    user(&aws, "ann").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.json");
    aws.sandbox.save(&file).unwrap();
    // The event waits in the file as it does here.
    for sandbox in [
        iamwatch::sandbox::Sandbox::load(&file).unwrap(),
        aws.sandbox.clone(),
    ] {
        assert!(sandbox.outbox().is_empty());
        sandbox.advance(Duration::from_secs(300));
        assert_eq!(sandbox.outbox().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn events_that_are_delayed_come_in_the_order_of_the_calls() {
    let aws = aws().with_trail().await;
    watch(&aws).await;
    aws.sandbox.set_trail_delay(Duration::from_secs(60));
    for name in ["a", "b", "c"] {
        topic(&aws, name).await;
    }
    user(&aws, "ann").await;
    aws.sandbox.set_trail_delay(Duration::from_secs(30));
    user(&aws, "bob").await;
    aws.sandbox.advance(Duration::from_secs(60));
    aws.sandbox.set_trail_delay(Duration::ZERO);
    let expected = [
        "CreateUser",
        "CreateTopic",
        "CreateTopic",
        "CreateTopic",
        "CreateUser",
    ];
    assert_eq!(names(&aws).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_refuses_does_not_keep_events_from_the_bus() {
    let aws = aws().with_trail().await;
    watch(&aws).await;
    let status = || aws.trail.get_trail_status().name(trail_arn("main")).send();
    let before = status().await.unwrap();
    assert_eq!(before.latest_delivery_error(), None);
    assert!(before.latest_delivery_time().is_some());

    aws.bucket("logs-main-us-east-1", None).await;
    aws.drain("trail").await;
    topic(&aws, "a").await;
    assert_eq!(names(&aws).await, ["CreateTopic"]);
    let refused = status().await.unwrap();
    assert_eq!(refused.is_logging(), Some(true));
    assert_eq!(refused.latest_delivery_error(), Some("AccessDenied"));
    assert_eq!(refused.latest_delivery_attempt_succeeded(), Some(""));

    let policy = super::log_bucket_policy("logs-main-us-east-1", &trail_arn("main"));
    aws.bucket("logs-main-us-east-1", Some(&policy)).await;
    topic(&aws, "b").await;
    assert_eq!(status().await.unwrap().latest_delivery_error(), None);
}

#[tokio::test(start_paused = true)]
async fn log_files_lie_in_the_bucket_of_every_trail_that_logs_the_call() {
    let aws = aws().with_trail().await;
    let far = clients(aws.sandbox.clone(), aws.sandbox.admin(), "eu-central-1");
    far.new_trail("far").await.send().await.unwrap();
    far.logging("far").await;
    topic(&far, "a").await;
    for (aws, trail, region) in [(&aws, "main", "us-east-1"), (&far, "far", "eu-central-1")] {
        let bucket = format!("logs-{trail}-{region}");
        let list = aws.s3.list_objects_v2().bucket(&bucket);
        let list = list.send().await.unwrap();
        let keys: Vec<_> = list.contents().iter().filter_map(|o| o.key()).collect();
        let start = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/03/02/";
        assert!(keys.iter().any(|key| key.starts_with(start)), "{keys:?}");
        let delete = aws.s3.delete_bucket().bucket(&bucket).send().await;
        delete.unwrap_err();
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_too_large_for_a_bus_stays_away() {
    let aws = aws().with_trail().await;
    watch(&aws).await;
    for (name, length) in [("small", 100_000), ("large", 260_000)] {
        let create = aws.iam.create_role().role_name(name);
        let create = create.assume_role_policy_document(r#"{"Statement":[]}"#);
        create.description("x".repeat(length)).send().await.unwrap();
    }
    let seen = records(&aws).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["detail"]["requestParameters"]["roleName"], "small");
}
