//! What `permissions --for backtest` prints: enough to read the logs that are named, and nothing besides.

use futures::StreamExt;
use iamwatch::backtest::source::{lookup, s3};
use iamwatch::backtest::{Found, Source, Window};
use iamwatch::permissions::{self, Phase, Scope};
use serde_json::{Value, json};

use super::{EVERYTHING, account, scope, statements, under, without};
use crate::cli::TestEnv;
use crate::stage::Stage;

/// An object that is not a log: it is listed, and nobody fetches it, which the sandbox could not answer.
const OBJECT: &str = "AWSLogs/1/CloudTrail/us-east-1/2026/01/01/notes.txt";

/// What a source lost.
async fn lost(mut source: Source) -> Vec<String> {
    let mut lost = Vec::new();
    while let Some(found) = source.feed.next().await {
        if let Found::Lost(loss) = found {
            lost.push(loss.problem);
        }
    }
    lost
}

/// Lists a bucket and reads the event history under a policy: what was lost.
async fn reads(admin: &Stage, policy: &Value, bucket: &str) -> Vec<String> {
    let caller = under(admin, policy).await;
    let address = s3::Address::parse(&format!("s3://{bucket}/AWSLogs")).unwrap();
    let bucket = s3::source((*caller.clients.s3).clone(), address, Window::default());
    let region = "eu-central-1".parse().unwrap();
    let history = vec![(region, (*caller.clients.cloudtrail).clone())];
    let history = lookup::source(history, Window::default());
    [lost(bucket).await, lost(history).await].concat()
}

async fn stage() -> (Stage, Scope) {
    let stage = account().await;
    for bucket in ["logs", "others"] {
        let place = aws_sdk_s3::types::CreateBucketConfiguration::builder()
            .location_constraint("eu-central-1".into())
            .build();
        let create = stage.clients.s3.create_bucket().bucket(bucket);
        let create = create.create_bucket_configuration(place);
        create.send().await.unwrap();
        let sandbox = stage.sandbox.as_ref().unwrap();
        sandbox.put_object(bucket, OBJECT);
    }
    let wanted = stage.wanted(EVERYTHING).await;
    let mut scope = scope(&wanted, &stage);
    scope.logs = vec![("logs".to_owned(), "AWSLogs/".to_owned())];
    (stage, scope)
}

fn on(policy: &Value, action: &str) -> Value {
    let statements = statements(policy);
    let found = statements
        .iter()
        .find(|statement| statement["Action"] == json!([action]));
    found.unwrap_or_else(|| panic!("{policy:#}"))["Resource"].clone()
}

#[tokio::test(start_paused = true)]
async fn exactly_the_printed_policy_reads_logs_elsewhere() {
    let (stage, scope) = stage().await;
    let policy = permissions::policy(&scope, Phase::Backtest);
    assert_eq!(reads(&stage, &policy, "logs").await, [] as [&str; 0]);
    let mut needed = Vec::new();
    for (at, statement) in statements(&policy).iter().enumerate() {
        let lost = reads(&stage, &without(&policy, at), "logs").await;
        let action = statement["Action"][0].as_str().unwrap().to_owned();
        let named = format!("access denied: the caller needs {action}");
        if lost.iter().any(|lost| lost.contains(&named)) {
            needed.push(action);
        }
    }
    needed.sort();
    assert_eq!(needed, ["cloudtrail:LookupEvents", "s3:ListBucket"]);
    // The sandbox keeps no contents of objects: the third one is read off.
    assert_eq!(statements(&policy).len(), 3);
    assert_eq!(on(&policy, "s3:GetObject"), "arn:aws:s3:::logs/AWSLogs/*");
    let [refused] = &reads(&stage, &policy, "others").await[..] else {
        panic!("another bucket is open");
    };
    assert!(
        refused.contains("the caller needs s3:ListBucket"),
        "{refused}"
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_bucket_it_is_that_of_our_trail() {
    let (_, mut scope) = stage().await;
    scope.logs.clear();
    let policy = permissions::policy(&scope, Phase::Backtest);
    let bucket = on(&policy, "s3:ListBucket");
    let bucket = bucket.as_str().unwrap();
    assert!(
        bucket.starts_with("arn:aws:s3:::iamwatch-acme-logs-"),
        "{bucket}"
    );
    assert_eq!(on(&policy, "s3:GetObject"), format!("{bucket}/*"));
}

#[tokio::test(start_paused = true)]
async fn where_every_region_is_watched_the_regions_are_listed() {
    let (stage, mut scope) = stage().await;
    let before = permissions::policy(&scope, Phase::Backtest).to_string();
    assert!(!before.contains("account:ListRegions"), "{before}");
    scope.regions = None;
    let policy = permissions::policy(&scope, Phase::Backtest);
    let caller = under(&stage, &policy).await;
    let regions = iamwatch::resources::enabled_regions(&caller.cloud).await;
    assert_eq!(regions.unwrap().len(), 3);
}

#[test]
fn the_command_takes_the_address_and_says_what_it_cannot_know() {
    let env = TestEnv::new();
    let run = |phase: &str, more: &[&str]| {
        let head = ["permissions", "--account", "111122223333", "--for", phase];
        env.run(&[&head, more].concat())
    };
    let (code, out, err) = run("backtest", &["--logs", "s3://logs/AWSLogs/o-1"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("arn:aws:s3:::logs/AWSLogs/o-1/*"), "{out}");
    assert!(err.contains("kms:Decrypt"), "{err}");
    let (code, _, err) = run("plan", &["--logs", "s3://logs"]);
    assert_eq!(code, 1);
    assert!(err.contains("only `backtest` reads logs"), "{err}");
    let rules = env.path().join("iamwatch.yaml");
    let text = std::fs::read_to_string(&rules).unwrap();
    let none = text.replace("trail: existing-or-create", "trail: none");
    std::fs::write(&rules, none).unwrap();
    let (code, out, err) = run("backtest", &[]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("cloudtrail:LookupEvents"), "{out}");
    assert!(!out.contains("s3:"), "{out}");
    assert!(err.contains("--logs s3://BUCKET/PREFIX"), "{err}");
}
