//! How many ways wildcards could be followed at once, which EventBridge limits.
//!
//! The measure is event-ruler's `MachineComplexityEvaluator`: over all inputs, the largest number of
//! automaton states of wildcard patterns on one field that are alive together. EventBridge refuses
//! `*:*:*:*:*:event-bus/*` (11) and takes patterns of 7; event-ruler's documentation names a limit of
//! 10 for a service that allows 30 rules with wildcards, as EventBridge does.

use std::collections::{BTreeSet, HashSet};

use super::wildcard::Wildcard;

/// The highest complexity that a pattern may have.
pub const MAX_COMPLEXITY: usize = 10;
/// How many sets of states are looked at before the measure settles for what it has seen.
const MAX_STEPS: usize = 4_000;

/// A state of the automaton: in pattern `pattern`, `read` literal characters are read, and, if
/// `open`, the star behind them is being filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct State {
    pattern: usize,
    read: usize,
    open: bool,
}

/// One character of a pattern and whether a star follows it.
struct Letter {
    byte: u8,
    star: bool,
}

/// The complexity of wildcard patterns on one field, at most `MAX_COMPLEXITY + 1`.
pub(super) fn complexity<'w>(wildcards: impl Iterator<Item = &'w Wildcard>) -> usize {
    let mut patterns: Vec<Vec<Letter>> = Vec::new();
    let mut seen: Vec<&Wildcard> = Vec::new();
    for wildcard in wildcards {
        if !seen.contains(&wildcard) {
            seen.push(wildcard);
            patterns.push(letters(wildcard));
        }
    }
    // All patterns start with the quote, which is read first.
    let start: BTreeSet<State> = (0..patterns.len())
        .map(|pattern| State {
            pattern,
            read: 1,
            open: false,
        })
        .collect();
    let mut highest = 0;
    let mut known = HashSet::from([start.clone()]);
    let mut todo = vec![start];
    while let Some(states) = todo.pop() {
        highest = highest.max(size(&patterns, &states));
        if highest > MAX_COMPLEXITY || known.len() > MAX_STEPS {
            break;
        }
        let mut bytes: BTreeSet<Option<u8>> = states
            .iter()
            .filter_map(|state| next(&patterns, *state))
            .map(|letter| Some(letter.byte))
            .collect();
        bytes.insert(None);
        for byte in bytes {
            let after: BTreeSet<State> = states
                .iter()
                .flat_map(|state| step(&patterns, *state, byte))
                .collect();
            if !after.is_empty() && known.insert(after.clone()) {
                todo.push(after);
            }
        }
    }
    highest.min(MAX_COMPLEXITY + 1)
}

fn letters(wildcard: &Wildcard) -> Vec<Letter> {
    let mut letters = vec![Letter {
        byte: b'"',
        star: false,
    }];
    for (n, part) in wildcard.parts().iter().enumerate() {
        if let (true, Some(last)) = (n > 0, letters.last_mut()) {
            last.star = true;
        }
        letters.extend(part.bytes().map(|byte| Letter { byte, star: false }));
    }
    letters.push(Letter {
        byte: b'"',
        star: false,
    });
    letters
}

/// The character that the state waits for.
fn next(patterns: &[Vec<Letter>], state: State) -> Option<&Letter> {
    patterns.get(state.pattern)?.get(state.read)
}

/// Whether a star may be filled behind the characters read.
fn star(patterns: &[Vec<Letter>], state: State) -> bool {
    patterns
        .get(state.pattern)
        .and_then(|letters| letters.get(state.read.checked_sub(1)?))
        .is_some_and(|letter| letter.star)
}

fn step(
    patterns: &[Vec<Letter>],
    state: State,
    byte: Option<u8>,
) -> impl Iterator<Item = State> + use<> {
    let filled = (state.open || star(patterns, state)).then_some(State {
        open: true,
        ..state
    });
    let read = next(patterns, state)
        .is_some_and(|letter| Some(letter.byte) == byte)
        .then_some(State {
            read: state.read + 1,
            open: false,
            ..state
        });
    filled.into_iter().chain(read)
}

/// The states, and the stars that they could start to fill and that are not being filled already.
fn size(patterns: &[Vec<Letter>], states: &BTreeSet<State>) -> usize {
    let starting = states
        .iter()
        .filter(|state| {
            !state.open
                && star(patterns, **state)
                && !states.contains(&State {
                    open: true,
                    ..**state
                })
        })
        .count();
    states.len() + starting
}
