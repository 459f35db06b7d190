//! One account: take on its role, read, compare, and change if that is asked for.

use std::collections::BTreeSet;
use std::future::Future;

use super::coverage::{is_about, problem};
use super::{AccountError, AccountState, Digest, Fleet, Gate, Outcome, Task, UnreadableRegion};
use crate::apply;
use crate::aws::{CallError, Cause, Cloud};
use crate::organization::Member;
use crate::place::{Place, Region};
use crate::placement::Desired;
use crate::plan::own_alerts::{Caller, own_alerts};
use crate::plan::{self, OwnAlert, Plan};
use crate::proof::{BrokenLink, Route};
use crate::resources::{self, Kind, Live, Resource};
use crate::rules::RuleId;

/// An account as it was found.
struct Found {
    cloud: Cloud,
    plan: Plan,
    standing: AccountState,
}

impl Found {
    /// How it stands, to be held against how it stands later.
    fn promised(self) -> AccountState {
        AccountState {
            digest: Some(Digest::of(&self.plan)),
            ..self.standing
        }
    }

    /// Changes it as it was found.
    async fn carry_out(self, stop: impl Future<Output = ()>) -> AccountState {
        let report = apply::apply(&self.plan, &self.cloud, stop, |_| {}).await;
        AccountState {
            done: report.done.len(),
            failed: report.failed,
            not_tried: report.not_tried.len(),
            ..self.standing
        }
    }
}

impl Fleet {
    /// Looks at an account; writes nothing.
    pub(super) async fn look(&self, task: Task) -> Outcome {
        let result = self.find(&task).await.map(|(found, _)| found.standing);
        Outcome {
            member: task.member,
            left: task.left,
            result,
        }
    }

    /// Looks at an account that is to be changed later as it was found; writes nothing.
    pub(super) async fn show(&self, task: Task) -> Outcome {
        let result = self.find(&task).await.map(|(found, _)| found.promised());
        Outcome {
            member: task.member,
            left: task.left,
            result,
        }
    }

    /// Changes an account, provided that it still is as it was when `shown` was made.
    pub(super) async fn change(
        &self,
        task: Task,
        shown: Option<Digest>,
        stop: impl Future<Output = ()>,
    ) -> Outcome {
        let result = self.find(&task).await.map(|(found, _)| found);
        let result = match result {
            Ok(found) if shown != Some(Digest::of(&found.plan)) => {
                // Whoever cannot look any more sees another account; AWS's words say more than that.
                let mut blind = found.standing.blind.into_iter();
                Err(match blind.find(|blind| !blind.disabled) {
                    Some(blind) => AccountError::Unread(blind.error),
                    None => AccountError::Moved,
                })
            }
            Ok(found) => Ok(found.carry_out(stop).await),
            Err(stuck) => Err(stuck),
        };
        Outcome {
            member: task.member,
            left: task.left,
            result,
        }
    }

    /// Looks at an account, and changes it as it was found: how it was found, and how the change ended. It is
    /// only looked at where nothing is to be done, or something deleted: whether that is much can be told of all
    /// accounts together, and a home that has moved is to stand before the old one goes.
    pub(super) async fn settle(
        &self,
        task: Task,
        gate: Gate,
        stop: impl Future<Output = ()> + Clone,
    ) -> (Outcome, Option<Outcome>) {
        let outcome = |result| Outcome {
            member: task.member.clone(),
            left: task.left,
            result,
        };
        let found = tokio::select! {
            biased;
            () = stop.clone() => Err(AccountError::NotTried),
            found = self.find(&task) => found,
        };
        // What is wanted stands in the plan: nobody waits with both.
        let found = match found.map(|(found, _)| found) {
            Ok(found) => found,
            Err(stuck) => return (outcome(Err(stuck)), None),
        };
        if found.standing.deletions() > 0 {
            return (outcome(Ok(found.promised())), None);
        }
        let shown = outcome(Ok(found.standing.clone()));
        if !shown.is_open() {
            return (shown, None);
        }
        let hindrance = tokio::select! {
            biased;
            () = stop.clone() => Some(AccountError::NotTried),
            open = gate.is_open() => (!open).then_some(AccountError::HomeBroken),
        };
        let changed = match hindrance {
            None => Ok(found.carry_out(stop).await),
            Some(hindrance) => Err(hindrance),
        };
        (shown, Some(outcome(changed)))
    }

    /// Every forwarder of an account, with what is known to be broken on its way, and why not all of them could
    /// be looked at, if so. Writes nothing.
    pub async fn ways(&self, member: &Member) -> (Vec<Route>, Option<AccountError>) {
        let (found, desired) = match self.find(&Task::watch(member.clone())).await {
            Ok(found) => found,
            Err(stuck) => return (Vec::new(), Some(stuck)),
        };
        let mut ways = Vec::new();
        for (key, resource) in &desired.resources {
            let (Resource::Rule(rule), Place::Regional { region, .. }) = (resource, &key.place)
            else {
                continue;
            };
            let changes = found.standing.changes.iter();
            let broken = changes.filter(|change| is_about(change, region));
            ways.push(Route {
                member: member.clone(),
                cloud: found.cloud.clone(),
                region: region.clone(),
                forwarder: key.clone(),
                pattern: rule.pattern.clone(),
                broken: broken
                    .map(|change| BrokenLink {
                        link: change.key.to_string(),
                        problem: problem(change),
                        remedy: "run `iamwatch apply`".to_owned(),
                    })
                    .collect(),
            });
        }
        let mut blind = found.standing.blind.into_iter();
        let blind = blind.find(|blind| !blind.disabled);
        (ways, blind.map(|blind| AccountError::Unread(blind.error)))
    }

