//! SNS: who listens to a topic.

use serde::Deserialize;
use serde_json::{Value, json};

use super::common::{ByTopic, invalid, not_found, page, topic, topic_of};
use super::fanout::ask_to_confirm;
use super::state::Subscription;
use crate::sandbox::common::Strings;
use crate::sandbox::site::{Site, locate};
use crate::sandbox::wire::{ApiError, xml_map};
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Subscribe {
    topic_arn: String,
    protocol: String,
    #[serde(default)]
    endpoint: String,
    #[serde(default)]
    attributes: Strings,
    return_subscription_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct BySubscription {
    subscription_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct SetSubscription {
    subscription_arn: String,
    attribute_name: String,
    attribute_value: Option<String>,
}

fn check_endpoint(protocol: &str, endpoint: &str) -> Result<(), ApiError> {
    let fits = match protocol {
        "email" | "email-json" => endpoint.contains('@'),
        "sms" => {
            let digits = endpoint.strip_prefix('+').unwrap_or(endpoint);
            (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
        }
        "http" => endpoint.starts_with("http://"),
        "https" => endpoint.starts_with("https://"),
        "sqs" => endpoint.contains(":sqs:"),
        "lambda" => endpoint.contains(":lambda:"),
        "application" | "firehose" => {
            return Err(ApiError::unsupported(format_args!("protocol `{protocol}`")));
        }
        _ => return Err(invalid("Amazon SNS does not support this protocol string")),
    };
    fits.then_some(()).ok_or_else(|| match protocol {
        "sqs" => invalid("SQS endpoint ARN"),
        "lambda" => invalid("Lambda endpoint ARN"),
        "sms" => invalid(format_args!("Invalid SMS endpoint: {endpoint}")),
        "email" | "email-json" => invalid("Email address"),
        _ => invalid("Endpoint must match the specified protocol"),
    })
}

fn check_subscription_attribute(topic: &str, name: &str, value: &str) -> Result<(), ApiError> {
    match name {
        "RawMessageDelivery" if ["true", "false"].contains(&value) => Ok(()),
        "RawMessageDelivery" => Err(invalid("RawMessageDelivery")),
        "RedrivePolicy" => check_redrive_policy(topic, value),
        "DeliveryPolicy" => {
            let fits = value.is_empty() || serde_json::from_str::<Value>(value).is_ok();
            fits.then_some(()).ok_or_else(|| invalid(name))
        }
        "FilterPolicy" => match serde_json::from_str::<Value>(value) {
            Ok(Value::Object(_)) => Ok(()),
            _ => Err(invalid("FilterPolicy: failed to parse JSON")),
        },
        // Filters on the body would need the body's fields; only those on attributes are here.
        "FilterPolicyScope" if value == "MessageAttributes" => Ok(()),
        "FilterPolicyScope" | "SubscriptionRoleArn" => Err(ApiError::unsupported(format_args!(
            "subscription attribute `{name}`"
        ))),
        _ => Err(invalid("AttributeName")),
    }
}

/// A dead-letter queue is a queue of the topic's account and Region, FIFO where the topic is. Whether it is there nobody
/// asks. <https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html>; the words are from users' reports.
fn check_redrive_policy(topic: &str, value: &str) -> Result<(), ApiError> {
    let bad = |why: &str| Err(invalid(format_args!("RedrivePolicy: {why}")));
    let Ok(Value::Object(fields)) = serde_json::from_str(value) else {
        return bad("failed to parse JSON.");
    };
    let mut names = fields.keys();
    if let Some(unknown) = names.find(|name| *name != "deadLetterTargetArn") {
        return bad(&format!("invalid JSON. Attribute {unknown} is unknown."));
    }
    let queue = fields.get("deadLetterTargetArn").and_then(Value::as_str);
    let queue = queue.unwrap_or_default();
    let (Some((at, name)), Some((home, topic))) = (locate(queue), locate(topic)) else {
        return bad("deadLetterTargetArn is an invalid arn");
    };
    if !queue.contains(":sqs:") {
        return bad("deadLetterTargetArn is an invalid arn");
    }
    if at != home {
        return bad("deadLetterTargetArn must be in the account and Region of the topic");
    }
    let is_fifo = |name: &str| name.ends_with(".fifo");
    match (is_fifo(&topic), is_fifo(&name)) {
        (true, false) => {
            bad("must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.")
        }
        (false, true) => bad("must use a standard queue as DLQ for a standard Topic."),
        _ => Ok(()),
    }
}

pub(super) fn subscribe(
    world: &mut World,
    site: &Site,
    asked: Subscribe,
) -> Result<Value, ApiError> {
    topic(world, site, &asked.topic_arn)?;
    check_endpoint(&asked.protocol, &asked.endpoint)?;
    for (name, value) in &asked.attributes {
        check_subscription_attribute(&asked.topic_arn, name, value)?;
    }
    let now = world.now();
    let id = world.uuid();
    let topic = topic(world, site, &asked.topic_arn)?;
    let same = |s: &&Subscription| s.protocol == asked.protocol && s.endpoint == asked.endpoint;
    let found = match topic.subscriptions.iter().find(same) {
        Some(known) => {
            let differs = |(name, value): (&String, &String)| {
                known.attributes.get(name).is_none_or(|has| has != value)
            };
            if asked.attributes.iter().any(differs) {
                return Err(invalid(
                    "Attributes Reason: Subscription already exists with different attributes",
                ));
            }
            known.clone()
        }
        None => {
            let subscription = Subscription {
                arn: format!("{}:{id}", asked.topic_arn),
                confirmed: ["sms", "sqs", "lambda"].contains(&asked.protocol.as_str()),
                protocol: asked.protocol,
                endpoint: asked.endpoint,
                created: now,
                attributes: asked.attributes,
            };
            topic.subscriptions.push(subscription.clone());
            subscription
        }
    };
    if !found.confirmed {
        // A second request sends the question again.
        ask_to_confirm(world, site, &asked.topic_arn, &found);
    }
    let shown = if found.confirmed || asked.return_subscription_arn.as_deref() == Some("true") {
        found.arn
    } else {
        "pending confirmation".to_owned()
    };
    Ok(json!({"SubscriptionArn": shown}))
}

pub(super) fn unsubscribe(
    world: &mut World,
    site: &Site,
    asked: &BySubscription,
) -> Result<Value, ApiError> {
    let arn = &asked.subscription_arn;
    if locate(arn).is_none() || !arn.contains(":sns:") {
        return Err(invalid(
            "SubscriptionArn Reason: An ARN must have at least 6 elements",
        ));
    }
    // Unknown subscriptions are removed successfully.
    if let Ok(topic) = topic(world, site, &topic_of(arn)) {
        topic.subscriptions.retain(|s| s.arn != *arn);
    }
    Ok(json!({}))
}

pub(super) fn list(world: &mut World, site: &Site, asked: &ByTopic) -> Result<Value, ApiError> {
    let owner = site.account.clone();
    let topic = topic(world, site, &asked.topic_arn)?;
    let show = |s: &Subscription| {
        // Pending ones do not show their ARN.
        let arn = if s.confirmed {
            s.arn.as_str()
        } else {
            "PendingConfirmation"
        };
        json!({
            "SubscriptionArn": arn,
            "Owner": owner,
            "Protocol": s.protocol,
            "Endpoint": s.endpoint,
            "TopicArn": asked.topic_arn,
        })
    };
    let all = topic.subscriptions.iter().map(show).collect();
    page("Subscriptions", all, asked.next_token.as_deref())
}

fn known<'w>(
    world: &'w mut World,
    site: &Site,
    arn: &str,
) -> Result<&'w mut Subscription, ApiError> {
    let missing = || not_found("Subscription");
    topic(world, site, &topic_of(arn))
        .map_err(|_| missing())?
        .subscriptions
        .iter_mut()
        .find(|s| s.arn == arn)
        .ok_or_else(missing)
}

pub(super) fn attributes(
    world: &mut World,
    site: &Site,
    asked: &BySubscription,
) -> Result<Value, ApiError> {
    let arn = &asked.subscription_arn;
    let owner = site.account.to_string();
    let found = known(world, site, arn)?;
    let mut all: Strings = [
        ("SubscriptionArn", arn.clone()),
        ("TopicArn", topic_of(arn)),
        ("Owner", owner),
        ("Protocol", found.protocol.clone()),
        ("Endpoint", found.endpoint.clone()),
        ("PendingConfirmation", (!found.confirmed).to_string()),
        ("ConfirmationWasAuthenticated", found.confirmed.to_string()),
        ("RawMessageDelivery", "false".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    all.extend(found.attributes.clone());
    all.retain(|_, value| !value.is_empty());
    Ok(json!({"Attributes": xml_map(&all)}))
}

pub(super) fn set_attribute(
    world: &mut World,
    site: &Site,
    set: SetSubscription,
) -> Result<Value, ApiError> {
    let found = known(world, site, &set.subscription_arn)?;
    // Only a value that is left out takes a redrive policy away: an empty one is refused.
    if set.attribute_name == "RedrivePolicy" && set.attribute_value.is_none() {
        found.attributes.remove("RedrivePolicy");
        return Ok(json!({}));
    }
    let value = set.attribute_value.unwrap_or_default();
    let topic = topic_of(&set.subscription_arn);
    check_subscription_attribute(&topic, &set.attribute_name, &value)?;
    if set.attribute_name == "RawMessageDelivery"
        && !["sqs", "http", "https"].contains(&found.protocol.as_str())
    {
        return Err(invalid(
            "Attributes Reason: RawMessageDelivery is not supported for this protocol",
        ));
    }
    // An empty filter is none, and SNS does not list it.
    let value = match (set.attribute_name.as_str(), value.as_str()) {
        ("FilterPolicy", "{}") => String::new(),
        _ => value,
    };
    found.attributes.insert(set.attribute_name, value);
    Ok(json!({}))
}

/// Confirms pending subscriptions, all or those of one endpoint.
pub(crate) fn confirm(world: &mut World, endpoint: Option<&str>) -> Vec<(String, String, String)> {
    let topics = world
        .sns
        .topics
        .values_mut()
        .flat_map(|topics| topics.values_mut());
    let mut confirmed = Vec::new();
    for subscription in topics.flat_map(|topic| topic.subscriptions.iter_mut()) {
        if !subscription.confirmed && endpoint.is_none_or(|e| e == subscription.endpoint) {
            subscription.confirmed = true;
            confirmed.push((
                subscription.protocol.clone(),
                subscription.endpoint.clone(),
                topic_of(&subscription.arn),
            ));
        }
    }
    confirmed
}
