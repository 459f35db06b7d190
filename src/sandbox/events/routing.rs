//! From an event on a bus to targets, dead-letter queues, or nowhere.

use serde_json::Value;

use super::names::{is_bus, rule_arn};
use super::pattern::Event;
use super::state::{Lost, Rule, RuleState, Target};
use super::transform;
use crate::sandbox::clock::iso;
use crate::sandbox::delivery::{Arrival, Content, Parcel, Refusal, Source, deliver};
use crate::sandbox::site::Site;
use crate::sandbox::world::World;

/// Delivers an event to all targets of all rules that it matches.
pub(super) fn deliver_all(world: &mut World, arrival: &Arrival) {
    let (site, bus, event) = (&arrival.site, &arrival.bus, &arrival.event);
    if !world.organizations.is_usable(&site.account) {
        return;
    }
    let ready = Event::new(event);
    let local = world.events.local.look(site);
    let rules = local.and_then(|local| local.rules.get(bus));
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
            if let Err((code, message)) = send(world, arrival, &name, &arn, target) {
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

/// Who sends what a rule sends.
fn by_rule<'a>(site: &'a Site, rule: &'a str) -> Source<'a> {
    Source {
        service: "events.amazonaws.com",
        arn: rule,
        account: site.account.as_str(),
    }
}

/// Sends an event, or what is made of it, to one target of a rule.
fn send(
    world: &mut World,
    arrival: &Arrival,
    name: &str,
    rule: &str,
    target: &Target,
) -> Result<(), Refusal> {
    let text;
    // A bus gets the event as it is.
    let content = if is_bus(&target.arn) {
        Content::Event(arrival)
    } else {
        text = input(world, name, rule, target, &arrival.event)?;
        Content::Text(&text, &[])
    };
    let parcel = Parcel {
        from: by_rule(&arrival.site, rule),
        role: target.role_arn.as_deref(),
        content,
    };
    deliver(world, &target.arn, parcel)
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
        ("TARGET_ARN", target.arn.as_str()),
        ("ERROR_CODE", code),
        ("ERROR_MESSAGE", message.as_str()),
        ("RETRY_ATTEMPTS", "0"),
    ];
    let queue = target
        .dead_letter_config
        .as_ref()
        .and_then(|c| c.arn.as_ref());
    let why = match queue {
        None => "there is no dead-letter queue".to_owned(),
        Some(queue) => {
            let parcel = Parcel {
                from: by_rule(site, rule),
                role: None,
                content: Content::Text(&event.to_string(), &attributes),
            };
            match deliver(world, queue, parcel) {
                Ok(()) => return,
                Err((_, reason)) => format!("the dead-letter queue refused it: {reason}"),
            }
        }
    };
    world.events.lost.push(Lost {
        rule: rule.to_owned(),
        target: target.arn.clone(),
        code: code.to_owned(),
        message: format!("{message}; {why}"),
        event: event.clone(),
    });
}
