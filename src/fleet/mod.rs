//! The accounts of an organization besides home: each is read, compared and changed by itself, many at
//! once, and one that fails stops no other.
//!
//! Of an account that is done only a few lines are kept, so that ten thousand fit into memory. What was
//! shown and what is done are held together by a digest of each account's plan.

mod account;
mod coverage;
mod gate;
mod roles;
mod run;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::apply::Failed;
use crate::aws::{CallError, Cloud};
use crate::organization::{Left, Member};
use crate::place::{AccountId, Region, StackName};
use crate::placement::Spokes;
use crate::plan::own_alerts::OwnCallMatcher;
use crate::plan::{Action, Change, Conflict, OwnAlert, Plan, PlanOptions};
use crate::resources::rule::KnownPatterns;
use crate::resources::{Impact, ResourceKey};
use crate::rules::{Regions, RuleId, RulesFile};

pub use coverage::{Breach, Coverage, Recording, Uncovered, Why, breaches, coverage, stuck_words};
pub use gate::{Gate, Opener};
pub use roles::RolesAhead;
pub use run::{Event, Pass, Run, run};

/// How many accounts are under way at once. One that is empty takes five requests in two turns, one that is covered
/// by a single forwarder eleven in three: this many keep [`crate::aws::IN_FLIGHT`] of them busy, also while some
/// wait for a rate or begin. More would only take memory.
pub const ACCOUNTS_AT_ONCE: usize = 112;

/// What is to be done in the accounts. It owns all of it: accounts are worked in on every processor.
#[derive(Debug)]
pub struct Fleet {
    /// Who takes on the role of each account.
    pub caller: Cloud,
    /// The name of the role to take on in each account.
    pub role: String,
    /// Those that were taken on already.
    pub roles: Arc<RolesAhead>,
    pub file: Arc<RulesFile>,
    /// What is wanted in each account.
    pub spokes: Spokes,
    /// The patterns that are wanted there.
    pub known: KnownPatterns,
    /// What is allowed beyond creating and changing.
    pub wishes: PlanOptions,
    /// Only this Region is worked in; `None`: all of them.
    pub region: Option<Region>,
    /// Nothing is wanted: all that is ours goes.
    pub destroy: bool,
    /// The rules as they hear of our own calls.
    pub hearing: OwnCallMatcher,
    /// Those whose detectors stand at home.
    pub deployed: BTreeSet<RuleId>,
}

impl Fleet {
    fn stack(&self) -> &StackName {
        &self.file.name
    }

    fn asks_for_regions(&self) -> bool {
        self.file.watch.regions == Regions::All
    }
}

/// An account to work in.
#[derive(Debug, Clone)]
pub struct Task {
    /// The account to work in.
    pub member: Member,
    /// Why it is not watched, where what may be left of ours there is looked for.
    pub left: Option<Left>,
}

impl Task {
    /// An account to watch.
    pub fn watch(member: Member) -> Self {
        Self { member, left: None }
    }

    /// The account of an outcome, to work in once more.
    fn of(outcome: &Outcome) -> Self {
        Self {
            member: outcome.member.clone(),
            left: outcome.left,
        }
    }
}

/// What is known of an account as soon as it is listed.
#[derive(Debug)]
pub enum Listed {
    /// It is worked in.
    Work(Task),
    /// It is not worked in.
    Left(LeftOut),
    /// Nobody can tell whether it is.
    AccountError(Box<Outcome>),
}

/// What became of an account.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The account that was worked in.
    pub member: Member,
    /// Why it is not watched, where something of ours was left there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
    /// What was found or done; in JSON `{"standing": …}` or `{"stuck": …}`.
    #[serde(serialize_with = "either")]
    pub result: Result<AccountState, AccountError>,
}

fn either<S: Serializer>(
    result: &Result<AccountState, AccountError>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    match result {
        Ok(standing) => map.serialize_entry("standing", standing)?,
        Err(stuck) => map.serialize_entry("stuck", stuck)?,
    }
    map.end()
}

fn listed<S: Serializer>(changes: &Arc<[ChangeSummary]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(changes.iter())
}

/// An account that could be worked in.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AccountState {
    /// The Regions that are listened to and wanted there.
    pub listening: Vec<Region>,
    /// What would change, or was to be changed. How an account was found and how its change ended share it.
    #[serde(serialize_with = "listed")]
    pub changes: Arc<[ChangeSummary]>,
    /// How many resources are ours there.
    pub ours: usize,
    /// What is ours there and no longer wanted.
    pub orphans: Vec<ResourceKey>,
    /// Regions that could not be looked into.
    pub blind: Vec<UnreadableRegion>,
    /// Why the account's Regions could not be listed, if so: those that AWS enables by itself are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regions_unknown: Option<CallError>,
    /// What was done; empty if nothing was tried.
    pub done: usize,
    /// The changes that failed, each with the reason and what to do.
    pub failed: Vec<Failed>,
    /// What was not tried, since something it needs failed.
    pub not_tried: usize,
    /// Which rules the changes set off by themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub own_alerts: Vec<OwnAlert>,
    /// The digest of the plan, where it is to be carried out later as it was shown.
    #[serde(skip)]
    pub digest: Option<Digest>,
}

