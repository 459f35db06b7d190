//! All accounts: bounded concurrency, progress, and an end that says what became of each.

use std::collections::BTreeMap;
use std::future::Future;

use futures::future::{FutureExt, Shared};
use futures::stream::{FuturesUnordered, Stream, StreamExt};
use serde::Serialize;

use super::{ACCOUNTS_AT_ONCE, Digest, Fleet, LeftOut, Named, Outcome, Stuck, Task};
use crate::aws::CallError;
use crate::organization::{Left, Member, Unmatched};
use crate::place::AccountId;

/// What happens while accounts are worked in.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// Work in an account begins.
    Started {
        /// The account.
        member: &'a Member,
    },
    /// It has ended.
    Finished {
        /// How.
        outcome: &'a Outcome,
    },
    /// An account is not worked in.
    LeftOut {
        /// Which, and why.
        left: &'a LeftOut,
    },
    /// No more accounts will come.
    Listed {
        /// How many there are to work in.
        accounts: usize,
    },
}

/// How a run over all accounts ended.
#[derive(Debug, Default, Serialize)]
pub struct Run {
    /// Each account that was worked in, by id.
    pub outcomes: Vec<Outcome>,
    /// Those that were not.
    pub left: Vec<LeftOut>,
    /// Why listing ended early: accounts may be missing.
    pub unlisted: Option<CallError>,
    /// Accounts that are named and that the organization does not have.
    #[serde(skip)]
    pub unmatched: Vec<Unmatched>,
    /// Why home would be left out if it were another account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home_left: Option<Left>,
    /// Whether somebody stopped it.
    pub stopped: bool,
}

impl Run {
    /// Whether every account was reached, and nothing failed.
    pub fn is_complete(&self) -> bool {
        self.unlisted.is_none() && !self.stopped && !self.outcomes.iter().any(Outcome::has_failed)
    }

    /// Whether every account is as the rules file asks.
    pub fn is_settled(&self) -> bool {
        self.is_complete() && self.outcomes.iter().all(Outcome::is_settled)
    }

    /// The digest of each account's plan.
    pub fn digests(&self) -> BTreeMap<AccountId, Digest> {
        let standing = self.outcomes.iter().filter_map(|outcome| {
            let standing = outcome.result.as_ref().ok()?;
            Some((outcome.account().clone(), standing.digest))
        });
        standing.collect()
    }

    /// The accounts that something is to be done in.
    pub fn open(&self) -> Vec<Task> {
        let open = self.outcomes.iter().filter(|outcome| {
            let standing = outcome.result.as_ref();
            standing.is_ok_and(|standing| !standing.changes.is_empty())
        });
        open.map(|outcome| Task {
            member: outcome.member.clone(),
            left: outcome.left,
        })
        .collect()
    }
}

/// Works in every account that `members` names, while naming goes on. `shown`: `None` only looks; `Some`
/// changes, and only what was shown. When `stop` resolves, nothing new is begun: changes that are under way
/// are finished, looks are not, and listing ends.
pub async fn run(
    fleet: &Fleet<'_>,
    members: impl Stream<Item = Result<Named, CallError>>,
    shown: Option<&BTreeMap<AccountId, Digest>>,
    stop: impl Future<Output = ()>,
    mut watch: impl FnMut(Event<'_>),
) -> Run {
    let stop: Shared<_> = stop.boxed_local().shared();
    let mut run = Run::default();
    let mut members = std::pin::pin!(members.fuse());
    let mut under_way = FuturesUnordered::new();
    let (mut listed, mut begun) = (false, 0);
    loop {
        if listed && under_way.is_empty() {
            break;
        }
        tokio::select! {
            biased;
            () = stop.clone(), if !run.stopped => {
                run.stopped = true;
                if shown.is_none() {
                    break;
                }
            }
            Some(outcome) = under_way.next(), if !under_way.is_empty() => {
                watch(Event::Finished { outcome: &outcome });
                let outcome: Outcome = outcome;
                let kept = match shown {
                    None => outcome.or_left_out(),
                    Some(_) => Ok(outcome),
                };
                match kept {
                    Ok(outcome) => run.outcomes.push(outcome),
                    Err(left) => run.left.push(left),
                }
            }
            next = members.next(), if !listed && under_way.len() < ACCOUNTS_AT_ONCE => match next {
                None => {
                    listed = true;
                    watch(Event::Listed { accounts: begun });
                }
                Some(Err(error)) => {
                    listed = true;
                    run.unlisted = Some(error);
                }
                Some(Ok(Named::Left(left))) => {
                    watch(Event::LeftOut { left: &left });
                    run.left.push(left);
                }
                Some(Ok(Named::Stuck(outcome))) => run.outcomes.push(*outcome),
                Some(Ok(Named::Work(Task { member, .. }))) if run.stopped => {
                    run.outcomes.push(Outcome::stuck(member, Stuck::NotTried));
                }
                Some(Ok(Named::Work(task))) => {
                    begun += 1;
                    watch(Event::Started { member: &task.member });
                    let digest = shown.map(|shown| shown.get(&task.member.account).copied());
                    let stop = stop.clone();
                    // On the heap: a hundred of them are under way at once.
                    under_way.push(async move {
                        match digest {
                            None => Box::pin(fleet.look(task)).await,
                            Some(digest) => Box::pin(fleet.change(task, digest, stop)).await,
                        }
                    });
                }
            },
        }
    }
    run.outcomes.sort_by(|a, b| a.account().cmp(b.account()));
    run.left
        .sort_by(|a, b| a.member.account.cmp(&b.member.account));
    run
}
