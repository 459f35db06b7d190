//! All accounts: bounded concurrency, progress, and an end that says what became of each.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use futures::future::{FutureExt, Shared};
use futures::stream::{Stream, StreamExt};
use serde::Serialize;
use tokio::task::JoinSet;

use super::{ACCOUNTS_AT_ONCE, AccountError, Digest, Fleet, Gate, LeftOut, Listed, Outcome, Task};
use crate::aws::{CallError, Cloud};
use crate::organization::{Left, Member, Unmatched};
use crate::place::AccountId;

/// What happens while accounts are worked in.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// Work in an account begins.
    Started {
        /// The account that is worked in.
        member: &'a Member,
    },
    /// Work in an account has ended.
    Finished {
        /// What became of the account.
        outcome: &'a Outcome,
    },
    /// An account is not worked in.
    LeftOut {
        /// The account, and why it is left out.
        left: &'a LeftOut,
    },
    /// No more accounts will come.
    Listed {
        /// How many there are to work in.
        accounts: usize,
    },
}

/// What is done in the accounts.
#[derive(Debug)]
pub enum Pass<'a> {
    /// They are looked at.
    Look,
    /// They are looked at, to be changed as they are shown.
    Show,
    /// They are changed, and only what was shown.
    AsShown(&'a BTreeMap<AccountId, Digest>),
    /// They are looked at, and changed as they are found: nobody asks to see them before.
    AtOnce {
        /// What opens when their events have somewhere to go.
        gate: Gate,
    },
}

/// How a run over all accounts ended.
#[derive(Debug, Default, Serialize)]
pub struct Run {
    /// Each account that was worked in, by id.
    pub outcomes: Vec<Outcome>,
    /// Those of them that were changed as they were found, as that ended.
    #[serde(skip)]
    pub changed: Vec<Outcome>,
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
            Some((outcome.account().clone(), standing.digest?))
        });
        standing.collect()
    }

    /// The accounts that something is to be done in.
    pub fn open(&self) -> impl Iterator<Item = Task> {
        let open = self.outcomes.iter().filter(|outcome| outcome.is_open());
        open.map(Task::of)
    }

    /// Those of them that were not changed as they were found.
    pub fn waiting(&self) -> Vec<Task> {
        let changed = self.changed.iter().map(Outcome::account);
        let changed: BTreeSet<&AccountId> = changed.collect();
        let open = self.open();
        open.filter(|task| !changed.contains(&task.member.account))
            .collect()
    }
}

/// Works in every account that `members` names, while naming goes on. When `stop` resolves, nothing new is
/// begun: changes that are under way are finished, looks are not, and where accounts are looked at, listing ends.
pub async fn run(
    fleet: &Arc<Fleet>,
    members: impl Stream<Item = Result<Listed, CallError>>,
    pass: &Pass<'_>,
    stop: impl Future<Output = ()> + Send + 'static,
    mut watch: impl FnMut(Event<'_>),
) -> Run {
    let stop: Shared<_> = stop.boxed().shared();
    fleet.roles.enough();
    let mut run = Run::default();
    let mut members = std::pin::pin!(members.fuse());
    // Those that are left when this ends are given up.
    let mut under_way = JoinSet::new();
    let (mut listed, mut begun) = (false, 0);
    loop {
        if listed && under_way.is_empty() {
            break;
        }
        tokio::select! {
            biased;
            () = stop.clone(), if !run.stopped => {
                run.stopped = true;
                match pass {
                    Pass::Look | Pass::Show => break,
                    Pass::AtOnce { .. } => listed = true,
                    Pass::AsShown(_) => {}
                }
            }
            Some(joined) = under_way.join_next(), if !under_way.is_empty() => {
                let (found, changed): Worked = match joined {
                    Ok(worked) => worked,
                    Err(error) => match error.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        // Nobody gives one up before the end.
                        Err(_) => continue,
                    },
                };
                watch(Event::Finished { outcome: changed.as_ref().unwrap_or(&found) });
                run.changed.extend(changed);
                let kept = match pass {
                    Pass::Look | Pass::Show | Pass::AtOnce { .. } => found.or_left_out(),
                    Pass::AsShown(_) => Ok(found),
                };
                match kept {
                    Ok(outcome) => run.outcomes.push(outcome),
                    Err(left) => run.left.push(left),
                }
            }
            next = next(&fleet.caller, &mut members), if !listed && under_way.len() < ACCOUNTS_AT_ONCE => match next {
                None => {
                    listed = true;
                    watch(Event::Listed { accounts: begun });
                }
                Some(Err(error)) => {
                    listed = true;
                    run.unlisted = Some(error);
                }
                Some(Ok(Listed::Left(left))) => {
                    watch(Event::LeftOut { left: &left });
                    run.left.push(left);
                }
                Some(Ok(Listed::AccountError(outcome))) => run.outcomes.push(*outcome),
                Some(Ok(Listed::Work(Task { member, .. }))) if run.stopped => {
                    run.outcomes.push(Outcome::stuck(member, AccountError::NotTried));
                }
                Some(Ok(Listed::Work(task))) => {
                    begun += 1;
                    watch(Event::Started { member: &task.member });
                    let work = Work::of(pass, &task);
                    let work = work.carry_out(Arc::clone(fleet), task, stop.clone());
                    under_way.spawn(fleet.caller.one_of_many(work));
                }
            },
        }
    }
    let by_account = |a: &Outcome, b: &Outcome| a.account().cmp(b.account());
    run.outcomes.sort_by(by_account);
    run.changed.sort_by(by_account);
    run.left
        .sort_by(|a, b| a.member.account.cmp(&b.member.account));
    run
}

/// The next account, once one more has room to work: what is begun and only waits takes memory.
async fn next(
    caller: &Cloud,
    members: &mut (impl Stream<Item = Result<Listed, CallError>> + Unpin),
) -> Option<Result<Listed, CallError>> {
    caller.room().await;
    members.next().await
}

/// An account as it was found or, where it was changed as it was shown, as that ended; and how its change as it
/// was found ended, where there was one.
type Worked = (Outcome, Option<Outcome>);

/// What a pass means for one account.
enum Work {
    Look,
    Show,
    AsShown(Option<Digest>),
    AtOnce { gate: Gate },
}

impl Work {
    fn of(pass: &Pass<'_>, task: &Task) -> Self {
        match pass {
            Pass::Look => Self::Look,
            Pass::Show => Self::Show,
            Pass::AsShown(shown) => Self::AsShown(shown.get(&task.member.account).copied()),
            Pass::AtOnce { gate } => Self::AtOnce { gate: gate.clone() },
        }
    }

    async fn carry_out(
        self,
        fleet: Arc<Fleet>,
        task: Task,
        stop: impl Future<Output = ()> + Clone + Send,
    ) -> Worked {
        match self {
            Self::Look => (fleet.look(task).await, None),
            Self::Show => (fleet.show(task).await, None),
            Self::AsShown(digest) => (fleet.change(task, digest, stop).await, None),
            Self::AtOnce { gate } => fleet.settle(task, gate, stop).await,
        }
    }
}
