//! The alerts that apply itself causes: whoever is told of IAM changes is told of those too.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Note, Plan};
use crate::aws::calls;
use crate::cloudtrail::{self, Identity, Setting};
use crate::compile::{Compiled, RuleState};
use crate::pattern::{Event, EventPattern};
use crate::place::{AccountId, Place, Region};
use crate::resources::{Kind, Live, Subject, Sweep};
use crate::rules::RuleId;

/// A rule that apply sets off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnAlert {
    /// The id of the rule.
    pub rule: RuleId,
    /// By which calls, each with how often it is made.
    pub calls: BTreeMap<String, usize>,
    /// Whether the rule is deployed already. One that is only being created hears of what comes after it.
    pub deployed: bool,
}

/// The rules as they hear of calls: read once, however many plans are held against them.
#[derive(Debug)]
pub struct OwnCallMatcher(Vec<Hearing>);

/// A pattern, and whether its rule hears of home alone.
#[derive(Debug)]
struct Hearing {
    rule: RuleId,
    pattern: EventPattern,
    apart: bool,
}

impl OwnCallMatcher {
    /// Reads the patterns of some rules; what is no event pattern is left out.
    pub fn of(patterns: &[Compiled]) -> Self {
        let read = |compiled: &Compiled| {
            Some(Hearing {
                rule: compiled.rule.clone(),
                pattern: EventPattern::from_value(&compiled.pattern).ok()?,
                apart: compiled.apart,
            })
        };
        Self(patterns.iter().filter_map(read).collect())
    }
}

/// What a plan for an account will set off in the Regions that are listened to. Calls made once more after a
/// failure, and what AWS does by itself, are not counted.
pub fn own_alerts(
    plan: &Plan,
    OwnCallMatcher(patterns): &OwnCallMatcher,
    listening: &BTreeSet<Region>,
    caller: &Caller<'_>,
    deployed: impl Fn(&RuleId) -> bool,
) -> Vec<OwnAlert> {
    let mut alerts: BTreeMap<&RuleId, BTreeMap<String, usize>> = BTreeMap::new();
    for change in &plan.changes {
        let region = match &change.key.place {
            Place::Regional { region, .. } => region.clone(),
            Place::Global { .. } => match &plan.home {
                Place::Regional { region, .. } => region.global(),
                Place::Global { .. } => continue,
            },
        };
        if !listening.contains(&region) {
            continue;
        }
        let facts = change.key.kind.facts();
        let handle = change
            .before
            .as_ref()
            .and_then(|live| live.handle.as_deref());
        let parameters = (facts.subject)(&Subject {
            key: &change.key,
            region: &region,
            handle,
        });
        for call in change.calls() {
            let name = facts.recorded_name(call);
            let Some(event) = event(facts.service, name, &parameters, &region, caller) else {
                continue;
            };
            let matching = patterns.iter().filter(|hearing| {
                (!hearing.apart || hears_apart(&plan.home, &region, caller))
                    && hearing.pattern.matches(&event)
            });
            // A rule's parts are disjoint, and one alert a rule is what a person sees.
            let rules: BTreeSet<&RuleId> = matching.map(|hearing| &hearing.rule).collect();
            for rule in rules {
                let calls = alerts.entry(rule).or_default();
                *calls.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
    alerts
        .into_iter()
        .map(|(rule, calls)| OwnAlert {
            rule: rule.clone(),
            calls,
            deployed: deployed(rule),
        })
        .collect()
}

/// Whether rules apart hear of a caller's calls in a Region.
fn hears_apart(home: &Place, region: &Region, caller: &Caller<'_>) -> bool {
    let is_there = match home {
        Place::Regional { region: own, .. } => region == own || *region == own.global(),
        Place::Global { .. } => false,
    };
    is_there && home.account().as_str() == caller.account
}

/// The reads that every plan, apply and status begin with, which rules that hear of reads tell of.
///
/// Counted are lists once a place (long ones have more pages) and what is looked at of each resource.
pub fn own_reads(
    patterns: &[Compiled],
    listening: &BTreeSet<Region>,
    home: &Region,
    live: &[Live],
    caller: &Caller<'_>,
) -> Option<Note> {
    let readers = patterns
        .iter()
        .filter(|c| c.state == RuleState::EnabledWithAll);
    let readers: Vec<(&Compiled, EventPattern)> = readers
        .filter_map(|c| Some((c, EventPattern::from_value(&c.pattern).ok()?)))
        .collect();
    if readers.is_empty() {
        return None;
    }
    let mut heard: BTreeMap<&RuleId, usize> = BTreeMap::new();
    for (region, service, name) in reads(listening, home, live) {
        if !listening.contains(region) {
            continue;
        }
        let Some(event) = event(service, name, &Value::Null, region, caller) else {
            continue;
        };
        let is_near = region == home || *region == home.global();
        let rules: BTreeSet<&RuleId> = readers
            .iter()
            .filter(|(compiled, pattern)| (!compiled.apart || is_near) && pattern.matches(&event))
            .map(|(compiled, _)| &compiled.rule)
            .collect();
        for rule in rules {
            *heard.entry(rule).or_default() += 1;
        }
    }
    if heard.is_empty() {
        return None;
    }
    let rules = heard
        .iter()
        .map(|(rule, count)| format!("{rule} (some {count})"));
    Some(Note {
        message: format!(
            "each plan, apply and status reads, and these rules alert on it: {}",
            rules.collect::<Vec<_>>().join(", ")
        ),
        help: format!(
            "to spare whoever runs iamwatch, give them `unless: {{ {}, readOnly: true }}`",
            exception(caller.arn)
        ),
        document: None,
        loses_alerts: false,
    })
}

/// Every read, with its Region and service.
fn reads<'a>(
    listening: &'a BTreeSet<Region>,
    home: &'a Region,
    live: &'a [Live],
) -> Vec<(&'a Region, &'static str, &'static str)> {
    let global = listening.iter().find(|region| **region == home.global());
    let at = |sweep: Sweep| -> Vec<&'a Region> {
        match sweep {
            Sweep::Everywhere => listening.iter().collect(),
            Sweep::Home => vec![home],
            Sweep::Global => global.into_iter().collect(),
        }
    };
    let of_kinds = Kind::ALL.iter().filter_map(|kind| {
        let (sweep, call) = kind.facts().listed?;
        Some((
            sweep,
            kind.facts().service,
            kind.facts().recorded_name(call),
        ))
    });
    let whoami = (
        Sweep::Home,
        calls::GET_CALLER_IDENTITY.service,
        calls::GET_CALLER_IDENTITY.operation,
    );
    let regions = (
        Sweep::Global,
        calls::LIST_REGIONS.service,
        calls::LIST_REGIONS.operation,
    );
    let mut made = Vec::new();
    for (sweep, service, name) in of_kinds.chain([whoami, regions]) {
        made.extend(at(sweep).into_iter().map(|region| (region, service, name)));
    }
    for live in live {
        let region = match &live.key.place {
            Place::Regional { region, .. } => Some(region),
            Place::Global { .. } => global,
        };
        let facts = live.key.kind.facts();
        let looks = facts.looks.iter().map(|call| facts.recorded_name(call));
        made.extend(
            region
                .into_iter()
                .flat_map(|region| looks.clone().map(move |name| (region, facts.service, name))),
        );
    }
    made
}

/// Who runs iamwatch, and in which account.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The caller as STS names it.
    pub arn: &'a str,
    /// The id of the account that the caller's calls are made in.
    pub account: &'a str,
}

