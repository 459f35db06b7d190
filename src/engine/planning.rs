//! The plan of a session: what differs, what a person should know besides, and what AWS would refuse.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::error::{Code, Error};
use super::host::Host;
use super::organization::{Beyond, Org};
use super::secrets;
use super::session::Session;
use super::workspace::Workspace;
use crate::aws::{CallError, Cause};
use crate::fleet::{Pass, Run};
use crate::place::{Arn, Place, Region};
use crate::placement::{self, Desired, TrailSource, Unrecorded};
use crate::plan::named_deletions::{self, Whole};
use crate::plan::own_alerts::{Caller, OwnCallMatcher, own_alerts, own_reads};
use crate::plan::saved::PlanRequest;
use crate::plan::{
    self, Change, Note, Plan, PlanOptions, foreign_statements, members, notes, quotas, silence,
};
use crate::resources::{
    self, GivenTopic, Kind, Live, Resource, ResourceKey, key, queue, role, topic, trail,
};
use crate::rules::{ChannelName, RuleId, TopicKey};

impl Session {
    /// The plan, for all rules or for some.
    ///
    /// # Errors
    /// What AWS says, and what must not or cannot be done.
    pub async fn plan(&self, only: &[RuleId], wishes: &PlanOptions) -> Result<Plan, Error> {
        let order = PlanRequest {
            rules: only.to_vec(),
            wishes: wishes.clone(),
            ..PlanRequest::default()
        };
        self.plan_for(&order).await
    }

    /// The plan for a request.
    ///
    /// # Errors
    /// What AWS says, and what must not or cannot be done.
    pub async fn plan_for(&self, order: &PlanRequest) -> Result<Plan, Error> {
        let wishes = &order.wishes;
        if let Some(problem) = placement::unfit_topic(&self.rules.file, &self.cloud.account) {
            return Err(self.rules.refused(problem));
        }
        let (desired, live) = self.narrowed(&order.rules, order.region.as_ref());
        let mut plan = self.compare_all(&desired, &live, wishes).await?;
        plan.only = order.only();
        plan.notes.extend(notes::untested(order));
        let mut deaf = Vec::new();
        for receiver in &desired.receivers {
            let note = self.receiver_note(receiver).await?;
            deaf.extend(is_deaf(&note).then(|| receiver.topic.clone()));
            plan.notes
                .extend(note.filter(|note| !plan.notes.contains(note)));
        }
        for (channel, topic) in &desired.given_topics {
            let note = self.topic_note(channel, topic).await?;
            deaf.extend(is_deaf(&note).then(|| topic.arn.clone()));
            plan.notes.extend(note);
        }
        plan.notes.extend(self.key_note().await?);
        plan.notes.extend(secrets::notes(&plan, &self.missing));
        plan.silenced = self.silenced(&desired, &live, wishes.prune, &deaf);
        plan.notes.extend(silence::note(&plan.silenced));
        plan.notes.extend(members::note(&plan));
        plan.notes.extend(self.boundary_note(&plan).await?);
        plan.notes.extend(notes::unchecked_function(&plan));
        let organization = self
            .account_facts
            .organization
            .as_ref()
            .map(|o| o.id.as_str());
        plan.notes
            .extend(notes::foreign_bucket(&desired, organization, &self.live));
        plan.notes.extend(notes::analyzer_key(
            &self.rules.file,
            &desired,
            organization,
        ));
        let uninvited = foreign_statements::found(&self.rules.file.name, &desired, &self.live);
        plan.notes
            .extend(uninvited.iter().map(foreign_statements::Found::note));
        let unrecorded = self.unrecorded_for(&desired);
        // Of rules that want nothing but what is said of them by name, there is no more to say.
        if unrecorded.is_empty() || self.needs().wants_management() {
            plan.notes.extend(notes::unfed(&desired));
        }
        let Workspace { file, patterns, .. } = &self.rules;
        let passed_over = notes::passed_over(&plan, file, patterns, &desired, &self.account_facts);
        plan.notes.extend(passed_over);
        let partition = file.home.region.partition().id();
        plan.notes.extend(notes::unrecorded(&unrecorded, partition));
        plan.notes
            .extend(notes::priced(&plan, self.selectors_elsewhere().as_ref()));
        plan.notes.extend(self.deletions_by_name(&plan, wishes));
        plan.notes
            .extend(notes::unknown_trail(&desired, &self.account_facts));
        plan.notes
            .extend(notes::unknown_regions(&self.account_facts));
        plan.notes
            .extend(notes::listening_at_home_only(&self.rules.file));
        self.check_deletions(&plan).await?;
        self.check_quotas(&plan, order.raised_quotas).await?;
        if let Some(org) = &self.org {
            org.check_trail(&self.desired, &self.account_facts).await?;
        }
        plan.notes.extend(own_reads(
            &self.rules.patterns,
            &self.desired.topology.listening,
            &self.rules.file.home.region,
            &self.live,
            &Caller {
                arn: &self.cloud.caller,
                account: self.cloud.account.as_str(),
            },
        ));
        plan.own_alerts = own_alerts(
            &plan,
            &OwnCallMatcher::of(&self.rules.patterns),
            &self.desired.topology.listening,
            &Caller {
                arn: &self.cloud.caller,
                account: self.cloud.account.as_str(),
            },
            |rule| self.is_deployed(rule),
        );
        Ok(plan)
    }

