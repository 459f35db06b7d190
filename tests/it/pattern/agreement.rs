//! The shipped matcher and the reference one say the same of random pairs.

use std::collections::BTreeMap;

use iamwatch::pattern::{Event, EventPattern};

use super::pairs::{KINDS, pair};
use super::random::Random;
use super::reference;

/// How often each verdict was given: matches, does not, invalid.
type Shares = BTreeMap<&'static str, [usize; 3]>;

/// Judges the pair of that number twice.
fn judge(number: usize, shares: &mut Shares) {
    let kind = KINDS[number % KINDS.len()];
    let (pattern, event) = pair(kind, &mut Random::new(number as u64));
    let expected = reference::verdict(&pattern, &event);
    let read = Event::parse(&event.to_string()).unwrap();
    let parsed = EventPattern::parse(&pattern.to_string());
    let got = parsed.as_ref().ok().map(|parsed| parsed.matches(&read));
    assert_eq!(
        got,
        expected,
        "pair {number} ({kind}): left the shipped matcher, right the reference\n{pattern}\n{event}\n{:?}",
        parsed.err()
    );
    let verdict = match expected {
        Some(true) => 0,
        Some(false) => 1,
        None => 2,
    };
    shares.entry(kind).or_default()[verdict] += 1;
}

#[test]
fn both_matchers_agree_on_every_pair() {
    let pairs = std::env::var("IAMWATCH_PAIRS").map_or(50_000, |pairs| pairs.parse().unwrap());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut shares = Shares::new();
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|first| {
                scope.spawn(move || {
                    let mut shares = Shares::new();
                    for number in (first..pairs).step_by(threads) {
                        judge(number, &mut shares);
                    }
                    shares
                })
            })
            .collect();
        for thread in running {
            let part = thread
                .join()
                .unwrap_or_else(|why| std::panic::resume_unwind(why));
            for (kind, counts) in part {
                let sum = shares.entry(kind).or_default();
                for (sum, count) in sum.iter_mut().zip(counts) {
                    *sum += count;
                }
            }
        }
    });
    for kind in KINDS {
        let counts = shares[kind];
        let all: usize = counts.iter().sum();
        assert!(
            counts.iter().all(|count| count * 10 >= all),
            "{kind}: {counts:?} of {all} match, do not, are invalid"
        );
    }
    assert_eq!(shares.values().flatten().sum::<usize>(), pairs);
}
