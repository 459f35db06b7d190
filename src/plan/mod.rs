//! The ordered operations that turn live into desired: data, never closures.

pub mod adopt;
mod deletions;
mod deployment;
mod diff;
pub mod foreign_statements;
pub mod members;
pub mod named_deletions;
pub mod notes;
mod order;
pub mod own_alerts;
pub mod quotas;
pub mod saved;
pub mod silence;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::Call;
use crate::place::{Place, StackName};
use crate::placement::{Desired, TrailSource};
use crate::resources::{
    Impact, Kind, Live, Owner, Ownership, Pair, Resource, ResourceKey, STACK_TAG, names,
};
use crate::rules::RuleId;

pub use crate::resources::AttributeChange;
pub use deletions::is_much;
pub use deployment::Deployment;
pub use own_alerts::OwnAlert;

/// The version of the plan's JSON form.
pub const FORMAT_VERSION: u32 = 1;

/// What apply would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of the plan's JSON form: [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The rules file's name.
    pub name: StackName,
    /// Where alerts are raised.
    pub home: Place,
    /// Which trail feeds the events.
    pub feed: TrailSource,
    /// How many resources are ours now.
    pub ours: usize,
    /// What will be done, in an order that works.
    pub changes: Vec<Change>,
    /// What is ours and no longer wanted, and stays without `--prune`.
    pub orphans: Vec<ResourceKey>,
    /// What only somebody else can change, such as a subscription to confirm.
    pub waiting: Vec<ResourceKey>,
    /// What the user should know or do.
    pub notes: Vec<Note>,
    /// Which rules apply itself sets off.
    pub own_alerts: Vec<OwnAlert>,
    /// The rules that somebody hears today, and nobody who has confirmed once it is carried out.
    #[serde(default)]
    pub silenced: Vec<RuleId>,
    /// What serves an organization today, and would serve home alone once it is carried out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaves_members: Vec<ResourceKey>,
    /// What it is limited to, as flags of the command line; empty: it is about all that the rules file asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
}

/// One operation on one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The resource that is changed.
    pub key: ResourceKey,
    /// Whether it is created, updated, replaced or deleted.
    pub action: Action,
    /// What AWS has; `None` for creations.
    pub before: Option<Live>,
    /// What it will have; `None` for deletions.
    pub after: Option<Resource>,
    /// What differs; for updates.
    pub attributes: Vec<AttributeChange>,
    /// Which changes of this plan come first.
    pub needs: Vec<ResourceKey>,
}

/// The kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is not there.
    Create,
    /// It is there and differs.
    Update,
    /// It differs in a field that AWS cannot change: deleted and created again.
    Replace,
    /// It is there and not wanted.
    Delete,
}

/// Something the user should know or do, that no operation of ours does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// What was found, for a person.
    pub message: String,
    /// What the user can do about it.
    pub help: String,
    /// A policy statement to add somewhere, for instance.
    pub document: Option<Value>,
    /// Whether alerts are lost until somebody acts.
    pub loses_alerts: bool,
}

/// A resource that has our name and is not ours.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conflict {
    /// The resource that stands in the way.
    pub key: ResourceKey,
    /// Whom the resource belongs to.
    pub owner: Owner,
    /// The field because of which it cannot be adopted: AWS cannot change it, and iamwatch does not
    /// delete what somebody else has made.
    pub unfit: Option<AttributeChange>,
}

/// What the user allows beyond creating and changing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanOptions {
    /// Delete what is ours and no longer wanted.
    pub prune: bool,
    /// Kinds that are kept unless they are named here: see [`crate::resources::Facts::is_kept`].
    pub delete: Vec<Kind>,
    /// Take over these, which carry no tag of iamwatch.
    pub adopt: Vec<ResourceKey>,
}

impl PlanOptions {
    /// The options of `destroy`: all that is ours goes, and of the kept kinds those in `delete`.
    pub fn destruction(delete: Vec<Kind>) -> Self {
        Self {
            prune: true,
            delete,
            adopt: Vec::new(),
        }
    }

    /// Whether a live resource is taken over; subscriptions come with their topic. What belongs to another
    /// rules file never is.
    fn adopts(&self, live: &Live) -> bool {
        let named = match &live.resource {
            Resource::Subscription(s) => self.adopt.iter().any(|key| {
                key.kind == Kind::Topic
                    && key.place == live.key.place
                    && key.name == s.topic.resource()
            }),
            _ => self.adopt.contains(&live.key),
        };
        named && live.owner == Owner::Nobody
    }

    fn deletes(&self, kind: Kind) -> bool {
        self.prune && (!kind.facts().is_kept() || self.delete.contains(&kind))
    }
}

