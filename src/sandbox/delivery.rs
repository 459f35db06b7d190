//! From an event on a bus to targets, dead-letter queues, or nowhere.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::access::rule_arn;
use super::clock::iso;
use super::events::transform;
use super::matching::Event;
use super::policy::{Decision, Policy, Request, Who};
use super::world::{Arrival, Lost, MessageAttribute, Rule, RuleState, Site, Target, World};
use super::{sns, sqs};

mod forward;

pub(super) use forward::is_bus;

/// Why something was not delivered: a code and a sentence.
pub(super) type Refusal = (&'static str, String);

/// Puts an event of AWS on the default bus, its envelope completed.
pub(super) fn emit(world: &mut World, site: &Site, event: Value) -> String {
    let id = world.uuid();
    let mut envelope = json!({
        "version": "0",
        "id": id,
        "detail-type": "",
        "source": "",
        "account": site.account,
        "time": iso(world.now()),
        "region": site.region,
        "resources": [],
    });
    if let (Some(envelope), Value::Object(given)) = (envelope.as_object_mut(), event) {
        envelope.extend(given);
    }
    let id = envelope.get("id").and_then(Value::as_str);
    let id = id.unwrap_or_default().to_owned();
    dispatch(world, site, "default", envelope);
    id
}

/// Puts an event on a bus.
pub(super) fn dispatch(world: &mut World, site: &Site, bus: &str, event: Value) {
    let arrival = Arrival {
        site: site.clone(),
        bus: bus.to_owned(),
        event,
        forwarded: false,
    };
    arrive(world, arrival);
}

/// Events cause events: what a delivery brings about waits until the delivery is done, so that
/// the stack does not grow with it. It ends, as nothing is forwarded twice and a role is assumed
/// once an hour.
fn arrive(world: &mut World, arrival: Arrival) {
    if let Some(waiting) = &mut world.waiting {
        waiting.push_back(arrival);
        return;
    }
    world.waiting = Some(VecDeque::from([arrival]));
    while let Some(arrival) = world.waiting.as_mut().and_then(VecDeque::pop_front) {
        deliver_all(world, &arrival);
    }
    world.waiting = None;
}

/// Delivers an event to all targets of all rules that it matches.
fn deliver_all(world: &mut World, arrival: &Arrival) {
    let (site, bus, event) = (&arrival.site, &arrival.bus, &arrival.event);
    if !world.is_usable(&site.account) {
        return;
    }
    let ready = Event::new(event);
    let rules = world.at(site).rules.get(bus);
    let matched: Vec<(String, Rule)> = rules
        .into_iter()
        .flatten()
        .filter(|(_, rule)| !rule.targets.is_empty())
        .filter(|(_, rule)| sees(rule, event) && rule.pattern.matches(&ready))
        .map(|(name, rule)| (name.clone(), rule.clone()))
        .collect();
    for (name, rule) in matched {
        let arn = rule_arn(site, bus, &name);
        for target in &rule.targets {
            let outcome = if is_bus(&target.arn) {
                forward::forward(world, arrival, &arn, target)
            } else {
                deliver(world, site, &name, &arn, target, event)
            };
            if let Err((code, message)) = outcome {
                bury(world, site, &arn, target, event, code, message);
            }
        }
    }
}

/// Whether an event comes to a rule at all: read-only management events need a state of their own.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>
fn sees(rule: &Rule, event: &Value) -> bool {
    let at = |pointer: &str| event.pointer(pointer).unwrap_or(&Value::Null);
    let from_aws = at("/source")
        .as_str()
        .is_some_and(|s| s.starts_with("aws."));
    let read_only = from_aws
        && at("/detail-type") == "AWS API Call via CloudTrail"
        && *at("/detail/readOnly") == true
        && *at("/detail/managementEvent") != false;
    let excepted = at("/source") == "aws.sts"
        && (at("/detail/eventName") == "GetFederationToken"
            || at("/detail/eventName") == "GetSessionToken");
    match rule.state {
        RuleState::Disabled => false,
        RuleState::Enabled => !read_only || excepted,
        RuleState::EnabledWithAllCloudtrailManagementEvents => true,
    }
}

fn deliver(
    world: &mut World,
    site: &Site,
    rule_name: &str,
    rule: &str,
    target: &Target,
    event: &Value,
) -> Result<(), Refusal> {
    let text = input(world, rule_name, rule, target, event)?;
    let mut parts = target.arn.splitn(6, ':').skip(2);
    match parts.next() {
        Some("sns") => {
            let from = Source::rule(site, rule);
            sns::publish_from(world, &target.arn, &from, &text)
        }
        Some("sqs") => {
            let from = Source::rule(site, rule);
            sqs::send_from(world, &target.arn, &from, &text, BTreeMap::new())
        }
        service => Err((
            "NO_RESOURCE",
            format!(
                "the sandbox does not implement targets of service `{}`",
                service.unwrap_or_default()
            ),
        )),
    }
}

/// What the target receives.
fn input(
    world: &World,
    rule_name: &str,
    rule: &str,
    target: &Target,
    event: &Value,
) -> Result<String, Refusal> {
    if let Some(constant) = &target.input {
        return Ok(constant.clone());
    }
    if let Some(path) = &target.input_path {
        // What is not there is delivered as an empty object.
        return Ok(transform::find(event, path).map_or("{}".to_owned(), Value::to_string));
    }
    let Some(transformer) = &target.input_transformer else {
        return Ok(event.to_string());
    };
    let around = transform::Surroundings {
        rule_arn: rule,
        rule_name,
        ingestion_time: &iso(world.now()),
    };
    transform::apply(transformer, event, &around).map_err(|reason| ("INVALID_JSON", reason))
}

/// An AWS service that acts for a resource: who a resource policy sees.
pub(super) struct Source<'a> {
    pub service: &'a str,
    pub arn: &'a str,
    pub account: &'a str,
}

