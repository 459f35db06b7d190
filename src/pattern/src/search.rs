//! Whether an event meets the fields of a branch.
//!
//! Fields are met one by one in the order of their paths, and what two of them use inside one array
//! must lie in the same element of it (event-ruler `ACFinder`, `ArrayMembership`). `exists: false`
//! asks only for the elements that fields before it have settled on (`NameState.getNameTransitions`),
//! which is why the order matters.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use super::compile::{Compiled, Field};
use super::event::{Event, Trail};

/// The most values that are looked at to make fields agree. Reached only by events that repeat keys to
/// hold many arrays at one path, on which EventBridge's own search would not end either; what is not
/// met by then counts as not met.
const MAX_VISITS: usize = 1_000_000;

/// What can be said of a field without regard to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alone {
    /// No value, and no absence, meets it.
    Never,
    /// It is met, whatever the others use.
    Always,
    /// It is met by values inside arrays of objects: the others must agree.
    Inside,
    /// It may be met by absence from an element.
    MaybeAbsent,
}

impl Compiled {
    pub(crate) fn matches(&self, event: &Event) -> bool {
        let shared = if self.branches.len() > 1 {
            self.fields.len()
        } else {
            0
        };
        let mut known = vec![None; shared];
        let mut visits = 0;
        self.branches
            .iter()
            .any(|branch| self.branch_matches(branch, event, &mut known, &mut visits))
    }

    /// What can be said of each field alone.
    pub(crate) fn judge(&self, event: &Event) -> Vec<Alone> {
        let fields = self.fields.iter();
        fields.map(|field| alone(field, event)).collect()
    }

    /// `known` keeps what was found of fields that several branches share.
    fn branch_matches(
        &self,
        branch: &[usize],
        event: &Event,
        known: &mut [Option<Alone>],
        visits: &mut usize,
    ) -> bool {
        let mut inside = 0;
        let mut absence = false;
        for index in branch {
            let Some(field) = self.fields.get(*index) else {
                return false;
            };
            let found = match known.get_mut(*index) {
                Some(slot) => *slot.get_or_insert_with(|| alone(field, event)),
                None => alone(field, event),
            };
            match found {
                Alone::Never => return false,
                Alone::Always => {}
                Alone::Inside => inside += 1,
                Alone::MaybeAbsent => absence = true,
            }
        }
        // One field alone has nobody to disagree with.
        (inside < 2 && !absence) || together(&self.branch_fields(branch), event, visits)
    }

    pub(crate) fn branch_fields<'c>(&'c self, branch: &[usize]) -> Vec<&'c Field> {
        branch
            .iter()
            .filter_map(|index| self.fields.get(*index))
            .collect()
    }
}

pub(super) fn alone(field: &Field, event: &Event) -> Alone {
    let mut found = None;
    let mut present = false;
    let mut present_outside = false;
    event.visit(&field.path, &[], &mut |value, trail| {
        present = true;
        present_outside |= trail.is_empty();
        if !field.accepts(value) {
            return ControlFlow::Continue(());
        }
        if trail.is_empty() {
            found = Some(Alone::Always);
            return ControlFlow::Break(());
        }
        found = Some(Alone::Inside);
        ControlFlow::Continue(())
    });
    match found {
        Some(found) if found == Alone::Always || !field.allows_absence() => found,
        _ if !present && field.allows_absence() => Alone::Always,
        _ if !present_outside && field.allows_absence() => Alone::MaybeAbsent,
        Some(found) => found,
        None => Alone::Never,
    }
}

/// The full search: all ways to settle on elements, field by field. What no later field can use is
/// forgotten, which keeps the ways few.
fn together(fields: &[&Field], event: &Event, visits: &mut usize) -> bool {
    let mut last_use: HashMap<u32, usize> = HashMap::new();
    for (n, field) in fields.iter().enumerate() {
        event.visit(&field.path, &[], &mut |_, trail| {
            *visits += 1;
            last_use.extend(trail.iter().map(|(array, _)| (*array, n)));
            ControlFlow::Continue(())
        });
    }
    let mut ways: HashSet<Trail> = HashSet::from([Trail::new()]);
    for (n, field) in fields.iter().enumerate() {
        let keep = |way: &[(u32, u32)], more: &[(u32, u32)]| -> Trail {
            let mut kept: Trail = way
                .iter()
                .chain(more)
                .filter(|(array, _)| last_use.get(array).is_some_and(|last| *last > n))
                .copied()
                .collect();
            kept.sort_unstable();
            kept
        };
        let mut next = HashSet::new();
        for way in &ways {
            let mut present = false;
            event.visit(&field.path, way, &mut |value, trail| {
                present = true;
                *visits += 1;
                if field.accepts(value) {
                    next.insert(keep(way, trail));
                }
                if *visits > MAX_VISITS {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            });
            if !present && field.allows_absence() {
                next.insert(keep(way, &[]));
            }
            if *visits > MAX_VISITS {
                return false;
            }
        }
        ways = next;
    }
    !ways.is_empty()
}
