//! Which resource must exist where: from rules and patterns to the desired state.
//!
//! One account and one Region for now: everything stands on the default bus at home.

use std::collections::BTreeMap;

use crate::compile::Compiled;
use crate::place::{AccountId, Arn, Place, Region};
use crate::resources::{
    DEFAULT_BUS, EventRule, Key, Kind, Queue, Resource, Subscription, Target, Topic, events, names,
    policy,
};
use crate::rules::{Channel, ChannelName, Endpoint, Format, QueueRef, RuleId, RulesFile};

/// SQS keeps messages for 14 days at most; dead letters are kept as long as that.
const FOURTEEN_DAYS: u32 = 14 * 24 * 60 * 60;

/// What a rules file asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// Where alerts are raised.
    pub home: Place,
    /// Every resource, by key.
    pub resources: BTreeMap<Key, Resource>,
    /// The detectors of each rule.
    pub detectors: BTreeMap<RuleId, Vec<Key>>,
    /// Queues of others that must let one of our topics in.
    pub receivers: Vec<Receiver>,
}

/// A queue that iamwatch does not own, and the topic that sends to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// The channel that names the queue.
    pub channel: ChannelName,
    /// The queue.
    pub queue: Arn,
    /// Our topic.
    pub topic: Arn,
}

/// Places every pattern and everything that its alerts need.
pub fn desired(file: &RulesFile, compiled: &[Compiled], account: &AccountId) -> Desired {
    let home = Home {
        file,
        account,
        region: &file.home.region,
    };
    let mut desired = Desired {
        home: home.place(),
        resources: BTreeMap::new(),
        detectors: BTreeMap::new(),
        receivers: Vec::new(),
    };
    for pattern in compiled {
        let Some(rule) = file.rules.iter().find(|rule| rule.id == pattern.rule) else {
            continue;
        };
        home.add_detector(&mut desired, pattern, &rule.channels);
    }
    desired
        .receivers
        .sort_by(|a, b| (&a.queue, &a.topic).cmp(&(&b.queue, &b.topic)));
    desired.receivers.dedup();
    desired
}

impl Desired {
    /// Only what some rules need.
    #[must_use]
    pub fn narrowed_to(&self, rules: &[RuleId]) -> Self {
        let mut wanted: Vec<Key> = rules
            .iter()
            .filter_map(|rule| self.detectors.get(rule))
            .flatten()
            .cloned()
            .collect();
        let mut next = 0;
        while let Some(resource) = wanted.get(next).and_then(|key| self.resources.get(key)) {
            let needs = resource.needs();
            let found: Vec<Key> = self
                .resources
                .keys()
                .filter(|key| {
                    needs
                        .iter()
                        .any(|(kind, name)| key.kind == *kind && key.name == *name)
                })
                .chain(self.subscriptions_of(wanted.get(next)))
                .filter(|key| !wanted.contains(key))
                .cloned()
                .collect();
            wanted.extend(found);
            next += 1;
        }
        let topics: Vec<&str> = wanted
            .iter()
            .filter(|key| key.kind == Kind::Topic)
            .map(|key| key.name.as_str())
            .collect();
        Self {
            home: self.home.clone(),
            resources: self
                .resources
                .iter()
                .filter(|(key, _)| wanted.contains(key))
                .map(|(key, resource)| (key.clone(), resource.clone()))
                .collect(),
            detectors: self
                .detectors
                .iter()
                .filter(|(rule, _)| rules.contains(rule))
                .map(|(rule, keys)| (rule.clone(), keys.clone()))
                .collect(),
            receivers: self
                .receivers
                .iter()
                .filter(|receiver| topics.contains(&receiver.topic.resource()))
                .cloned()
                .collect(),
        }
    }

    fn subscriptions_of(&self, topic: Option<&Key>) -> impl Iterator<Item = &Key> {
        let topic = topic
            .filter(|key| key.kind == Kind::Topic)
            .map(|key| key.name.clone());
        self.resources
            .iter()
            .filter_map(move |(key, resource)| match resource {
                Resource::Subscription(s) if Some(s.topic.resource()) == topic.as_deref() => {
                    Some(key)
                }
                _ => None,
            })
    }
}

struct Home<'a> {
    file: &'a RulesFile,
    account: &'a AccountId,
    region: &'a Region,
}

