//! What is an EventBridge rule with its targets?
//!
//! | question | room |
//! |---|---|
//! | how is a pattern that thousands of accounts share kept once | `known` |

pub(super) mod aws;
mod known;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::facts::{
    ARRIVE, Affected, Facts, Impact, Managed, Ownership, Size, Stretch, Subject, Sweep, arn,
};
use super::kinds::Kind;
use super::model::{AttributeChange, DEFAULT_BUS, ResourceKey};
use super::names;
use crate::aws::{Call, calls};
use crate::compile::{InputTransformer, RuleState, differ_in_words, is_chosen_name, is_own_path};
use crate::place::{Arn, Place};

pub(crate) use aws::named;
pub use known::KnownPatterns;

/// For how long EventBridge tries to deliver an event, in seconds, unless it is told otherwise.
/// Source: `RetryPolicy` in the API reference.
pub const DEFAULT_MAX_AGE_SECONDS: i32 = 86_400;
/// How often EventBridge tries again to deliver an event, unless it is told otherwise.
pub const DEFAULT_MAX_RETRIES: i32 = 185;

/// Targets of one rule. Source: EventBridge, `eb-quota`.
const TARGETS_LIMIT: usize = 5;

/// An EventBridge rule with its targets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventRule {
    /// The name of the rule, unique on its bus.
    pub name: String,
    /// The bus it listens on.
    pub bus: String,
    /// For people in the console.
    pub description: String,
    /// What it matches; thousands of accounts share it.
    pub pattern: Arc<Value>,
    /// Whether, and whether also for read-only events.
    pub state: RuleState,
    /// Where matches go, by target id.
    pub targets: BTreeMap<String, Target>,
}

/// One target of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// A topic, the home bus, or the dispatcher: a state machine.
    pub arn: Arn,
    /// The role that EventBridge takes on; buses and state machines need one, topics none.
    pub role: Option<Arn>,
    /// What the target receives; `None`: the event itself.
    pub input: Option<InputTransformer>,
    /// How old an event may get before EventBridge gives up, in seconds (60 to 86,400).
    pub max_age_seconds: i32,
    /// How often EventBridge tries again (0 to 185).
    pub max_retries: i32,
    /// Where undeliverable events go.
    pub dead_letters: Option<Arn>,
}

pub(super) static FACTS: Facts = Facts {
    service: "events",
    // A rule cannot move to another bus.
    fixed: &["bus"],
    awaited: &[],
    write_only: &[],
    documents: &["pattern"],
    ownership: Ownership::Tag(&calls::TAG_RULE_OR_BUS),
    deletion: None,
    farewell: None,
    // Detectors too: which rules are which, their bus tells.
    stretch: Stretch::Forwarding,
    missing: Impact::Alert,
    impact,
    passes_tests,
    words,
    purpose: "the rules file asks for",
    loss,
    drift: ARRIVE,
    leftover: Some("it still alerts, or forwards, although the rules file does not ask for it"),
    listed: Some((Sweep::Everywhere, &calls::LIST_RULES)),
    looks: &[&calls::LIST_RULE_TAGS, &calls::LIST_TARGETS],
    breaks: &[
        "DeleteRule",
        "DisableRule",
        "PutRule",
        "PutTargets",
        "RemoveTargets",
        "UntagResource",
    ],
    restores: &["EnableRule", "PutRule", "PutTargets", "TagResource"],
    recorded: &[],
    subject,
};

/// The fields of a target that differ by themselves.
const OF_TARGETS: [&str; 5] = [
    "arn",
    "role",
    "max_age_seconds",
    "max_retries",
    "dead_letters",
];

/// The target that a difference is about, and which field of it; none where all of it was added or taken away. An id
/// may hold dots. Source: EventBridge, `Target`.
fn target(change: &AttributeChange) -> Option<(&str, Option<&str>)> {
    let path = change.path.strip_prefix("targets.")?;
    let whole = [&change.before, &change.after];
    if whole.iter().any(|target| target.get("arn").is_some()) {
        return Some((path, None));
    }
    let of_input = path
        .split_once(".input")
        .filter(|(_, rest)| rest.is_empty() || rest.starts_with('.'));
    if let Some((id, _)) = of_input {
        return Some((id, path.get(id.len() + 1..)));
    }
    let last = path
        .rsplit_once('.')
        .filter(|(_, field)| OF_TARGETS.contains(field));
    Some(last.map_or((path, None), |(id, field)| (id, Some(field))))
}

