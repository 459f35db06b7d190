//! Which resource must exist where: from rules and patterns to the desired state of an account.

mod dispatching;
mod given;
mod home;
mod member;
mod spokes;
mod topology;
mod trail;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::compile::Compiled;
use crate::diagnostic::Diagnostic;
use crate::organization::Organization;
use crate::place::{AccountId, Arn, Place, Region};
use crate::resources::queue::LARGEST_MESSAGE;
use crate::resources::{
    AccountFacts, DEFAULT_BUS, GivenTopic, Kind, Queue, Resource, ResourceKey, Stretch, names,
    policy,
};
use crate::rules::{ChannelName, RuleId, RulesFile};

pub use dispatching::DISPATCHER_TARGET;
pub use given::unfit_topic;
pub use member::Spokes;
pub use topology::{Topology, listening};
pub use trail::{Missed, Needs, TrailSource, Unfit, Unrecorded, feeds};

/// SQS keeps messages for 14 days at most; dead letters are kept as long as that.
const FOURTEEN_DAYS: u32 = 14 * 24 * 60 * 60;

/// What a rules file asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// Where alerts are raised.
    pub home: Place,
    /// Where events are listened to.
    pub topology: Topology,
    /// Which trail feeds them.
    pub feed: TrailSource,
    /// Every resource, by key.
    pub resources: BTreeMap<ResourceKey, Resource>,
    /// The detectors of each rule.
    pub detectors: BTreeMap<RuleId, Vec<ResourceKey>>,
    /// The rules whose detectors stand on default buses of home, and need nothing that brings events there.
    pub apart: BTreeSet<RuleId>,
    /// Queues of others that must let one of our topics in.
    pub receivers: Vec<Receiver>,
    /// Topics of others that our rules publish to, by the channel that names each.
    pub given_topics: BTreeMap<ChannelName, GivenTopic>,
}

/// A queue that iamwatch does not own, and the topic that sends to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// The channel that names the queue.
    pub channel: ChannelName,
    /// The ARN of the queue.
    pub queue: Arn,
    /// The ARN of our topic that sends to it.
    pub topic: Arn,
}

/// Places every pattern and everything that its alerts need.
///
/// # Errors
/// A Region that cannot be listened to.
pub fn desired(
    file: &RulesFile,
    compiled: &[Compiled],
    account_facts: &AccountFacts,
) -> Result<Desired, Diagnostic> {
    let account = Account {
        file,
        account: &account_facts.account,
        home: &account_facts.account,
        organization: account_facts.organization.as_ref(),
        listed_names: &account_facts.account_names,
    };
    let topology = Topology::of(
        file,
        compiled,
        account_facts,
        listening(file, account_facts)?,
    );
    topology.can_be_reached(file)?;
    let feed = TrailSource::chosen(file, compiled, account_facts, &topology.listening);
    let mut desired = Desired {
        home: account.home(),
        topology,
        feed,
        resources: BTreeMap::new(),
        detectors: BTreeMap::new(),
        apart: BTreeSet::new(),
        receivers: Vec::new(),
        given_topics: BTreeMap::new(),
    };
    account.add_trail(&mut desired);
    account.add_hub(&mut desired);
    account.add_spokes(&mut desired);
    for pattern in compiled {
        let Some(rule) = file.rules.iter().find(|rule| rule.id == pattern.rule) else {
            continue;
        };
        account.add_detectors(&mut desired, pattern, rule);
    }
    account.add_dispatcher(&mut desired);
    desired
        .receivers
        .sort_by(|a, b| (&a.queue, &a.topic).cmp(&(&b.queue, &b.topic)));
    desired.receivers.dedup();
    Ok(desired)
}

/// A rules file in one account.
struct Account<'a> {
    file: &'a RulesFile,
    account: &'a AccountId,
    /// The account in which alerts are raised.
    home: &'a AccountId,
    /// The organization, if all of it is watched.
    organization: Option<&'a Organization>,
    /// What the organization calls its accounts.
    listed_names: &'a BTreeMap<AccountId, String>,
}

