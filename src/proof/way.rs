//! What does an alert pass on its way, and who reads it?

use std::collections::BTreeSet;

use super::Deployment;
use super::leg::Leg;
use crate::place::{Arn, Place, Region};
use crate::placement::Desired;
use crate::resources::{Affected, Kind, Resource, ResourceKey, names};
use crate::rules::RuleId;

/// Everything between the bus of a Region and the readers of a detector's alerts.
#[derive(Debug)]
pub(super) struct Passed {
    keys: BTreeSet<ResourceKey>,
    leg: Option<Leg>,
}

impl Passed {
    /// These resources, of which none is spare.
    pub(super) fn all(keys: impl Iterator<Item = ResourceKey>) -> Self {
        Self {
            keys: keys.collect(),
            leg: None,
        }
    }

    /// The keys of the detector and of all it needs, subscriptions included, and of what brings it events of
    /// a Region.
    pub(super) fn of(deployment: Deployment<'_>, detector: &ResourceKey, from: &Region) -> Self {
        let desired = deployment.desired;
        let Some(rule) = rule_of(desired, detector) else {
            return Self::all(std::iter::once(detector.clone()));
        };
        let role = names::forwarder_role(deployment.stack, from);
        let probes = names::probe_queue_of_dispatcher(deployment.stack);
        let topics = targets(desired, detector);
        let topics: BTreeSet<ResourceKey> =
            topics.into_iter().filter_map(ResourceKey::of_arn).collect();
        let readers = topics
            .iter()
            .flat_map(|topic| desired.subscriptions_of(topic));
        let readers: BTreeSet<&ResourceKey> = readers.collect();
        let leg = Leg::of(deployment, detector);
        let narrowed = desired.narrowed_to(std::slice::from_ref(rule));
        let keys = narrowed.resources.into_keys().filter(|key| match key.kind {
            Kind::Rule => key == detector || (desired.is_forwarder(key) && in_region(key, from)),
            Kind::Role => key.name == role,
            Kind::Queue => {
                (key.place == desired.home || in_region(key, from)) && key.name != probes
            }
            // A rule apart has others where it stands as well, and the dispatcher those of all rules.
            Kind::Topic => topics.contains(key),
            Kind::Subscription => readers.contains(key),
            Kind::Machine | Kind::Table | Kind::Connection => false,
            _ => true,
        });
        let mut keys: BTreeSet<ResourceKey> = keys.collect();
        let of_leg = leg.iter().flat_map(|leg| leg.keys.iter().chain(&leg.spare));
        keys.extend(of_leg.cloned());
        Self { keys, leg }
    }

    /// Whether a resource is on the way.
    pub(super) fn has(&self, key: &ResourceKey) -> bool {
        self.keys.contains(key)
    }

    /// Whether an alert passes without it, as long as nothing fails.
    pub(super) fn is_spare(&self, key: &ResourceKey) -> bool {
        let leg = self.leg.as_ref();
        leg.is_some_and(|leg| leg.spare.contains(key))
    }
}

/// The rule whose detector a key is.
pub(super) fn rule_of<'a>(desired: &'a Desired, detector: &ResourceKey) -> Option<&'a RuleId> {
    let mut rules = desired.detectors.iter();
    rules
        .find(|(_, keys)| keys.contains(detector))
        .map(|(rule, _)| rule)
}

/// Readers on the way who have not agreed yet: the alert goes out, but not to them.
pub(super) fn unconfirmed(
    deployment: Deployment<'_>,
    detector: &ResourceKey,
    from: &Region,
) -> Vec<String> {
    let way = Passed::of(deployment, detector, from);
    let waiting = deployment.plan().into_iter().flat_map(|plan| &plan.waiting);
    waiting
        .filter(|key| key.kind == Kind::Subscription && way.has(key))
        .map(Affected::reader)
        .collect()
}

/// The readers of a detector's alerts that AWS hands them over to: what becomes of them there cannot be seen from here.
/// Queues are judged by themselves; who reads a topic of others is not ours to see. Services that the dispatcher calls
/// answer for themselves.
pub(super) fn handed_over(
    deployment: Deployment<'_>,
    detector: &ResourceKey,
    from: &Region,
) -> Vec<String> {
    let desired = deployment.desired;
    let way = Passed::of(deployment, detector, from);
    let waits = |key: &ResourceKey| {
        let mut plan = deployment.plan().into_iter();
        plan.any(|plan| plan.waiting.contains(key))
    };
    let readers = way
        .keys
        .iter()
        .filter_map(|key| match desired.resources.get(key)? {
            // Whoever has not confirmed gets nothing.
            Resource::Subscription(s)
                if s.protocol != "sqs" && !waits(key) && !way.is_spare(key) =>
            {
                Some(Affected::reader(key))
            }
            _ => None,
        });
    let targets = targets(desired, detector);
    let given = targets.into_iter();
    let given = given.filter(|topic| !desired.is_own_topic(topic));
    let given = given.map(|topic| format!("topic {topic}"));
    let told = way.leg.iter().flat_map(|leg| told_beyond(desired, leg));
    readers.chain(given).chain(told).collect()
}

/// The topics that the dispatcher publishes to and nobody of ours reads: a chat of Amazon Q does, or whoever has a topic
/// of others.
fn told_beyond(desired: &Desired, leg: &Leg) -> Vec<String> {
    let answered = |name| leg.services.contains(name);
    let told = leg.channels.iter().filter(|name| !answered(*name));
    let beyond = told.filter_map(|name| match leg.topics.get(name) {
        Some(topic) if desired.subscriptions_of(topic).next().is_some() => None,
        Some(topic) => Some(topic.to_string()),
        None => Some(format!("the topic of channel {}", name.0)),
    });
    beyond.collect()
}

pub(super) fn in_region(key: &ResourceKey, wanted: &Region) -> bool {
    matches!(&key.place, Place::Regional { region, .. } if region == wanted)
}

/// The topics that a detector alerts to by itself.
pub(super) fn targets<'a>(desired: &'a Desired, detector: &ResourceKey) -> Vec<&'a Arn> {
    match desired.resources.get(detector) {
        Some(Resource::Rule(rule)) => {
            let targets = rule.targets.values().map(|target| &target.arn);
            targets.filter(|arn| arn.service() == "sns").collect()
        }
        _ => Vec::new(),
    }
}
