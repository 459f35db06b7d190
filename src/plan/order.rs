//! An order that works: what is needed comes first, and goes last.

use std::collections::BTreeSet;

use super::{Action, Change};
use crate::resources::{Key, Kind, Resource};

/// Fills in which change waits for which, and sorts so that every change stands behind all it needs.
pub(super) fn ordered(mut changes: Vec<Change>) -> Vec<Change> {
    let needs: Vec<Vec<Key>> = changes
        .iter()
        .map(|change| needed_by(change, &changes))
        .collect();
    for (change, needs) in changes.iter_mut().zip(needs) {
        change.needs = needs;
    }
    let mut sorted: Vec<Change> = Vec::with_capacity(changes.len());
    let mut done: BTreeSet<Key> = BTreeSet::new();
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

/// Creations and updates wait for what they will use; deletions wait until nobody uses the thing.
fn needed_by(change: &Change, all: &[Change]) -> Vec<Key> {
    let uses = |user: &Key, resource: Option<&Resource>, key: &Key| {
        resource.is_some_and(|resource| resource.needs(&user.place).contains(key))
    };
    all.iter()
        .filter(|other| other.key != change.key)
        .filter(|other| match change.action {
            Action::Delete => {
                let before = other.before.as_ref().map(|live| &live.resource);
                uses(&other.key, before, &change.key) || may_take_over(other, change)
            }
            Action::Create | Action::Update | Action::Replace => {
                other.action != Action::Delete
                    && uses(&change.key, change.after.as_ref(), &other.key)
            }
        })
        .map(|other| other.key.clone())
        .collect()
}

/// Whether a change makes a rule that may take over from the one deleted here. A detector that moves to
/// another bus is fed by forwarders, so that each of them must stand, or the other way round: rules go
/// when all others are as they should be. An alert that comes twice is better than one that does not come.
fn may_take_over(other: &Change, deleted: &Change) -> bool {
    deleted.key.kind == Kind::Rule && other.key.kind == Kind::Rule && other.action != Action::Delete
}
