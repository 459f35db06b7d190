//! The run over the accounts of an organization.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::stream::{self, StreamExt, TryStreamExt};

use super::super::error::{Code, Error};
use super::super::host::{Host, Message, Progress};
use super::advice::listing_error;
use super::members::{Beyond, Seen};
use super::open::Org;
use crate::aws::CallError;
use crate::fleet::{self, ACCOUNTS_AT_ONCE, Event, Fleet, Listed, Outcome, Pass, Run};
use crate::organization::Left;
use crate::place::AccountId;
use crate::proof::Route;

impl Org {
    /// Works in every account, as the organization lists them.
    pub(in crate::engine) async fn go_through(
        &self,
        fleet: &Arc<Fleet>,
        home: &AccountId,
        beyond: Beyond,
        pass: &Pass<'_>,
        host: &mut dyn Host,
    ) -> Run {
        let seen = Seen::default();
        let listed = {
            let listing = self.listing.borrow();
            listing.as_ref().map(|listing| Arc::clone(&listing.so_far))
        };
        let members = self.members(home, beyond, &seen);
        let stop = host.interrupted();
        begin(pass, None, host);
        let mut run = fleet::run(fleet, members, pass, stop, |event| {
            let listed = listed.as_ref().map(|listed| listed.load(Ordering::Relaxed));
            self.tell(&event, listed, host);
        })
        .await;
        end(host);
        run.home_left = seen.home_left.get().filter(|why| *why != Left::Narrowed);
        if run.unlisted.is_none() && !run.stopped {
            run.unmatched = self.unmatched(&seen.accounts.into_inner());
            let kept = self.given.keep(&self.organization, seen.kept.into_inner());
            if let Err(error) = kept {
                // The accounts are known all the same.
                let _ = host.notify(Message::Failed(&error));
            }
        }
        run
    }

    /// Changes the accounts that were shown and not changed yet, as they were shown.
    pub(in crate::engine) async fn change(
        &self,
        fleet: &Arc<Fleet>,
        shown: &Run,
        host: &mut dyn Host,
    ) -> Run {
        let digests = shown.digests();
        let pass = Pass::AsShown(&digests);
        // Only where something is to be done: where nothing was, nothing was promised either.
        let waiting = shown.waiting();
        let stop = host.interrupted();
        begin(&pass, Some(waiting.len()), host);
        let members = stream::iter(waiting.into_iter().map(|task| Ok(Listed::Work(task))));
        let run = fleet::run(fleet, members, &pass, stop, |event| {
            self.tell(&event, None, host);
        })
        .await;
        end(host);
        run
    }

    fn tell(&self, event: &Event<'_>, listed: Option<usize>, host: &mut dyn Host) {
        // Nobody to tell it to is no reason to stop half way.
        let _ = host.notify(Message::Progress(Progress::Account {
            event,
            listed,
            held_back: self.caller.held_back(),
        }));
    }

    /// The ways home of every account that is meant, and the accounts that could not be worked in.
    pub(in crate::engine) async fn ways(
        &self,
        fleet: &Fleet,
        home: &AccountId,
    ) -> Result<(Vec<Route>, Vec<Outcome>), Error> {
        let seen = Seen::default();
        let found = self
            .members(home, Beyond::Nothing, &seen)
            .map(|next| async move {
                Ok::<_, CallError>(match next? {
                    Listed::Left(_) => (Vec::new(), None),
                    Listed::AccountError(outcome) => (Vec::new(), Some(*outcome)),
                    Listed::Work(task) => {
                        let ways = fleet.caller.one_of_many(fleet.ways(&task.member));
                        let (ways, stuck) = Box::pin(ways).await;
                        (ways, stuck.map(|why| Outcome::stuck(task.member, why)))
                    }
                })
            })
            .buffered(ACCOUNTS_AT_ONCE)
            .try_collect::<Vec<_>>()
            .await;
        let found =
            found.map_err(|error| listing_error(&error, &self.caller, &self.organization))?;
        let (mut ways, mut stuck) = (Vec::new(), Vec::new());
        for (found, outcome) in found {
            ways.extend(found);
            stuck.extend(outcome);
        }
        if let Some(unmatched) = self.unmatched(&seen.accounts.into_inner()).first() {
            let message = format!("the organization has no account {}", unmatched.account);
            return Err(Error::new(Code::Unknown, message));
        }
        Ok((ways, stuck))
    }
}

fn begin(pass: &Pass<'_>, accounts: Option<usize>, host: &mut dyn Host) {
    let _ = host.notify(Message::Progress(Progress::AccountsBegin {
        changes: !matches!(pass, Pass::Look | Pass::Show),
        accounts,
    }));
}

fn end(host: &mut dyn Host) {
    let _ = host.notify(Message::Progress(Progress::AccountsEnd));
}
