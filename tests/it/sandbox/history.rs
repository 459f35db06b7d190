//! The event history: what CloudTrail remembers without a trail.

use std::time::Duration;

use aws_sdk_cloudtrail::error::ProvideErrorMetadata;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use aws_smithy_types::retry::RetryConfig;
use iamwatch::sandbox::{Clock, Options, Sandbox};
use serde_json::Value;

use super::{ACCOUNT, Aws, aws, clients, configured};

async fn make_users(aws: &Aws, count: usize) {
    for n in 0..count {
        let user = format!("user-{n:02}");
        aws.iam.create_user().user_name(user).send().await.unwrap();
    }
}

fn by(key: LookupAttributeKey, value: &str) -> LookupAttribute {
    LookupAttribute::builder()
        .attribute_key(key)
        .attribute_value(value)
        .build()
        .unwrap()
}

fn user_of(event: &Event) -> String {
    let record: Value = serde_json::from_str(event.cloud_trail_event().unwrap()).unwrap();
    let name = record["requestParameters"]["userName"].as_str();
    name.unwrap_or("?").to_owned()
}

#[tokio::test(start_paused = true)]
async fn the_latest_changes_come_first_page_by_page() {
    let aws = aws();
    make_users(&aws, 12).await;
    aws.iam.list_users().send().await.unwrap();
    aws.sns.create_topic().name("t").send().await.unwrap();
    let mut seen = Vec::new();
    let mut sizes = Vec::new();
    let mut token = None;
    loop {
        let page = aws.trail.lookup_events().max_results(5);
        let page = page.set_next_token(token).send().await.unwrap();
        sizes.push(page.events().len());
        seen.extend(page.events().iter().map(|event| {
            let name = event.event_name().unwrap().to_owned();
            (name, user_of(event))
        }));
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [5, 5, 3]);
    assert_eq!(seen[0].0, "CreateTopic");
    let users: Vec<&str> = seen[1..].iter().map(|(_, user)| user.as_str()).collect();
    let expected: Vec<String> = (0..12).rev().map(|n| format!("user-{n:02}")).collect();
    assert_eq!(users, expected, "what only looks is not kept here");
    // The calls of a global service are in us-east-1 alone.
    let elsewhere = clients(aws.sandbox.clone(), aws.sandbox.admin(), "eu-west-1");
    let there = elsewhere.trail.lookup_events().send().await.unwrap();
    assert_eq!(there.events(), []);
}

#[tokio::test(start_paused = true)]
async fn events_are_looked_up_by_one_attribute_and_by_time() {
    let sandbox = still();
    let aws = once(&sandbox);
    make_users(&aws, 2).await;
    sandbox.advance(Duration::from_secs(3600));
    aws.sns.create_topic().name("t").send().await.unwrap();
    let names = async |attribute: Option<LookupAttribute>, window: Option<(i64, i64)>| {
        let request = aws
            .trail
            .lookup_events()
            .set_lookup_attributes(attribute.map(|attribute| vec![attribute]))
            .set_start_time(window.map(|(start, _)| DateTime::from_secs(start)))
            .set_end_time(window.map(|(_, end)| DateTime::from_secs(end)));
        let answer = request.send().await.unwrap();
        let names = answer.events().iter();
        let names: Vec<String> = names
            .map(|event| event.event_name().unwrap().to_owned())
            .collect();
        names
    };
    let users = ["CreateUser", "CreateUser"];
    let all = ["CreateTopic", "CreateUser", "CreateUser"];
    use LookupAttributeKey::{EventName, EventSource, ReadOnly, Username};
    assert_eq!(names(None, None).await, all);
    assert_eq!(names(Some(by(EventName, "CreateUser")), None).await, users);
    let sns = by(EventSource, "sns.amazonaws.com");
    assert_eq!(names(Some(sns), None).await, ["CreateTopic"]);
    assert_eq!(names(Some(by(Username, "admin")), None).await, all);
    assert!(names(Some(by(ReadOnly, "true")), None).await.is_empty());
    // Both ends are included.
    let start = NOW / 1000;
    assert_eq!(names(None, Some((start, start))).await, users);
    let later = (start + 3600, start + 3600);
    assert_eq!(names(None, Some(later)).await, ["CreateTopic"]);
    assert!(
        names(None, Some((start + 1, start + 3599)))
            .await
            .is_empty()
    );
    // After 90 days they are forgotten.
    sandbox.advance(Duration::from_secs(90 * 86_400 - 3600 + 1));
    assert_eq!(names(None, None).await, ["CreateTopic"]);
}

#[tokio::test(start_paused = true)]
async fn what_aws_refuses_is_refused() {
    let aws = aws();
    let code = |error: aws_sdk_cloudtrail::Error| error.code().unwrap().to_owned();
    let ask = || aws.trail.lookup_events();
    let two = ask()
        .lookup_attributes(by(LookupAttributeKey::EventName, "CreateUser"))
        .lookup_attributes(by(LookupAttributeKey::ReadOnly, "false"));
    let refused = two.send().await.unwrap_err();
    assert_eq!(code(refused.into()), "InvalidLookupAttributesException");
    let refused = ask().max_results(51).send().await.unwrap_err();
    assert_eq!(code(refused.into()), "InvalidMaxResultsException");
    let refused = ask().next_token("nonsense").send().await.unwrap_err();
    assert_eq!(code(refused.into()), "InvalidNextTokenException");
    let backwards = ask()
        .start_time(DateTime::from_secs(2))
        .end_time(DateTime::from_secs(1));
    let refused = backwards.send().await.unwrap_err();
    assert_eq!(code(refused.into()), "InvalidTimeRangeException");
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudtrail:Describe*","Resource":"*"}]}"#;
    let caller = aws.sandbox.caller("nobody", policy);
    let nobody = clients(aws.sandbox.clone(), caller, "us-east-1");
    let refused = nobody.trail.lookup_events().send().await.unwrap_err();
    assert_eq!(refused.code(), Some("AccessDeniedException"));
}

#[tokio::test(start_paused = true)]
async fn two_requests_a_second_are_taken() {
    let sandbox = still();
    sandbox.throttle(true);
    let aws = once(&sandbox);
    let ask = || aws.trail.lookup_events().send();
    ask().await.unwrap();
    ask().await.unwrap();
    let refused = ask().await.unwrap_err();
    assert_eq!(refused.code(), Some("ThrottlingException"));
    sandbox.advance(Duration::from_millis(500));
    ask().await.unwrap();
    assert!(ask().await.is_err());
}

const NOW: i64 = 1_790_000_000_000;

/// A sandbox whose time stands still.
fn still() -> Sandbox {
    Sandbox::new(Options {
        account: ACCOUNT.parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        clock: Clock::Virtual { now: NOW, step: 0 },
    })
}

/// Clients that try once.
fn once(sandbox: &Sandbox) -> Aws {
    let config = sandbox.sdk_config(&"us-east-1".parse().unwrap(), sandbox.admin());
    let config = config.to_builder().retry_config(RetryConfig::disabled());
    configured(sandbox.clone(), &config.build())
}
