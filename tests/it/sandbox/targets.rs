//! Targets and what input transformers make of events.

use std::collections::HashMap;

use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use aws_sdk_eventbridge::types::{InputTransformer, Target};
use serde_json::{Value, json};

use super::{Aws, aws, queue_arn, target, topic_arn};

const PATTERN: &str = r#"{"source":["app"]}"#;

fn transformer(paths: &[(&str, &str)], template: &str) -> InputTransformer {
    let paths: HashMap<String, String> = paths
        .iter()
        .map(|(name, path)| ((*name).to_owned(), (*path).to_owned()))
        .collect();
    let made = InputTransformer::builder().input_template(template);
    made.set_input_paths_map(Some(paths)).build().unwrap()
}

fn transformed(paths: &[(&str, &str)], template: &str) -> Target {
    let target = target("q", &queue_arn("q"));
    target
        .input_transformer(transformer(paths, template))
        .build()
        .unwrap()
}

/// An AWS whose rule `r` sends to the queue `q` by that target.
async fn with(target: Target) -> Aws {
    let aws = aws();
    aws.open_queue("q").await;
    aws.rule("r", PATTERN).await;
    aws.target("r", target).await;
    aws
}

/// What the template makes of an event with that detail; nothing where it is no JSON.
async fn result(paths: &[(&str, &str)], template: &str, detail: Value) -> Option<String> {
    let aws = with(transformed(paths, template)).await;
    aws.put(detail).await;
    let lost = aws.sandbox.lost();
    let body = aws.bodies("q").await.pop();
    assert_eq!(body.is_none(), lost.len() == 1);
    assert!(
        lost.iter().all(|lost| lost.code == "INVALID_JSON"),
        "{lost:?}"
    );
    body
}

