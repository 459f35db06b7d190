//! The dispatcher at home: what tells people, what remembers it, and who hears where it fails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Account, Desired};
use crate::alert::Surroundings;
use crate::compile::{InputTransformer, RuleState, dispatched, told_by_dispatcher};
use crate::dispatcher::{self, AlertApi, Dispatcher, Fallback};
use crate::place::Arn;
use crate::resources::{
    Connection, DEFAULT_BUS, EventRule, Machine, Queue, Resource, ResourceKey, Role, Table, Target,
    names, policy, queue, rule,
};
use crate::rules::{AlertService, Channel, ChannelName, Delivery, Endpoint, Rule, Service};

/// The id of a detector's target that is the dispatcher. No channel is called so: their names hold no `_`.
pub const DISPATCHER_TARGET: &str = "_dispatcher";

/// What a run that failed was about stands in its input, which is a text: EventBridge inserts it as JSON, quotes and all.
const FAILED_RUN: &str = r#"{"message":"The dispatcher of iamwatch could not tell an alert as usual: a run ended as <status>. What it was started with stands behind `input`.","run":<run>,"input":<input>}"#;

/// How long what a probe has said is kept, in seconds: whoever probes waits no longer.
const PROBES_KEPT: u32 = 3_600;

impl Account<'_> {
    /// Where a detector of a rule starts the dispatcher; `None` if the dispatcher tells none of its channels.
    pub(super) fn dispatcher_target(
        &self,
        rule: &Rule,
        told: Vec<String>,
        dead_letters: Option<Arn>,
    ) -> Option<Target> {
        if told.is_empty() {
            return None;
        }
        let stack = &self.file.name;
        Some(Target {
            arn: self.machine()?,
            role: names::role_arn(
                &self.file.home.region,
                self.home,
                &names::starter_role(stack),
            ),
            input: Some(dispatched(rule, told)),
            max_age_seconds: rule::DEFAULT_MAX_AGE_SECONDS,
            max_retries: rule::DEFAULT_MAX_RETRIES,
            dead_letters,
        })
    }

    /// Everything that the dispatcher needs; nothing where detectors publish by themselves, or no rule wants it.
    pub(super) fn add_dispatcher(&self, desired: &mut Desired) {
        let Delivery::Dispatcher { fallback } = &self.file.delivery else {
            return;
        };
        let rules = self.file.rules.iter().filter(|rule| {
            let detectors = desired.detectors.get(&rule.id);
            detectors.is_some_and(|keys| !keys.is_empty())
        });
        let told: BTreeSet<ChannelName> = rules
            .flat_map(|rule| told_by_dispatcher(self.file, rule))
            .map(ChannelName)
            .collect();
        let Some(fallback_channel) = self.channel(fallback).filter(|_| !told.is_empty()) else {
            return;
        };
        let Some(fallback_topic) = self.add_topic_at_home(desired, fallback, fallback_channel)
        else {
            return;
        };
        let channels = told
            .iter()
            .filter_map(|name| {
                let channel = self.add_told(desired, name, self.channel(name)?)?;
                Some((name.0.clone(), channel))
            })
            .collect();
        self.add_machine(
            desired,
            channels,
            Fallback {
                name: fallback.0.clone(),
                topic: fallback_topic.clone(),
            },
        );
        self.add_failed_runs(desired, fallback, fallback_channel, fallback_topic);
    }

    /// What a channel needs, and the channel as the dispatcher knows it.
    fn add_told(
        &self,
        desired: &mut Desired,
        name: &ChannelName,
        channel: &Channel,
    ) -> Option<dispatcher::Channel> {
        let topic = |desired: &mut Desired| self.add_topic_at_home(desired, name, channel);
        Some(match &channel.endpoint {
            Endpoint::Service(service) => {
                let connection = Connection::of(&self.file.name, name, service);
                let arn = self.arn_at_home("events", &format!("connection/{}", connection.name))?;
                self.add(desired, &self.home(), Resource::Connection(connection));
                of_service(service, arn)
            }
            Endpoint::AmazonQ => dispatcher::Channel::AmazonQ {
                topic: topic(desired)?,
            },
            _ => dispatcher::Channel::Sns {
                topic: topic(desired)?,
            },
        })
    }

    fn add_machine(
        &self,
        desired: &mut Desired,
        channels: BTreeMap<String, dispatcher::Channel>,
        fallback: Fallback,
    ) -> Option<()> {
        let (stack, region) = (&self.file.name, &self.file.home.region);
        let home = self.home();
        let machine = self.machine()?;
        let ledger = self.arn_at_home("dynamodb", &format!("table/{}", names::whole(stack)))?;
        let probes = names::probe_queue_of_dispatcher(stack);
        let probes_arn = self.arn_at_home("sqs", &probes)?;
        let domain = region.partition().dns_suffix();
        let account = self.home;
        let role = names::dispatcher_role(stack);
        let role_arn = names::role_arn(region, account, &role)?;

        let topics = channels.values().filter_map(dispatcher::Channel::topic);
        let topics = topics.chain([&fallback.topic]).cloned();
        let (topics, given_topics): (BTreeSet<Arn>, BTreeSet<Arn>) =
            topics.partition(|topic| desired.is_own_topic(topic));
        let called: Vec<(Arn, String)> = channels
            .values()
            .filter_map(dispatcher::Channel::called)
            .collect();
        let key = topics.iter().find_map(|topic| {
            let key = ResourceKey::of_arn(topic)?;
            match desired.resources.get(&key) {
                Some(Resource::Topic(topic)) => topic.kms_key.clone(),
                _ => None,
            }
        });
        let policies = policy::dispatcher_role_policies(&policy::Dispatching {
            topics: &topics,
            given_topics: &given_topics,
            probes: &probes_arn,
            ledger: &ledger,
            machine: &machine,
            endpoints: &called,
            key: key.as_deref(),
        });
        let trust = policy::trust_for_machine(account, &machine);
        let description = format!("iamwatch {stack}: tells alerts to people");
        self.add_role_at_home(desired, role, description, trust, policies);

        let starter = names::starter_role(stack);
        let trust = policy::trust_for_starters(account, &self.rules(region));
        let may = BTreeMap::from([(names::START_POLICY.to_owned(), policy::may_start(&machine))]);
        let description = format!("iamwatch {stack}: starts the dispatcher");
        self.add_role_at_home(desired, starter, description, trust, may);

        self.add(
            desired,
            &home,
            Resource::Table(Table {
                name: names::whole(stack),
                partition_key: dispatcher::LEDGER_KEYS.0.to_owned(),
                sort_key: Some(dispatcher::LEDGER_KEYS.1.to_owned()),
                on_demand: true,
                expires: Some(dispatcher::LEDGER_EXPIRES.to_owned()),
                kms_key: None,
                deletion_protected: false,
            }),
        );
        self.add(
            desired,
            &home,
            Resource::Queue(Queue {
                name: probes.clone(),
                policy: Value::Null,
                retention_seconds: PROBES_KEPT,
                encrypted: true,
                max_message_bytes: queue::LARGEST_MESSAGE,
                delay_seconds: 0,
            }),
        );
        let definition = Dispatcher {
            surroundings: Surroundings {
                stack,
                home: region,
                accounts: self.account_names(),
                zone: self.file.zone.as_deref(),
            },
            ledger: names::whole(stack),
            probes: format!("https://sqs.{region}.{domain}/{account}/{probes}"),
            fallback,
            channels,
        }
        .definition();
        self.add(
            desired,
            &home,
            Resource::Machine(Machine::of(names::whole(stack), definition, role_arn)),
        );
        Some(())
    }

    fn add_role_at_home(
        &self,
        desired: &mut Desired,
        name: String,
        description: String,
        trust: Value,
        policies: BTreeMap<String, Value>,
    ) {
        let role = Role {
            name,
            path: names::ROLE_PATH.to_owned(),
            description,
            trust,
            policies,
            attached: Vec::new(),
            boundary: self.boundary(),
        };
        self.add(desired, &self.everywhere(), Resource::Role(role));
    }

    /// A run that fails is told of by a rule that needs nothing of the dispatcher: neither machine, role nor connection.
    fn add_failed_runs(
        &self,
        desired: &mut Desired,
        name: &ChannelName,
        channel: &Channel,
        topic: Arn,
    ) -> Option<()> {
        let region = &self.file.home.region;
        let dead_letters = self.add_dead_letters(desired, region);
        let pattern = json!({
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "account": [self.home],
            "detail": {
                "status": ["ABORTED", "FAILED", "TIMED_OUT"],
                "stateMachineArn": [self.machine()?],
            },
        });
        let target = Target {
            arn: topic.clone(),
            role: None,
            input: Some(InputTransformer {
                paths: BTreeMap::from([
                    ("input".to_owned(), "$.detail.input".to_owned()),
                    ("run".to_owned(), "$.detail.executionArn".to_owned()),
                    ("status".to_owned(), "$.detail.status".to_owned()),
                ]),
                template: FAILED_RUN.to_owned(),
            }),
            max_age_seconds: rule::DEFAULT_MAX_AGE_SECONDS,
            max_retries: rule::DEFAULT_MAX_RETRIES,
            dead_letters,
        };
        let key = self.add(
            desired,
            &self.home(),
            Resource::Rule(EventRule {
                name: names::failed_runs_rule(&self.file.name),
                bus: DEFAULT_BUS.to_owned(),
                description: "iamwatch: runs of the dispatcher that failed".to_owned(),
                pattern: Arc::new(pattern),
                state: RuleState::Enabled,
                targets: BTreeMap::from([(name.0.clone(), target)]),
            }),
        );
        if let Endpoint::Sns(topic) = &channel.endpoint {
            self.add_given(desired, name, topic, &key);
        }
        Some(())
    }

    fn machine(&self) -> Option<Arn> {
        let name = names::whole(&self.file.name);
        self.arn_at_home("states", &format!("stateMachine:{name}"))
    }
}

