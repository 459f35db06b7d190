//! One account: take on its role, read, compare, and change if that is asked for.

use std::collections::BTreeSet;
use std::future::Future;

use super::coverage::{is_about, words};
use super::{Blind, Digest, Fleet, Outcome, Standing, Stuck};
use crate::apply;
use crate::aws::{CallError, Cause, Cloud};
use crate::organization::Member;
use crate::place::{Place, Region};
use crate::placement::Desired;
use crate::plan::{self, Plan};
use crate::proof::{BrokenLink, Way};
use crate::resources::{self, Kind, Live, Resource};

/// An account as it was found.
struct Found {
    cloud: Cloud,
    desired: Desired,
    plan: Plan,
    standing: Standing,
}

impl Fleet<'_> {
    /// Looks at an account; writes nothing.
    pub(super) async fn look(&self, member: Member) -> Outcome {
        let result = self.find(&member).await.map(|found| found.standing);
        Outcome { member, result }
    }

    /// Changes an account, provided that it still is as it was when `shown` was made.
    pub(super) async fn change(
        &self,
        member: Member,
        shown: Option<Digest>,
        stop: impl Future<Output = ()>,
    ) -> Outcome {
        let result = self.find(&member).await;
        let result = match result {
            Ok(found) if shown != Some(found.standing.digest) => Err(Stuck::Moved),
            Ok(found) => {
                let report = apply::apply(&found.plan, &found.cloud, stop, |_| {}).await;
                Ok(Standing {
                    done: report.done.len(),
                    failed: report.failed,
                    not_tried: report.not_tried.len(),
                    ..found.standing
                })
            }
            Err(stuck) => Err(stuck),
        };
        Outcome { member, result }
    }

    /// Every forwarder of an account, with what is known to be broken on its way. Writes nothing.
    ///
    /// # Errors
    /// When the account cannot be worked in.
    pub async fn ways(&self, member: &Member) -> Result<Vec<Way>, Stuck> {
        let found = self.find(member).await?;
        let mut ways = Vec::new();
        for (key, resource) in &found.desired.resources {
            let (Resource::Rule(rule), Place::Regional { region, .. }) = (resource, &key.place)
            else {
                continue;
            };
            let changes = found.standing.changes.iter();
            let broken = changes.filter(|change| is_about(change, region));
            ways.push(Way {
                member: member.clone(),
                cloud: found.cloud.clone(),
                region: region.clone(),
                forwarder: key.clone(),
                pattern: rule.pattern.clone(),
                broken: broken
                    .map(|change| BrokenLink {
                        link: change.key.to_string(),
                        problem: words(change),
                        remedy: "run `iamwatch apply`".to_owned(),
                    })
                    .collect(),
            });
        }
        Ok(ways)
    }

    async fn find(&self, member: &Member) -> Result<Found, Stuck> {
        let account = &member.account;
        let cloud = self.caller.member(account, self.role).await;
        let cloud = cloud.map_err(Stuck::NoRole)?;
        let enabled = if self.asks_for_regions() {
            let enabled = resources::enabled_regions(&cloud).await;
            Some(enabled.map_err(Stuck::Unread)?)
        } else {
            None
        };
        let mut listening = self.spokes.listening(enabled.as_ref());
        if let Some(only) = &self.region {
            listening.retain(|region| region == only);
        }
        let read = resources::read_spokes(&cloud, self.stack(), account, &listening);
        let read = read.await.map_err(Stuck::Unread)?;
        let mut live: Vec<Live> = read.roles;
        let mut blind = Vec::new();
        for (region, found) in read.regions {
            match found {
                Ok(found) => live.extend(found),
                Err(error) => {
                    listening.remove(&region);
                    blind.push(Blind {
                        disabled: is_disabled(&error),
                        region,
                        error,
                    });
                }
            }
        }
        let mut desired = self.spokes.desired(account, &listening);
        if self.spokes.has_trail(account) {
            let trail = self.read_trail(&cloud, &desired).await;
            live.extend(trail.map_err(Stuck::Unread)?);
            desired.use_named_bucket(self.file, &live);
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
        let plan = plan.map_err(Stuck::Conflicts)?;
        let wanted = listening
            .into_iter()
            .filter(|r| self.spokes.is_wanted_in(r));
        let standing = Standing {
            blind,
            ..Standing::of(&plan, wanted)
        };
        Ok(Found {
            cloud,
            desired,
            plan,
            standing,
        })
    }

    /// The trail and its bucket, in the account that has them.
    async fn read_trail(&self, cloud: &Cloud, desired: &Desired) -> Result<Vec<Live>, CallError> {
        let home = &self.file.home.region;
        let survey = resources::survey(cloud, self.stack(), home).await?;
        let place = Place::Regional {
            account: cloud.account.clone(),
            region: home.clone(),
        };
        let (none, keys) = (BTreeSet::new(), desired.keys());
        let all = resources::read_all(cloud, self.stack(), &place, &none, &keys, &survey);
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