fn impact(change: &AttributeChange) -> Impact {
    match (change.path.as_str(), target(change)) {
        ("description", _) => Impact::Cosmetic,
        // The wider state lets everything through that the narrower one does.
        ("state", _) if change.before == RuleState::EnabledWithAll.as_str() => Impact::Cosmetic,
        // A further target of somebody takes nothing away.
        (_, Some((_, None))) if change.after.is_null() => Impact::Cosmetic,
        (_, Some((_, Some("dead_letters" | "max_age_seconds" | "max_retries")))) => {
            Impact::Safeguard
        }
        // Alerts arrive, with words of another version of the rules file.
        (_, Some((_, Some(field)))) if is_rewording(field, change) => Impact::Cosmetic,
        _ => Impact::Alert,
    }
}

/// Whether a difference of what a target receives is one between two texts of ours.
fn is_rewording(field: &str, change: &AttributeChange) -> bool {
    let (before, after) = (change.before.as_str(), change.after.as_str());
    match (field.strip_prefix("input."), before, after) {
        (Some("template"), Some(before), Some(after)) => differ_in_words(before, after),
        // One that a text of ours takes, and another of ours does not.
        (Some(path), before, after) => {
            let Some(name) = path.strip_prefix("paths.") else {
                return false;
            };
            // Of a rule that takes none, since it may be anybody's: what it breaks does not arrive.
            if after.is_none() && is_chosen_name(name) {
                return false;
            }
            let is_own = |value: Option<&str>| value.is_none_or(|path| is_own_path(name, path));
            [&change.before, &change.after]
                .iter()
                .all(|value| value.is_null() || value.is_string())
                && is_own(before)
                && is_own(after)
        }
        _ => false,
    }
}

/// A state that lets too little through does so to read-only events of AWS alone, and whether the deployed
/// pattern matches a test event is looked at by itself.
fn passes_tests(change: &AttributeChange) -> bool {
    match change.path.as_str() {
        "state" => change.before != RuleState::Disabled.as_str(),
        "pattern" => true,
        _ => false,
    }
}

fn words(change: &AttributeChange) -> Option<String> {
    let AttributeChange {
        path,
        before,
        after,
    } = change;
    match path.as_str() {
        "state" if before == "DISABLED" => return Some("it is disabled".to_owned()),
        "state" => {
            let state = before.as_str().unwrap_or("unknown");
            return Some(format!("its state is {state}"));
        }
        "pattern" => {
            return Some("its deployed pattern is not the one of the rules file".to_owned());
        }
        _ => {}
    }
    let (target, field) = target(change)?;
    Some(match (field, before, after) {
        (Some("role"), Value::Null, _) => {
            format!("its target `{target}` has no role that EventBridge could take on")
        }
        (None, Value::Null, _) => format!("its target `{target}` is missing"),
        (None, _, Value::Null) => format!("it has the target `{target}` besides"),
        (field, _, _) => {
            let field = field.unwrap_or(path);
            format!("its target `{target}` was changed ({field})")
        }
    })
}

fn loss(affected: &Affected<'_>) -> String {
    match affected.regions {
        [] if affected.forwards => "events do not come to the detectors".to_owned(),
        [] => "alerts are lost".to_owned(),
        regions => format!(
            "events of {} do not come to the detectors",
            regions.join(", ")
        ),
    }
}

fn subject(subject: &Subject<'_>) -> Value {
    let name = subject.key.name.as_str();
    let (bus, rule) = name.rsplit_once('/').unwrap_or((DEFAULT_BUS, name));
    let arn = arn(subject, "events", &format!("rule/{name}"));
    json!({ "name": rule, "rule": rule, "eventBusName": bus, "resourceARN": arn })
}

