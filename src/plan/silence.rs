//! Rules that are heard by somebody today, and after an apply by nobody who has confirmed.

use std::collections::BTreeSet;

use super::Note;
use crate::compile::told_channels;
use crate::place::{AccountId, Arn, Place, Region, StackName};
use crate::placement::Desired;
use crate::resources::{Connection, Kind, Live, Owner, Resource, ResourceKey, Target, names};
use crate::rules::{ChannelName, Format, RuleId};

/// The rules that would lose their last reader who hears them: a changed address, form or set of channels does that. `deaf`
/// are topics behind which something of others lets nothing through.
pub fn silenced(desired: &Desired, live: &[Live], prune: bool, deaf: &[Arn]) -> Vec<RuleId> {
    let standing = || live.iter().map(|live| &live.resource);
    let topics = Topics {
        today: heard_today(live),
        after: heard_after(desired, live, prune),
        ours: live
            .iter()
            .filter(|live| live.owner == Owner::Ours)
            .filter_map(|live| match &live.resource {
                Resource::Topic(_) => live.handle.as_deref()?.parse().ok(),
                _ => None,
            })
            .collect(),
        deaf,
        ours_after: desired
            .resources
            .iter()
            .filter(|(_, resource)| matches!(resource, Resource::Topic(_)))
            .filter_map(|(key, _)| topic_arn(key))
            .collect(),
        connected: connections(standing())
            .filter(|connection| connection.is_authorized())
            .map(|connection| connection.name.as_str())
            .collect(),
        connected_after: connections(desired.resources.values())
            .map(|connection| connection.name.as_str())
            .collect(),
        connections: connections(standing().chain(desired.resources.values()))
            .map(|connection| connection.name.as_str())
            .collect(),
    };
    let rules = desired.detectors.iter();
    let silent = rules.filter(|(_, keys)| {
        let mut stands = live.iter().filter(|live| is_detector_of(live, keys));
        // Each is held against itself: one that nobody hears yet, in whatever Region, has nobody to lose.
        stands.any(|live| topics.hear_today(live) && !topics.hear_on(desired, prune, live, keys))
    });
    silent.map(|(rule, _)| rule.clone()).collect()
}

/// What a plan says of such rules.
pub fn note(silenced: &[RuleId]) -> Option<Note> {
    let names: Vec<&str> = silenced.iter().map(|rule| rule.0.as_str()).collect();
    (!names.is_empty()).then(|| Note {
        message: format!(
            "heard today, and by nobody until a new receiver confirms: {}",
            names.join(", ")
        ),
        help: "add the new channel first and keep the old one, let the new one be confirmed, and only then remove the old \
               one; apply asks before it goes on"
            .to_owned(),
        document: None,
        loses_alerts: true,
    })
}

/// Which topics somebody reads.
struct Topics<'a> {
    /// Of ours, now.
    today: BTreeSet<&'a Arn>,
    /// Of ours, once the plan is carried out.
    after: BTreeSet<&'a Arn>,
    /// All of ours that stand.
    ours: BTreeSet<Arn>,
    /// All of ours once the plan is carried out.
    ours_after: BTreeSet<Arn>,
    /// Those behind which nothing is let through.
    deaf: &'a [Arn],
    /// Our connections that can be used now, by name.
    connected: BTreeSet<&'a str>,
    /// Our connections once the plan is carried out.
    connected_after: BTreeSet<&'a str>,
    /// All of ours, in whatever state.
    connections: BTreeSet<&'a str>,
}

/// What reads at one time.
struct At<'a> {
    heard: &'a BTreeSet<&'a Arn>,
    /// All topics of ours.
    topics: &'a BTreeSet<Arn>,
    connected: &'a BTreeSet<&'a str>,
}