#[tokio::test(start_paused = true)]
async fn the_sixth_target_fails_inside_a_200() {
    let aws = aws();
    aws.rule("r", PATTERN).await;
    let targets = (0..6).map(|n| target(&format!("t{n}"), &topic_arn("t")).build().unwrap());
    let put = aws
        .events
        .put_targets()
        .rule("r")
        .set_targets(Some(targets.collect()));
    let put = put.send().await.unwrap();
    assert_eq!(put.failed_entry_count, 1);
    let failed = &put.failed_entries()[0];
    assert_eq!(failed.target_id(), Some("t5"));
    assert_eq!(failed.error_code(), Some("LimitExceededException"));

    let remove = aws.events.remove_targets().rule("r").ids("t0").ids("t9");
    let removed = remove.send().await.unwrap();
    assert_eq!(removed.failed_entries()[0].target_id(), Some("t9"));
    let (mut ids, mut token) = (Vec::new(), None);
    loop {
        let list = aws
            .events
            .list_targets_by_rule()
            .rule("r")
            .set_next_token(token);
        let page = list.send().await.unwrap();
        ids.extend(page.targets.unwrap().into_iter().map(|target| target.id));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(ids, ["t1", "t2", "t3", "t4"]);
}

#[tokio::test(start_paused = true)]
async fn put_targets_refuses_inputs_that_cannot_work() {
    let aws = aws();
    aws.rule("r", PATTERN).await;
    let build = || target("t", &topic_arn("t"));
    let bad = [
        build().input("no json"),
        build().input("{}").input_path("$.detail"),
        build().input_path("detail"),
        build().input_transformer(transformer(&[("a", "$.detail['a']")], "<a>")),
        build().input_transformer(transformer(&[("a", "$.detail")], "<b>")),
        build().input_transformer(transformer(&[], r#""a <b & c> d""#)),
        build().input_transformer(transformer(&[("a", "$.resources[*]")], "<a>")),
        build().input_transformer(transformer(&[("a", "$.detail")], "plain words <a>")),
        build().input_transformer(transformer(&[("a", "$.detail")], r#"{<a>: 1}"#)),
        build().input_transformer(transformer(&[("aws.events.rule", "$.detail")], "1")),
        build().id("a b"),
        build().arn("topic"),
        build().arn("arn:aws:sns:eu-west-1:111122223333:t"),
    ];
    for target in bad {
        let target = target.build().unwrap();
        let put = aws.events.put_targets().rule("r").targets(target.clone());
        let error = put.send().await.unwrap_err();
        assert_eq!(error.code(), Some("ValidationException"), "{target:?}");
    }
    let missing = build().build().unwrap();
    let put = aws.events.put_targets().rule("none").targets(missing);
    let error = put.send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception());
}

#[tokio::test(start_paused = true)]
async fn constants_and_paths_replace_the_event() {
    let aws = with(
        target("q", &queue_arn("q"))
            .input(r#""hi""#)
            .build()
            .unwrap(),
    )
    .await;
    let path = target("p", &queue_arn("q")).input_path("$.detail.a[1]");
    aws.target("r", path.build().unwrap()).await;
    aws.put(json!({"a": [1, {"b": 2}]})).await;
    assert_eq!(aws.bodies("q").await, [r#""hi""#, r#"{"b":2}"#]);
}

#[tokio::test(start_paused = true)]
async fn a_string_template_is_delivered_with_its_quotes() {
    let made = result(
        &[("who", "$.detail.who")],
        "\"Hello <who>,\"\n\"bye <who>.\"",
        json!({"who": "Ann"}),
    );
    assert_eq!(made.await.unwrap(), "\"Hello Ann,\"\n\"bye Ann.\"");
}

#[tokio::test(start_paused = true)]
async fn people_read_the_quotes_of_a_string_template() {
    let aws = aws();
    let topic = aws.open_topic("t").await;
    let subscribe = aws.sns.subscribe().topic_arn(&topic).protocol("email");
    subscribe.endpoint("me@example.com").send().await.unwrap();
    aws.sandbox.confirm(None).unwrap();
    aws.rule("r", PATTERN).await;
    let made = transformer(&[("who", "$.detail.who")], r#""Hello <who>""#);
    let made = target("t", &topic).input_transformer(made).build().unwrap();
    aws.target("r", made).await;
    aws.put(json!({"who": "<Ann & Bob>"})).await;
    let mail = aws.sandbox.outbox().pop().unwrap();
    assert_eq!(mail.body.lines().next(), Some(r#""Hello <Ann & Bob>""#));
    assert_eq!(mail.subject.as_deref(), Some("AWS Notification Message"));
}

#[tokio::test(start_paused = true)]
async fn values_become_json_where_they_stand_alone() {
    let paths = [
        ("t", "$.detail.t"),
        ("n", "$.detail.n"),
        ("o", "$.detail.o"),
        ("z", "$.detail.z"),
    ];
    let detail = json!({"t": "say \"hi\"\n", "n": 1, "o": {"k": ["v"]}, "z": null});
    let made = result(
        &paths,
        r#"{"t":<t>,"n":<n>,"o":<o>,"z":<z>}"#,
        detail.clone(),
    );
    let made: Value = serde_json::from_str(&made.await.unwrap()).unwrap();
    assert_eq!(made, detail);
}

#[tokio::test(start_paused = true)]
async fn values_inside_quotes_are_inserted_raw() {
    let paths = [("v", "$.detail.v")];
    let template = r#"{"text":"<v>!"}"#;
    let try_value = |value: Value| result(&paths, template, json!({"v": value}));
    assert_eq!(
        try_value(json!("a <b> & 'c'")).await.unwrap(),
        r#"{"text":"a <b> & 'c'!"}"#
    );
    assert_eq!(try_value(json!(7)).await.unwrap(), r#"{"text":"7!"}"#);
    // Objects lose their quotes there.
    assert_eq!(
        try_value(json!({"k": "v"})).await.unwrap(),
        r#"{"text":"{k:v}!"}"#
    );
    // A quote or a line break breaks the JSON: the event is undeliverable.
    assert_eq!(try_value(json!("say \"hi\"")).await, None);
    assert_eq!(try_value(json!("two\nlines")).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_variable_whose_path_is_absent_vanishes() {
    let paths = [("v", "$.detail.none")];
    let made = result(&paths, r#"{"text":"<v>!"}"#, json!({}));
    assert_eq!(made.await.unwrap(), r#"{"text":"!"}"#);
    assert_eq!(result(&paths, r#"{"text":<v>}"#, json!({})).await, None);
}

#[tokio::test(start_paused = true)]
async fn reserved_variables_need_no_path() {
    let template = r#"{"arn":<aws.events.rule-arn>,"name":"<aws.events.rule-name>",
        "at":<aws.events.event.ingestion-time>,"all":<aws.events.event.json>,"bare":<aws.events.event>}"#;
    let made = result(&[], template, json!({"k": 1})).await.unwrap();
    let made: Value = serde_json::from_str(&made).unwrap();
    assert_eq!(made["arn"], "arn:aws:events:us-east-1:111122223333:rule/r");
    assert_eq!(made["name"], "r");
    assert_eq!(made["all"]["detail"], json!({"k": 1}));
    assert_eq!(made["bare"].get("detail"), None);
    assert_eq!(made["bare"]["source"], "app");
    assert_eq!(made["bare"]["detailType"], "test");
}

#[tokio::test(start_paused = true)]
async fn in_china_no_bus_of_another_region_can_be_a_target() {
    let sandbox = aws().sandbox;
    let admin = sandbox.admin();
    let china = super::clients(sandbox, admin, "cn-north-1");
    china.rule("r", PATTERN).await;
    for (region, refused) in [("cn-northwest-1", true), ("cn-north-1", false)] {
        let bus = format!("arn:aws-cn:events:{region}:111122223333:event-bus/b");
        let target = target("bus", &bus).role_arn("arn:aws-cn:iam::111122223333:role/r");
        let put = china.events.put_targets().rule("r");
        let put = put.targets(target.build().unwrap()).send().await;
        let code = put.err().and_then(|e| e.code().map(str::to_owned));
        assert_eq!(code.is_some(), refused, "{code:?}");
    }
}
