//! All accounts: bounded concurrency, progress, and an end that says what became of each.

use std::collections::BTreeMap;
use std::future::Future;

use futures::future::{FutureExt, Shared};
use futures::stream::{FuturesUnordered, Stream, StreamExt};
use serde::Serialize;

use super::{ACCOUNTS_AT_ONCE, Digest, Fleet, LeftOut, Outcome, Stuck};
use crate::aws::CallError;
use crate::organization::{Member, Unmatched};
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
    pub fn open(&self) -> Vec<Member> {
        let open = self.outcomes.iter().filter(|outcome| {
            let standing = outcome.result.as_ref();
            standing.is_ok_and(|standing| !standing.changes.is_empty())
        });
        open.map(|outcome| outcome.member.clone()).collect()
    }
}

/// Works in every account that `members` names, while naming goes on. `shown`: `None` only looks; `Some`
/// changes, and only what was shown. When `stop` resolves, nothing new is begun.
pub async fn run(
    fleet: &Fleet<'_>,
    members: impl Stream<Item = Result<Result<Member, LeftOut>, CallError>>,
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
            }
            Some(outcome) = under_way.next(), if !under_way.is_empty() => {
                watch(Event::Finished { outcome: &outcome });
                run.outcomes.push(outcome);
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
                Some(Ok(Err(left))) => {
                    watch(Event::LeftOut { left: &left });
                    run.left.push(left);
                }
                Some(Ok(Ok(member))) if run.stopped => {
                    run.outcomes.push(Outcome { member, result: Err(Stuck::NotTried) });
                }
                Some(Ok(Ok(member))) => {
                    begun += 1;
                    watch(Event::Started { member: &member });
                    let digest = shown.map(|shown| shown.get(&member.account).copied());
                    let stop = stop.clone();
                    // On the heap: a hundred of them are under way at once.
                    under_way.push(async move {
                        match digest {
                            None => Box::pin(fleet.look(member)).await,
                            Some(digest) => Box::pin(fleet.change(member, digest, stop)).await,
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
