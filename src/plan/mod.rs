//! The ordered operations that turn live into desired: data, never closures.

pub mod adopt;
mod deletions;
mod deployment;
mod diff;
pub mod foreign_statements;
pub mod notes;
mod order;
pub mod own_alerts;
pub mod quotas;
pub mod saved;
pub mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::place::{Place, StackName};
use crate::placement::{Desired, TrailSource};
use crate::resources::{Kind, Live, Owner, Resource, ResourceKey, STACK_TAG, names};

pub use deletions::is_much;
pub use deployment::Deployment;
pub use own_alerts::OwnAlert;

/// The version of the plan's JSON form.
pub const FORMAT_VERSION: u32 = 1;

/// What apply would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`FORMAT_VERSION`].
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
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// On what.
    pub key: ResourceKey,
    /// What.
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

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeChange {
    /// The path within the resource, dotted.
    pub path: String,
    /// What AWS has; null if nothing.
    pub before: Value,
    /// What it will have; null if nothing.
    pub after: Value,
}

/// Something the user should know or do, that no operation of ours does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// What was found.
    pub message: String,
    /// What to do.
    pub help: String,
    /// A policy statement to add somewhere, for instance.
    pub document: Option<Value>,
    /// Whether alerts are lost until somebody acts.
    pub loses_alerts: bool,
}

/// A resource that has our name and is not ours.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conflict {
    /// Which.
    pub key: ResourceKey,
    /// Whose it is.
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
    /// Kinds that are kept unless they are named here: see [`Kind::is_kept`].
    pub delete: Vec<Kind>,
    /// Take over these, which carry no tag of iamwatch.
    pub adopt: Vec<ResourceKey>,
}

impl PlanOptions {
    /// What `destroy` wishes.
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
        self.prune && (!kind.is_kept() || self.delete.contains(&kind))
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
    let mut conflicts: Vec<Conflict> = live
        .iter()
        .filter(|live| live.owner != Owner::Ours && desired.resources.contains_key(&live.key))
        // Whoever has a subscription has its topic.
        .filter(|live| live.key.kind != Kind::Subscription && !wishes.adopts(live))
        .map(|live| Conflict {
            key: live.key.clone(),
            owner: live.owner.clone(),
            unfit: None,
        })
        .collect();
    let live: BTreeMap<&ResourceKey, &Live> = live
        .iter()
        .filter(|live| live.owner == Owner::Ours || wishes.adopts(live))
        .map(|live| (&live.key, live))
        .collect();
    let mut changes = Vec::new();
    let mut waiting = Vec::new();
    for (key, after) in &desired.resources {
        let Some(before) = live.get(key) else {
            changes.push(Change {
                key: key.clone(),
                action: Action::Create,
                before: None,
                after: Some(after.clone()),
                attributes: Vec::new(),
                needs: Vec::new(),
            });
            continue;
        };
        let is_adopted = before.owner != Owner::Ours && key.kind != Kind::Subscription;
        let (mut attributes, replace) = match diff::compare(key.kind, &before.resource, after) {
            diff::Verdict::Same => (Vec::new(), false),
            diff::Verdict::Waiting => {
                waiting.push(key.clone());
                continue;
            }
            diff::Verdict::Differs {
                attributes,
                replace,
            } => (attributes, replace),
        };
        if is_adopted && replace {
            let fixed = key.kind.replaced_by();
            let unfit = attributes
                .into_iter()
                .find(|change| fixed.contains(&change.path.as_str()));
            conflicts.push(Conflict {
                key: key.clone(),
                owner: before.owner.clone(),
                unfit,
            });
            continue;
        }
        if is_adopted {
            attributes.insert(0, ownership(name));
        }
        if attributes.is_empty() {
            continue;
        }
        changes.push(Change {
            key: key.clone(),
            action: if replace {
                Action::Replace
            } else {
                Action::Update
            },
            before: Some((*before).clone()),
            after: Some(after.clone()),
            attributes,
            needs: Vec::new(),
        });
    }
    if !conflicts.is_empty() {
        return Err(conflicts);
    }
    let gone: Vec<&Live> = live
        .values()
        .filter(|live| !desired.resources.contains_key(&live.key))
        .filter(|live| !goes_with_its_topic(live, &desired.resources))
        .copied()
        .collect();
    let mut notes = Vec::new();
    let mut orphans = Vec::new();
    for live in gone {
        if live.key.kind == Kind::Subscription && live.handle.is_none() {
            notes.push(Note {
                message: format!("{} was never confirmed and is no longer wanted", live.key),
                help: "nothing to do: SNS drops unconfirmed subscriptions after 48 hours"
                    .to_owned(),
                document: None,
                loses_alerts: false,
            });
        } else if is_moved(live, desired) || wishes.deletes(live.key.kind) {
            changes.push(Change {
                key: live.key.clone(),
                action: Action::Delete,
                before: Some(live.clone()),
                after: None,
                attributes: Vec::new(),
                needs: Vec::new(),
            });
        } else {
            orphans.push(live.key.clone());
        }
    }
    Ok(Plan {
        format_version: FORMAT_VERSION,
        name: name.clone(),
        home: desired.home.clone(),
        feed: desired.feed.clone(),
        ours: live
            .values()
            .filter(|live| live.owner == Owner::Ours)
            .count(),
        changes: order::ordered(changes),
        orphans,
        waiting,
        notes,
        own_alerts: Vec::new(),
    })
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
    wanted.any(|(key, wanted)| takes_over(key, wanted, live))
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