impl Topics<'_> {
    /// Whether somebody hears a detector that stands. A topic of others needs nobody's confirmation that we would know of.
    fn hear_today(&self, live: &Live) -> bool {
        let hears = |topic: &Arn| self.today.contains(topic) || !self.ours.contains(topic);
        match &live.resource {
            Resource::Rule(rule) => {
                let at = At {
                    heard: &self.today,
                    topics: &self.ours,
                    connected: &self.connected,
                };
                let mut targets = rule.targets.values();
                targets.any(|target| match target.arn.service() {
                    "sns" => self.gets(&target.arn, hears),
                    "states" => self.is_told(target, &at),
                    _ => false,
                })
            }
            _ => false,
        }
    }

    /// Whether somebody hears a detector that stands, or what takes its place, once the plan is carried out.
    fn hear_on(&self, desired: &Desired, prune: bool, live: &Live, wanted: &[ResourceKey]) -> bool {
        let after = |key: &ResourceKey| self.hear_after(desired, key);
        if desired.resources.contains_key(&live.key) {
            return after(&live.key);
        }
        if !prune && !super::is_moved(live, desired) {
            // It stays, and so does what it sends to.
            return true;
        }
        let is_here = |key: &&ResourceKey| key.place == live.key.place;
        if wanted.iter().any(|key| is_here(&key)) {
            return wanted.iter().filter(is_here).all(after);
        }
        // Home has moved: all of the rule's take its place.
        wanted.iter().all(after)
    }

    /// Whether somebody hears a detector once the plan is carried out.
    fn hear_after(&self, desired: &Desired, key: &ResourceKey) -> bool {
        let hears = |topic: &Arn| self.after.contains(topic) || !desired.is_own_topic(topic);
        match desired.resources.get(key) {
            Some(Resource::Rule(rule)) => {
                let at = At {
                    heard: &self.after,
                    topics: &self.ours_after,
                    connected: &self.connected_after,
                };
                let mut targets = rule.targets.values();
                targets.any(|target| match target.arn.service() {
                    "states" => self.is_told(target, &at),
                    _ => self.gets(&target.arn, hears),
                })
            }
            _ => false,
        }
    }

    /// Whether somebody hears of what a target hands to the dispatcher: by one of the channels that its template names.
    fn is_told(&self, target: &Target, at: &At<'_>) -> bool {
        let Some((topics, connections)) = told(target) else {
            return false;
        };
        let unheard = |topic: &Arn| self.deaf.contains(topic);
        topics
            .into_iter()
            .zip(connections)
            .any(|(topic, connection)| {
                if at.topics.contains(&topic) {
                    return at.heard.contains(&topic) && !unheard(&topic);
                }
                // A topic of others needs nobody's confirmation that we would know of.
                at.connected.contains(connection.as_str())
                    || !self.connections.contains(connection.as_str())
            })
    }

    fn gets(&self, topic: &Arn, hears: impl Fn(&Arn) -> bool) -> bool {
        hears(topic) && !self.deaf.contains(topic)
    }
}

fn connections<'a>(
    resources: impl Iterator<Item = &'a Resource>,
) -> impl Iterator<Item = &'a Connection> {
    resources.filter_map(|resource| match resource {
        Resource::Connection(connection) => Some(connection),
        _ => None,
    })
}

fn topic_arn(key: &ResourceKey) -> Option<Arn> {
    match &key.place {
        Place::Regional { account, region } => names::arn("sns", region, account, &key.name),
        Place::Global { .. } => None,
    }
}

/// The topic and the connection that each channel of a target's template has, if it is of that kind.
fn told(target: &Target) -> Option<(Vec<Arn>, Vec<String>)> {
    let channels = told_channels(&target.input.as_ref()?.template)?;
    let machine = target.arn.resource().strip_prefix("stateMachine:")?;
    let stack: StackName = machine.strip_prefix("iamwatch-")?.parse().ok()?;
    let region: Region = target.arn.region().parse().ok()?;
    let account: AccountId = target.arn.account().parse().ok()?;
    let names = channels.into_iter().map(ChannelName);
    let both = names.filter_map(|name| {
        let topic = names::topic(&stack, &name, Format::Text);
        let topic = names::arn("sns", &region, &account, &topic)?;
        Some((topic, names::connection(&stack, &name)))
    });
    Some(both.unzip())
}

/// Whether something that stands is a detector of the rule that these are wanted for, whichever bus it is on and into how
/// many parts it is cut.
fn is_detector_of(live: &Live, wanted: &[ResourceKey]) -> bool {
    live.owner == Owner::Ours
        && live.key.kind == Kind::Rule
        && wanted
            .iter()
            .any(|key| detector(key) == detector(&live.key))
}

/// A detector without its bus and its part.
fn detector(key: &ResourceKey) -> &str {
    names::unsplit(key.name.rsplit('/').next().unwrap_or_default())
}

fn heard_today(live: &[Live]) -> BTreeSet<&Arn> {
    let subscriptions = live.iter().filter_map(|live| match &live.resource {
        Resource::Subscription(s) if s.confirmed => Some(&s.topic),
        _ => None,
    });
    subscriptions.collect()
}

/// Topics with a receiver that hears them; one that is to be created counts if nobody need confirm it.
fn heard_after<'a>(desired: &'a Desired, live: &'a [Live], prune: bool) -> BTreeSet<&'a Arn> {
    let now = |key: &ResourceKey| {
        let mut live = live.iter();
        live.find(|live| live.key == *key)
            .map(|live| &live.resource)
    };
    let wanted = desired.resources.iter();
    let mut heard: BTreeSet<&Arn> = wanted
        .filter_map(|(key, resource)| match (resource, now(key)) {
            (Resource::Subscription(wanted), Some(Resource::Subscription(s))) => {
                s.confirmed.then_some(&wanted.topic)
            }
            (Resource::Subscription(wanted), None) => {
                let asks = ["email", "https"].contains(&wanted.protocol.as_str());
                (!asks).then_some(&wanted.topic)
            }
            _ => None,
        })
        .collect();
    if !prune {
        // What is no longer wanted stays, and hears what still goes to its topic.
        heard.extend(heard_today(live));
    }
    heard
}