    /// The rules that would lose their last reader. `compared` is what a request is about: detectors outside of it stay.
    fn silenced(
        &self,
        desired: &Desired,
        compared: &[Live],
        prune: bool,
        deaf: &[Arn],
    ) -> Vec<RuleId> {
        let compared: BTreeSet<&ResourceKey> = compared.iter().map(|live| &live.key).collect();
        let live = self.live.iter();
        let live = live.filter(|live| live.key.kind != Kind::Rule || compared.contains(&live.key));
        let live: Vec<Live> = live.cloned().collect();
        silence::silenced(desired, &live, prune, deaf)
    }

    /// Home's plan for a request, and what would change in the other accounts of its organization. Both only look: what
    /// home still needs is asked for while the accounts are read.
    ///
    /// # Errors
    /// What AWS says of home, and a stop before all accounts were looked at.
    pub async fn plan_organization(
        &self,
        org: &Org,
        request: &PlanRequest,
        host: &mut dyn Host,
    ) -> Result<(Plan, Run), Error> {
        let fleet = Arc::new(self.fleet_for(org, request));
        let home = self.desired.home.account();
        let looking = async {
            let beyond = Beyond::of(request);
            Ok(org
                .go_through(&fleet, home, beyond, &Pass::Look, host)
                .await)
        };
        let (plan, run) = futures::try_join!(self.plan_for(request), looking)?;
        Ok((plan, run))
    }

    /// What AWS would refuse half way for lack of room.
    async fn check_quotas(&self, plan: &Plan, raised: bool) -> Result<(), Error> {
        let uses: BTreeMap<_, _> = stream::iter(quotas::buses(plan))
            .map(|at| async move {
                let used = resources::bus_use(&self.cloud.at_place(&at.0), &at.1).await?;
                Ok::<_, CallError>((at, used))
            })
            .buffer_unordered(resources::PLACES_AT_ONCE)
            .try_collect()
            .await?;
        let regions = match (&self.account_facts.regions, quotas::adds_trail(plan)) {
            (_, false) => &BTreeSet::new(),
            (Ok(enabled), true) => enabled,
            (Err(_), true) => &self.desired.topology.listening,
        };
        let trails: BTreeMap<_, _> = stream::iter(regions)
            .map(|region| async move {
                let trails = trail::recording(&self.cloud.at(region)).await?;
                Ok::<_, CallError>((region.clone(), trails))
            })
            .buffer_unordered(resources::PLACES_AT_ONCE)
            .try_collect()
            .await?;
        let mut exceeded = quotas::exceeded(plan, &uses, &trails);
        exceeded.retain(|quota| !(raised && quota.raisable));
        let Some(first) = exceeded.first() else {
            return Ok(());
        };
        let messages: Vec<String> = exceeded.iter().map(ToString::to_string).collect();
        Err(Error::new(Code::NoRoom, messages.join("; ")).help(first.help))
    }