/// A service as the dispatcher calls it, by a connection.
fn of_service(service: &Service, connection: Arn) -> dispatcher::Channel {
    use dispatcher::Channel;
    match service.clone() {
        Service::Slack { channel, .. } => Channel::Slack {
            connection,
            channel,
        },
        Service::Teams { url, bare_card, .. } => Channel::Teams {
            connection,
            url,
            bare_card,
        },
        Service::GoogleChat { url, .. } => Channel::GoogleChat { connection, url },
        Service::PagerDuty { eu, .. } => Channel::PagerDuty { connection, eu },
        Service::JiraServiceManagement { api, .. } => Channel::JiraServiceManagement {
            connection,
            api: match api {
                AlertService::JiraServiceManagement => AlertApi::JiraServiceManagement,
                AlertService::Opsgenie => AlertApi::Opsgenie,
                AlertService::OpsgenieEu => AlertApi::OpsgenieEu,
            },
        },
        Service::ServiceNow { url, incidents, .. } => Channel::ServiceNow {
            connection,
            url,
            incidents,
        },
        Service::Zendesk { url, .. } => Channel::Zendesk { connection, url },
        Service::Jira {
            url,
            project,
            issue_type,
            ..
        } => Channel::Jira {
            connection,
            url,
            project,
            issue_type,
        },
        Service::Webhook { url, .. } => Channel::Webhook { connection, url },
    }
}
