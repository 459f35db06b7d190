//! What is said: `--json` prints this, and everything else is made from it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::actor::Actor;
use super::advice;
use super::cost::Month;
use super::distinct::Distinct;
use super::engine::Engine;
use super::noise::{Noise, noisiest};
use super::source::{Loss, Skip};
use super::tally::{Missed, RuleTally, Sample, Tally};
use super::time::{self, SECONDS};
use crate::rules::{RuleId, RulesFile};

/// So many of the noisiest principals are named.
const NOISIEST: usize = 3;

/// How many alerts there would have been.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The version of the JSON form of the report.
    pub format_version: u32,
    /// Whether everything that was found was read: no loss, no interruption.
    pub complete: bool,
    /// Whether it was ended early.
    pub interrupted: bool,
    /// What was read for the report, and what was not.
    pub read: Reading,
    /// Each rule: the noisiest first.
    pub rules: Vec<RuleReport>,
    /// Alerts of all rules.
    pub alerts: u64,
    /// Events that any rule alerts on.
    pub alerting_events: u64,
    /// Pairs of rules that alert on the same events, the most events first.
    pub overlaps: Vec<Overlap>,
    /// What a month like that would bring; `None` where the logs are too short to tell, or nobody is told.
    pub month: Option<Month>,
}

/// What was read and what was not.
#[derive(Debug, Clone, Serialize)]
pub struct Reading {
    /// Files or objects that were read to their end.
    pub files: u64,
    /// Files or objects that were left out on purpose.
    pub skipped: BTreeMap<Skip, u64>,
    /// Records in the window.
    pub records: u64,
    /// Records that are not known to lie in the window.
    pub outside: u64,
    /// Records of those that do not say when they happened.
    pub undated_outside: u64,
    /// Records in the window, which is all time, that do not say when they happened.
    pub undated: u64,
    /// Records that could not be read.
    pub unread: u64,
    /// Records and messages that rules are not asked about, by what they are.
    pub left_out: BTreeMap<String, u64>,
    /// What was left out, for people.
    #[serde(skip)]
    pub aside: Vec<String>,
    /// Records that match a rule and are copies of one that was counted, as those of a second trail.
    pub copies: u64,
    /// Records that match a rule of which it could not be told whether they are copies.
    pub untold: u64,
    /// The first moment of the records in the window; `None` where there are none.
    pub first: Option<String>,
    /// The last moment of the records in the window; `None` where there are none.
    pub last: Option<String>,
    /// How many days that is; at least an hour's part of one.
    pub days: f64,
    /// What was not read, or not to its end: at most a thousand.
    pub losses: Vec<Loss>,
    /// How many losses there were.
    pub lost: u64,
}

/// What the records say of one rule: its alerts, who causes them, and what it missed.
#[derive(Debug, Clone, Serialize)]
pub struct RuleReport {
    /// The id of the rule.
    pub rule: String,
    /// How many alerts the rule would have raised.
    pub alerts: u64,
    /// Alerts a day, over the days that the records span.
    pub per_day: f64,
    /// Alerts by day, days without any left out.
    pub days: BTreeMap<String, u64>,
    /// Alerts in the worst hour.
    pub worst_hour: Option<WorstHour>,
    /// When the first alert was; `None` where there was none.
    pub first: Option<String>,
    /// When the last alert was; `None` where there was none.
    pub last: Option<String>,
    /// How many different principals caused the alerts.
    pub principals: Count,
    /// How many different accounts the alerts are about.
    pub accounts: Count,
    /// Different addresses and services.
    pub sources: Count,
    /// Who causes most alerts.
    pub noisiest: Vec<Noisy>,
    /// Events that match and do not reach the rule, by reason.
    pub missed: BTreeMap<Missed, u64>,
    /// Regions of such events that nobody listens in, the most events first.
    pub unheard_in: Vec<String>,
    /// Alerts by hour, counted from 1970 in UTC, for pictures.
    #[serde(skip)]
    pub hours: BTreeMap<i64, u64>,
    /// The earliest alerts of the rule, as many as were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Sample>,
}

/// The hour with most alerts.
#[derive(Debug, Clone, Serialize)]
pub struct WorstHour {
    /// When the hour begins, ISO 8601 in UTC.
    pub hour: String,
    /// How many alerts there were in the hour.
    pub alerts: u64,
}

/// A number of different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Count {
    /// How many different things were told apart.
    pub count: usize,
    /// Whether there are more than that.
    pub more: bool,
}

/// A principal that causes many alerts.
#[derive(Debug, Clone, Serialize)]
pub struct Noisy {
    /// The principal that causes the alerts; of one name in several accounts, its ARN with `*` for the account.
    #[serde(flatten)]
    pub actor: Actor,
    /// In how many accounts there is one of that name.
    pub accounts: usize,
    /// How many alerts of the rule the principal causes.
    pub alerts: u64,
    /// What would silence them: a line of the rules file. `None` where there is no such line.
    pub unless: Option<String>,
    /// How many alerts of the rule remain then.
    pub remaining: u64,
    /// Whether fewer may remain: not all names of all principals are kept.
    pub at_most: bool,
    /// Whether the exception holds for that name in accounts that nobody has yet.
    pub any_account: bool,
}