impl<'a> Source<'a> {
    fn rule(site: &'a Site, rule: &'a str) -> Self {
        Self {
            service: "events.amazonaws.com",
            arn: rule,
            account: site.account.as_str(),
        }
    }

    /// The refusal of a key whose policy does not let the service in.
    pub fn no_key(&self, action: &str, key: &str) -> String {
        format!(
            "{} is not authorized to perform: {action} on resource: {key} because no resource-based policy allows the {action} action",
            self.service
        )
    }

    /// Whether a resource policy lets the service do this; no policy lets nobody.
    pub fn may(&self, policy: Option<&String>, action: &str, resource: &str) -> bool {
        let context = BTreeMap::from([
            ("aws:sourcearn", self.arn.to_owned()),
            ("aws:sourceaccount", self.account.to_owned()),
            // Services call each other over TLS.
            ("aws:securetransport", "true".to_owned()),
        ]);
        let request = Request {
            who: Who::Service(self.service),
            action,
            resource,
            context,
        };
        policy
            .and_then(|text| Policy::parse(text).ok())
            .is_some_and(|policy| policy.decide(&request) == Decision::Allow)
    }
}

/// Sends an undeliverable event to the target's dead-letter queue, or notes that it is lost.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>
fn bury(
    world: &mut World,
    site: &Site,
    rule: &str,
    target: &Target,
    event: &Value,
    code: &str,
    message: String,
) {
    let attributes = [
        ("RULE_ARN", rule),
        ("TARGET_ARN", &target.arn),
        ("ERROR_CODE", code),
        ("ERROR_MESSAGE", &message),
        ("RETRY_ATTEMPTS", "0"),
    ];
    let attributes = attributes
        .into_iter()
        .map(|(name, value)| {
            let attribute = MessageAttribute {
                data_type: "String".to_owned(),
                string_value: Some(value.to_owned()),
            };
            (name.to_owned(), attribute)
        })
        .collect();
    let queue = target
        .dead_letter_config
        .as_ref()
        .and_then(|c| c.arn.as_ref());
    let why = match queue {
        None => "there is no dead-letter queue".to_owned(),
        Some(queue) => {
            let from = Source::rule(site, rule);
            match sqs::send_from(world, queue, &from, &event.to_string(), attributes) {
                Ok(()) => return,
                Err((_, reason)) => format!("the dead-letter queue refused it: {reason}"),
            }
        }
    };
    world.lost.push(Lost {
        rule: rule.to_owned(),
        target: target.arn.clone(),
        code: code.to_owned(),
        message: format!("{message}; {why}"),
        event: event.clone(),
    });
}