/// One write that turns a rule into another.
#[derive(Debug)]
enum Step<'a> {
    RemoveTargets(Vec<&'a str>),
    PutTargets(BTreeMap<&'a str, &'a Target>),
    PutRule,
}

impl Step<'_> {
    fn call(&self) -> &'static Call {
        match self {
            Self::RemoveTargets(_) => &calls::REMOVE_TARGETS,
            Self::PutTargets(_) => &calls::PUT_TARGETS,
            Self::PutRule => &calls::PUT_RULE,
        }
    }
}

/// What is wanted comes first, so that no event in between is lost: only as many targets go before it as must make room,
/// since a rule holds five.
fn steps<'a>(before: &'a EventRule, after: &'a EventRule) -> Vec<Step<'a>> {
    let extra = before.targets.keys();
    let mut extra: Vec<&str> = extra
        .filter(|id| !after.targets.contains_key(*id))
        .map(String::as_str)
        .collect();
    let changed = after.targets.iter();
    let changed: BTreeMap<&str, &Target> = changed
        .filter(|(id, target)| before.targets.get(*id) != Some(target))
        .map(|(id, target)| (id.as_str(), target))
        .collect();
    let new = changed
        .keys()
        .filter(|id| !before.targets.contains_key(**id));
    let most = before.targets.len() + new.count();
    let first = extra.split_off(extra.len() - extra.len().min(most.saturating_sub(TARGETS_LIMIT)));
    let mut steps = Vec::new();
    if !first.is_empty() {
        steps.push(Step::RemoveTargets(first));
    }
    if !changed.is_empty() {
        steps.push(Step::PutTargets(changed));
    }
    if !extra.is_empty() {
        steps.push(Step::RemoveTargets(extra));
    }
    if bare(before) != bare(after) {
        steps.push(Step::PutRule);
    }
    steps
}

/// A rule that has its targets still to come, or no longer.
fn bare(rule: &EventRule) -> EventRule {
    EventRule {
        targets: BTreeMap::new(),
        ..rule.clone()
    }
}

impl Managed for EventRule {
    fn name(&self) -> String {
        names::rule(&self.bus, &self.name)
    }

    fn needs(&self, place: &Place) -> Vec<ResourceKey> {
        let custom = self.bus != DEFAULT_BUS;
        let bus = custom.then(|| ResourceKey::new(place, Kind::Bus, &self.bus));
        let used = self.targets.values().flat_map(|target| {
            [
                Some(&target.arn),
                target.role.as_ref(),
                target.dead_letters.as_ref(),
            ]
        });
        bus.into_iter()
            .chain(used.flatten().filter_map(ResourceKey::of_arn))
            .collect()
    }

    /// The pattern is long; `iamwatch compile` and `--json` show it.
    fn description(&self) -> Vec<String> {
        let mut lines = vec![self.description.clone()];
        if self.state == RuleState::EnabledWithAll {
            lines.push("also for read-only events".to_owned());
        }
        lines.extend(self.targets.values().filter_map(|target| {
            let to = target.arn.resource();
            match to.strip_prefix("stateMachine:") {
                Some(machine) => Some(format!("alerts by way of {machine}")),
                None => target.role.is_none().then(|| format!("alerts {to}")),
            }
        }));
        lines
    }

    fn sizes(&self) -> Vec<Size> {
        vec![Size {
            what: "targets of",
            need: self.targets.len(),
            limit: TARGETS_LIMIT,
            help: "let the rule use fewer channels",
        }]
    }

    fn created(&self) -> Vec<&'static Call> {
        let mut made = vec![&calls::PUT_RULE];
        made.extend(bare(self).updated(self));
        made
    }

    fn updated(&self, after: &Self) -> Vec<&'static Call> {
        steps(self, after).iter().map(Step::call).collect()
    }

    fn deleted(&self) -> Vec<&'static Call> {
        let mut made = self.updated(&bare(self));
        made.push(&calls::DELETE_RULE);
        made
    }
}
