//! How many ways wildcards could be followed at once, which EventBridge limits.
//!
//! The measure is event-ruler's `MachineComplexityEvaluator`: over all inputs, the largest number of
//! automaton states of wildcard patterns on one field that are alive together. EventBridge refuses
//! `*:*:*:*:*:event-bus/*` (11) and takes patterns of 7; event-ruler's documentation names a limit of
//! 10 for a service that allows 30 rules with wildcards, as EventBridge does.

use std::collections::{BTreeMap, HashSet};

use super::limits::MAX_COMPLEXITY;
use super::wildcard::Wildcard;

/// How many sets of states are looked at before the measure settles for what it has seen.
const MAX_STEPS: usize = 4_000;

/// States of the automaton that are alive together. Bit `n` of `read`: the characters before position `n` are
/// read; of `open`: the star behind them is being filled.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct States {
    read: Bits,
    open: Bits,
}

/// One bit for each position of all patterns, one pattern behind the other.
type Bits = Box<[u64]>;

/// All patterns as masks over their positions. Each ends with a position of its own, at which nothing waits.
struct Masks {
    /// Where all patterns wait behind the quote that they start with.
    start: Bits,
    /// Positions behind a character that a star follows.
    star: Bits,
    /// For each character that occurs, ascending: the positions that wait for it.
    waiting: BTreeMap<u8, Bits>,
}

/// The complexity of wildcard patterns on one field, at most `MAX_COMPLEXITY + 1`.
pub(super) fn complexity<'w>(wildcards: impl Iterator<Item = &'w Wildcard>) -> usize {
    let mut seen: Vec<&Wildcard> = Vec::new();
    for wildcard in wildcards {
        if !seen.contains(&wildcard) {
            seen.push(wildcard);
        }
    }
    if seen.is_empty() {
        return 0;
    }
    let masks = Masks::of(&seen);
    let start = States {
        open: masks.start.iter().map(|_| 0).collect(),
        read: masks.start.clone(),
    };
    let mut highest = 0;
    let mut known = HashSet::from([start.clone()]);
    let mut todo = vec![start];
    while let Some(states) = todo.pop() {
        highest = highest.max(masks.size(&states));
        if highest > MAX_COMPLEXITY || known.len() > MAX_STEPS {
            break;
        }
        // Any character that no pattern waits for, then those that one of the states waits for.
        let none = std::iter::once(None);
        let bytes = masks.waiting.values().filter(|waiting| {
            let alive = states.read.iter().zip(&*states.open);
            alive
                .zip(&***waiting)
                .any(|((read, open), waiting)| (read | open) & waiting != 0)
        });
        for waiting in none.chain(bytes.map(Some)) {
            let after = masks.step(&states, waiting);
            let is_empty = after.read.iter().chain(&*after.open).all(|word| *word == 0);
            if !is_empty && !known.contains(&after) {
                known.insert(after.clone());
                todo.push(after);
            }
        }
    }
    highest.min(MAX_COMPLEXITY + 1)
}

impl Masks {
    fn of(wildcards: &[&Wildcard]) -> Self {
        // The quotes are characters too, and behind the last one is a position.
        let positions =
            |wildcard: &&Wildcard| wildcard.parts().iter().map(String::len).sum::<usize>() + 3;
        let words = wildcards.iter().map(positions).sum::<usize>().div_ceil(64);
        let nothing: Bits = vec![0; words].into();
        let mut masks = Self {
            start: nothing.clone(),
            star: nothing.clone(),
            waiting: BTreeMap::new(),
        };
        let mut at = 0;
        for wildcard in wildcards {
            at += 1;
            set(&mut masks.start, at);
            for (n, part) in wildcard.parts().iter().enumerate() {
                if n > 0 {
                    set(&mut masks.star, at);
                }
                for byte in part.bytes() {
                    let waiting = masks.waiting.entry(byte).or_insert_with(|| nothing.clone());
                    set(waiting, at);
                    at += 1;
                }
            }
            let waiting = masks.waiting.entry(b'"').or_insert_with(|| nothing.clone());
            set(waiting, at);
            at += 2;
        }
        masks
    }

    /// The states behind one more character: one that these positions wait for, or that none waits for.
    fn step(&self, states: &States, waiting: Option<&Bits>) -> States {
        let open = states.open.iter().zip(&*states.read).zip(&*self.star);
        let open = open.map(|((open, read), star)| open | (read & star));
        let read: Bits = match waiting {
            None => states.read.iter().map(|_| 0).collect(),
            Some(waiting) => {
                let alive = states.read.iter().zip(&*states.open).zip(&**waiting);
                let mut carry = 0;
                let moved = alive.map(|((read, open), waiting)| {
                    let reads = (read | open) & waiting;
                    let moved = (reads << 1) | carry;
                    carry = reads >> 63;
                    moved
                });
                moved.collect()
            }
        };
        States {
            read,
            open: open.collect(),
        }
    }

    /// The states, and the stars that they could start to fill and that are not being filled already.
    fn size(&self, states: &States) -> usize {
        let words = states.read.iter().zip(&*states.open).zip(&*self.star);
        let sizes = words.map(|((read, open), star)| {
            read.count_ones() + open.count_ones() + (read & star & !open).count_ones()
        });
        sizes.sum::<u32>() as usize
    }
}

fn set(bits: &mut Bits, at: usize) {
    if let Some(word) = bits.get_mut(at / 64) {
        *word |= 1 << (at % 64);
    }
}