/// Compares desired and live.
///
/// # Errors
/// Every resource that stands under a name of ours and is not ours: nothing is planned then.
pub fn plan(
    name: &StackName,
    desired: &Desired,
    live: &[Live],
    wishes: &PlanOptions,
) -> Result<Plan, Vec<Conflict>> {
    let mut found = Comparison {
        conflicts: taken_names(desired, live, wishes),
        ..Comparison::default()
    };
    let live: BTreeMap<&ResourceKey, &Live> = live
        .iter()
        .filter(|live| live.owner == Owner::Ours || wishes.adopts(live))
        .map(|live| (&live.key, live))
        .collect();
    for (key, after) in &desired.resources {
        match live.get(key) {
            None => found
                .changes
                .push(Change::of(key, Action::Create, None, Some(after))),
            Some(before) => found.compare(name, before, after),
        }
    }
    if !found.conflicts.is_empty() {
        return Err(found.conflicts);
    }
    for live in live.values() {
        if !desired.resources.contains_key(&live.key) {
            found.unwanted(desired, wishes, live);
        }
    }
    let ours = live.values().filter(|live| live.owner == Owner::Ours);
    let leaves_members = members::left(&found.changes, &found.orphans, &live);
    Ok(Plan {
        format_version: FORMAT_VERSION,
        name: name.clone(),
        home: desired.home.clone(),
        feed: desired.feed.clone(),
        ours: ours.count(),
        changes: order::ordered(found.changes),
        orphans: found.orphans,
        waiting: found.waiting,
        notes: found.notes,
        own_alerts: Vec::new(),
        silenced: Vec::new(),
        leaves_members,
        only: Vec::new(),
    })
}

/// What a comparison has found so far.
#[derive(Default)]
struct Comparison {
    changes: Vec<Change>,
    waiting: Vec<ResourceKey>,
    orphans: Vec<ResourceKey>,
    notes: Vec<Note>,
    conflicts: Vec<Conflict>,
}

/// What stands under a name of ours, is not ours, and is not to be taken over.
fn taken_names(desired: &Desired, live: &[Live], wishes: &PlanOptions) -> Vec<Conflict> {
    let taken = live.iter().filter(|live| {
        live.owner != Owner::Ours
            && desired.resources.contains_key(&live.key)
            // Whoever has a subscription has its topic.
            && !has_a_parent(live)
            && !wishes.adopts(live)
    });
    let conflict = |live: &Live| Conflict {
        key: live.key.clone(),
        owner: live.owner.clone(),
        unfit: None,
    };
    taken.map(conflict).collect()
}

fn has_a_parent(live: &Live) -> bool {
    matches!(live.key.kind.facts().ownership, Ownership::Parent)
}

impl Comparison {
    /// Adds what turns a live resource, ours or to be taken over, into what is wanted.
    fn compare(&mut self, name: &StackName, before: &Live, after: &Resource) {
        let key = &before.key;
        let is_adopted = before.owner != Owner::Ours && !has_a_parent(before);
        let (mut attributes, replace) = match diff::compare(key.kind, &before.resource, after) {
            diff::Verdict::Same => (Vec::new(), false),
            diff::Verdict::Waiting => {
                self.waiting.push(key.clone());
                return;
            }
            diff::Verdict::Differs {
                attributes,
                replace,
            } => (attributes, replace),
        };
        if is_adopted && replace {
            let fixed = key.kind.facts().fixed;
            let unfit = attributes
                .into_iter()
                .find(|change| fixed.contains(&change.path.as_str()));
            self.conflicts.push(Conflict {
                key: key.clone(),
                owner: before.owner.clone(),
                unfit,
            });
            return;
        }
        if is_adopted {
            attributes.insert(0, ownership(name));
        }
        if attributes.is_empty() {
            return;
        }
        let action = if replace {
            Action::Replace
        } else {
            Action::Update
        };
        self.changes.push(Change {
            attributes,
            ..Change::of(key, action, Some(before), Some(after))
        });
    }

    /// Adds what becomes of a live resource of ours that is not wanted.
    fn unwanted(&mut self, desired: &Desired, wishes: &PlanOptions, live: &Live) {
        if goes_with_its_topic(live, &desired.resources) {
            return;
        }
        if live.key.kind == Kind::Subscription && live.handle.is_none() {
            self.notes.push(Note {
                message: format!("{} was never confirmed and is no longer wanted", live.key),
                help: "nothing to do: SNS drops unconfirmed subscriptions after 48 hours"
                    .to_owned(),
                document: None,
                loses_alerts: false,
            });
        } else if is_moved(live, desired) || wishes.deletes(live.key.kind) {
            let deletion = Change::of(&live.key, Action::Delete, Some(live), None);
            self.changes.push(deletion);
        } else {
            self.orphans.push(live.key.clone());
        }
    }
}