/// The condition that is true of one caller, whatever its session.
fn exception(caller: &str) -> String {
    let resource = caller.splitn(6, ':').nth(5).unwrap_or_default();
    let mut parts = resource.split('/');
    match (parts.next(), parts.next()) {
        (Some("assumed-role"), Some(role)) => {
            format!("userIdentity.sessionContext.sessionIssuer.userName: {role}")
        }
        _ => format!("userIdentity.arn: \"{caller}\""),
    }
}

/// A call that succeeds, as it comes to EventBridge: what is not known of it is as in the record of any call.
fn event(
    service: &str,
    name: &str,
    parameters: &Value,
    region: &Region,
    caller: &Caller<'_>,
) -> Option<Event> {
    let account = caller.account.parse::<AccountId>().ok()?;
    let setting = Setting::unsaid(&account, region);
    let mut record = cloudtrail::record(service, name, Identity::default(), &setting);
    let fields = record.as_object_mut()?;
    let known = [
        ("userIdentity", identity(caller.account, caller.arn)),
        ("requestParameters", parameters.clone()),
        // What the answer says is known to nobody yet.
        ("responseElements", Value::Null),
    ];
    fields.extend(known.map(|(field, value)| (field.to_owned(), value)));
    Event::from_value(&cloudtrail::wrap(record, &setting)).ok()
}

/// Who calls, as far as STS's ARN tells: `…:user/NAME`, `…:assumed-role/ROLE/SESSION`, `…:root`.
fn identity(account: &str, caller: &str) -> Value {
    let resource = caller.splitn(6, ':').nth(5).unwrap_or_default();
    let mut parts = resource.split('/');
    match (parts.next(), parts.next()) {
        (Some("root"), _) => json!({ "type": "Root", "arn": caller, "accountId": account }),
        (Some("assumed-role"), Some(role)) => json!({
            "type": "AssumedRole",
            "arn": caller,
            "accountId": account,
            "sessionContext": {
                "sessionIssuer": { "type": "Role", "userName": role, "accountId": account },
            },
        }),
        _ => json!({
            "type": "IAMUser",
            "arn": caller,
            "accountId": account,
            "userName": resource.rsplit('/').next(),
        }),
    }
}
