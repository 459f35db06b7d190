//! How many requests AWS takes in a second, and how many there were.

use std::collections::{BTreeMap, HashMap};

use super::access::{Kind, Needs};
use super::faults::Outcome;
use super::wire::{ApiError, Call, Service};
use super::world::Site;

/// A bucket of tokens: a request takes one, and `rate` come back every second up to `burst`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Limit {
    rate: f64,
    burst: f64,
}

/// A limit on a second's worth of requests.
const fn per_second(rate: f64) -> Limit {
    Limit { rate, burst: rate }
}

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
const LIST_ACCOUNTS: Limit = Limit {
    rate: 8.0,
    burst: 13.0,
};
const STS: Limit = per_second(600.0);
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const EVENTS: Limit = per_second(50.0);
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>
const LOOK_UP: Limit = per_second(2.0);
/// The rates of IAM are not documented: what users report.
const IAM_READS: Limit = per_second(20.0);
const IAM_WRITES: Limit = per_second(10.0);

/// What one limit counts together: a name, an account, and a Region where it has any.
type Key = (&'static str, String, String);

/// The buckets that were touched, with their tokens and when they had those.
#[derive(Debug, Default)]
pub(super) struct Throttle(HashMap<Key, (f64, i64)>);

impl Throttle {
    /// Whether there is room for the call at this time, in milliseconds.
    pub fn admits(
        &mut self,
        call: &Call,
        needs: &Result<Needs, ApiError>,
        site: &Site,
        now: i64,
    ) -> bool {
        let kind = needs.as_ref().map_or(Kind::Read, |needs| needs.kind);
        let Some((name, limit, regional)) = limit(call, kind) else {
            return true;
        };
        let region = if regional { site.region.as_str() } else { "" };
        let key = (name, site.account.to_string(), region.to_owned());
        let (tokens, since) = self.0.entry(key).or_insert((limit.burst, now));
        #[allow(clippy::cast_precision_loss)] // Milliseconds between two calls.
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

/// The limit that a call falls under, and whether each Region has one of its own.
fn limit(call: &Call, kind: Kind) -> Option<(&'static str, Limit, bool)> {
    match (call.service, kind) {
        (Service::Organizations, _) if call.operation == "ListAccounts" => {
            Some(("ListAccounts", LIST_ACCOUNTS, false))
        }
        (Service::CloudTrail, _) if call.operation == "LookupEvents" => {
            Some(("LookupEvents", LOOK_UP, true))
        }
        (Service::Sts, _) => Some(("sts", STS, true)),
        // Events have limits of their own, thousands in a second.
        (Service::Events, Kind::Read | Kind::Write) => Some(("events", EVENTS, true)),
        (Service::Iam, Kind::Write) => Some(("iam writes", IAM_WRITES, false)),
        (Service::Iam, _) => Some(("iam reads", IAM_READS, false)),
        _ => None,
    }
}

/// The calls of one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// `service:Operation`.
    pub call: String,
    /// All of them.
    pub calls: u64,
    /// Those that were refused because there were too many.
    pub throttled: u64,
}

/// The calls of each operation.
#[derive(Debug, Default)]
pub(super) struct Counts(BTreeMap<(&'static str, String), (u64, u64)>);

impl Counts {
    pub fn add(&mut self, call: &Call, outcome: &Outcome) {
        let key = (call.service.name(), call.operation.clone());
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

    pub fn list(&self) -> Vec<Count> {
        let all = self.0.iter();
        let all = all.map(|((service, operation), (calls, throttled))| Count {
            call: format!("{service}:{operation}"),
            calls: *calls,
            throttled: *throttled,
        });
        all.collect()
    }
}
