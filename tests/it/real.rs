//! A real call that must fail, from CloudTrail to the alert.

use std::time::Duration;

use iamwatch::aws::CallError;
use iamwatch::proof::{self, Options, RealOutcome, RealProof};
use iamwatch::sandbox::{Fault, FaultKind};

use crate::stage::{Stage, Wanted, new_id};

/// Home is not where IAM is recorded; one rule alerts in both forms, one hears of failures alone.
const RULES: &str = r#"
version: 1
name: acme
home: { region: eu-central-1 }
trail: create
channels:
  phone: { sms: "+4915112345678" }
  pager: { sms: "+4915112345679", format: json }
notify: { default: [phone] }
rules:
  - id: user-gone
    title: Somebody deleted a user
    events: ["iam:DeleteUser"]
    channels: [phone, pager]
  - id: refused
    title: A call to IAM failed
    events: ["iam:*"]
    when: { errorCode: { exists: true } }
  - id: went-through
    title: A user is gone
    events: ["iam:DeleteUser"]
    when: { errorCode: { exists: false } }
"#;

/// Each look at the clock is ten seconds later, so that CloudTrail's minutes pass.
async fn try_prove(
    stage: &Stage,
    wanted: &Wanted,
    wait: u64,
    stop: impl Future<Output = ()>,
) -> Result<RealProof, CallError> {
    let standing = stage.standing(wanted).await?;
    let clock = || {
        if let Some(sandbox) = &stage.sandbox {
            sandbox.advance(Duration::from_secs(10));
        }
        stage.now()
    };
    let options = Options {
        wait: Some(Duration::from_secs(wait)),
        from: None,
        clock: &clock,
        new_id: &new_id,
    };
    proof::prove_real(&stage.cloud, standing.deployment(wanted), &options, stop).await
}

async fn prove(
    stage: &Stage,
    wanted: &Wanted,
    wait: u64,
    stop: impl Future<Output = ()>,
) -> RealProof {
    try_prove(stage, wanted, wait, stop).await.unwrap()
}

async fn deployed(rules: &str) -> (Stage, Wanted) {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(rules).await;
    stage.deploy(&wanted).await;
    (stage, wanted)
}

/// Nothing temporary stands at home any more.
async fn assert_clean(stage: &Stage, wanted: &Wanted) {
    let home = stage.cloud.at_place(&wanted.desired.home);
    let queues = home.sqs.list_queues().queue_name_prefix("iamwatch-test-");
    assert!(queues.send().await.unwrap().queue_urls().is_empty());
    let rules = home.events.list_rules();
    let rules = rules.event_bus_name(&wanted.desired.topology.bus);
    let rules = rules.name_prefix("iamwatch-test-").send().await.unwrap();
    assert!(rules.rules().is_empty(), "{rules:#?}");
    let plan = stage.plan(wanted).await;
    assert!(
        plan.changes.is_empty() && plan.orphans.is_empty(),
        "{plan:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_real_call_is_timed_from_cloudtrail_to_the_alert() {
    let (stage, wanted) = deployed(RULES).await;
    let sandbox = stage.sandbox.clone().unwrap();
    sandbox.set_trail_delay(Duration::from_secs(180));
    let proof = prove(&stage, &wanted, 900, std::future::pending()).await;
    assert!(proof.is_good(), "{proof:#?}");
    let RealOutcome::Arrived {
        recorded_after_ms,
        after_ms,
        alert,
    } = &proof.outcome
    else {
        panic!("{proof:#?}");
    };
    assert!(
        (180_000..240_000).contains(recorded_after_ms),
        "{recorded_after_ms}"
    );
    assert!(after_ms >= recorded_after_ms);
    assert!(
        alert.contains("DeleteUser") && alert.contains("NoSuchEntity"),
        "{alert}"
    );
    // Rules that this call does not concern are not waited for.
    let expected: Vec<&str> = proof.expected.iter().map(|rule| rule.0.as_str()).collect();
    assert_eq!(expected, ["refused", "user-gone"]);
    assert!(!proof.denied);
    // A real alert: nothing in it says TEST.
    let sent = sandbox.outbox();
    let about_it: Vec<_> = sent
        .iter()
        .filter(|d| d.body.contains("DeleteUser"))
        .collect();
    assert_eq!(about_it.len(), 3, "{sent:#?}");
    assert!(about_it.iter().all(|d| !d.body.contains("TEST")));
    sandbox.set_trail_delay(Duration::ZERO);
    assert_clean(&stage, &wanted).await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_may_not_delete_users_proves_it_as_well() {
    let (stage, wanted) = deployed(RULES).await;
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"*","Resource":"*"},
        {"Effect":"Deny","Action":"iam:DeleteUser","Resource":"*"}]}"#;
    let sandbox = stage.sandbox.clone().unwrap();
    let caller = sandbox.caller("watcher", policy);
    let config = sandbox.sdk_config(&"us-east-1".parse().unwrap(), caller);
    let proof = {
        let watcher = stage.seen_by(config).await;
        prove(&watcher, &wanted, 60, std::future::pending()).await
    };
    assert!(proof.denied && proof.is_good(), "{proof:#?}");
    assert_clean(&stage, &wanted).await;
}

