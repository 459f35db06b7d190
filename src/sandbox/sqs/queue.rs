//! A queue: where it is, its attributes, and the messages that it still keeps.

use super::state::Queue;
use crate::sandbox::common::Strings;
use crate::sandbox::policy::Policy;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;
use serde_json::Value;

/// Attributes that can be set, with their defaults.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>
pub(super) const SETTABLE: [(&str, &str); 11] = [
    ("DelaySeconds", "0"),
    ("MaximumMessageSize", "1048576"),
    ("MessageRetentionPeriod", "345600"),
    ("Policy", ""),
    ("ReceiveMessageWaitTimeSeconds", "0"),
    ("VisibilityTimeout", "30"),
    ("RedrivePolicy", ""),
    ("RedriveAllowPolicy", ""),
    ("KmsMasterKeyId", ""),
    ("KmsDataKeyReusePeriodSeconds", ""),
    ("SqsManagedSseEnabled", "true"),
];

/// The name at the end of a queue URL.
pub(super) fn queue_name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}

pub(super) fn url(site: &Site, name: &str) -> String {
    let (region, account) = (&site.region, &site.account);
    format!("https://sqs.{region}.amazonaws.com/{account}/{name}")
}

pub(super) fn no_queue() -> ApiError {
    ApiError::new(
        "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist.",
    )
}

/// The queue at a URL, its expired messages gone.
pub(super) fn queue<'w>(
    world: &'w mut World,
    site: &Site,
    url: &str,
) -> Result<&'w mut Queue, ApiError> {
    let now = world.now();
    let queues = world.sqs.queues.at(site);
    let queue = queues.get_mut(queue_name(url)).ok_or_else(no_queue)?;
    let kept = seconds(queue, "MessageRetentionPeriod");
    queue.messages.retain(|m| m.sent.saturating_add(kept) > now);
    Ok(queue)
}

pub(super) fn attribute<'q>(queue: &'q Queue, name: &str) -> &'q str {
    let default = SETTABLE.iter().find(|(known, _)| *known == name);
    let default = default.map_or("", |(_, default)| default);
    queue.attributes.get(name).map_or(default, String::as_str)
}

/// A number of seconds, in milliseconds.
pub(super) fn seconds(queue: &Queue, name: &str) -> i64 {
    attribute(queue, name)
        .parse::<i64>()
        .unwrap_or(0)
        .saturating_mul(1000)
}

pub(super) fn check_attributes(attributes: &Strings) -> Result<(), ApiError> {
    let bad = |name: &str| {
        let message = format!("Invalid value for the parameter {name}.");
        Err(ApiError::new("InvalidAttributeValue", message))
    };
    for (name, value) in attributes {
        let range = match name.as_str() {
            "DelaySeconds" => 0..=900,
            "MaximumMessageSize" => 1024..=1_048_576,
            "MessageRetentionPeriod" => 60..=1_209_600,
            "ReceiveMessageWaitTimeSeconds" => 0..=20,
            "VisibilityTimeout" => 0..=43_200,
            "KmsDataKeyReusePeriodSeconds" => 60..=86_400,
            "Policy" => {
                // An empty policy removes the one there is.
                let parsed = Policy::parse(value);
                if !value.is_empty() && !parsed.is_ok_and(|p| p.names_principals()) {
                    return bad(name);
                }
                continue;
            }
            "RedrivePolicy" | "RedriveAllowPolicy" => {
                if !value.is_empty() && serde_json::from_str::<Value>(value).is_err() {
                    return bad(name);
                }
                continue;
            }
            "KmsMasterKeyId" => continue,
            "SqsManagedSseEnabled" if ["true", "false"].contains(&value.as_str()) => continue,
            "SqsManagedSseEnabled" => return bad(name),
            "FifoQueue" | "ContentBasedDeduplication" => {
                return Err(ApiError::unsupported(format_args!(
                    "queue attribute `{name}`"
                )));
            }
            _ => {
                let message = format!("Unknown Attribute {name}.");
                return Err(ApiError::new("InvalidAttributeName", message));
            }
        };
        if !value
            .parse::<i64>()
            .is_ok_and(|number| range.contains(&number))
        {
            return bad(name);
        }
    }
    Ok(())
}
