//! Apply stopped, refused or cut off at every call: running it again ends where an undisturbed run ends.

use iamwatch::aws::CallError;
use iamwatch::plan::PlanOptions;
use iamwatch::resources::Live;
use iamwatch::sandbox::{Fault, FaultKind};
use iamwatch::{apply, plan};
use serde_json::{Value, json};

use crate::deploy::SELF_CONTAINED;
use crate::stage::{Stage, Wanted};

/// Live state without what AWS calls things: ids differ from run to run.
async fn state(stage: &Stage, wanted: &Wanted) -> Vec<Live> {
    let mut live = stage.live(wanted).await;
    for live in &mut live {
        live.handle = None;
    }
    live
}

/// Applies once while `fault` strikes, then again undisturbed.
async fn disturbed(fault: Fault) -> Vec<Live> {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(SELF_CONTAINED).await;
    let plan = stage.plan(&wanted).await;
    let sandbox = stage.sandbox.clone().unwrap();
    sandbox.fault(fault);
    stage.apply(&plan).await;
    sandbox.clear_faults();
    stage.deploy(&wanted).await;
    assert_eq!(stage.plan(&wanted).await.changes, Vec::new());
    state(&stage, &wanted).await
}

async fn sweep(kind: FaultKind) {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(SELF_CONTAINED).await;
    let plan = stage.plan(&wanted).await;
    let sandbox = stage.sandbox.clone().unwrap();
    sandbox.clear_calls();
    assert!(stage.apply(&plan).await.is_complete());
    let calls = sandbox.calls().len();
    assert!(calls > 10, "only {calls} calls to disturb");
    let undisturbed = state(&stage, &wanted).await;
    for k in 0..calls {
        let end = disturbed(Fault::from_call(k, kind.clone())).await;
        assert_eq!(end, undisturbed, "disturbed from call {k}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_killed_is_finished_by_the_next() {
    sweep(FaultKind::Stop).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_refused_is_finished_by_the_next() {
    sweep(FaultKind::Refuse {
        code: "AccessDenied".to_owned(),
        status: 403,
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn lost_answers_leave_no_duplicates() {
    sweep(FaultKind::LoseResponseAfterEffect).await;
}

#[tokio::test(start_paused = true)]
async fn ctrl_c_finishes_what_is_under_way_and_begins_nothing_new() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(SELF_CONTAINED).await;
    let plan = stage.plan(&wanted).await;
    let report = apply::apply(&plan, &stage.cloud, std::future::ready(()), |_| {}).await;
    assert!(report.stopped && !report.is_complete());
    assert!(!report.done.is_empty(), "what was begun is finished");
    assert_eq!(
        report.done.len() + report.not_tried.len(),
        plan.changes.len()
    );
    let rest = stage.deploy(&wanted).await;
    assert_eq!(rest.changes.len(), report.not_tried.len());
    assert_eq!(stage.plan(&wanted).await.changes, Vec::new());
}

#[tokio::test(start_paused = true)]
async fn one_failure_stops_only_what_needs_it() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(SELF_CONTAINED).await;
    let plan = stage.plan(&wanted).await;
    let sandbox = stage.sandbox.clone().unwrap();
    let refuse = FaultKind::Refuse {
        code: "AuthorizationError".to_owned(),
        status: 403,
    };
    sandbox.fault(Fault {
        times: 1,
        ..Fault::on("sns", "CreateTopic", refuse)
    });
    let report = stage.apply(&plan).await;
    assert_eq!(report.failed.len(), 1);
    let failed = &report.failed[0];
    assert_eq!(failed.error.call.to_string(), "sns:CreateTopic");
    let remedy = failed.remedy.as_deref().unwrap();
    assert!(
        remedy.contains(r#""sns:CreateTopic""#) && remedy.contains("Resource"),
        "{remedy}"
    );
    assert!(!report.not_tried.is_empty() && !report.done.is_empty());
    // The other topic with its rules and subscriptions is complete.
    assert!(
        report
            .done
            .iter()
            .any(|key| key.name.contains("text_") && key.name.contains('/'))
    );
}

/// Whoever starts without any permission and adds what each error asks for gets to the end, and the
/// statements name resources, not everything.
#[tokio::test(start_paused = true)]
async fn the_statements_that_errors_print_are_the_missing_ones() {
    let stage = Stage::sandbox().await;
    let sandbox = stage.sandbox.clone().unwrap();
    let mut statements: Vec<Value> = vec![json!({
        "Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*",
    })];
    for _ in 0..80 {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        let caller = sandbox.caller("deployer", &policy.to_string());
        let config = sandbox.sdk_config(&crate::stage::region(), caller);
        let stage = stage.seen_by(config).await;
        let looked = async {
            let wanted = stage.try_wanted(SELF_CONTAINED).await?;
            let live = stage.try_live(&wanted).await?;
            Ok::<_, CallError>((wanted, live))
        };
        let (wanted, live) = match looked.await {
            Ok(seen) => seen,
            Err(error) => {
                statements.push(asked_for(error.remedy()));
                continue;
            }
        };
        let plan = plan::plan(
            &wanted.file.name,
            &wanted.desired,
            &live,
            &PlanOptions::default(),
        )
        .unwrap();
        let report = stage.apply(&plan).await;
        if report.is_complete() {
            for statement in &statements {
                let actions = statement["Action"].as_array();
                let mut actions = actions.into_iter().flatten();
                let wide = statement["Resource"] == "*";
                assert!(
                    !wide || actions.all(takes_no_resource),
                    "AWS takes a narrower resource: {statement}"
                );
            }
            return;
        }
        statements.push(asked_for(report.failed[0].remedy.clone()));
    }
    panic!("the statements never sufficed: {statements:#?}");
}

/// Whether the Service Authorization Reference names no resource type for an action.
fn takes_no_resource(action: &Value) -> bool {
    let lists = [
        "cloudtrail:DescribeTrails",
        "events:ListConnections",
        "events:ListRules",
        "iam:ListRoles",
        "kms:ListAliases",
        "s3:ListAllMyBuckets",
        "sns:ListTopics",
        "sqs:ListQueues",
    ];
    action
        .as_str()
        .is_some_and(|action| lists.contains(&action))
}

fn asked_for(remedy: Option<String>) -> Value {
    let remedy = remedy.expect("a denial says what to do");
    let statement = remedy
        .strip_prefix("the caller needs this statement: ")
        .unwrap();
    let (statement, all) = statement.split_once("; `").unwrap();
    assert!(all.starts_with("iamwatch permissions --for "), "{all}");
    serde_json::from_str(statement).unwrap()
}

/// S3 spells the request id in its own way, and has words of its own for "too much".
#[tokio::test(start_paused = true)]
async fn a_failure_of_s3_carries_its_request_id_and_says_that_it_passes() {
    let stage = Stage::sandbox().await;
    let rules = SELF_CONTAINED.replace("channels:", "trail: create\nchannels:");
    let wanted = stage.wanted(&rules).await;
    let plan = stage.plan(&wanted).await;
    let sandbox = stage.sandbox.clone().unwrap();
    sandbox.fault(Fault {
        times: usize::MAX,
        ..Fault::on("s3", "CreateBucket", FaultKind::Throttle)
    });
    let report = stage.apply(&plan).await;
    let failed = report.failed.iter().find(|f| f.error.call.service == "s3");
    let error = &failed.unwrap().error;
    assert_eq!(error.code.as_deref(), Some("SlowDown"));
    assert_eq!(error.cause, iamwatch::aws::Cause::Throttled);
    assert!(error.request_id.is_some(), "{error:?}");
}

/// Whoever may not list the Regions meets the one that is not enabled on the way.
#[tokio::test(start_paused = true)]
async fn a_region_that_is_not_enabled_is_called_by_its_name() {
    let stage = Stage::sandbox().await;
    let sandbox = stage.sandbox.clone().unwrap();
    let enabled = ["us-east-1", "eu-west-1"].map(|name| name.parse().unwrap());
    sandbox.set_regions(&enabled);
    let refuse = FaultKind::Refuse {
        code: "AccessDeniedException".to_owned(),
        status: 403,
    };
    sandbox.fault(Fault {
        times: usize::MAX,
        ..Fault::on("account", "ListRegions", refuse)
    });
    let rules = SELF_CONTAINED.replace("channels:", "watch: { regions: [me-south-1] }\nchannels:");
    let wanted = stage.wanted(&rules).await;
    let error = stage.try_live(&wanted).await.unwrap_err();
    assert!(error.to_string().contains("/me-south-1 failed"), "{error}");
    let remedy = error.remedy().unwrap();
    assert!(remedy.contains("not enabled in the account"), "{remedy}");
    assert!(!remedy.contains("profile"), "{remedy}");
}

/// "Again" is advice only where another try may end otherwise.
#[tokio::test(start_paused = true)]
async fn who_must_mend_something_first_is_not_sent_to_run_it_again() {
    let again = "Run the same command again";
    for (kind, passes) in [
        (FaultKind::Throttle, true),
        (
            FaultKind::Refuse {
                code: "AuthorizationError".to_owned(),
                status: 403,
            },
            false,
        ),
    ] {
        let stage = Stage::sandbox().await;
        let wanted = stage.wanted(SELF_CONTAINED).await;
        let plan = stage.plan(&wanted).await;
        let sandbox = stage.sandbox.clone().unwrap();
        sandbox.fault(Fault {
            times: usize::MAX,
            ..Fault::on("sns", "CreateTopic", kind)
        });
        let report = stage.apply(&plan).await;
        let paint = iamwatch::render::style::Painter { color: false };
        let text = iamwatch::render::report::report(&report, &plan, paint);
        assert_eq!(text.contains(again), passes, "{text}");
        assert_eq!(text.contains("until it is mended"), !passes, "{text}");
    }
}
