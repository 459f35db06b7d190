//! Generated rules files: what apply makes is what plan wants.

use std::fmt::Write;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestRunner};

use crate::stage::Stage;

const CATALOGUE: &[&str] = &[
    "iam/any-call",
    "iam/changes",
    "iam/auth-changes",
    "root/sign-in",
    "root/activity",
    "signin/success",
    "signin/failed",
    "signin/no-mfa",
];

const CHANNELS: &[(&str, &str)] = &[
    ("mail", "{ email: security@example.com }"),
    ("phone", "{ sms: \"+4915112345678\" }"),
    (
        "hook",
        "{ https: \"https://alerts.example.com/sns\", format: json }",
    ),
    (
        "siem",
        "{ sqs: \"arn:aws:sqs:us-east-1:111122223333:alerts\", format: json }",
    ),
    ("raw", "{ sqs: archive }"),
    (
        "code",
        "{ lambda: \"arn:aws:lambda:us-east-1:111122223333:function:respond\" }",
    ),
];

const CONDITIONS: &[&str] = &[
    "when: { errorCode: { exists: true } }",
    "when: [{ userIdentity.type: Root }, { sourceIPAddress: { not: \"10.*\" } }]",
    "unless: { userIdentity.arn: \"arn:aws:iam::*:user/scanner\" }",
    "unless: [{ errorCode: AccessDenied }, { userAgent: { any-case: console } }]",
    "when: { requestParameters.durationSeconds: { number: \">= 3600\" } }",
];

fn rules_file() -> impl Strategy<Value = String> {
    let own = (
        select(&["iam", "sts", "kms", "signin"][..]),
        prop::collection::vec(
            select(&["Create*", "Put*Policy", "GetUser", "*Key", "Delete*"][..]),
            1..4,
        ),
        prop::option::of(select(CONDITIONS)),
    );
    (
        subsequence(CHANNELS, 1..=CHANNELS.len()),
        subsequence(CATALOGUE, 1..=CATALOGUE.len()),
        prop::collection::vec(own, 0..4),
        any::<bool>(),
    )
        .prop_map(|(channels, uses, own, test_events)| {
            let names: Vec<&str> = channels.iter().map(|(name, _)| *name).collect();
            let mut text = String::from("version: 1\nname: gen\nhome: { region: us-east-1 }\n");
            let _ = writeln!(text, "test_events: {test_events}\nchannels:");
            for (name, address) in &channels {
                let _ = writeln!(text, "  {name}: {address}");
            }
            let _ = writeln!(
                text,
                "notify: {{ critical: [{}], default: [{}] }}\nrules:",
                // EventBridge takes five targets of a rule; what is over is only told the rest.
                names[..names.len().min(5)].join(", "),
                names[names.len() - 1]
            );
            for id in uses {
                let _ = writeln!(text, "  - use: {id}");
            }
            for (n, (service, names, condition)) in own.iter().enumerate() {
                let events: Vec<String> = names
                    .iter()
                    .map(|name| format!("\"{service}:{name}\""))
                    .collect();
                let _ = writeln!(text, "  - id: own-{n}\n    events: [{}]", events.join(", "));
                if let Some(condition) = condition {
                    let _ = writeln!(text, "    {condition}");
                }
            }
            text
        })
}

#[test]
fn after_apply_plan_is_empty_and_destroy_leaves_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let mut runner = TestRunner::new(Config {
        cases: 40,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&rules_file(), |text| {
            runtime.block_on(async {
                let stage = Stage::sandbox().await;
                let wanted = stage.wanted(&text).await;
                stage.deploy(&wanted).await;
                stage.writes();
                assert_eq!(stage.plan(&wanted).await.changes, Vec::new(), "{text}");
                stage.confirm_all();
                let plan = stage.plan(&wanted).await;
                assert_eq!(
                    (plan.changes, plan.waiting),
                    (Vec::new(), Vec::new()),
                    "{text}"
                );
                assert_eq!(stage.writes(), Vec::<String>::new(), "{text}");
                let destruction = stage.destruction(&wanted).await;
                assert!(stage.apply(&destruction).await.is_complete());
                assert_eq!(stage.live(&wanted).await, Vec::new(), "{text}");
            });
            Ok(())
        })
        .unwrap();
}