impl Account<'_> {
    fn at(&self, region: &Region) -> Place {
        Place::Regional {
            account: self.account.clone(),
            region: region.clone(),
        }
    }

    fn home(&self) -> Place {
        Place::Regional {
            account: self.home.clone(),
            region: self.file.home.region.clone(),
        }
    }

    /// Where IAM's resources are.
    fn everywhere(&self) -> Place {
        Place::Global {
            account: self.account.clone(),
        }
    }

    /// What people call accounts: the rules file says it over the organization.
    fn account_names(&self) -> BTreeMap<AccountId, String> {
        let mut names = self.listed_names.clone();
        names.extend(self.file.account_names.clone());
        names
    }

    fn arn_at_home(&self, service: &str, resource: &str) -> Option<Arn> {
        names::arn(service, &self.file.home.region, self.home, resource)
    }

    /// The ARNs of all our rules in a Region, for policies: those on the default bus, and those on the home
    /// bus. Both always, so that a deployment can grow from one into the other without losing an alert.
    fn rules(&self, region: &Region) -> Vec<String> {
        vec![
            self.rules_on_default_bus(region),
            self.rules_on(region, &format!("{}/", names::whole(&self.file.name))),
        ]
    }

    fn rules_on_default_bus(&self, region: &Region) -> String {
        self.rules_on(region, "")
    }

    /// The ARN of all our rules on a bus, which stands before a slash; the default bus goes without saying.
    fn rules_on(&self, region: &Region, bus: &str) -> String {
        format!(
            "arn:{}:events:{region}:{}:rule/{bus}{}*",
            region.partition(),
            self.account,
            names::prefix(&self.file.name)
        )
    }

    fn add(&self, desired: &mut Desired, place: &Place, resource: Resource) -> ResourceKey {
        let key = resource.key(place);
        desired.resources.insert(key.clone(), resource);
        key
    }

    /// The queue for what our rules in a Region cannot deliver: it must be where the rules are.
    fn add_dead_letters(&self, desired: &mut Desired, region: &Region) -> Option<Arn> {
        let name = names::dead_letters(&self.file.name);
        let arn = names::arn("sqs", region, self.account, &name)?;
        let policy = policy::for_our_rules("sqs:SendMessage", &arn, &self.rules(region));
        self.add_queue(desired, &self.at(region), name, policy);
        Some(arn)
    }

    /// A queue in which others may leave what they cannot deliver. SQS encrypts it with a key of its own, which every
    /// service may use that the policy lets in.
    fn add_queue(&self, desired: &mut Desired, place: &Place, name: String, policy: Value) {
        let queue = Queue {
            name,
            policy,
            retention_seconds: FOURTEEN_DAYS,
            encrypted: true,
            max_message_bytes: LARGEST_MESSAGE,
            delay_seconds: 0,
        };
        self.add(desired, place, Resource::Queue(queue));
    }
}

impl Desired {
    /// Nothing at all: what `destroy` asks for.
    #[must_use]
    pub fn nothing(&self) -> Self {
        Self {
            resources: BTreeMap::new(),
            detectors: BTreeMap::new(),
            receivers: Vec::new(),
            given_topics: BTreeMap::new(),
            ..self.clone()
        }
    }

    /// The keys of all resources that must exist.
    pub fn keys(&self) -> Vec<ResourceKey> {
        self.resources.keys().cloned().collect()
    }

    /// Whether a topic is one of ours.
    pub fn is_own_topic(&self, topic: &Arn) -> bool {
        ResourceKey::of_arn(topic).is_some_and(|key| self.resources.contains_key(&key))
    }

    /// The rules whose alerts go to a topic, ours or given.
    pub fn rules_to(&self, topic: &Arn) -> Vec<RuleId> {
        let sends = |key: &ResourceKey| match self.resources.get(key) {
            Some(Resource::Rule(rule)) => rule.targets.values().any(|t| t.arn == *topic),
            _ => false,
        };
        let rules = self.detectors.iter();
        rules
            .filter(|(_, keys)| keys.iter().any(sends))
            .map(|(rule, _)| rule.clone())
            .collect()
    }

    /// The topics of others, narrowed to the rules that publish to them among some resources.
    fn given_to(&self, wanted: &BTreeSet<ResourceKey>) -> BTreeMap<ChannelName, GivenTopic> {
        let wanted: BTreeSet<Arn> = wanted.iter().filter_map(names::rule_arn).collect();
        let mut topics = self.given_topics.clone();
        for topic in topics.values_mut() {
            topic.rules.retain(|rule| wanted.contains(rule));
        }
        topics.retain(|_, topic| !topic.rules.is_empty());
        topics
    }

    /// The key of somebody's own that encrypts our topics, all of them. One of ours is named by its alias.
    pub fn given_key(&self) -> Option<Arn> {
        self.resources.values().find_map(|resource| match resource {
            Resource::Topic(topic) => topic.kms_key.as_deref()?.parse().ok(),
            _ => None,
        })
    }

    /// Every Region in which something stands.
    pub fn regions(&self) -> BTreeSet<Region> {
        let region = |key: &ResourceKey| match &key.place {
            Place::Regional { region, .. } => Some(region.clone()),
            Place::Global { .. } => None,
        };
        self.resources.keys().filter_map(region).collect()
    }