impl Change {
    /// The writes that carry it out, as far as can be told from what was read.
    pub fn calls(&self) -> Vec<&'static Call> {
        let created = || self.after.iter().flat_map(Resource::created);
        let before = self.before.as_ref();
        let deleted = || before.into_iter().flat_map(|live| live.resource.deleted());
        match self.action {
            Action::Create => created().collect(),
            Action::Delete => deleted().collect(),
            Action::Replace => deleted().chain(created()).collect(),
            Action::Update => {
                let adopted = before.is_some_and(|live| live.owner != Owner::Ours);
                let tagged = match self.key.kind.facts().ownership {
                    Ownership::Tag(call) if adopted => Some(call),
                    Ownership::Tag(_) | Ownership::Marker | Ownership::Parent => None,
                };
                let pair = before.zip(self.after.as_ref());
                let pair = pair.and_then(|(live, after)| Pair::of(&live.resource, after));
                let updated = pair.into_iter().flat_map(Pair::updated);
                tagged.into_iter().chain(updated).collect()
            }
        }
    }

    /// The worst that follows until it is done. What is to be deleted takes nothing from what is wanted.
    pub fn impact(&self) -> Impact {
        let facts = self.key.kind.facts();
        match self.action {
            Action::Create => facts.missing,
            Action::Delete => Impact::Cosmetic,
            Action::Update | Action::Replace => {
                let attributes = self.attributes.iter();
                let worst = attributes.map(|attribute| facts.impact_of(attribute)).min();
                worst.unwrap_or(Impact::Cosmetic)
            }
        }
    }

    fn of(
        key: &ResourceKey,
        action: Action,
        before: Option<&Live>,
        after: Option<&Resource>,
    ) -> Self {
        Self {
            key: key.clone(),
            action,
            before: before.cloned(),
            after: after.cloned(),
            attributes: Vec::new(),
            needs: Vec::new(),
        }
    }
}

/// What adoption changes besides the resource's own fields.
fn ownership(name: &StackName) -> AttributeChange {
    AttributeChange {
        path: format!("tags.{STACK_TAG}"),
        before: Value::Null,
        after: Value::String(name.to_string()),
    }
}

/// Whether something that is wanted takes the place of a live rule: both together would alert twice.
fn is_moved(live: &Live, desired: &Desired) -> bool {
    let mut wanted = desired.resources.iter();
    // Whoever reads what a rule apart sends may have to confirm it first: until then the other one is heard.
    wanted.any(|(key, wanted)| takes_over(key, wanted, live) && !desired.is_apart(key))
}

/// Whether a resource takes the place of a live rule: the same rule on another bus, where what grows from
/// one Region to several moves its detectors, or one that is cut into other parts, which have other names.
fn takes_over(key: &ResourceKey, wanted: &Resource, live: &Live) -> bool {
    match (wanted, &live.resource) {
        (Resource::Rule(wanted), Resource::Rule(rule)) => {
            key.place == live.key.place
                && (&wanted.name, &wanted.bus) != (&rule.name, &rule.bus)
                && names::unsplit(&wanted.name) == names::unsplit(&rule.name)
        }
        _ => false,
    }
}

/// A topic takes its subscriptions with it, confirmed or not.
fn goes_with_its_topic(live: &Live, desired: &BTreeMap<ResourceKey, Resource>) -> bool {
    match &live.resource {
        Resource::Subscription(s) => !desired.keys().any(|key| {
            key.kind == Kind::Topic && key.place == live.key.place && key.name == s.topic.resource()
        }),
        _ => false,
    }
}

impl Plan {
    /// What a person must have allowed for all that it does; `desired` is what it leads to.
    pub fn needs(&self, desired: &Desired) -> PlanOptions {
        let mut needed = PlanOptions::default();
        for change in &self.changes {
            let Some(before) = &change.before else {
                continue;
            };
            if before.owner != Owner::Ours && !has_a_parent(before) {
                needed.adopt.push(change.key.clone());
            }
            if change.action == Action::Delete && !is_moved(before, desired) {
                needed.prune = true;
                let kind = change.key.kind;
                if kind.facts().is_kept() && !needed.delete.contains(&kind) {
                    needed.delete.push(kind);
                }
            }
        }
        needed
    }

    /// Whether AWS is not as the rules file asks: something would change, is left over, or loses alerts
    /// until somebody else acts.
    pub fn is_off(&self) -> bool {
        !self.changes.is_empty()
            || !self.orphans.is_empty()
            || self.notes.iter().any(|note| note.loses_alerts)
    }

    /// How many of each: created, updated (replaced included), deleted.
    pub fn counts(&self) -> (usize, usize, usize) {
        let count = |wanted: &[Action]| {
            self.changes
                .iter()
                .filter(|change| wanted.contains(&change.action))
                .count()
        };
        (
            count(&[Action::Create]),
            count(&[Action::Update, Action::Replace]),
            count(&[Action::Delete]),
        )
    }
}
