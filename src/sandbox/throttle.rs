//! How many requests AWS takes in a second, and how many there were.

use std::collections::{BTreeMap, HashMap};

use super::access::Access;
use super::call::Call;
use super::faults::Outcome;
use super::site::Site;

/// What one limit counts together: a name, an account, and a Region where it has any.
type Key = (&'static str, String, String);

/// The buckets that were touched, with their tokens and when they had those.
#[derive(Debug, Default)]
pub(super) struct Throttle(HashMap<Key, (f64, i64)>);

impl Throttle {
    /// Whether there is room for the call at this time, in milliseconds.
    pub(crate) fn admits(&mut self, call: &Call, access: Access, site: &Site, now: i64) -> bool {
        let Some(limit) = call.service.limit(&call.operation, access) else {
            return true;
        };
        let region = if limit.regional {
            site.region.as_str()
        } else {
            ""
        };
        let key = (limit.name, site.account.to_string(), region.to_owned());
        let (tokens, since) = self.0.entry(key).or_insert((limit.burst, now));
        #[expect(clippy::cast_precision_loss, reason = "milliseconds between two calls")]
        let passed = now.saturating_sub(*since).max(0) as f64 / 1000.0;
        *tokens = (*tokens + passed * limit.rate).min(limit.burst);
        *since = now;
        let room = *tokens >= 1.0;
        if room {
            *tokens -= 1.0;
        }
        room
    }
}

/// The calls of one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The operation, such as `events:PutRule`.
    pub call: String,
    /// All calls, refused ones included.
    pub calls: u64,
    /// Those that were refused because there were too many.
    pub throttled: u64,
}

/// The calls of each operation.
#[derive(Debug, Default)]
pub(super) struct Counts(BTreeMap<(&'static str, String), (u64, u64)>);

impl Counts {
    pub(crate) fn add(&mut self, call: &Call, outcome: &Outcome) {
        let key = (call.name(), call.operation.clone());
        let (calls, throttled) = self.0.entry(key).or_default();
        *calls += 1;
        let slow = |code: &String| {
            code.starts_with("Throttling")
                || code == "TooManyRequestsException"
                || code == "SlowDown"
        };
        if matches!(outcome, Outcome::Refused(code) if slow(code)) {
            *throttled += 1;
        }
    }

    pub(crate) fn list(&self) -> Vec<Count> {
        let all = self.0.iter();
        let all = all.map(|((service, operation), (calls, throttled))| Count {
            call: format!("{service}:{operation}"),
            calls: *calls,
            throttled: *throttled,
        });
        all.collect()
    }
}
