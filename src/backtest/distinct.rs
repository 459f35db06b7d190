//! How many different things there were, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;

/// So many different things are told apart.
pub(crate) const LIMIT: usize = 1_000;

/// Things and how often each came. Beyond [`LIMIT`] new ones are only known to exist.
#[derive(Debug, Clone)]
pub struct Distinct<K> {
    counts: HashMap<K, u64>,
    /// Occurrences of things that are not told apart.
    rest: u64,
}

impl<K> Default for Distinct<K> {
    fn default() -> Self {
        Self {
            counts: HashMap::new(),
            rest: 0,
        }
    }
}

impl<K: Hash + Eq> PartialEq for Distinct<K> {
    fn eq(&self, other: &Self) -> bool {
        self.rest == other.rest && self.counts == other.counts
    }
}

impl<K: Hash + Eq> Eq for Distinct<K> {}

impl<K: Hash + Eq + Ord> Distinct<K> {
    /// Counts a thing that came so often.
    pub fn add(&mut self, key: K, count: u64) {
        if let Some(known) = self.counts.get_mut(&key) {
            *known += count;
        } else if self.counts.len() < LIMIT {
            self.counts.insert(key, count);
        } else {
            self.rest += count;
        }
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: Self) {
        let mut counts: Vec<(K, u64)> = other.counts.into_iter().collect();
        // Which ones are kept beyond the limit must not hang on the order of a hash.
        counts.sort_unstable();
        for (key, count) in counts {
            self.add(key, count);
        }
        self.rest += other.rest;
    }

    /// How many there are that are told apart.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Whether there are more than that.
    pub fn overflowed(&self) -> bool {
        self.rest > 0
    }

    /// How often a thing came, as far as it is told apart.
    pub fn count(&self, key: &K) -> u64 {
        self.counts.get(key).copied().unwrap_or(0)
    }

    /// All that are told apart, those that came most often first.
    pub fn by_count(&self) -> Vec<(&K, u64)> {
        let mut all: Vec<(&K, u64)> = self
            .counts
            .iter()
            .map(|(key, count)| (key, *count))
            .collect();
        all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        all
    }
}
