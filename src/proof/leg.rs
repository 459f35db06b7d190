//! What of an alert's way goes by the dispatcher?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Deployment;
use crate::compile::dispatched_head;
use crate::dispatcher;
use crate::place::{Arn, StackName};
use crate::placement::{DISPATCHER_TARGET, Desired};
use crate::resources::{EventRule, Kind, Live, Resource, ResourceKey, Target, names};
use crate::rules::{ChannelName, Format};

/// What EventBridge puts the event in place of.
const EVENT: &str = "<aws.events.event.json>";

/// The leg of one detector's alerts from the detector through the dispatcher to its channels.
#[derive(Debug)]
pub(super) struct Leg {
    /// The channels that the dispatcher is to tell.
    pub(super) channels: BTreeSet<ChannelName>,
    /// Without any of these the alert does not get to all of them.
    pub(super) keys: BTreeSet<ResourceKey>,
    /// What remembers, answers probes, and hears of what failed: an alert passes without it.
    pub(super) spare: BTreeSet<ResourceKey>,
    /// Our topics among `keys`, by channel.
    pub(super) topics: BTreeMap<ChannelName, ResourceKey>,
    /// The channels that are services beyond AWS.
    pub(super) services: BTreeSet<ChannelName>,
}

impl Leg {
    /// The leg of a detector as it is wanted; `None` if it does not start the dispatcher.
    pub(super) fn of(deployment: Deployment<'_>, detector: &ResourceKey) -> Option<Self> {
        let Deployment { stack, desired, .. } = deployment;
        let target = target(desired.resources.get(detector)?)?;
        let (_, told) = dispatched_head(&target.input.as_ref()?.template)?;
        let channels: BTreeSet<ChannelName> = told.into_iter().map(ChannelName).collect();
        let machine = desired.machine()?;
        let mut leg = Self {
            keys: BTreeSet::from([machine.clone()]),
            spare: BTreeSet::new(),
            topics: BTreeMap::new(),
            services: BTreeSet::new(),
            channels,
        };
        let fallback = fallback(desired, stack);
        for key in desired.resources.keys() {
            leg.add(desired, stack, key, fallback.as_ref());
        }
        Some(leg)
    }

    fn add(
        &mut self,
        desired: &Desired,
        stack: &StackName,
        key: &ResourceKey,
        fallback: Option<&ChannelName>,
    ) {
        let at_home = key.place == desired.home;
        let is_topic = |name: &ChannelName| key.name == names::topic(stack, name, Format::Text);
        let is_spare = match key.kind {
            Kind::Role => {
                if names::is_dispatcher_role(stack, &key.name) {
                    self.keys.insert(key.clone());
                }
                false
            }
            Kind::Connection => {
                let mut told = self.channels.iter();
                let channel = told.find(|name| key.name == names::connection(stack, name));
                if let Some(channel) = channel.cloned() {
                    self.services.insert(channel);
                    self.keys.insert(key.clone());
                }
                false
            }
            Kind::Topic if at_home => {
                let channel = self.channels.iter().find(|name| is_topic(name)).cloned();
                let readers = desired.subscriptions_of(key).cloned();
                match channel {
                    Some(channel) => {
                        self.topics.insert(channel, key.clone());
                        self.keys.extend(readers.chain([key.clone()]));
                        false
                    }
                    None if fallback.is_some_and(is_topic) => {
                        self.spare.extend(readers);
                        true
                    }
                    None => false,
                }
            }
            Kind::Table => true,
            Kind::Queue => at_home && key.name == names::probe_queue_of_dispatcher(stack),
            Kind::Rule => at_home && key.name == names::failed_runs_rule(stack),
            _ => false,
        };
        if is_spare {
            self.spare.insert(key.clone());
        }
    }
}

/// Whether a detector starts the dispatcher.
pub(super) fn starts_dispatcher(desired: &Desired, detector: &ResourceKey) -> bool {
    let resource = desired.resources.get(detector);
    resource.and_then(target).is_some()
}

/// The dispatcher as it is deployed: its ARN, and the digest of the definition that AWS was given last.
pub(super) fn deployed(deployment: Deployment<'_>) -> Option<(Arn, Option<String>)> {
    let key = deployment.desired.machine()?;
    let arn = names::arn_at("states", &key.place, &format!("stateMachine:{}", key.name))?;
    Some((arn, digest(live(deployment.live, key))))
}

/// The digest of the definition that the rules file asks for.
pub(super) fn wanted_digest(desired: &Desired) -> Option<String> {
    digest(desired.resources.get(desired.machine()?))
}

fn digest(machine: Option<&Resource>) -> Option<String> {
    match machine {
        Some(Resource::Machine(machine)) => {
            dispatcher::digest(&machine.definition).map(str::to_owned)
        }
        _ => None,
    }
}

/// What a detector, as it is deployed, starts the dispatcher with when an event comes; `None` where that is no JSON, or
/// it does not start it.
pub(super) fn input(
    deployment: Deployment<'_>,
    detector: &ResourceKey,
    event: &Value,
) -> Option<String> {
    let target = target(live(deployment.live, detector)?)?;
    let template = &target.input.as_ref()?.template;
    // Only what is ours: a variable of somebody's would have to be filled in.
    dispatched_head(template)?;
    let input = template.replace(EVENT, &event.to_string());
    serde_json::from_str::<Value>(&input).ok().map(|_| input)
}

fn live<'a>(live: &'a [Live], key: &ResourceKey) -> Option<&'a Resource> {
    let found = live.iter().find(|live| live.key == *key);
    found.map(|live| &live.resource)
}

fn target(resource: &Resource) -> Option<&Target> {
    match resource {
        Resource::Rule(EventRule { targets, .. }) => targets.get(DISPATCHER_TARGET),
        _ => None,
    }
}

/// The channel that hears of what another one did not take: the one that hears of runs that failed.
fn fallback(desired: &Desired, stack: &StackName) -> Option<ChannelName> {
    let rule = names::failed_runs_rule(stack);
    desired
        .resources
        .iter()
        .find_map(|(key, resource)| match resource {
            Resource::Rule(found) if key.name == rule => {
                found.targets.keys().next().cloned().map(ChannelName)
            }
            _ => None,
        })
}
