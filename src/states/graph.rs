//! Do the states of a flow lead to each other, and to an end?

use std::collections::BTreeSet;

use super::fault::Fault;
use super::machine::{Flow, State, Then};

/// What is wrong with the way through a flow. `at`: where the flow stands.
///
/// Source of words and places: <https://github.com/localstack/localstack/pull/12487> and
/// <https://github.com/floci-io/floci/issues/2735>, both from answers of AWS.
pub(super) fn faults(flow: &Flow, at: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut missing = |field: &str, target: &str, place: String| {
        let what = format!("MISSING_TRANSITION_TARGET: Missing '{field}' target: {target}");
        faults.push(Fault::new(place, what));
    };
    if !flow.states.contains_key(&flow.start_at) {
        missing("StartAt", &flow.start_at, format!("{at}/StartAt"));
    }
    for (name, state) in &flow.states {
        for (field, exit) in state.exits() {
            if let Then::Next(target) = &exit.then
                && !flow.states.contains_key(target)
            {
                let last = field.rsplit('/').next().unwrap_or(&field);
                missing(last, target, format!("{at}/States/{name}/{field}"));
            }
        }
    }
    let reached = reached(flow);
    for name in flow.states.keys() {
        if !reached.contains(name.as_str()) {
            let what = format!("MISSING_TRANSITION_TARGET: State \"{name}\" is not reachable.");
            faults.push(Fault::new(format!("{at}/States/{name}"), what));
        }
    }
    // The end may be the state that is missing.
    if faults.is_empty() && !flow.states.values().any(is_terminal) {
        let what = "MISSING_END_STATE: Workflow has no terminal state";
        faults.push(Fault::new(at, what));
    }
    faults
}

/// The states that the first one leads to, itself included.
fn reached(flow: &Flow) -> BTreeSet<&str> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![flow.start_at.as_str()]);
    while let Some(name) = open.pop() {
        let Some(state) = flow.states.get(name) else {
            continue;
        };
        if !reached.insert(name) {
            continue;
        }
        for (_, exit) in state.exits() {
            if let Then::Next(target) = &exit.then {
                open.push(target);
            }
        }
    }
    reached
}

fn is_terminal(state: &State) -> bool {
    let exits = state.exits();
    matches!(state, State::Fail { .. }) || exits.iter().any(|(_, exit)| exit.then == Then::End)
}