/// Two rules that alert on the same events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overlap {
    /// The ids of the two rules.
    pub rules: [String; 2],
    /// On how many events.
    pub events: u64,
}

impl Report {
    /// What a tally says.
    pub fn new(engine: &Engine<'_>, tally: &Tally, interrupted: bool) -> Self {
        let days = tally.period.map_or(0.0, |(first, last)| {
            // A few records of one minute do not tell what a day is like.
            ((last - first).max(3600)) as f64 / SECONDS as f64
        });
        let ids: Vec<String> = engine.rules().map(|id| id.0.clone()).collect();
        let file = engine.file();
        let mut rules: Vec<RuleReport> = engine
            .rules()
            .zip(&tally.rules)
            .map(|(id, rule)| RuleReport::new(id, rule, days, file))
            .collect();
        rules.sort_by(|a, b| b.alerts.cmp(&a.alerts).then_with(|| a.rule.cmp(&b.rule)));
        let name = |index: u32| ids.get(index as usize).cloned().unwrap_or_default();
        let mut overlaps: Vec<Overlap> = tally
            .pairs
            .iter()
            .map(|((first, second), events)| Overlap {
                rules: [name(*first), name(*second)],
                events: *events,
            })
            .collect();
        overlaps.sort_by(|a, b| b.events.cmp(&a.events).then_with(|| a.rules.cmp(&b.rules)));
        let mut losses = tally.losses.clone();
        losses.sort();
        let left_out = tally.left_out.by_count();
        Self {
            format_version: 1,
            complete: !interrupted && tally.lost == 0,
            interrupted,
            read: Reading {
                files: tally.blobs,
                skipped: tally.skipped.clone(),
                records: tally.records,
                outside: tally.outside,
                undated_outside: tally.undated_outside,
                undated: tally.undated,
                unread: tally.unread,
                left_out: left_out
                    .iter()
                    .map(|(what, count)| (what.name().to_owned(), *count))
                    .collect(),
                aside: left_out
                    .iter()
                    .map(|(what, count)| what.counted(*count))
                    .chain(
                        tally
                            .left_out
                            .overflowed()
                            .then(|| "records of further kinds".to_owned()),
                    )
                    .collect(),
                copies: tally.copies,
                untold: tally.untold,
                first: tally.period.map(|(first, _)| time::written(first)),
                last: tally.period.map(|(_, last)| time::written(last)),
                days,
                losses,
                lost: tally.lost,
            },
            alerts: rules.iter().map(|rule| rule.alerts).sum(),
            alerting_events: tally.alerting,
            month: file.and_then(|file| Month::of(file, &rules, days)),
            rules,
            overlaps,
        }
    }
}

impl RuleReport {
    fn new(id: &RuleId, tally: &RuleTally, span: f64, file: Option<&RulesFile>) -> Self {
        let mut days: BTreeMap<String, u64> = BTreeMap::new();
        for (hour, count) in &tally.hours {
            *days.entry(time::day(hour.div_euclid(24))).or_default() += count;
        }
        let worst = tally
            .hours
            .iter()
            .max_by(|a, b| a.1.cmp(b.1).then_with(|| b.0.cmp(a.0)));
        Self {
            rule: id.0.clone(),
            alerts: tally.alerts,
            per_day: if span > 0.0 {
                tally.alerts as f64 / span
            } else {
                0.0
            },
            days,
            worst_hour: worst.map(|(hour, alerts)| WorstHour {
                hour: time::written(hour * 3600),
                alerts: *alerts,
            }),
            first: tally.period.map(|(first, _)| time::written(first)),
            last: tally.period.map(|(_, last)| time::written(last)),
            principals: Count::of(&tally.actors),
            accounts: Count::of(&tally.accounts),
            sources: Count::of(&tally.addresses),
            noisiest: noisiest(tally, NOISIEST)
                .iter()
                .map(|noise| Noisy::new(noise, id, tally, file))
                .collect(),
            missed: tally.missed.clone(),
            unheard_in: tally
                .unheard_in
                .by_count()
                .into_iter()
                .map(|(region, _)| region.clone())
                .collect(),
            hours: tally
                .hours
                .iter()
                .map(|(hour, count)| (*hour, *count))
                .collect(),
            events: tally.samples.iter().cloned().collect(),
        }
    }
}

impl Noisy {
    fn new(noise: &Noise<'_>, id: &RuleId, tally: &RuleTally, file: Option<&RulesFile>) -> Self {
        let names = noise.names();
        let accounts = noise.members.len();
        let remaining = tally.alerts.saturating_sub(noise.silenced(tally, &names));
        let more = accounts > 1 && tally.actors.overflowed();
        Self {
            actor: noise.actor.clone(),
            accounts,
            alerts: noise.alerts,
            // An exception for everybody is no rule.
            unless: file
                .filter(|_| remaining > 0)
                .and_then(|file| advice::unless(file, id, noise.actor.path, &names)),
            remaining,
            at_most: tally.also.overflowed() || more,
            any_account: names.len() < accounts,
        }
    }
}

impl Count {
    fn of<K: std::hash::Hash + Eq + Ord>(of: &Distinct<K>) -> Self {
        Self {
            count: of.len(),
            more: of.overflowed(),
        }
    }
}
