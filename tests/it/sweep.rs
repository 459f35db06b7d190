//! Every call of a run disturbed, one after the other: a plain re-run ends where an undisturbed run ends.
//!
//! The whole sweep takes minutes: by default each run is disturbed at some calls, chosen below, and at all
//! of them where `IAMWATCH_SWEEP` is `all`.

use std::collections::BTreeSet;

use iamwatch::plan::Plan;
use iamwatch::resources::{Kind, Live, Owner, STACK_TAG};
use iamwatch::sandbox::{Fault, FaultKind};

use crate::drift::change::change;
use crate::everything;
use crate::stage::{Stage, Wanted};

/// What a run begins with, and what it is to do.
struct Scene {
    stage: Stage,
    run: Run,
    /// The end of an undisturbed run.
    end: End,
    /// The calls of an undisturbed run, as `service:Operation`.
    calls: Vec<String>,
}

#[derive(Clone, Copy)]
enum Run {
    Apply,
    Destroy,
}

/// How an account stands: ours without what AWS chooses, theirs to the last field.
#[derive(Debug, PartialEq)]
struct End {
    ours: Vec<Live>,
    /// Keys with our tag, aliased or not: a second one would show here alone.
    keys: usize,
    theirs: Vec<String>,
    /// Lines of every bus policy, so that a second statement of ours shows.
    bus: Option<String>,
}

async fn end(stage: &Stage, wanted: &Wanted) -> End {
    let mut ours = stage.live(wanted).await;
    ours.retain(|live| live.owner == Owner::Ours);
    for live in &mut ours {
        live.handle = None;
    }
    let kms = &stage.clients.kms;
    let mut keys = 0;
    for key in kms.list_keys().send().await.unwrap().keys() {
        let tags = kms.list_resource_tags().key_id(key.key_id().unwrap());
        let tags = tags.send().await.unwrap();
        keys += usize::from(tags.tags().iter().any(|tag| tag.tag_key() == STACK_TAG));
    }
    let bus = stage.clients.events.describe_event_bus();
    let bus = bus.name("iamwatch-whole").send().await;
    End {
        ours,
        keys,
        theirs: everything::theirs(stage).await,
        bus: bus.ok().and_then(|bus| bus.policy),
    }
}

impl Run {
    async fn plan(self, stage: &Stage, wanted: &Wanted) -> Plan {
        match self {
            Self::Apply => stage.plan(wanted).await,
            Self::Destroy => stage.destruction(wanted).await,
        }
    }

    /// One whole run, from the look at the account on, undisturbed.
    async fn complete(self, stage: &Stage) -> Wanted {
        let wanted = stage.wanted(everything::RULES).await;
        let plan = self.plan(stage, &wanted).await;
        let report = stage.apply(&plan).await;
        assert!(report.is_complete(), "{report:#?}");
        stage.confirm_all();
        wanted
    }
}

impl Scene {
    async fn of(stage: Stage, run: Run) -> Self {
        let undisturbed = stage.fork().await;
        let sandbox = undisturbed.sandbox.clone().unwrap();
        let wanted = undisturbed.wanted(everything::RULES).await;
        let plan = run.plan(&undisturbed, &wanted).await;
        sandbox.clear_calls();
        assert!(undisturbed.apply(&plan).await.is_complete());
        let calls = sandbox.calls();
        let calls = calls
            .iter()
            .map(|call| format!("{}:{}", call.service, call.operation));
        let calls: Vec<String> = calls.collect();
        undisturbed.confirm_all();
        let wanted = undisturbed.wanted(everything::RULES).await;
        Self {
            end: end(&undisturbed, &wanted).await,
            stage,
            run,
            calls,
        }
    }

    /// Disturbs the runs at the chosen calls; how often a struck call was tried again in all.
    async fn sweep(&self, fault: impl Fn(usize) -> Fault, chosen: &[usize]) -> usize {
        let mut repeated = 0;
        for &k in chosen {
            let stage = self.stage.fork().await;
            let sandbox = stage.sandbox.clone().unwrap();
            let wanted = stage.wanted(everything::RULES).await;
            let plan = self.run.plan(&stage, &wanted).await;
            sandbox.clear_calls();
            sandbox.fault(fault(k));
            stage.apply(&plan).await;
            let calls = sandbox.calls();
            let struck = &calls[k];
            let same = calls.iter().skip(k + 1).filter(|call| *call == struck);
            repeated += same.count();
            sandbox.clear_faults();
            let what = format!("disturbed at call {k}, {}", self.calls[k]);
            let wanted = self.run.complete(&stage).await;
            assert_eq!(end(&stage, &wanted).await, self.end, "{what}");
        }
        repeated
    }

    /// All calls where the whole sweep is asked for, else these.
    fn chosen(&self, some: impl Fn(&[String]) -> Vec<usize>) -> Vec<usize> {
        match std::env::var("IAMWATCH_SWEEP").as_deref() {
            Ok("all") => (0..self.calls.len()).collect(),
            _ => some(&self.calls),
        }
    }
}