    /// The plan that deletes everything but what is kept and not named in `delete`.
    ///
    /// # Errors
    /// What AWS says, and what stands in the way.
    pub async fn destruction(&self, delete: Vec<Kind>) -> Result<Plan, Error> {
        let wishes = PlanOptions::destruction(delete);
        let desired = self.desired.nothing();
        let mut plan = self.compare_all(&desired, &self.live, &wishes).await?;
        plan.notes
            .extend(notes::unknown_regions(&self.account_facts));
        self.check_deletions(&plan).await?;
        Ok(plan)
    }

    /// With what killed tests left on a bus that goes.
    async fn compare_all(
        &self,
        desired: &Desired,
        live: &[Live],
        wishes: &PlanOptions,
    ) -> Result<Plan, Error> {
        let plan = self.compare(desired, live, wishes)?;
        let left = self.left_on_buses(&plan).await?;
        if left.is_empty() {
            return Ok(plan);
        }
        self.compare(desired, &[live, &left].concat(), wishes)
    }

    fn compare(
        &self,
        desired: &Desired,
        live: &[Live],
        wishes: &PlanOptions,
    ) -> Result<Plan, Error> {
        Ok(plan::plan(&self.rules.file.name, desired, live, wishes)?)
    }

    /// Desired and live of some rules or one Region alone: a narrowed run never deletes outside of them.
    fn narrowed(&self, only: &[RuleId], region: Option<&Region>) -> (Desired, Vec<Live>) {
        let mut desired = self.desired.clone();
        if !only.is_empty() {
            desired = desired.narrowed_to(only);
        }
        if let Some(region) = region {
            desired = desired.narrowed_to_region(region);
        }
        let is_theirs = |key: &ResourceKey| {
            only.is_empty()
                || (key.kind == Kind::Rule
                    && only.iter().any(|rule| {
                        let whole = resources::names::detector(&self.rules.file.name, rule, None);
                        // On the home bus a rule's key begins with the bus.
                        let name = key.name.rsplit('/').next().unwrap_or_default();
                        resources::names::unsplit(name) == whole
                    }))
        };
        let is_here = |key: &ResourceKey| match (&key.place, region) {
            (_, None) => true,
            (Place::Regional { region, .. }, Some(wanted)) => region == wanted,
            (Place::Global { .. }, Some(_)) => false,
        };
        let wanted = |key: &ResourceKey| {
            desired.resources.contains_key(key) || (is_theirs(key) && is_here(key))
        };
        let live = self.live.iter().filter(|live| wanted(&live.key)).cloned();
        let live = live.collect();
        (desired, live)
    }

    /// What the rules that a plan is about want beyond management events, and no trail is known to record.
    fn unrecorded_for(&self, desired: &Desired) -> Vec<Unrecorded> {
        let mut all = self.unrecorded();
        for found in &mut all {
            found
                .rules
                .retain(|rule| desired.detectors.contains_key(rule));
        }
        all.retain(|found| !found.rules.is_empty());
        all
    }

    /// The event selectors that our trail is about to have in another account: that of an organization stands in its
    /// management account.
    fn selectors_elsewhere(&self) -> Option<Value> {
        let TrailSource::Ours(arn) = &self.desired.feed else {
            return None;
        };
        let wanted = self.own_selectors()?;
        let mut trails = self.account_facts.trails.iter();
        let stands = trails.any(|found| found.arn == *arn && found.trail.selectors == wanted);
        let away = arn.account() != self.desired.home.account().as_str();
        (away && !stands).then_some(wanted)
    }

    /// What is said of the kinds that `--delete` names.
    fn deletions_by_name(&self, plan: &Plan, wishes: &PlanOptions) -> Vec<Note> {
        let whole = Whole {
            desired: &self.desired,
            live: &self.live,
            organization: self.org.is_some(),
        };
        let mut notes = named_deletions::not_deleted(wishes, plan, whole);
        let needs = self.needs();
        let replaced = |gone: &Arn| {
            let mut others = self.account_facts.trails.iter();
            others.any(|found| found.arn != *gone && needs.unmet_by(found).is_empty())
        };
        notes.extend(named_deletions::feed_goes(plan, &self.desired, replaced));
        notes
    }

