//! Does an event match?
//!
//! A branch holds where each of its fields finds a value, and those values agree on the element wherever
//! they lie in the same array (event-ruler `ArrayMembership`): two fields of one array of objects must be
//! satisfied by the same object.

use std::collections::{BTreeSet, HashMap};

use super::json::{Item, Kind};
use super::test::Test;
use super::{Event, EventPattern, Field};

/// Which element of which array a value lies in, sorted. Arrays are named by their node.
type Membership = Vec<(u32, u32)>;

/// A leaf value and where it lies.
pub(super) struct Leaf<'d> {
    pub value: Item<'d>,
    membership: Membership,
}

pub(super) fn matches(pattern: &EventPattern, event: &Event) -> bool {
    // Branches share fields; each is looked up once.
    let mut known: Vec<Option<bool>> = vec![None; pattern.fields.len()];
    let mut arrays = false;
    pattern.branches.iter().any(|branch| {
        let all = branch.iter().all(|index| {
            let (Some(field), Some(known)) = (pattern.fields.get(*index), known.get_mut(*index))
            else {
                return false;
            };
            *known.get_or_insert_with(|| alone(field, event, &mut arrays))
        });
        all && (!arrays || together(pattern, branch, event))
    })
}

/// Whether a field holds for itself, whatever the others say. Notes whether it saw an array of objects.
fn alone(field: &Field, event: &Event, arrays: &mut bool) -> bool {
    let mut present = false;
    let mut found = false;
    if let Some(root) = event.document.root() {
        visit_object(root, &field.path, false, &mut |value, in_array| {
            *arrays |= in_array;
            present = true;
            found = field.any_of.iter().any(|test| test.holds(value));
            found
        });
    }
    // Inside arrays a field may be absent from one element and present in another: `together` decides.
    found || (field.any_of.contains(&Test::Absent) && (!present || *arrays))
}

/// Whether the fields of a branch hold together. A state is what was chosen so far, cut down to the arrays
/// that later fields look into: two ways to the same state are one, so that the work stays in proportion
/// to the event.
fn together(pattern: &EventPattern, branch: &[usize], event: &Event) -> bool {
    let fields: Vec<(&Field, Vec<Leaf<'_>>)> = branch
        .iter()
        .filter_map(|index| pattern.fields.get(*index))
        .map(|field| (field, leaves(event, &field.path)))
        .collect();
    let mut states: BTreeSet<Membership> = BTreeSet::from([Membership::new()]);
    for (at, (field, leaves)) in fields.iter().enumerate() {
        let later: BTreeSet<u32> = fields
            .iter()
            .skip(at + 1)
            .flat_map(|(_, leaves)| leaves)
            .flat_map(|leaf| leaf.membership.iter().map(|(array, _)| *array))
            .collect();
        let held = leaves
            .iter()
            .filter(|leaf| field.any_of.iter().any(|test| test.holds(leaf.value)));
        let mut held = Join::new(held.collect());
        let mut all = Join::new(leaves.iter().collect());
        let absent = field.any_of.contains(&Test::Absent);
        let mut next = BTreeSet::new();
        for state in &states {
            held.each_consistent(state, |membership| {
                let mut both: Membership = state
                    .iter()
                    .chain(membership)
                    .filter(|(array, _)| later.contains(array))
                    .copied()
                    .collect();
                both.sort_unstable();
                both.dedup();
                next.insert(both);
            });
            // Absent means: from everything that agrees with what was chosen so far.
            if absent && !all.any_consistent(state) {
                let mut same = state.clone();
                same.retain(|(array, _)| later.contains(array));
                next.insert(same);
            }
        }
        if next.is_empty() {
            return false;
        }
        states = next;
    }
    true
}

/// Leaves by where they stand in some arrays.
type Places<'l> = HashMap<Membership, Vec<&'l Membership>>;

/// Finds the leaves that agree with a state without comparing all with all: leaves are grouped by where
/// they stand in the arrays that they share with the state.
struct Join<'l, 'd> {
    leaves: Vec<&'l Leaf<'d>>,
    /// By the arrays of a state: the arrays that leaves share with it, and the leaves by their place there.
    groups: HashMap<Vec<u32>, HashMap<Vec<u32>, Places<'l>>>,
}

impl<'l, 'd> Join<'l, 'd> {
    fn new(leaves: Vec<&'l Leaf<'d>>) -> Self {
        Self {
            leaves,
            groups: HashMap::new(),
        }
    }

    fn each_consistent(&mut self, state: &Membership, mut f: impl FnMut(&Membership)) {
        let arrays: Vec<u32> = state.iter().map(|(array, _)| *array).collect();
        let leaves = &self.leaves;
        let groups = self.groups.entry(arrays).or_insert_with_key(|arrays| {
            let mut groups: HashMap<_, HashMap<_, Vec<_>>> = HashMap::new();
            for leaf in leaves {
                let place: Membership = leaf
                    .membership
                    .iter()
                    .filter(|(array, _)| arrays.contains(array))
                    .copied()
                    .collect();
                let shared: Vec<u32> = place.iter().map(|(array, _)| *array).collect();
                let group = groups.entry(shared).or_default();
                group.entry(place).or_default().push(&leaf.membership);
            }
            groups
        });
        for (shared, places) in groups.iter() {
            let place: Membership = state
                .iter()
                .filter(|(array, _)| shared.contains(array))
                .copied()
                .collect();
            for membership in places.get(&place).into_iter().flatten() {
                f(membership);
            }
        }
    }

    fn any_consistent(&mut self, state: &Membership) -> bool {
        let mut any = false;
        self.each_consistent(state, |_| any = true);
        any
    }
}

/// All leaf values under a path.
pub(super) fn leaves<'d>(event: &'d Event, path: &str) -> Vec<Leaf<'d>> {
    let mut found = Vec::new();
    if let Some(root) = event.document.root() {
        let mut membership = Membership::new();
        collect_object(root, path, &mut membership, &mut found);
    }
    found
}