/// The first call of every operation.
fn first_of_each(calls: &[String]) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    let first = calls.iter().enumerate();
    first
        .filter_map(|(k, call)| seen.insert(call).then_some(k))
        .collect()
}

/// Every `n`th call.
fn every(n: usize) -> impl Fn(&[String]) -> Vec<usize> {
    move |calls| (n / 2..calls.len()).step_by(n).collect()
}

fn refused(code: &str, status: u16) -> FaultKind {
    FaultKind::Refuse {
        code: code.to_owned(),
        status,
    }
}

async fn creation() -> Scene {
    Scene::of(everything::sandbox().await, Run::Apply).await
}

async fn covered() -> (Stage, Wanted) {
    let stage = everything::sandbox().await;
    let wanted = stage.wanted(everything::RULES).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    (stage, wanted)
}

/// A field of every kind has drifted.
async fn repair() -> Scene {
    let (stage, wanted) = covered().await;
    let live = stage.live(&wanted).await;
    for (kind, field) in [
        (Kind::EncryptionKey, "encryption_key.enabled"),
        (Kind::EncryptionKey, "encryption_key.description"),
        (Kind::Bucket, "bucket.policy"),
        (Kind::Bucket, "bucket.versioned"),
        (Kind::Trail, "trail.selectors"),
        (Kind::Trail, "trail.logging"),
        (Kind::Role, "role.policies"),
        (Kind::Role, "role.trust"),
        (Kind::Queue, "queue.policy"),
        (Kind::Topic, "topic.display_name"),
        (Kind::Bus, "bus.policy"),
        (Kind::Rule, "rule.state"),
        (Kind::Rule, "rule.targets.*.arn"),
    ] {
        let mut ours = live.iter().filter(|live| live.owner == Owner::Ours);
        let first = ours.find(|live| live.key.kind == kind).unwrap();
        change(&stage, first, field).await;
    }
    Scene::of(stage, Run::Apply).await
}

/// The trail has stopped and its log files are gone, so that the bucket can go.
async fn destruction() -> Scene {
    let (stage, wanted) = covered().await;
    let request = stage.clients.cloudtrail.stop_logging();
    request.name("iamwatch-whole").send().await.unwrap();
    let live = stage.live(&wanted).await;
    let bucket = live.iter().find(|live| live.key.kind == Kind::Bucket);
    stage.empty_bucket(&bucket.unwrap().key.name).await;
    Scene::of(stage, Run::Destroy).await
}

const LOST: FaultKind = FaultKind::LoseResponseAfterEffect;

#[tokio::test(start_paused = true)]
async fn a_creation_whose_answers_get_lost_is_finished_by_the_next_run() {
    let scene = creation().await;
    assert!(scene.calls.len() > 40, "{:#?}", scene.calls);
    let chosen = scene.chosen(first_of_each);
    let repeated = scene.sweep(|k| Fault::of_call(k, LOST), &chosen).await;
    assert!(repeated > chosen.len(), "the SDK tries again: {repeated}");
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_is_killed_is_finished_by_the_next_run() {
    let scene = creation().await;
    let stop = |k| Fault::from_call(k, FaultKind::Stop);
    scene.sweep(stop, &scene.chosen(every(5))).await;
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_is_refused_is_finished_by_the_next_run() {
    let scene = creation().await;
    let chosen = scene.chosen(every(9));
    for (code, status, is_repeated) in [
        ("AccessDenied", 403, false),
        ("InternalError", 500, true),
        ("ThrottlingException", 400, true),
    ] {
        let refuse = |k| Fault::of_call(k, refused(code, status));
        let repeated = scene.sweep(refuse, &chosen).await;
        assert_eq!(repeated > 0, is_repeated, "{code}: {repeated}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_repair_that_is_disturbed_is_finished_by_the_next_run() {
    let scene = repair().await;
    let chosen = scene.chosen(every(6));
    let refuse = |k| Fault::of_call(k, refused("AccessDenied", 403));
    scene.sweep(refuse, &chosen).await;
    scene.sweep(|k| Fault::of_call(k, LOST), &chosen).await;
    let stop = |k| Fault::from_call(k, FaultKind::Stop);
    scene.sweep(stop, &chosen).await;
}

#[tokio::test(start_paused = true)]
async fn a_destruction_that_is_disturbed_is_finished_by_the_next_run() {
    let scene = destruction().await;
    assert_eq!(scene.end.ours, Vec::new());
    let chosen = scene.chosen(every(8));
    let refuse = |k| Fault::of_call(k, refused("AccessDenied", 403));
    scene.sweep(refuse, &chosen).await;
    scene.sweep(|k| Fault::of_call(k, LOST), &chosen).await;
    let stop = |k| Fault::from_call(k, FaultKind::Stop);
    scene.sweep(stop, &chosen).await;
}