#[tokio::test(start_paused = true)]
async fn it_says_whether_cloudtrail_or_the_alert_did_not_come() {
    let (stage, wanted) = deployed(RULES).await;
    let sandbox = stage.sandbox.clone().unwrap();
    sandbox.set_trail_delay(Duration::from_secs(600));
    let proof = prove(&stage, &wanted, 60, std::future::pending()).await;
    let RealOutcome::Lost {
        after_ms,
        recorded_after_ms,
        missing,
    } = proof.outcome
    else {
        panic!("{proof:#?}");
    };
    assert!(after_ms > 60_000);
    assert_eq!((recorded_after_ms, missing.len()), (None, 2));
    assert_clean(&stage, &wanted).await;
}

#[tokio::test(start_paused = true)]
async fn without_a_rule_for_it_no_call_is_made() {
    let only_successes = RULES.split("  - id: user-gone").next().unwrap().to_owned()
        + "  - id: went-through"
        + RULES.split("  - id: went-through").nth(1).unwrap();
    let (stage, wanted) = deployed(&only_successes).await;
    stage.writes();
    let proof = prove(&stage, &wanted, 60, std::future::pending()).await;
    assert_eq!(proof.outcome, RealOutcome::NoRule);
    assert_eq!(stage.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_stopped_trail_is_a_broken_link_of_a_real_call() {
    let (stage, wanted) = deployed(RULES).await;
    let home = stage.cloud.at_place(&wanted.desired.home);
    home.cloudtrail
        .stop_logging()
        .name("iamwatch-acme")
        .send()
        .await
        .unwrap();
    stage.writes();
    let proof = prove(&stage, &wanted, 60, std::future::pending()).await;
    let RealOutcome::Broken { links } = &proof.outcome else {
        panic!("{proof:#?}");
    };
    assert_eq!(links.len(), 1, "{links:#?}");
    assert!(links[0].link == "trail iamwatch-acme" && links[0].problem == "it does not log");
    assert_eq!(stage.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn ctrl_c_removes_the_temporary_rule_and_a_killed_one_is_swept_later() {
    let (stage, wanted) = deployed(RULES).await;
    let proof = prove(&stage, &wanted, 60, std::future::ready(())).await;
    assert_eq!(proof.outcome, RealOutcome::Stopped);
    assert_clean(&stage, &wanted).await;

    let sandbox = stage.sandbox.clone().unwrap();
    for (service, operation) in [("events", "RemoveTargets"), ("events", "DeleteRule")] {
        let fault = Fault::on(service, operation, FaultKind::Stop);
        sandbox.fault(Fault {
            times: usize::MAX,
            ..fault
        });
    }
    let killed = try_prove(&stage, &wanted, 60, std::future::pending()).await;
    assert!(killed.is_err());
    sandbox.clear_faults();
    sandbox.advance(Duration::from_secs(300));
    let proof = prove(&stage, &wanted, 60, std::future::pending()).await;
    assert!(proof.is_good(), "{proof:#?}");
    assert_clean(&stage, &wanted).await;
}

/// The emulator's CloudTrail sends nothing to EventBridge: that is what must be said.
pub(crate) async fn the_missing_part_is_named(stage: &Stage) {
    let wanted = stage.wanted(RULES).await;
    stage.deploy(&wanted).await;
    let proof = prove(stage, &wanted, 3, std::future::pending()).await;
    let RealOutcome::Lost {
        recorded_after_ms,
        missing,
        ..
    } = &proof.outcome
    else {
        panic!("{proof:#?}");
    };
    assert_eq!((*recorded_after_ms, missing.len()), (None, 2));
    assert_clean(stage, &wanted).await;
}
