//! The accounts to work in, and those that are left out, while they are being listed.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, LocalBoxStream, StreamExt};

use super::open::Org;
use crate::aws::CallError;
use crate::fleet::{AccountError, LeftOut, Listed, Outcome, Task};
use crate::organization::{self, Choice, Left, Member, Unmatched};
use crate::place::AccountId;
use crate::plan::saved::PlanRequest;

/// Accounts whose tags are asked for at once.
const TAGS_AT_ONCE: usize = 8;

/// What is done with accounts that the rules file leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Beyond {
    /// Nothing is done with them.
    Nothing,
    /// What was left of ours there is looked for.
    Leftovers,
    /// They are worked in like the others: a destruction takes what was watched once.
    Everything,
}

impl Beyond {
    /// A run that is narrowed deletes nothing outside of what it is narrowed to.
    pub(in crate::engine) fn of(order: &PlanRequest) -> Self {
        match order.rules.is_empty() && order.region.is_none() {
            true => Self::Leftovers,
            false => Self::Nothing,
        }
    }
}

/// The accounts that listing has named.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) accounts: RefCell<BTreeSet<AccountId>>,
    /// All of each, where the list is to be kept.
    pub(super) kept: RefCell<Vec<Member>>,
    /// Why home would be left out if it were another account.
    pub(super) home_left: Cell<Option<Left>>,
}

impl Org {
    /// The accounts to work in besides home, and those left out, while they are being listed.
    pub(super) fn members<'a>(
        &'a self,
        home: &'a AccountId,
        beyond: Beyond,
        seen: &'a Seen,
    ) -> LocalBoxStream<'a, Result<Listed, CallError>> {
        let all: LocalBoxStream<'a, Result<Member, CallError>> = match &self.given.members {
            Some(members) => stream::iter(members.iter().cloned().map(Ok)).boxed_local(),
            None => match self.listing.take() {
                Some(listing) => listing.members.boxed_local(),
                None => organization::list(&self.caller.global()).boxed_local(),
            },
        };
        let decided = all.map(move |member| async move {
            let member = member?;
            seen.accounts.borrow_mut().insert(member.account.clone());
            if self.given.keeps() {
                seen.kept.borrow_mut().push(member.clone());
            }
            let choice = match self.decide(&member).await {
                Ok(choice) => choice,
                // One account's tags decide about that account alone.
                Err(error) => {
                    let stuck = Outcome::stuck(member, AccountError::Unread(error));
                    return Ok(Listed::AccountError(Box::new(stuck)));
                }
            };
            if member.account == *home {
                if let Choice::Left(why) = choice {
                    seen.home_left.set(Some(why));
                }
                return Ok(Listed::Work(Task::watch(member)));
            }
            Ok(match choice {
                Choice::Watched => Listed::Work(Task::watch(member)),
                Choice::Left(Left::Excluded | Left::NotIncluded)
                    if beyond == Beyond::Everything =>
                {
                    Listed::Work(Task::watch(member))
                }
                Choice::Left(why @ (Left::Excluded | Left::NotIncluded))
                    if beyond == Beyond::Leftovers && !self.selection.is_narrowed() =>
                {
                    let left = Some(why);
                    Listed::Work(Task { member, left })
                }
                Choice::Left(why) => Listed::Left(LeftOut {
                    member,
                    why,
                    unseen: false,
                }),
            })
        });
        // Home has a plan of its own.
        let others = decided.buffered(TAGS_AT_ONCE).filter(move |next| {
            let is_home = match next {
                Ok(Listed::Work(Task { member, .. })) => member.account == *home,
                Ok(Listed::Left(_) | Listed::AccountError(_)) | Err(_) => false,
            };
            std::future::ready(!is_home)
        });
        others.boxed_local()
    }

    /// Decides about an account, by its tags only where they matter.
    async fn decide(&self, member: &Member) -> Result<Choice, CallError> {
        let tags = if self.selection.depends_on_tags(member) {
            organization::account_tags(&self.caller.global(), &member.account).await?
        } else {
            BTreeMap::new()
        };
        Ok(self.selection.decide(member, &tags))
    }

    /// Accounts that are named in vain. A file in place of the list need not hold those of the rules file.
    pub(super) fn unmatched(&self, seen: &BTreeSet<AccountId>) -> Vec<Unmatched> {
        let mut unmatched = self.selection.unmatched(seen);
        unmatched.retain(|unmatched| {
            let is_all = self.given.members.is_none() || self.given.is_all;
            is_all || unmatched.span.is_none()
        });
        unmatched
    }
}
