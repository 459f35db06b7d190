//! How many requests are taken at once, where that is limited.

use std::time::Duration;

use aws_sdk_organizations::error::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use iamwatch::sandbox::{Clock, Count, Options, Sandbox};

use super::members::{PAYMENTS, id};
use super::{ACCOUNT, Aws, configured};

/// A sandbox whose time stands still, and clients of an account's that try once.
fn still() -> Sandbox {
    let sandbox = Sandbox::new(Options {
        account: id(ACCOUNT),
        region: "us-east-1".parse().unwrap(),
        clock: Clock::Virtual {
            now: 1_790_000_000_000,
            step: 0,
        },
    });
    sandbox.organize().unwrap();
    sandbox
}

fn impatient(sandbox: &Sandbox, account: &str, region: &str) -> Aws {
    let admin = sandbox.admin_in(&id(account));
    let config = sandbox.sdk_config(&region.parse().unwrap(), admin);
    let once = config.to_builder().retry_config(RetryConfig::disabled());
    configured(sandbox.clone(), &once.build())
}

/// How many of these calls succeed before one is refused, and the code of the refusal.
macro_rules! until_refused {
    ($call:expr) => {{
        let mut done = 0;
        loop {
            match $call.send().await {
                Ok(_) => done += 1,
                Err(error) => break (done, error.code().unwrap().to_owned()),
            }
        }
    }};
}

#[tokio::test(start_paused = true)]
async fn each_service_has_its_own_limit_and_its_own_words() {
    let sandbox = still();
    let aws = impatient(&sandbox, ACCOUNT, "us-east-1");
    for _ in 0..100 {
        aws.events.list_rules().send().await.unwrap();
    }
    sandbox.throttle(true);
    let (done, code) = until_refused!(aws.organizations.list_accounts());
    assert_eq!((done, code.as_str()), (13, "TooManyRequestsException"));
    let (done, code) = until_refused!(aws.events.list_rules());
    assert_eq!((done, code.as_str()), (50, "ThrottlingException"));
    let (done, code) = until_refused!(aws.iam.list_users());
    assert_eq!((done, code.as_str()), (20, "Throttling"));
    let mut n = 0;
    let mut create = || {
        n += 1;
        aws.iam.create_user().user_name(format!("u{n}"))
    };
    let (done, code) = until_refused!(create());
    assert_eq!((done, code.as_str()), (10, "Throttling"));
    let (done, code) = until_refused!(aws.sts.get_caller_identity());
    assert_eq!((done, code.as_str()), (600, "Throttling"));
    for _ in 0..100 {
        aws.put(serde_json::json!({})).await;
        aws.organizations.list_roots().send().await.unwrap();
    }
    let list = Count {
        call: "organizations:ListAccounts".to_owned(),
        calls: 14,
        throttled: 1,
    };
    assert!(sandbox.counts().contains(&list));
}

#[tokio::test(start_paused = true)]
async fn limits_are_counted_by_account_and_region_and_refill_with_time() {
    let sandbox = still();
    sandbox.throttle(true);
    let here = impatient(&sandbox, ACCOUNT, "us-east-1");
    let there = impatient(&sandbox, ACCOUNT, "eu-west-1");
    let theirs = impatient(&sandbox, PAYMENTS, "us-east-1");
    for aws in [&here, &there, &theirs] {
        assert_eq!(until_refused!(aws.events.list_rules()).0, 50);
    }
    sandbox.advance(Duration::from_millis(500));
    assert_eq!(until_refused!(here.events.list_rules()).0, 25);
    assert_eq!(until_refused!(here.organizations.list_accounts()).0, 13);
    sandbox.advance(Duration::from_secs(1));
    assert_eq!(until_refused!(here.organizations.list_accounts()).0, 8);
    sandbox.advance(Duration::from_secs(60));
    assert_eq!(until_refused!(here.organizations.list_accounts()).0, 13);
    // IAM is one for all Regions.
    assert_eq!(until_refused!(here.iam.list_users()).0, 20);
    assert_eq!(until_refused!(there.iam.list_users()).0, 0);
    assert_eq!(until_refused!(theirs.iam.list_users()).0, 20);
}

#[tokio::test(start_paused = true)]
async fn calls_are_counted_even_where_they_are_not_kept() {
    let sandbox = still();
    sandbox.keep_calls(false);
    let aws = impatient(&sandbox, ACCOUNT, "us-east-1");
    aws.events.list_rules().send().await.unwrap();
    assert!(sandbox.calls().is_empty());
    assert_eq!(sandbox.counts()[0].call, "events:ListRules");
    sandbox.clear_calls();
    assert!(sandbox.counts().is_empty());
}

#[test]
fn ten_thousand_accounts_are_made_in_no_time_and_cost_little() {
    let sandbox = still();
    let org = sandbox.organization().unwrap();
    let unit = org.create_unit(&org.root(), "all").unwrap();
    for n in 0..10_000 {
        org.create_account(&unit, &format!("account {n}")).unwrap();
    }
    assert_eq!(org.accounts().len(), 10_001);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.json");
    sandbox.save(&file).unwrap();
    let bytes = std::fs::metadata(&file).unwrap().len();
    assert!(bytes < 10_000 * 1000, "{bytes}");
}
