//! A whole account: from nothing to covered, every field drifted and repaired, and back to nothing of ours.

use iamwatch::plan::Action;
use iamwatch::resources::{Kind, Live, Owner};
use serde_json::{Value, json};

use super::{Pace, verdicts, walk};
use crate::everything;
use crate::stage::{Stage, Wanted};

/// Covers the account, and shows that a second run has nothing to do.
async fn covered(stage: &Stage, rules: &str) -> Wanted {
    let wanted = stage.wanted(rules).await;
    stage.writes();
    let plan = stage.plan(&wanted).await;
    assert_eq!(stage.writes(), Vec::<String>::new(), "plan wrote something");
    let is_created = |kind: &Kind| {
        let mut changes = plan.changes.iter();
        changes.any(|change| change.key.kind == *kind && change.action == Action::Create)
    };
    // The dispatcher's kinds drift in `dispatcher/repaired.rs`.
    let of_dispatcher = [Kind::Connection, Kind::Machine, Kind::Table];
    let mut kinds = Kind::ALL.iter();
    assert!(
        kinds.all(|kind| of_dispatcher.contains(kind) || is_created(kind)),
        "{plan:#?}"
    );
    verdicts::forget_calls(stage);
    let report = stage.apply(&plan).await;
    assert!(report.is_complete(), "{report:#?}");
    verdicts::calls_were_forecast(stage, &plan, "creation");
    stage.confirm_all();
    stage.writes();
    let again = stage.plan(&wanted).await;
    assert_eq!(again.changes, Vec::new());
    assert_eq!(again.orphans, Vec::new());
    assert!(stage.apply(&again).await.is_complete());
    assert_eq!(stage.writes(), Vec::<String>::new());
    wanted
}

async fn ours(stage: &Stage, wanted: &Wanted) -> Vec<Live> {
    let mut live = stage.live(wanted).await;
    live.retain(|live| live.owner == Owner::Ours);
    live
}

/// Destroys all of it, the kept kinds included.
async fn destroyed(stage: &Stage, wanted: &Wanted) {
    let destruction = stage.destruction(wanted).await;
    verdicts::forget_calls(stage);
    let report = stage.apply(&destruction).await;
    verdicts::calls_were_forecast(stage, &destruction, "deletion");
    // The log files of a trail that has recorded are never deleted.
    let codes = report
        .failed
        .iter()
        .map(|failed| failed.error.code.as_deref());
    let codes: Vec<Option<&str>> = codes.collect();
    assert_eq!(codes, [Some("BucketNotEmpty")], "{report:#?}");
    let remedy = report.failed[0].remedy.clone().unwrap();
    assert!(remedy.contains("empty the bucket by hand"), "{remedy}");
    let left = ours(stage, wanted).await;
    let left: Vec<Kind> = left.iter().map(|live| live.key.kind).collect();
    assert_eq!(left, [Kind::Bucket]);
    stage.empty_bucket(&report.failed[0].key.name).await;
    let rest = stage.destruction(wanted).await;
    verdicts::forget_calls(stage);
    assert!(stage.apply(&rest).await.is_complete());
    verdicts::calls_were_forecast(stage, &rest, "deletion of the bucket");
    assert_eq!(ours(stage, wanted).await, Vec::new());
    let nothing = stage.destruction(wanted).await;
    assert_eq!((nothing.changes, nothing.orphans), (Vec::new(), Vec::new()));
}

/// Lets somebody else put events on our bus too.
async fn share_our_bus(stage: &Stage) -> Value {
    let events = &stage.clients.events;
    let bus = "iamwatch-whole";
    let arn = format!(
        "arn:aws:events:{}:{}:event-bus/{bus}",
        everything::home(),
        stage.account
    );
    let statement = json!({
        "Sid": "Somebodys",
        "Effect": "Allow",
        "Principal": { "AWS": format!("arn:aws:iam::{}:root", stage.account) },
        "Action": "events:PutEvents",
        "Resource": arn,
        "Condition": { "StringEquals": { "events:source": ["b.somebody", "a.somebody"] } },
    });
    let described = events.describe_event_bus().name(bus).send().await.unwrap();
    let mut policy: Value = serde_json::from_str(described.policy().unwrap()).unwrap();
    let statements = policy["Statement"].as_array_mut().unwrap();
    statements.push(statement.clone());
    let put = events.put_permission().event_bus_name(bus);
    put.policy(policy.to_string()).send().await.unwrap();
    statement
}

async fn bus_statements(stage: &Stage) -> Vec<Value> {
    let request = stage.clients.events.describe_event_bus();
    let described = request.name("iamwatch-whole").send().await.unwrap();
    let policy: Value = serde_json::from_str(described.policy().unwrap()).unwrap();
    policy["Statement"].as_array().unwrap().clone()
}

pub(crate) async fn a_whole_account_lives_and_dies(stage: &Stage, rules: &str, pace: Pace) {
    let before = everything::theirs(stage).await;
    let wanted = covered(stage, rules).await;
    assert_eq!(everything::theirs(stage).await, before);

    let theirs_on_our_bus = share_our_bus(stage).await;
    assert_eq!(stage.plan(&wanted).await.changes, Vec::new());
    let after_sharing = everything::theirs(stage).await;
    let walked = walk(stage, &wanted, pace).await;
    let fields = if stage.sandbox.is_some() { 47 } else { 46 };
    assert_eq!(walked.len(), fields, "{walked:#?}");
    let statements = bus_statements(stage).await;
    assert_eq!(statements.len(), 2, "{statements:#?}");
    assert!(statements.contains(&theirs_on_our_bus), "{statements:#?}");

    destroyed(stage, &wanted).await;
    // The walk itself left things of somebody: only those are new.
    let left = everything::theirs(stage).await;
    let changed: Vec<&String> = after_sharing
        .iter()
        .filter(|line| !left.contains(line))
        .collect();
    assert_eq!(changed, Vec::<&String>::new());
}

mod sandbox {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_field_of_every_kind_is_repaired_in_an_account_of_four_regions() {
        let stage = everything::sandbox().await;
        a_whole_account_lives_and_dies(&stage, everything::RULES, Pace::HomeAndAway).await;
    }
}
