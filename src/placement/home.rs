//! The home place: topics with their readers, and the detectors.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Account, Desired, Receiver};
use crate::compile::Compiled;
use crate::place::Arn;
use crate::resources::{
    EncryptionKey, EventRule, Resource, Subscription, Target, Topic, names, policy, rule,
};
use crate::rules::{Channel, ChannelName, Endpoint, QueueRef, TopicKey};

impl Account<'_> {
    pub(super) fn add_detector(
        &self,
        desired: &mut Desired,
        pattern: &Compiled,
        channels: &[ChannelName],
    ) {
        let dead_letters = self.add_dead_letters(desired, &self.file.home.region);
        let mut targets = BTreeMap::new();
        for name in channels {
            let Some(channel) = self.channel(name) else {
                continue;
            };
            let Some(topic) = self.add_topic(desired, name, channel) else {
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
        let rule = Resource::Rule(EventRule {
            name: names::detector(&self.file.name, &pattern.rule, pattern.part),
            bus: desired.topology.bus.clone(),
            description: format!("iamwatch: {} ({})", pattern.title, pattern.severity),
            pattern: Arc::new(pattern.at_home(self.home)),
            state: pattern.state,
            targets,
        });
        let key = self.add(desired, &self.home(), rule);
        desired
            .detectors
            .entry(pattern.rule.clone())
            .or_default()
            .push(key);
    }

    /// A channel has a topic of its own.
    fn add_topic(
        &self,
        desired: &mut Desired,
        channel_name: &ChannelName,
        channel: &Channel,
    ) -> Option<Arn> {
        let name = names::topic(&self.file.name, channel_name, channel.format);
        let arn = self.arn_at_home("sns", &name)?;
        let topic = Topic {
            policy: policy::for_our_rules("sns:Publish", &arn, &self.rules(&self.file.home.region)),
            name,
            display_name: format!("iamwatch {}", self.file.name),
            kms_key: self.add_key(desired),
        };
        self.add(desired, &self.home(), Resource::Topic(topic));
        self.add_subscription(desired, channel_name, channel, &arn);
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
        };
        self.add(
            desired,
            &self.home(),
            Resource::Subscription(Subscription {
                topic: topic.clone(),
                protocol: protocol.to_owned(),
                endpoint: endpoint.into(),
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