fn collect_object<'d>(
    object: Item<'d>,
    path: &str,
    membership: &mut Membership,
    found: &mut Vec<Leaf<'d>>,
) {
    for child in object.children() {
        if let Some(rest) = step(path, child.key()) {
            collect_value(child, rest, membership, found);
        }
    }
}

fn collect_value<'d>(
    value: Item<'d>,
    rest: Option<&str>,
    membership: &mut Membership,
    found: &mut Vec<Leaf<'d>>,
) {
    match (value.kind(), rest) {
        (Kind::Object, Some(rest)) => collect_object(value, rest, membership, found),
        (Kind::Array, _) => {
            for (element, index) in value.children().zip(0u32..) {
                if is_container(element) {
                    membership.push((value.index, index));
                    collect_value(element, rest, membership, found);
                    membership.pop();
                } else {
                    collect_value(element, rest, membership, found);
                }
            }
        }
        // Nodes are numbered in reading order, so that a membership is sorted as it grows.
        (kind, None) if kind != Kind::Object => found.push(Leaf {
            value,
            membership: membership.clone(),
        }),
        _ => {}
    }
}

/// Calls `f` with each leaf under a path, and whether it lies in an element of an array, until `f` has
/// seen enough.
fn visit_object<'d>(
    object: Item<'d>,
    path: &str,
    in_array: bool,
    f: &mut dyn FnMut(Item<'d>, bool) -> bool,
) -> bool {
    object.children().any(|child| {
        step(path, child.key()).is_some_and(|rest| visit_value(child, rest, in_array, f))
    })
}

fn visit_value<'d>(
    value: Item<'d>,
    rest: Option<&str>,
    in_array: bool,
    f: &mut dyn FnMut(Item<'d>, bool) -> bool,
) -> bool {
    match (value.kind(), rest) {
        (Kind::Object, Some(rest)) => visit_object(value, rest, in_array, f),
        (Kind::Array, _) => value
            .children()
            .any(|element| visit_value(element, rest, in_array || is_container(element), f)),
        (kind, None) if kind != Kind::Object => f(value, in_array),
        _ => false,
    }
}

/// Values that stand in an array themselves are no members of one of its elements
/// (event-ruler `Event.traverseArray`).
fn is_container(element: Item<'_>) -> bool {
    matches!(element.kind(), Kind::Object | Kind::Array)
}

/// What is left of a path behind a key, if the path begins with it: `None` inside for nothing. A key with
/// dots in it is several steps.
fn step<'p>(path: &'p str, key: &str) -> Option<Option<&'p str>> {
    let rest = path.strip_prefix(key)?;
    if rest.is_empty() {
        Some(None)
    } else {
        rest.strip_prefix('.').map(Some)
    }
}