    /// What the owner of the key must do so that EventBridge can use it.
    async fn key_note(&self) -> Result<Option<Note>, Error> {
        let TopicKey::Existing(key) = &self.rules.file.topic_key else {
            return Ok(None);
        };
        match key::problem(&self.at_home().kms, key).await {
            Ok(found) => Ok(found.map(|found| Note {
                message: format!("{key} cannot encrypt our topics: {}", found.problem),
                help: "iamwatch never edits a key of yours: until it can be used, every alert is a dead letter"
                    .to_owned(),
                document: found.statement,
                loses_alerts: true,
            })),
            Err(error) if error.cause == Cause::Denied => Ok(Some(Note {
                message: format!("cannot tell whether EventBridge can use {key}: {error}"),
                help: error.remedy().unwrap_or_default(),
                document: None,
                loses_alerts: false,
            })),
            Err(error) => Err(error.into()),
        }
    }

    /// What must be made before roles can be: a boundary is the user's own policy.
    async fn boundary_note(&self, plan: &Plan) -> Result<Option<Note>, Error> {
        // A role that is made without it is none; one that stands goes on as it was.
        let anew = |change: &Change| {
            bound_anew(change).map(|policy| (policy.clone(), change.before.is_none()))
        };
        let mut found = plan.changes.iter().filter_map(anew);
        let Some((policy, mut is_missing)) = found.next() else {
            return Ok(None);
        };
        is_missing |= found.any(|(_, is_missing)| is_missing);
        match role::has_policy(&self.cloud.global().iam, &policy).await {
            Ok(true) => Ok(None),
            Ok(false) => Ok(Some(Note {
                message: match is_missing {
                    true => format!(
                        "{policy} does not exist: no forwarder's role can be made within it, so that no event comes home"
                    ),
                    false => format!(
                        "{policy} does not exist: it cannot become the boundary of any role"
                    ),
                },
                help: "make it before apply: `iamwatch permissions --for boundary` prints it"
                    .to_owned(),
                document: None,
                loses_alerts: is_missing,
            })),
            Err(error) if error.cause == Cause::Denied => Ok(Some(Note {
                message: format!("cannot tell whether {policy} exists: {error}"),
                help: error.remedy().unwrap_or_default(),
                document: None,
                loses_alerts: false,
            })),
            Err(error) => Err(error.into()),
        }
    }

    /// What somebody else must do so that their topic takes alerts.
    async fn topic_note(
        &self,
        channel: &ChannelName,
        topic: &GivenTopic,
    ) -> Result<Option<Note>, Error> {
        let found = topic::obstacle(&self.at_home(), topic).await?;
        Ok(found.map(|found| of_others(&topic.arn, channel, found)))
    }

    /// What somebody else must do so that their queue receives alerts.
    async fn receiver_note(&self, receiver: &placement::Receiver) -> Result<Option<Note>, Error> {
        let placement::Receiver {
            channel,
            queue,
            topic,
        } = receiver;
        let found = queue::obstacle(&self.at_home(), queue, topic).await?;
        Ok(found.map(|found| of_others(queue, channel, found)))
    }
}

/// What keeps alerts out of something of others.
fn of_others(what: &Arn, channel: &ChannelName, found: queue::Obstacle) -> Note {
    Note {
        message: format!("{what} (channel `{channel}`): {}", found.problem),
        help: format!("{}; iamwatch edits nothing of yours", found.remedy),
        document: found.document,
        loses_alerts: found.verdict != queue::Verdict::Unknown,
    }
}

/// The boundary of what is a role.
fn bound(resource: &Resource) -> Option<&Arn> {
    match resource {
        Resource::Role(role) => role.boundary.as_ref(),
        _ => None,
    }
}

/// The boundary that a change gives to a role.
fn bound_anew(change: &Change) -> Option<&Arn> {
    let before = change.before.as_ref();
    let had = before.and_then(|live| bound(&live.resource));
    let wanted = change.after.as_ref().and_then(bound);
    wanted.filter(|_| wanted != had)
}

/// Whether a note about something of others says that nobody hears what is sent there.
fn is_deaf(note: &Option<Note>) -> bool {
    note.as_ref().is_some_and(|note| note.loses_alerts)
}
