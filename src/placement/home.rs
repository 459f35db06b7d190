//! The home place: topics with their readers, and the detectors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::dispatching::DISPATCHER_TARGET;
use super::{Account, Desired, Receiver};
use crate::compile::{Compiled, stands_apart_in, told_by_dispatcher};
use crate::place::{Arn, Region};
use crate::resources::{
    DEFAULT_BUS, EncryptionKey, EventRule, GivenTopic, Resource, ResourceKey, Subscription, Target,
    Topic, names, policy, rule,
};
use crate::rules::{Channel, ChannelName, Endpoint, QueueRef, Rule, TopicKey};

/// A bus that a detector stands on, and whether what its alerts pass through is shared with the rules that stand elsewhere.
#[derive(Clone, Copy)]
struct Seat<'a> {
    region: &'a Region,
    bus: &'a str,
    apart: bool,
}

impl Seat<'_> {
    /// A rule sends to topics of its own Region alone. Source: EventBridge, "Event bus targets".
    fn reaches(&self, topic: &Arn) -> bool {
        topic.region() == self.region.as_str()
    }
}

impl Account<'_> {
    /// The detectors of a pattern: one at home, or of a rule apart one in each Region where AWS tells home of its events.
    pub(super) fn add_detectors(&self, desired: &mut Desired, pattern: &Compiled, rule: &Rule) {
        let home = &self.file.home.region;
        if !pattern.apart {
            let bus = desired.topology.bus.clone();
            let seat = Seat {
                region: home,
                bus: &bus,
                apart: false,
            };
            return self.add_detector(desired, pattern, rule, seat);
        }
        desired.apart.insert(pattern.rule.clone());
        for region in stands_apart_in(pattern, home) {
            let seat = Seat {
                region: &region,
                bus: DEFAULT_BUS,
                apart: true,
            };
            self.add_detector(desired, pattern, rule, seat);
        }
    }

    fn add_detector(&self, desired: &mut Desired, pattern: &Compiled, rule: &Rule, seat: Seat<'_>) {
        let dead_letters = self.add_dead_letters(desired, seat.region);
        let mut targets = BTreeMap::new();
        let told = told_by_dispatcher(self.file, rule);
        let channels = rule.channels.iter().filter(|name| !told.contains(&name.0));
        for name in channels.clone() {
            let Some(channel) = self.channel(name) else {
                continue;
            };
            let topic = match &channel.endpoint {
                Endpoint::Sns(arn) => seat.reaches(arn).then(|| arn.clone()),
                // The dispatcher alone speaks to them.
                Endpoint::AmazonQ | Endpoint::Service(_) => None,
                _ => self.add_topic(desired, name, channel, seat),
            };
            let Some(topic) = topic else {
                continue;
            };
            targets.insert(
                name.0.clone(),
                Target {
                    arn: topic,
                    role: None,
                    input: Some(pattern.message(channel.format, &self.file.home.region)),
                    max_age_seconds: rule::DEFAULT_MAX_AGE_SECONDS,
                    max_retries: rule::DEFAULT_MAX_RETRIES,
                    dead_letters: dead_letters.clone(),
                },
            );
        }
        if let Some(target) = self.dispatcher_target(rule, told.clone(), dead_letters) {
            targets.insert(DISPATCHER_TARGET.to_owned(), target);
        }
        if targets.is_empty() {
            return;
        }
        let detector = Resource::Rule(EventRule {
            name: names::detector(&self.file.name, &pattern.rule, pattern.part),
            bus: seat.bus.to_owned(),
            description: format!("iamwatch: {} ({})", pattern.title, pattern.severity),
            pattern: Arc::new(pattern.at_home(self.home)),
            state: pattern.state,
            targets,
        });
        let key = self.add(desired, &self.at(seat.region), detector);
        for name in channels {
            match self.channel(name).map(|channel| &channel.endpoint) {
                Some(Endpoint::Sns(topic)) if seat.reaches(topic) => {
                    self.add_given(desired, name, topic, &key);
                }
                _ => {}
            }
        }
        desired
            .detectors
            .entry(pattern.rule.clone())
            .or_default()
            .push(key);
    }

    /// A topic that exists stands for itself: nothing of ours is behind it.
    pub(super) fn add_given(
        &self,
        desired: &mut Desired,
        channel: &ChannelName,
        topic: &Arn,
        detector: &ResourceKey,
    ) {
        let given = desired.given_topics.entry(channel.clone());
        let given = given.or_insert_with(|| GivenTopic {
            arn: topic.clone(),
            rules: BTreeSet::new(),
            statement: policy::topic_statement(topic, &self.rules(&self.file.home.region)),
            organization: self.organization.map(|known| known.id.clone()),
        });
        given.rules.extend(names::rule_arn(detector));
    }

    /// The topic of a channel at home, with its readers.
    pub(super) fn add_topic_at_home(
        &self,
        desired: &mut Desired,
        name: &ChannelName,
        channel: &Channel,
    ) -> Option<Arn> {
        let seat = Seat {
            region: &self.file.home.region,
            bus: DEFAULT_BUS,
            apart: false,
        };
        match &channel.endpoint {
            Endpoint::Sns(topic) => seat.reaches(topic).then(|| topic.clone()),
            _ => self.add_topic(desired, name, channel, seat),
        }
    }

    /// A channel has a topic of its own, and another for rules apart in each Region that they stand in: a rule of
    /// EventBridge sends to topics of its own Region alone, and what both kinds of rules sent to could be taken from both.
    fn add_topic(
        &self,
        desired: &mut Desired,
        channel_name: &ChannelName,
        channel: &Channel,
        seat: Seat<'_>,
    ) -> Option<Arn> {
        let (stack, region) = (&self.file.name, seat.region);
        let name = match seat.apart {
            true => names::apart_topic(stack, channel_name, channel.format),
            false => names::topic(stack, channel_name, channel.format),
        };
        let arn = names::arn("sns", region, self.home, &name)?;
        let rules = match seat.apart {
            true => vec![self.rules_on_default_bus(region)],
            false => self.rules(region),
        };
        let topic = Topic {
            policy: policy::for_our_rules("sns:Publish", &arn, &rules),
            name,
            display_name: format!("iamwatch {stack}"),
            kms_key: match seat.apart {
                // Whoever disables the key would silence both. AWS's own key for SNS is no choice either: nobody can
                // change its policy, so that EventBridge cannot publish under it. Source: SNS, `sns-key-management`.
                true => None,
                false => self.add_key(desired),
            },
        };
        self.add(desired, &self.at(region), Resource::Topic(topic));
        self.add_subscription(desired, channel_name, channel, &arn, region);
        Some(arn)
    }

    /// The key that encrypts a topic. Ours is named by its alias, since its id is AWS's choice.
    fn add_key(&self, desired: &mut Desired) -> Option<String> {
        match &self.file.topic_key {
            TopicKey::None => None,
            TopicKey::Existing(arn) => Some(arn.to_string()),
            TopicKey::Create => {
                let name = names::whole(&self.file.name);
                let alias = format!("alias/{name}");
                let key = EncryptionKey {
                    name,
                    description: format!("iamwatch: alerts of {}", self.file.name),
                    policy: policy::topic_key(self.account, self.file.home.region.partition().id()),
                    rotated: true,
                    enabled: true,
                };
                self.add(desired, &self.home(), Resource::EncryptionKey(key));
                Some(alias)
            }
        }
    }

    fn add_subscription(
        &self,
        desired: &mut Desired,
        name: &ChannelName,
        channel: &Channel,
        topic: &Arn,
        region: &Region,
    ) {
        let (protocol, endpoint) = match &channel.endpoint {
            Endpoint::Email(address) => ("email", address.clone()),
            Endpoint::Sms(number) => ("sms", number.clone()),
            Endpoint::Https(url) => ("https", url.clone()),
            Endpoint::Lambda(arn) => ("lambda", arn.to_string()),
            Endpoint::Sqs(queue) => {
                let queue = match queue {
                    QueueRef::Arn(arn) => Some(arn.clone()),
                    QueueRef::Name(name) => self.arn_at_home("sqs", name),
                };
                let Some(queue) = queue else { return };
                desired.receivers.push(Receiver {
                    channel: name.clone(),
                    queue: queue.clone(),
                    topic: topic.clone(),
                });
                ("sqs", queue.to_string())
            }
            Endpoint::Sns(_) | Endpoint::AmazonQ | Endpoint::Service(_) => return,
        };
        // Subscriptions of mailboxes and telephones have none.
        let dead_letters = match protocol {
            "email" | "sms" => None,
            _ => self.add_dead_letters_of(desired, topic, region),
        };
        self.add(
            desired,
            &self.at(region),
            Resource::Subscription(Subscription {
                topic: topic.clone(),
                protocol: protocol.to_owned(),
                endpoint: endpoint.into(),
                // A program that reads a queue wants the alert, not SNS's envelope around it.
                raw: protocol == "sqs",
                filter: None,
                dead_letters,
                confirmed: true,
            }),
        );
    }

    /// The queue of what a topic cannot deliver. Each topic has its own: nothing in a letter says whom it was for where
    /// SNS delivers it raw. It must be in the topic's account and Region. Source: SNS, `sns-dead-letter-queues`.
    fn add_dead_letters_of(
        &self,
        desired: &mut Desired,
        topic: &Arn,
        region: &Region,
    ) -> Option<Arn> {
        let name = names::dead_letters_of(topic.resource());
        let queue = names::arn("sqs", region, self.account, &name)?;
        let policy = policy::for_our_topic(&queue, topic);
        self.add_queue(desired, &self.at(region), name, policy);
        Some(queue)
    }

    pub(super) fn channel(&self, name: &ChannelName) -> Option<&Channel> {
        self.file.channels.get(name)
    }
}