    /// Only what some rules need: their detectors, what carries their alerts, and what brings them events.
    #[must_use]
    pub fn narrowed_to(&self, rules: &[RuleId]) -> Self {
        let detectors = rules.iter().filter_map(|rule| self.detectors.get(rule));
        let mut wanted: BTreeSet<ResourceKey> = detectors.flatten().cloned().collect();
        let carried = rules.iter().any(|rule| !self.apart.contains(rule));
        let brings = |key: &ResourceKey, resource: &Resource| match resource {
            Resource::Bus(_) => carried,
            Resource::Rule(_) => {
                carried && (self.is_forwarder(key) || names::is_failed_runs_rule(&key.name))
            }
            // What else a forwarder needs comes with it.
            other => other.kind().facts().stretch == Stretch::Feed,
        };
        if !wanted.is_empty() {
            let bring = self.resources.iter().filter(|(k, r)| brings(k, r));
            wanted.extend(bring.map(|(key, _)| key.clone()));
        }
        self.only(wanted, |rule| rules.contains(rule))
    }

    /// Only what stands in one Region, and what that needs elsewhere.
    #[must_use]
    pub fn narrowed_to_region(&self, wanted: &Region) -> Self {
        let here = self
            .resources
            .keys()
            .filter(|key| matches!(&key.place, Place::Regional { region, .. } if region == wanted));
        self.only(here.cloned().collect(), |rule| {
            let keys = self.detectors.get(rule).into_iter().flatten();
            keys.into_iter()
                .any(|key| matches!(&key.place, Place::Regional { region, .. } if region == wanted))
        })
    }

    /// These resources, all that they need, and the readers of their topics.
    fn only(&self, mut wanted: BTreeSet<ResourceKey>, rules: impl Fn(&RuleId) -> bool) -> Self {
        let mut open: Vec<ResourceKey> = wanted.iter().cloned().collect();
        while let Some(key) = open.pop() {
            let Some(resource) = self.resources.get(&key) else {
                continue;
            };
            let needs = resource.needs(&key.place).into_iter();
            let found: Vec<ResourceKey> = needs
                .filter(|key| self.resources.contains_key(key))
                .chain(self.subscriptions_of(&key).cloned())
                .filter(|key| !wanted.contains(key))
                .collect();
            wanted.extend(found.iter().cloned());
            open.extend(found);
        }
        let is_wanted_topic =
            |arn: &Arn| ResourceKey::of_arn(arn).is_some_and(|key| wanted.contains(&key));
        Self {
            home: self.home.clone(),
            topology: self.topology.clone(),
            feed: self.feed.clone(),
            resources: self
                .resources
                .iter()
                .filter(|(key, _)| wanted.contains(key))
                .map(|(key, resource)| (key.clone(), resource.clone()))
                .collect(),
            detectors: self
                .detectors
                .iter()
                .filter(|(rule, _)| rules(rule))
                .map(|(rule, keys)| {
                    let keys = keys.iter().filter(|key| wanted.contains(key));
                    (rule.clone(), keys.cloned().collect())
                })
                .collect(),
            apart: self.apart.clone(),
            receivers: self
                .receivers
                .iter()
                .filter(|receiver| is_wanted_topic(&receiver.topic))
                .cloned()
                .collect(),
            given_topics: self.given_to(&wanted),
        }
    }

    /// Whether a key is that of a forwarder.
    pub fn is_forwarder(&self, key: &ResourceKey) -> bool {
        key.kind == Kind::Rule && names::is_forwarder(&key.name)
    }

    /// The dispatcher, where there is one.
    pub fn machine(&self) -> Option<&ResourceKey> {
        let mut keys = self.resources.keys();
        keys.find(|key| key.kind == Kind::Machine)
    }

    /// Whether a key is that of a detector of a rule apart.
    pub fn is_apart(&self, key: &ResourceKey) -> bool {
        let mut apart = self.apart.iter();
        apart.any(|rule| {
            self.detectors
                .get(rule)
                .is_some_and(|keys| keys.contains(key))
        })
    }

    /// The default buses that rules of ours stand on, forwarders included, and which.
    pub fn on_default_buses(&self) -> BTreeMap<Place, Vec<ResourceKey>> {
        let mut buses: BTreeMap<Place, Vec<ResourceKey>> = BTreeMap::new();
        for (key, resource) in &self.resources {
            if matches!(resource, Resource::Rule(rule) if rule.bus == DEFAULT_BUS) {
                buses
                    .entry(key.place.clone())
                    .or_default()
                    .push(key.clone());
            }
        }
        buses
    }

    /// Where detectors stand: home, and where those of rules apart do.
    pub fn raised_at(&self) -> BTreeSet<Place> {
        let keys = self.detectors.values().flatten();
        let places = keys.map(|key| key.place.clone());
        places.chain([self.home.clone()]).collect()
    }

    /// The subscriptions to a topic; of what is none, nothing.
    pub fn subscriptions_of<'a>(
        &'a self,
        topic: &'a ResourceKey,
    ) -> impl Iterator<Item = &'a ResourceKey> {
        let is_topic = topic.kind == Kind::Topic;
        self.resources
            .iter()
            .filter_map(move |(key, resource)| match resource {
                Resource::Subscription(s)
                    if is_topic && key.place == topic.place && s.topic.resource() == topic.name =>
                {
                    Some(key)
                }
                _ => None,
            })
    }
}
