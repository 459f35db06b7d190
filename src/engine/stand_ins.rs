//! What stands for rules that cannot be read: what AWS has of them.
//!
//! Nobody knows what such a rule asks for. What is deployed of it is neither unwanted nor found wrong: it is taken as it
//! stands, and what brings events goes on bringing those that it hears.

use std::collections::{BTreeMap, BTreeSet};

use super::workspace::Workspace;
use crate::check::BrokenRule;
use crate::compile::{self, Compiled, Names};
use crate::diagnostic::{Sources, printable, shown};
use crate::health::{Finding, Weight};
use crate::place::{Arn, Place};
use crate::placement::Desired;
use crate::resources::{EventRule, Kind, Live, Owner, Resource, ResourceKey, names};
use crate::rules::{Channel, ChannelName, Endpoint, RuleId, Severity};

/// A deployed detector that may be that of a rule which cannot be read.
pub(super) struct StandIn {
    /// What it hears.
    pub pattern: Compiled,
    /// Which resource it is.
    key: ResourceKey,
}

/// The detectors of ours that no rule which can be read ever had. `desired`: what those ask for.
pub(super) fn found(rules: &Workspace, desired: &Desired, live: &[Live]) -> Vec<StandIn> {
    let stack = &rules.file.name;
    let readable = rules.file.rules.iter();
    let readable = readable.map(|rule| names::detector(stack, &rule.id, None));
    let mut others: BTreeSet<String> = readable.collect();
    others.insert(names::forwarder(stack, None));
    let stand_in = |live: &Live| {
        let Resource::Rule(detector) = &live.resource else {
            return None;
        };
        let is_known = others.contains(names::unsplit(&detector.name));
        let is_candidate = live.owner == Owner::Ours
            && is_seat(&live.key.place, &desired.home)
            && !desired.resources.contains_key(&live.key);
        (is_candidate && !is_known).then(|| StandIn {
            pattern: heard(rules, detector),
            key: live.key.clone(),
        })
    };
    live.iter().filter_map(stand_in).collect()
}

/// Whether detectors may stand at a place: at home, and those of rules apart where home's global services are.
fn is_seat(place: &Place, home: &Place) -> bool {
    match (place, home) {
        (Place::Regional { region, .. }, Place::Regional { region: own, .. }) => {
            place.account() == home.account() && (region == own || *region == own.global())
        }
        _ => false,
    }
}

/// What a deployed detector hears, as if it were compiled.
fn heard(rules: &Workspace, detector: &EventRule) -> Compiled {
    let whole = names::unsplit(&detector.name);
    let part = detector.name.strip_prefix(whole);
    let part = part.and_then(|rest| rest.strip_prefix('_')?.parse().ok());
    let pattern = (*detector.pattern).clone();
    Compiled {
        rule: rule(rules, whole),
        title: detector.description.clone(),
        severity: Severity::default(),
        part,
        state: compile::needed_state(&pattern),
        pattern,
        names: Names::Free,
        apart: detector
            .targets
            .values()
            .any(|target| names::is_apart_topic(&rules.file.name, target.arn.resource())),
    }
}

/// The rule whose detector has that name.
fn rule(rules: &Workspace, detector: &str) -> RuleId {
    let stack = &rules.file.name;
    let broken = rules.broken.iter();
    let mut named = broken.filter_map(|rule| rule.name.clone().map(RuleId));
    let found = named.find(|id| names::detector(stack, id, None) == detector);
    found.unwrap_or_else(|| {
        let prefix = names::prefix(stack);
        let id = detector.strip_prefix(&prefix).unwrap_or(detector);
        RuleId(id.replace('.', "/"))
    })
}

/// Asks for what is deployed of rules that cannot be read, and of what their alerts need, as it stands.
pub(super) fn keep(
    desired: &mut Desired,
    stand_ins: &[StandIn],
    live: &[Live],
    channels: &BTreeMap<ChannelName, Channel>,
) {
    let is_given = |topic: &Arn| {
        let mut channels = channels.values();
        channels.any(|channel| matches!(&channel.endpoint, Endpoint::Sns(given) if given == topic))
    };
    let ours = live.iter().filter(|live| live.owner == Owner::Ours);
    let ours: BTreeMap<&ResourceKey, &Live> = ours.map(|live| (&live.key, live)).collect();
    let mut open = Vec::new();
    for StandIn { pattern, key } in stand_ins {
        let Some(Resource::Rule(detector)) = ours.get(key).map(|live| &live.resource) else {
            continue;
        };
        let mut detector = detector.clone();
        // Whatever the rule asks for, it is not that others hear its alerts.
        detector.targets.retain(|_, target| {
            let key = ResourceKey::of_arn(&target.arn);
            key.is_some_and(|key| ours.contains_key(&key)) || is_given(&target.arn)
        });
        let resource = Resource::Rule(detector);
        open.extend(resource.needs(&key.place));
        desired.resources.insert(key.clone(), resource);
        if pattern.apart {
            desired.apart.insert(pattern.rule.clone());
        }
        let detectors = desired.detectors.entry(pattern.rule.clone());
        detectors.or_default().push(key.clone());
    }
    while let Some(key) = open.pop() {
        let Some(found) = ours.get(&key) else {
            continue;
        };
        if desired.resources.contains_key(&key) {
            continue;
        }
        open.extend(found.resource.needs(&key.place));
        let hears = |other: &&&Live| match &other.resource {
            Resource::Subscription(read) => {
                key.kind == Kind::Topic
                    && key.place == other.key.place
                    && key.name == read.topic.resource()
            }
            _ => false,
        };
        let readers = ours.values().filter(hears);
        open.extend(readers.map(|reader| reader.key.clone()));
        desired.resources.insert(key, found.resource.clone());
    }
}

/// What `status` says of a rule that cannot be read.
pub(super) fn unjudged(rule: &BrokenRule, sources: &Sources) -> Finding {
    let (file, line, column) = sources.position(rule.problem.span);
    Finding {
        weight: Weight::Unknown,
        place: None,
        what: match &rule.name {
            Some(name) => format!("rule {}", shown(name)),
            None => "rules that cannot be found".to_owned(),
        },
        problem: format!(
            "not judged, for {}:{line}:{column} is wrong: {}",
            printable(file),
            rule.problem.message
        ),
        since: None,
        consequence: "what is deployed of it is taken as it stands".to_owned(),
        rules: Vec::new(),
        remedy: "correct the rules file: `iamwatch check` lists all that is wrong with it"
            .to_owned(),
        document: None,
    }
}
