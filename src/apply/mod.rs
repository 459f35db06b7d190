//! The executor: concurrency, failure isolation, progress. Stop it anywhere and run again: it converges.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde::Serialize;

use crate::aws::{CallError, Cloud};
use crate::plan::{Action, Change, Plan};
use crate::resources::{self, Creation, NameGuard, Owner, Pair, ResourceKey};

/// How many changes are under way at once. EventBridge and SNS take tens of writes a second.
const CONCURRENCY: usize = 8;

/// What happens while a plan is applied; both the human and the JSON display are fed by it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// Work on a resource begins.
    Started {
        key: &'a ResourceKey,
        action: Action,
    },
    /// A change is done.
    Done {
        key: &'a ResourceKey,
        action: Action,
    },
    /// A change could not be made.
    Failed {
        key: &'a ResourceKey,
        action: Action,
        /// The call that failed, and why.
        error: &'a CallError,
    },
}

/// How applying a plan ended: what became of every change.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// Resources whose change was carried out, in the order in which they were done.
    pub done: Vec<ResourceKey>,
    /// Failed, each with the reason and what to do.
    pub failed: Vec<Failed>,
    /// Not tried: something they need failed, or the run was stopped.
    pub not_tried: Vec<ResourceKey>,
    /// Whether somebody stopped the run.
    pub stopped: bool,
}

/// One change that failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failed {
    /// The resource that was to be changed.
    pub key: ResourceKey,
    /// The call that failed, and why.
    pub error: CallError,
    /// What the user can do about the failure; `None` where that is not known.
    pub remedy: Option<String>,
}

impl Report {
    /// Whether everything was done.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.not_tried.is_empty()
    }
}

/// Carries out a plan. A failure stops only what needs the failed thing.
///
/// When `stop` resolves, nothing new is begun; what is under way is finished, so that no call is left
/// half done.
pub async fn apply(
    plan: &Plan,
    cloud: &Cloud,
    stop: impl Future<Output = ()>,
    mut watch: impl FnMut(Event<'_>),
) -> Report {
    let mut report = Report::default();
    let mut todo: Vec<&Change> = plan.changes.iter().collect();
    let mut done: BTreeSet<&ResourceKey> = BTreeSet::new();
    let mut lost: BTreeSet<&ResourceKey> = BTreeSet::new();
    let in_plan: BTreeMap<&ResourceKey, ()> = plan.changes.iter().map(|c| (&c.key, ())).collect();
    let taken = NameGuard::default();
    let mut running = FuturesUnordered::new();
    let mut stop = std::pin::pin!(futures::FutureExt::fuse(stop));
    loop {
        // What can begin now; what never will.
        let mut waiting = Vec::new();
        for change in todo {
            let open = |key: &&ResourceKey| in_plan.contains_key(*key) && !done.contains(*key);
            if report.stopped || change.needs.iter().any(|key| lost.contains(key)) {
                lost.insert(&change.key);
                report.not_tried.push(change.key.clone());
            } else if running.len() < CONCURRENCY && !change.needs.iter().any(|key| open(&key)) {
                watch(Event::Started {
                    key: &change.key,
                    action: change.action,
                });
                let outcome = Box::pin(carry_out(plan, cloud, change, &taken));
                running.push(async move { (change, outcome.await) });
            } else {
                waiting.push(change);
            }
        }
        todo = waiting;
        if running.is_empty() {
            break;
        }
        let finished = tokio::select! {
            biased;
            () = &mut stop, if !report.stopped => {
                report.stopped = true;
                None
            }
            finished = running.next() => finished,
        };
        let Some((change, outcome)) = finished else {
            continue;
        };
        let (key, action) = (&change.key, change.action);
        match outcome {
            Ok(()) => {
                watch(Event::Done { key, action });
                done.insert(key);
                report.done.push(key.clone());
            }
            Err(error) => {
                watch(Event::Failed {
                    key,
                    action,
                    error: &error,
                });
                lost.insert(key);
                report.failed.push(Failed {
                    key: key.clone(),
                    remedy: error.remedy(),
                    error,
                });
            }
        }
    }
    report
}

async fn carry_out(
    plan: &Plan,
    cloud: &Cloud,
    change: &Change,
    taken: &NameGuard,
) -> Result<(), CallError> {
    let place = &change.key.place;
    let clients = &cloud.at_place(place);
    let creation = Creation {
        clients,
        stack: &plan.name,
        place,
        taken,
    };
    match (change.action, &change.before, &change.after) {
        (Action::Create, _, Some(after)) => resources::create(&creation, after).await,
        (Action::Update, Some(before), Some(after)) => {
            // One that was edited by hand may hold two kinds: there is no way from the one to the other.
            let Some(pair) = Pair::of(&before.resource, after) else {
                return Ok(());
            };
            if before.owner != Owner::Ours {
                // First, so that a run that is cut off here finds it as its own.
                resources::adopt(clients, &plan.name, before).await?;
            }
            resources::update(clients, before.handle.as_deref(), pair).await
        }
        (Action::Replace, Some(before), Some(after)) => {
            resources::delete(clients, before).await?;
            resources::create(&creation, after).await
        }
        (Action::Delete, Some(before), _) => resources::delete(clients, before).await,
        // A plan that was edited by hand; there is nothing to do without the missing half.
        (Action::Create | Action::Update | Action::Replace | Action::Delete, _, _) => Ok(()),
    }
}
