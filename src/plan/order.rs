//! An order that works: what is needed comes first, and goes last.

use std::collections::BTreeSet;

use super::{Action, Change};
use crate::resources::{Kind, Resource, ResourceKey};

/// Fills in which change waits for which, and sorts so that every change stands behind all it needs.
pub(super) fn ordered(mut changes: Vec<Change>) -> Vec<Change> {
    let needs = needs(&changes);
    for (change, needs) in changes.iter_mut().zip(needs) {
        change.needs = needs;
    }
    let mut sorted: Vec<Change> = Vec::with_capacity(changes.len());
    let mut done: BTreeSet<ResourceKey> = BTreeSet::new();
    while !changes.is_empty() {
        let (ready, rest): (Vec<Change>, Vec<Change>) = changes
            .into_iter()
            .partition(|change| change.needs.iter().all(|key| done.contains(key)));
        if ready.is_empty() {
            // Kinds need each other in one direction only, so there is no circle; if there were one,
            // doing the rest in the order given is better than not doing it.
            sorted.extend(rest);
            break;
        }
        done.extend(ready.iter().map(|change| change.key.clone()));
        sorted.extend(ready);
        changes = rest;
    }
    sorted
}

/// For each change what it waits for: creations and updates for what they will use, deletions until nobody uses
/// the thing.
fn needs(all: &[Change]) -> Vec<Vec<ResourceKey>> {
    let uses = |change: &Change, resource: Option<&Resource>| -> Vec<ResourceKey> {
        resource.map_or_else(Vec::new, |resource| resource.needs(&change.key.place))
    };
    // Each once, and not once for every pair.
    let used = all.iter().map(|change| {
        let before = change.before.as_ref().map(|live| &live.resource);
        (uses(change, before), uses(change, change.after.as_ref()))
    });
    let used: Vec<(Vec<ResourceKey>, Vec<ResourceKey>)> = used.collect();
    let waits = |change: &Change, uses: &[ResourceKey]| {
        let others = all.iter().zip(&used);
        let others = others.filter(|(other, _)| other.key != change.key);
        others
            .filter(|(other, (used, _))| match change.action {
                Action::Delete => used.contains(&change.key) || may_take_over(other, change),
                Action::Create | Action::Update | Action::Replace => {
                    other.action != Action::Delete && uses.contains(&other.key)
                }
            })
            .map(|(other, _)| other.key.clone())
            .collect()
    };
    let each = all.iter().zip(&used);
    each.map(|(change, (_, uses))| waits(change, uses))
        .collect()
}

/// Whether a change makes a rule that may take over from the one deleted here. A detector that moves to
/// another bus is fed by forwarders, so that each of them must stand, or the other way round: rules go
/// when all others are as they should be. An alert that comes twice is better than one that does not come.
fn may_take_over(other: &Change, deleted: &Change) -> bool {
    deleted.key.kind == Kind::Rule && other.key.kind == Kind::Rule && other.action != Action::Delete
}