/// A change, without the resource itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ChangeSummary {
    /// The resource that is changed.
    pub key: ResourceKey,
    /// Whether it is created, updated, replaced or deleted.
    pub action: Action,
    /// The fields that differ.
    pub fields: Vec<String>,
    /// The worst that follows until it is done.
    #[serde(skip)]
    pub impact: Impact,
}

/// A Region of an account that could not be looked into.
#[derive(Debug, Clone, Serialize)]
pub struct UnreadableRegion {
    pub region: Region,
    /// The call that failed, and why.
    pub error: CallError,
    /// Whether the account has not enabled it.
    pub disabled: bool,
}

/// Why an account could not be worked in.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountError {
    /// Its role cannot be taken on.
    NoRole(CallError),
    /// It could not be read.
    Unread(CallError),
    /// Something of somebody else stands under a name of ours.
    Conflicts(Vec<Conflict>),
    /// It is not as it was when the plan was shown: nothing was changed.
    Moved,
    /// The run was stopped before its turn.
    NotTried,
    /// Home does not stand as the accounts need it: nothing was changed.
    HomeBroken,
    /// Not all accounts could be listed, so that nobody knows how much would be deleted: nothing was changed.
    NotAllListed,
    /// Nobody agreed to how much would be deleted in all accounts together: nothing was changed.
    Refused,
}

/// A plan's digest: equal digests, equal operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Digest([u8; 16]);

impl Digest {
    fn of(plan: &Plan) -> Self {
        let text = serde_json::to_vec(&plan.changes).unwrap_or_default();
        let mut short = [0; 16];
        for (to, from) in short.iter_mut().zip(Sha256::digest(&text)) {
            *to = from;
        }
        Self(short)
    }
}

/// An account that is not worked in.
#[derive(Debug, Clone, Serialize)]
pub struct LeftOut {
    /// The account that is left out.
    pub member: Member,
    /// Why it is not worked in.
    pub why: Left,
    /// Whether something of ours was looked for in vain, since nobody lets us in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unseen: bool,
}

impl AccountState {
    /// How an account stands that has a plan of its own, such as home.
    pub fn of(plan: &Plan, listening: impl IntoIterator<Item = Region>) -> Self {
        Self {
            listening: listening.into_iter().collect(),
            changes: plan.changes.iter().map(ChangeSummary::of).collect(),
            ours: plan.ours,
            orphans: plan.orphans.clone(),
            ..Self::default()
        }
    }

    /// How many resources would be deleted.
    pub fn deletions(&self) -> usize {
        let deleted = |change: &&ChangeSummary| change.action == Action::Delete;
        self.changes.iter().filter(deleted).count()
    }
}

impl ChangeSummary {
    fn of(change: &Change) -> Self {
        Self {
            impact: change.impact(),
            key: change.key.clone(),
            action: change.action,
            fields: change
                .attributes
                .iter()
                .map(|attribute| attribute.path.clone())
                .collect(),
        }
    }
}

impl Outcome {
    /// An account that could not be worked in.
    pub fn stuck(member: Member, why: AccountError) -> Self {
        Self {
            member,
            left: None,
            result: Err(why),
        }
    }

    /// Of an account that is not watched: nothing to show, unless something of ours is left there.
    fn or_left_out(self) -> Result<Self, LeftOut> {
        let Some(why) = self.left else {
            return Ok(self);
        };
        let unseen = match &self.result {
            Ok(standing) if !standing.changes.is_empty() || !standing.orphans.is_empty() => {
                return Ok(self);
            }
            Ok(standing) => !standing.blind.is_empty(),
            Err(AccountError::NoRole(_) | AccountError::Unread(_) | AccountError::NotTried) => true,
            Err(
                AccountError::Conflicts(_)
                | AccountError::Moved
                | AccountError::HomeBroken
                | AccountError::NotAllListed
                | AccountError::Refused,
            ) => return Ok(self),
        };
        Err(LeftOut {
            member: self.member,
            why,
            unseen,
        })
    }

    /// The account's id: twelve digits.
    pub fn account(&self) -> &AccountId {
        &self.member.account
    }

    /// Whether something is to be done there.
    pub fn is_open(&self) -> bool {
        let standing = self.result.as_ref();
        standing.is_ok_and(|standing| !standing.changes.is_empty())
    }

    /// Whether the account is as the rules file asks, as far as could be seen.
    pub fn is_settled(&self) -> bool {
        self.result.as_ref().is_ok_and(|standing| {
            standing.changes.is_empty() && standing.orphans.is_empty() && standing.blind.is_empty()
        })
    }

    /// Whether nothing is to be done but what `--prune` would delete.
    pub fn has_leftovers(&self) -> bool {
        !self.has_failed()
            && self
                .result
                .as_ref()
                .is_ok_and(|standing| standing.changes.is_empty() && !standing.orphans.is_empty())
    }

    /// Whether anything went wrong.
    pub fn has_failed(&self) -> bool {
        match &self.result {
            Ok(standing) => {
                let blind = standing.blind.iter().any(|blind| !blind.disabled);
                blind || !standing.failed.is_empty() || standing.not_tried > 0
            }
            Err(_) => true,
        }
    }
}
