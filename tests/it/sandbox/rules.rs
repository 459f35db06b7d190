//! Rules: what PutRule replaces, refuses and counts.

use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, RuleState, Tag};
use serde_json::json;

use super::{aws, target, topic_arn};

const PATTERN: &str = r#"{"source":["app"]}"#;

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn put_rule_replaces_all_but_tags_and_targets_of_a_rule_of_the_same_name() {
    let aws = aws();
    let put = aws.events.put_rule().name("r").event_pattern(PATTERN);
    let put = put.description("mine").state(RuleState::Disabled);
    put.tags(tag("owner", "me")).send().await.unwrap();
    aws.target("r", target("t", &topic_arn("t")).build().unwrap())
        .await;

    let again = aws.events.put_rule().name("r");
    let again = again.event_pattern(r#"{"source":["other"]}"#);
    again.tags(tag("owner", "you")).send().await.unwrap();

    let rule = aws.events.describe_rule().name("r").send().await.unwrap();
    assert_eq!(rule.description, None);
    assert_eq!(rule.state, Some(RuleState::Enabled));
    assert_eq!(
        rule.event_pattern.as_deref(),
        Some(r#"{"source":["other"]}"#)
    );
    let arn = rule.arn.unwrap();
    let tags = aws.events.list_tags_for_resource().resource_arn(&arn);
    assert_eq!(
        tags.send().await.unwrap().tags.unwrap(),
        [tag("owner", "me")]
    );
    let targets = aws
        .events
        .list_targets_by_rule()
        .rule("r")
        .send()
        .await
        .unwrap();
    assert_eq!(targets.targets.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn tags_come_and_go_one_by_one() {
    let aws = aws();
    let arn = aws.rule("r", PATTERN).await;
    let add = aws.events.tag_resource().resource_arn(&arn);
    let add = add.tags(tag("a", "1")).tags(tag("b", "2"));
    add.send().await.unwrap();
    let remove = aws.events.untag_resource().resource_arn(&arn).tag_keys("a");
    remove.send().await.unwrap();
    let tags = aws.events.list_tags_for_resource().resource_arn(&arn);
    assert_eq!(tags.send().await.unwrap().tags.unwrap(), [tag("b", "2")]);
}

#[tokio::test(start_paused = true)]
async fn put_rule_refuses_what_aws_refuses() {
    let aws = aws();
    let long = |n: usize| format!(r#"{{"source":["{}"]}}"#, "x".repeat(n));
    for (name, pattern, code) in [
        ("r", "{".to_owned(), "InvalidEventPatternException"),
        (
            "r",
            r#"{"source":"app"}"#.to_owned(),
            "InvalidEventPatternException",
        ),
        ("a b", PATTERN.to_owned(), "ValidationException"),
        ("r", long(2040), "LimitExceededException"),
        ("r", long(4090), "ValidationException"),
    ] {
        let put = aws.events.put_rule().name(name).event_pattern(&pattern);
        let error = put.send().await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{name} {pattern}");
    }
    let rules = aws.events.list_rules().send().await.unwrap();
    assert!(rules.rules.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_bus_holds_300_rules_and_lists_them_in_small_pages() {
    let aws = aws();
    for n in 0..300 {
        aws.rule(&format!("r{n:03}"), PATTERN).await;
    }
    let put = aws
        .events
        .put_rule()
        .name("one-more")
        .event_pattern(PATTERN);
    let error = put.send().await.unwrap_err();
    assert_eq!(error.code(), Some("LimitExceededException"));
    // Replacing is still possible.
    aws.rule("r000", PATTERN).await;

    let (mut names, mut token, mut pages) = (Vec::new(), None, 0);
    loop {
        let list = aws
            .events
            .list_rules()
            .name_prefix("r0")
            .set_next_token(token);
        let page = list.send().await.unwrap();
        names.extend(
            page.rules
                .unwrap()
                .into_iter()
                .map(|rule| rule.name.unwrap()),
        );
        pages += 1;
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!((names.len(), pages), (100, 10));
}

#[tokio::test(start_paused = true)]
async fn a_bus_holds_30_rules_with_wildcards() {
    let aws = aws();
    let pattern = r#"{"source":["app"],"detail":{"who":[{"wildcard":"a*b"}]}}"#;
    for n in 0..30 {
        aws.rule(&format!("w{n}"), pattern).await;
    }
    let put = aws.events.put_rule().name("w30").event_pattern(pattern);
    let error = put.send().await.unwrap_err();
    assert_eq!(error.code(), Some("LimitExceededException"));
    aws.rule("plain", PATTERN).await;
}

#[tokio::test(start_paused = true)]
async fn a_rule_with_targets_is_not_deleted() {
    let aws = aws();
    aws.rule("r", PATTERN).await;
    aws.target("r", target("t", &topic_arn("t")).build().unwrap())
        .await;
    let error = aws.events.delete_rule().name("r").send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));
    let remove = aws.events.remove_targets().rule("r").ids("t");
    assert_eq!(remove.send().await.unwrap().failed_entry_count, 0);
    aws.events.delete_rule().name("r").send().await.unwrap();
    let error = aws
        .events
        .describe_rule()
        .name("r")
        .send()
        .await
        .unwrap_err();
    assert!(error.into_service_error().is_resource_not_found_exception());
    // Deleting what is gone succeeds.
    aws.events.delete_rule().name("r").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn only_enabled_rules_deliver() {
    let aws = aws();
    aws.open_queue("q").await;
    aws.rule("r", PATTERN).await;
    aws.target("r", target("q", &super::queue_arn("q")).build().unwrap())
        .await;
    aws.events.disable_rule().name("r").send().await.unwrap();
    aws.put(json!({"n": 1})).await;
    aws.events.enable_rule().name("r").send().await.unwrap();
    aws.put(json!({"n": 2})).await;
    let bodies = aws.bodies("q").await;
    assert_eq!(bodies.len(), 1);
    assert!(bodies[0].contains(r#"{"n":2}"#), "{}", bodies[0]);
}

#[tokio::test(start_paused = true)]
async fn events_that_claim_to_be_from_aws_fail_inside_a_200() {
    let aws = aws();
    let entry = |source: &str, detail: &str| {
        let entry = PutEventsRequestEntry::builder()
            .source(source)
            .detail(detail);
        entry.detail_type("t").build()
    };
    let put = aws.events.put_events();
    let put = put
        .entries(entry("aws.iam", "{}"))
        .entries(entry("app", "{}"));
    let put = put
        .entries(entry("app", "no json"))
        .entries(entry("", "{}"));
    let put = put.send().await.unwrap();
    assert_eq!(put.failed_entry_count, 3);
    let codes: Vec<_> = put.entries().iter().map(|e| e.error_code()).collect();
    let refused = Some("NotAuthorizedForSourceException");
    assert_eq!(
        codes,
        [
            refused,
            None,
            Some("MalformedDetail"),
            Some("InvalidArgument")
        ]
    );
    assert!(put.entries()[1].event_id().is_some());
}

#[tokio::test(start_paused = true)]
async fn events_over_256_kilobytes_are_refused() {
    let aws = aws();
    let entry = PutEventsRequestEntry::builder()
        .source("app")
        .detail_type("t");
    let detail = json!({"text": "x".repeat(256 * 1024)}).to_string();
    let put = aws
        .events
        .put_events()
        .entries(entry.detail(detail).build());
    let error = put.send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));
}

#[tokio::test(start_paused = true)]
async fn test_event_pattern_wants_a_whole_event() {
    let aws = aws();
    let whole = json!({"id": "1", "account": "111122223333", "source": "app", "detail-type": "t",
        "time": "2026-03-02T09:00:00Z", "region": "us-east-1", "resources": [], "detail": {}});
    let test = |event: &serde_json::Value| {
        let test = aws.events.test_event_pattern().event_pattern(PATTERN);
        test.event(event.to_string()).send()
    };
    assert!(test(&whole).await.unwrap().result);
    let mut part = whole.clone();
    part.as_object_mut().unwrap().remove("resources");
    let error = test(&part).await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationException"));
    assert!(error.message().unwrap().contains("resources"));
}

#[tokio::test(start_paused = true)]
async fn the_rules_of_a_target_are_found() {
    let aws = aws();
    for name in ["a", "b", "c"] {
        aws.rule(name, PATTERN).await;
    }
    for name in ["a", "c"] {
        aws.target(name, target("t", &topic_arn("t")).build().unwrap())
            .await;
    }
    let list = aws
        .events
        .list_rule_names_by_target()
        .target_arn(topic_arn("t"));
    assert_eq!(list.send().await.unwrap().rule_names.unwrap(), ["a", "c"]);
}