impl Home<'_> {
    fn place(&self) -> Place {
        Place::Regional {
            account: self.account.clone(),
            region: self.region.clone(),
        }
    }

    fn arn(&self, service: &str, resource: &str) -> Option<Arn> {
        names::arn(service, self.region, self.account, resource)
    }

    /// The ARNs of all our rules here, for policies.
    fn rule_arns(&self) -> String {
        format!(
            "arn:{}:events:{}:{}:rule/{}*",
            self.region.partition(),
            self.region,
            self.account,
            names::prefix(&self.file.name)
        )
    }

    fn add(&self, desired: &mut Desired, resource: Resource) -> Key {
        let key = resource.key(&self.place());
        desired.resources.insert(key.clone(), resource);
        key
    }

    fn add_detector(&self, desired: &mut Desired, pattern: &Compiled, channels: &[ChannelName]) {
        let dead_letters = self.add_dead_letters(desired);
        let mut targets = BTreeMap::new();
        for (format, id) in [(Format::Text, "text"), (Format::Json, "json")] {
            let channels: Vec<ChannelName> = channels
                .iter()
                .filter(|name| self.channel(name).is_some_and(|c| c.format == format))
                .cloned()
                .collect();
            if channels.is_empty() {
                continue;
            }
            let Some(topic) = self.add_topic(desired, &channels, format) else {
                continue;
            };
            targets.insert(
                id.to_owned(),
                Target {
                    arn: topic,
                    input: Some(pattern.message(format)),
                    max_age_seconds: events::DEFAULT_MAX_AGE_SECONDS,
                    max_retries: events::DEFAULT_MAX_RETRIES,
                    dead_letters: dead_letters.clone(),
                },
            );
        }
        let rule = Resource::Rule(EventRule {
            name: names::detector(&self.file.name, &pattern.rule, pattern.part),
            bus: DEFAULT_BUS.to_owned(),
            description: format!("iamwatch: {} ({})", pattern.title, pattern.severity),
            pattern: pattern.pattern.clone(),
            state: pattern.state,
            targets,
        });
        let key = self.add(desired, rule);
        desired
            .detectors
            .entry(pattern.rule.clone())
            .or_default()
            .push(key);
    }

    fn add_dead_letters(&self, desired: &mut Desired) -> Option<Arn> {
        let name = names::dead_letters(&self.file.name);
        let arn = self.arn("sqs", &name)?;
        let queue = Queue {
            policy: policy::for_our_rules("sqs:SendMessage", &arn, &self.rule_arns()),
            name,
            retention_seconds: FOURTEEN_DAYS,
            encrypted: true,
        };
        self.add(desired, Resource::Queue(queue));
        Some(arn)
    }

    fn add_topic(
        &self,
        desired: &mut Desired,
        channels: &[ChannelName],
        format: Format,
    ) -> Option<Arn> {
        let name = names::topic(&self.file.name, channels, format);
        let arn = self.arn("sns", &name)?;
        let topic = Topic {
            policy: policy::for_our_rules("sns:Publish", &arn, &self.rule_arns()),
            name,
            display_name: format!("iamwatch {}", self.file.name),
            kms_key: None,
        };
        self.add(desired, Resource::Topic(topic));
        for name in channels {
            if let Some(channel) = self.channel(name) {
                self.add_subscription(desired, name, channel, &arn);
            }
        }
        Some(arn)
    }

    fn add_subscription(
        &self,
        desired: &mut Desired,
        name: &ChannelName,
        channel: &Channel,
        topic: &Arn,
    ) {
        let (protocol, endpoint) = match &channel.endpoint {
            Endpoint::Email(address) => ("email", address.clone()),
            Endpoint::Sms(number) => ("sms", number.clone()),
            Endpoint::Https(url) => ("https", url.clone()),
            Endpoint::Lambda(arn) => ("lambda", arn.to_string()),
            Endpoint::Sqs(queue) => {
                let queue = match queue {
                    QueueRef::Arn(arn) => Some(arn.clone()),
                    QueueRef::Name(name) => self.arn("sqs", name),
                };
                let Some(queue) = queue else { return };
                desired.receivers.push(Receiver {
                    channel: name.clone(),
                    queue: queue.clone(),
                    topic: topic.clone(),
                });
                ("sqs", queue.to_string())
            }
        };
        self.add(
            desired,
            Resource::Subscription(Subscription {
                topic: topic.clone(),
                protocol: protocol.to_owned(),
                endpoint,
                // A program that reads a queue wants the alert, not SNS's envelope around it.
                raw: protocol == "sqs",
                filter: None,
                confirmed: true,
            }),
        );
    }

    fn channel(&self, name: &ChannelName) -> Option<&Channel> {
        self.file.channels.get(name)
    }
}
