//! What one account's work must not do to another's.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_types::SdkConfig;

use super::cloud::{stalls, timeouts};
use super::*;
use crate::place::AccountId;
use crate::sandbox::{Clock, Fault, FaultKind, Options, Sandbox};

const MEMBERS: [&str; 2] = ["222233334444", "333344445555"];
const ROLE: &str = "OrganizationAccountAccessRole";

fn organization() -> Sandbox {
    let sandbox = Sandbox::new(Options {
        account: "111122223333".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        clock: Clock::FIXED,
    });
    let organization = sandbox.organize().unwrap();
    let root = organization.root();
    for member in MEMBERS {
        let id = member.parse().unwrap();
        organization
            .create_account_as(&id, &root, "member")
            .unwrap();
    }
    sandbox
}

fn config(sandbox: &Sandbox) -> SdkConfig {
    let config = sandbox.sdk_config(&sandbox.region(), sandbox.admin());
    let sleep = aws_smithy_async::rt::sleep::TokioSleep::new();
    config.to_builder().sleep_impl(sleep).build()
}

/// How many of 45 calls, which are paced to one a second, were not answered in time.
async fn late(timeouts: TimeoutConfig) -> usize {
    // A second attempt would hide what happened to the first, at the cost of its place in the line.
    let config = config(&organization()).to_builder();
    let config = config
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(stalls());
    let cloud = Cloud::with_config(config.timeout_config(timeouts).build());
    let trails = cloud.await.unwrap().global().cloudtrail;
    let start = |number: usize| {
        trails
            .start_logging()
            .name(format!("trail-{number}"))
            .send()
    };
    let answers = futures::future::join_all((0..45).map(start)).await;
    answers
        .iter()
        .filter(|answer| {
            answer
                .as_ref()
                .is_err_and(|e| e.as_service_error().is_none())
        })
        .count()
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_rate_is_no_timeout() {
    let whole = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(30));
    assert!(late(whole.build()).await > 0, "the calls wait too little");
    assert_eq!(late(timeouts()).await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_wears_out_its_retries_leaves_others_theirs() {
    let sandbox = organization();
    let cloud = Cloud::with_config(config(&sandbox)).await.unwrap();
    let [busy, calm] = MEMBERS.map(|member| member.parse::<AccountId>().unwrap());
    let events = async |account| {
        let member = cloud.member(account, ROLE).await.unwrap();
        member.global().events
    };
    let (throttled, other) = (events(&busy).await, events(&calm).await);
    sandbox.fault(Fault::from_call(0, FaultKind::Throttle).in_account(&busy));
    let attempts = || {
        sandbox
            .counts()
            .iter()
            .map(|count| count.calls)
            .sum::<u64>()
    };
    let mut last = 0;
    for _ in 0..80 {
        let before = attempts();
        assert!(throttled.list_rules().send().await.is_err());
        last = attempts() - before;
    }
    assert_eq!(last, 1, "its retries are not worn out");
    let once = Fault::on("events", "ListRules", FaultKind::Throttle);
    sandbox.fault(once.in_account(&calm));
    other.list_rules().send().await.unwrap();
}

#[tokio::test]
async fn clients_are_made_when_they_are_used() {
    let cloud = Cloud::with_config(config(&organization())).await.unwrap();
    let clients = cloud.global();
    assert!(!clients.sns.is_made());
    let _ = clients.sns.list_topics();
    assert!(cloud.global().sns.is_made(), "the same for whoever asks");
    assert!(!clients.sqs.is_made());
}
