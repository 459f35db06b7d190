//! What is counted while logs are read: alerts by rule, and what was read and what was not.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::actor::Actor;
use super::distinct::Distinct;
use super::source::{Loss, Skip};
use super::time::Second;
use crate::cloudtrail::LeftOut;
use crate::explain::Reason;

/// So many losses are kept by name; of the others only their number.
const LOSSES: usize = 1_000;

/// What was found in any number of blobs. Two of them can be merged in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Blobs that were read to their end.
    pub blobs: u64,
    /// Blobs that were left out on purpose, by reason.
    pub skipped: BTreeMap<Skip, u64>,
    /// What was not read, or not to its end: at most a thousand.
    pub losses: Vec<Loss>,
    /// How many losses there were in all.
    pub lost: u64,
    /// Records and events that were read, those outside the window not counted.
    pub records: u64,
    /// Records that are not known to lie in the window.
    pub outside: u64,
    /// Records of those that do not say when they happened, so that nobody knows whether they lie in the window.
    pub undated_outside: u64,
    /// Records of those that were read that do not say when they happened.
    pub undated: u64,
    /// Records that could not be read.
    pub unread: u64,
    /// Records and messages of which EventBridge has no event, or nobody knows whether it has; not among `records`.
    pub left_out: Distinct<LeftOut>,
    /// Records of those that were read that match a rule and are copies of one that was counted.
    pub copies: u64,
    /// Records that match a rule of which was not told whether they are copies: too many had come before.
    pub untold: u64,
    /// The earliest and the latest moment of any record.
    pub period: Option<(Second, Second)>,
    /// Each rule, in the engine's order.
    pub rules: Vec<RuleTally>,
    /// Events that more than one rule alerts on, by the pair of rules.
    pub pairs: HashMap<(u32, u32), u64>,
    /// Events that any rule alerts on.
    pub alerting: u64,
}

/// What was found of one rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleTally {
    /// Events that the rule alerts on.
    pub alerts: u64,
    /// Events that match and do not reach the rule, by reason.
    pub missed: BTreeMap<Missed, u64>,
    /// The Regions of those that nobody listens in.
    pub unheard_in: Distinct<String>,
    /// Alerts by the hour, counted from 1970 in UTC.
    pub hours: HashMap<i64, u64>,
    /// The first and the last alert.
    pub period: Option<(Second, Second)>,
    /// Who causes the alerts.
    pub actors: Distinct<Actor>,
    /// Further names of those who do.
    pub also: Distinct<Actor>,
    /// The accounts of the alerts.
    pub accounts: Distinct<String>,
    /// Where the calls came from: addresses and services.
    pub addresses: Distinct<String>,
    /// Some of the alerts: the earliest.
    pub samples: BTreeSet<Sample>,
}

/// Why an event that matches raises no alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// Nobody listens in the Region of the event.
    NotListening,
    /// AWS records such events in one Region, and the record is of another.
    Elsewhere,
    /// The rule stands apart and hears of home alone, and the record is of another account or Region.
    Apart,
    /// The event is read-only, and the rule's state keeps such events out.
    ReadOnly,
    /// CloudTrail sends no event of more than 256 KB. Source: `eb-troubleshooting`.
    TooLarge,
}

impl From<Reason> for Missed {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Region => Self::NotListening,
            Reason::Elsewhere => Self::Elsewhere,
            Reason::Apart => Self::Apart,
            Reason::ReadOnly => Self::ReadOnly,
            Reason::TooLarge => Self::TooLarge,
        }
    }
}

/// An alert. Ordered by time, so that those that are kept do not hang on who read which file first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Sample {
    /// When the event happened, ISO 8601 in UTC; `None` where the record does not say.
    pub time: Option<String>,
    /// The event's id, from its record or else its envelope.
    pub id: Option<String>,
    /// The event as `service:EventName`.
    pub event: String,
    /// The principal that acted, as the event names it.
    pub actor: String,
    /// The account that the event appeared in.
    pub account: Option<String>,
    /// The Region that the event appeared in.
    pub region: Option<String>,
    /// The address or the service that the call came from.
    pub address: Option<String>,
    /// The error code, if the call failed.
    pub error: Option<String>,
    /// The blob that it was read from.
    pub blob: String,
    /// Which record of the blob, from 1.
    pub record: u64,
}

impl Tally {
    /// For so many rules.
    pub fn new(rules: usize) -> Self {
        Self {
            rules: vec![RuleTally::default(); rules],
            ..Self::default()
        }
    }

    /// Adds what another found.
    pub fn merge(&mut self, other: Self, samples: usize) {
        self.blobs += other.blobs;
        self.lost += other.lost;
        self.records += other.records;
        self.outside += other.outside;
        self.undated_outside += other.undated_outside;
        self.undated += other.undated;
        self.unread += other.unread;
        self.left_out.merge(other.left_out);
        self.copies += other.copies;
        self.untold += other.untold;
        self.alerting += other.alerting;
        for (skip, count) in other.skipped {
            *self.skipped.entry(skip).or_default() += count;
        }
        let room = LOSSES.saturating_sub(self.losses.len());
        self.losses.extend(other.losses.into_iter().take(room));
        if let Some((first, last)) = other.period {
            widen(&mut self.period, first);
            widen(&mut self.period, last);
        }
        for (rule, more) in self.rules.iter_mut().zip(other.rules) {
            rule.merge(more, samples);
        }
        for (pair, count) in other.pairs {
            *self.pairs.entry(pair).or_default() += count;
        }
    }

    /// Counts what was not read.
    pub fn lose(&mut self, loss: Loss) {
        self.lost += 1;
        if self.losses.len() < LOSSES {
            self.losses.push(loss);
        }
    }
}

impl RuleTally {
    fn merge(&mut self, other: Self, samples: usize) {
        self.alerts += other.alerts;
        for (reason, count) in other.missed {
            *self.missed.entry(reason).or_default() += count;
        }
        self.unheard_in.merge(other.unheard_in);
        for (hour, count) in other.hours {
            *self.hours.entry(hour).or_default() += count;
        }
        if let Some((first, last)) = other.period {
            widen(&mut self.period, first);
            widen(&mut self.period, last);
        }
        self.actors.merge(other.actors);
        self.also.merge(other.also);
        self.accounts.merge(other.accounts);
        self.addresses.merge(other.addresses);
        self.samples.extend(other.samples);
        while self.samples.len() > samples {
            self.samples.pop_last();
        }
    }

    /// Keeps a sample if it is among the earliest.
    pub fn keep(&mut self, sample: impl FnOnce() -> Sample, samples: usize) {
        if samples == 0 {
            return;
        }
        self.samples.insert(sample());
        if self.samples.len() > samples {
            self.samples.pop_last();
        }
    }
}

/// Makes a period reach to a moment.
pub(crate) fn widen(period: &mut Option<(Second, Second)>, moment: Second) {
    let (first, last) = period.unwrap_or((moment, moment));
    *period = Some((first.min(moment), last.max(moment)));
}
