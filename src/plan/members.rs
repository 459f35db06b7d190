//! What was deployed for an organization, and would serve one account: the other accounts are watched no longer then.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Change, Note, Plan};
use crate::resources::{Bus, Kind, Live, Resource, ResourceKey};

/// What to do so that an organization stays watched.
const KEEP: &str = "what stands is an organization's, and this run asks for one account: give `--org`, or write \
                    `watch: { organization: {} }`; an apply without either leaves the other accounts unwatched";

/// What serves an organization, and would serve home alone once these changes are made. `orphans` is what is no longer
/// wanted and stays, `live` all that is ours.
pub(super) fn left(
    changes: &[Change],
    orphans: &[ResourceKey],
    live: &BTreeMap<&ResourceKey, &Live>,
) -> Vec<ResourceKey> {
    let narrowed = changes.iter().filter(|change| leaves_members(change));
    let narrowed = narrowed.map(|change| change.key.clone());
    // Where home needs no bus its detectors move to the default one: the members would go on sending to a bus on which
    // nobody listens.
    let is_deserted = |bus: &Bus| {
        changes.iter().any(|change| {
            let before = change.before.as_ref().map(|live| &live.resource);
            change.after.is_none()
                && matches!(before, Some(Resource::Rule(rule)) if rule.bus == bus.name)
        })
    };
    let deserted = orphans.iter().filter(|key| {
        live.get(key).is_some_and(|live| match &live.resource {
            Resource::Bus(bus) => admits_organization(&bus.policy) && is_deserted(bus),
            _ => false,
        })
    });
    narrowed.chain(deserted.cloned()).collect()
}

impl Plan {
    /// What a person does about a change that is not made yet. What the other accounts live on is not to be changed by
    /// whoever forgot to name them.
    pub fn remedy(&self, change: &Change) -> String {
        let is_shared = [Kind::Bus, Kind::Trail, Kind::Bucket].contains(&change.key.kind)
            && change.before.is_some();
        // Detectors leave the bus that the members send to.
        let is_shared = is_shared || change.key.kind == Kind::Rule;
        if is_shared && !self.leaves_members.is_empty() {
            return KEEP.to_owned();
        }
        match &change.after {
            Some(Resource::Role(role)) if change.before.is_none() => {
                let boundary = role.boundary.as_ref();
                apply(boundary.map(|policy| policy.resource()))
            }
            _ => apply(None),
        }
    }
}

/// What makes something that is missing; a role comes after its boundary, which is the user's to make.
pub fn apply(boundary: Option<&str>) -> String {
    let apply = "run `iamwatch apply`";
    match boundary {
        None => apply.to_owned(),
        Some(policy) => format!(
            "{apply}; the account needs {policy} before that: `iamwatch permissions --for boundary` prints it"
        ),
    }
}

/// What a plan says of it.
pub fn note(plan: &Plan) -> Option<Note> {
    let keys = plan.leaves_members.iter();
    let keys: Vec<String> = keys.map(ToString::to_string).collect();
    (!keys.is_empty()).then(|| Note {
        message: format!(
            "the other accounts of the organization are watched today, and no longer after this: {}",
            keys.join(", ")
        ),
        help: format!("{KEEP}, and asks before that"),
        document: None,
        loses_alerts: true,
    })
}

fn leaves_members(change: &Change) -> bool {
    let before = change.before.as_ref().map(|live| &live.resource);
    match (before, &change.after) {
        (Some(Resource::Bus(before)), after) => {
            let stays = match after {
                Some(Resource::Bus(after)) => admits_organization(&after.policy),
                _ => false,
            };
            admits_organization(&before.policy) && !stays
        }
        (Some(Resource::Trail(before)), Some(Resource::Trail(after))) => {
            before.organization && !after.organization
        }
        _ => false,
    }
}

/// Whether our part of a bus's policy lets in the accounts of an organization.
pub(super) fn admits_organization(policy: &Value) -> bool {
    admitted_organization(policy).is_some()
}

/// The id of the organization whose accounts our part of a bus's policy, in its one spelling, lets in.
pub(super) fn admitted_organization(policy: &Value) -> Option<&str> {
    let statements = policy.get("Statement").and_then(Value::as_array);
    let operators = statements
        .into_iter()
        .flatten()
        .filter_map(|statement| statement.get("Condition")?.as_object())
        .flat_map(|condition| condition.values());
    let mut tests = operators.filter_map(Value::as_object).flatten();
    let (_, id) = tests.find(|(key, _)| key.eq_ignore_ascii_case("aws:PrincipalOrgID"))?;
    match id {
        Value::Array(ids) => ids.first()?.as_str(),
        id => id.as_str(),
    }
}