    async fn find(&self, task: &Task) -> Result<(Found, Desired), AccountError> {
        let account = &task.member.account;
        let cloud = match self.roles.take(account) {
            Some(taken) => taken,
            None => self.caller.member(account, &self.role).await,
        };
        let cloud = cloud.map_err(AccountError::NoRole)?;
        let mut regions_unknown = None;
        let mut listening = match task.left {
            None => {
                let enabled = self.enabled(&cloud, &mut regions_unknown).await?;
                self.spokes.listening(enabled.as_ref())
            }
            Some(_) => BTreeSet::new(),
        };
        if let Some(only) = &self.region {
            listening.retain(|region| region == only);
        }
        let read = resources::read_spokes(&cloud, self.stack(), account, &listening, &self.known);
        let read = read.await.map_err(AccountError::Unread)?;
        let mut live: Vec<Live> = read.roles;
        let mut blind = Vec::new();
        for (region, found) in read.regions {
            match found {
                Ok(found) => {
                    // Listened to before anybody hid the Regions: that they are is known from it.
                    if regions_unknown.is_some() && self.region.is_none() {
                        listening.insert(region);
                    }
                    live.extend(found);
                }
                Err(error) => {
                    listening.remove(&region);
                    blind.push(UnreadableRegion {
                        disabled: is_disabled(&error),
                        region,
                        error,
                    });
                }
            }
        }
        let mut desired = self.spokes.desired(account, &listening);
        if let Some(only) = &self.region {
            desired = desired.narrowed_to_region(only);
        }
        let here = |region: &Region| self.region.as_ref().is_none_or(|only| only == region);
        if self.spokes.trail_in(account).is_some_and(|at| here(&at)) {
            let trail = self.read_trail(&cloud, &desired).await;
            live.extend(trail.map_err(AccountError::Unread)?);
            desired.use_named_bucket(&self.file, &live);
        }
        // What stands where nobody could look is neither missing nor left over.
        let hidden = |place: &Place, name: &str| {
            let unseen = |region: &Region| blind.iter().any(|blind| blind.region == *region);
            match place {
                Place::Regional { region, .. } => unseen(region),
                Place::Global { .. } => blind
                    .iter()
                    .any(|blind| name.ends_with(&format!("-{}", blind.region))),
            }
        };
        live.retain(|live| !hidden(&live.key.place, &live.key.name));
        if let Some(only) = &self.region {
            let here = |live: &Live| match &live.key.place {
                Place::Regional { region, .. } => region == only,
                Place::Global { .. } => desired.resources.contains_key(&live.key),
            };
            live.retain(here);
        }
        if self.destroy {
            desired = desired.nothing();
        }
        let plan = plan::plan(self.stack(), &desired, &live, &self.wishes);
        let plan = plan.map_err(AccountError::Conflicts)?;
        // Before its first forwarder stands, nobody hears of an account.
        let own_alerts = match plan.ours {
            0 => Vec::new(),
            _ => self.own_alerts(&plan, &cloud),
        };
        let wanted = listening
            .into_iter()
            .filter(|r| self.spokes.is_wanted_in(r));
        let standing = AccountState {
            blind,
            regions_unknown,
            own_alerts,
            ..AccountState::of(&plan, wanted)
        };
        let found = Found {
            cloud,
            plan,
            standing,
        };
        Ok((found, desired))
    }

    fn own_alerts(&self, plan: &Plan, cloud: &Cloud) -> Vec<OwnAlert> {
        let regions = plan.changes.iter().map(|change| match &change.key.place {
            Place::Regional { region, .. } => region.clone(),
            Place::Global { .. } => self.file.home.region.global(),
        });
        let caller = Caller {
            arn: &cloud.caller,
            account: cloud.account.as_str(),
        };
        let deployed = |rule: &RuleId| self.deployed.contains(rule);
        let mut alerts = own_alerts(plan, &self.hearing, &regions.collect(), &caller, deployed);
        alerts.retain(|alert| alert.deployed);
        alerts
    }

    /// The Regions that an account has enabled, where they are asked for. Whoever may not list them listens to
    /// those that AWS enables by itself.
    async fn enabled(
        &self,
        cloud: &Cloud,
        unknown: &mut Option<CallError>,
    ) -> Result<Option<BTreeSet<Region>>, AccountError> {
        if !self.asks_for_regions() {
            return Ok(None);
        }
        match resources::enabled_regions(cloud).await {
            Ok(enabled) => Ok(Some(enabled)),
            // 501: emulators without the Account API.
            Err(error) if error.cause == Cause::Denied || error.status == Some(501) => {
                *unknown = Some(error);
                Ok(Some(self.file.home.region.partition().default_regions()))
            }
            Err(error) => Err(AccountError::Unread(error)),
        }
    }

    /// The trail and its bucket, in the account that has them.
    async fn read_trail(&self, cloud: &Cloud, desired: &Desired) -> Result<Vec<Live>, CallError> {
        let home = &self.file.home.region;
        let account_facts = resources::account_facts(cloud, self.stack(), home).await?;
        let place = Place::Regional {
            account: cloud.account.clone(),
            region: home.clone(),
        };
        let (none, keys) = (BTreeSet::new(), desired.keys());
        let all = resources::read_all(cloud, self.stack(), &place, &none, &keys, &account_facts);
        let mut all = all.await?;
        all.retain(|live| matches!(live.key.kind, Kind::Trail | Kind::Bucket));
        Ok(all)
    }
}

/// How services answer in a Region that an account has not enabled: they do not know the credentials.
/// Source: Account Management user guide, `manage-acct-regions`.
fn is_disabled(error: &CallError) -> bool {
    error.cause == Cause::UnknownCaller
}
