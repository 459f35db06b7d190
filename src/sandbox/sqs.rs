//! SQS: queues and messages.

use serde::Deserialize;
use serde_json::{Value, json};

use super::access::queue_name;
use super::policy::Policy;
use super::wire::{ApiError, input};
use super::world::{Message, Queue, Site, Strings, World};
use crate::place::Arn;

mod messages;

pub(super) use messages::send_from;

/// Attributes that can be set, with their defaults.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>
const SETTABLE: [(&str, &str); 11] = [
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
const PAGE: usize = 10;

pub(crate) fn handle(
    world: &mut World,
    site: &Site,
    operation: &str,
    value: Value,
) -> Result<Value, ApiError> {
    match operation {
        "CreateQueue" => create(world, site, input(operation, value)?),
        "GetQueueUrl" => url_of(world, site, &input(operation, value)?),
        "GetQueueAttributes" => attributes(world, site, &input(operation, value)?),
        "SetQueueAttributes" => set_attributes(world, site, input(operation, value)?),
        "DeleteQueue" => delete(world, site, &input(operation, value)?),
        "ListQueues" => list(world, site, &input(operation, value)?),
        "TagQueue" => tag(world, site, input(operation, value)?),
        "UntagQueue" => untag(world, site, &input(operation, value)?),
        "ListQueueTags" => tags(world, site, &input(operation, value)?),
        "SendMessage" => messages::send(world, site, input(operation, value)?),
        "ReceiveMessage" => messages::receive(world, site, &input(operation, value)?),
        "DeleteMessage" => messages::delete(world, site, &input(operation, value)?),
        "ChangeMessageVisibilityBatch" => {
            messages::change_visibility(world, site, &input(operation, value)?)
        }
        "PurgeQueue" => purge(world, site, &input(operation, value)?),
        _ => Err(ApiError::unsupported(operation)),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    #[serde(rename = "QueueName")]
    queue_name: String,
    #[serde(rename = "Attributes", default)]
    attributes: Strings,
    #[serde(rename = "tags", default)]
    tags: Strings,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByName {
    #[serde(rename = "QueueName")]
    queue_name: String,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    owner: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ByUrl {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetAttributes {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SetAttributes {
    queue_url: String,
    attributes: Strings,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListQueues {
    queue_name_prefix: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TagQueue {
    queue_url: String,
    tags: Strings,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UntagQueue {
    queue_url: String,
    tag_keys: Vec<String>,
}

fn no_queue() -> ApiError {
    ApiError::new(
        "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist.",
    )
}

fn url(site: &Site, name: &str) -> String {
    let (region, account) = (&site.region, &site.account);
    format!("https://sqs.{region}.amazonaws.com/{account}/{name}")
}

/// The queue at a URL, its expired messages gone.
fn queue<'w>(world: &'w mut World, site: &Site, url: &str) -> Result<&'w mut Queue, ApiError> {
    let now = world.now();
    let queues = &mut world.at(site).queues;
    let queue = queues.get_mut(queue_name(url)).ok_or_else(no_queue)?;
    let kept = seconds(queue, "MessageRetentionPeriod");
    queue.messages.retain(|m| m.sent.saturating_add(kept) > now);
    Ok(queue)
}

fn attribute<'q>(queue: &'q Queue, name: &str) -> &'q str {
    let default = SETTABLE.iter().find(|(known, _)| *known == name);
    let default = default.map_or("", |(_, default)| default);
    queue.attributes.get(name).map_or(default, String::as_str)
}

/// A number of seconds, in milliseconds.
fn seconds(queue: &Queue, name: &str) -> i64 {
    attribute(queue, name)
        .parse::<i64>()
        .unwrap_or(0)
        .saturating_mul(1000)
}

fn check_attributes(attributes: &Strings) -> Result<(), ApiError> {
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

fn create(world: &mut World, site: &Site, create: Create) -> Result<Value, ApiError> {
    let name = &create.queue_name;
    let fits = (1..=80).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if !fits {
        return Err(ApiError::new(
            "InvalidParameterValue",
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        ));
    }
    check_attributes(&create.attributes)?;
    let now = world.now();
    let queues = &mut world.at(site).queues;
    if let Some(queue) = queues.get(name) {
        let other = |(key, value): &(&String, &String)| attribute(queue, key) != value.as_str();
        if let Some((key, _)) = create.attributes.iter().find(other) {
            return Err(ApiError::new(
                "QueueAlreadyExists",
                format!(
                    "A queue already exists with the same name and a different value for attribute {key}"
                ),
            ));
        }
    } else {
        let queue = Queue {
            attributes: create.attributes,
            tags: create.tags,
            messages: Vec::new(),
            created: now,
            modified: now,
        };
        queues.insert(name.clone(), queue);
    }
    Ok(json!({"QueueUrl": url(site, name)}))
}

fn url_of(world: &mut World, site: &Site, asked: &ByName) -> Result<Value, ApiError> {
    let owner = asked.owner.as_deref().unwrap_or(site.account.as_str());
    let known = world.at(site).queues.contains_key(&asked.queue_name);
    if known && owner == site.account.as_str() {
        Ok(json!({"QueueUrl": url(site, &asked.queue_name)}))
    } else {
        Err(no_queue())
    }
}

fn attributes(world: &mut World, site: &Site, get: &GetAttributes) -> Result<Value, ApiError> {
    let now = world.now();
    let arn = site.arn("sqs", queue_name(&get.queue_url));
    let queue = queue(world, site, &get.queue_url)?;
    let hidden = |m: &&Message| m.visible > now;
    let in_flight = queue
        .messages
        .iter()
        .filter(hidden)
        .filter(|m| m.receipt.is_some())
        .count();
    let delayed = queue
        .messages
        .iter()
        .filter(hidden)
        .filter(|m| m.receipt.is_none())
        .count();
    let mut all: Strings = SETTABLE
        .iter()
        .map(|(name, _)| ((*name).to_owned(), attribute(queue, name).to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let visible = queue.messages.len() - in_flight - delayed;
    all.extend(
        [
            ("QueueArn", arn),
            ("CreatedTimestamp", (queue.created / 1000).to_string()),
            ("LastModifiedTimestamp", (queue.modified / 1000).to_string()),
            ("ApproximateNumberOfMessages", visible.to_string()),
            (
                "ApproximateNumberOfMessagesNotVisible",
                in_flight.to_string(),
            ),
            ("ApproximateNumberOfMessagesDelayed", delayed.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    let wanted = |name: &String| get.attribute_names.iter().any(|w| w == "All" || w == name);
    all.retain(|name, _| wanted(name));
    Ok(if all.is_empty() {
        json!({})
    } else {
        json!({"Attributes": all})
    })
}

fn set_attributes(world: &mut World, site: &Site, set: SetAttributes) -> Result<Value, ApiError> {
    let now = world.now();
    let queue = queue(world, site, &set.queue_url)?;
    check_attributes(&set.attributes)?;
    queue.attributes.extend(set.attributes);
    queue.modified = now;
    Ok(json!({}))
}

fn delete(world: &mut World, site: &Site, asked: &ByUrl) -> Result<Value, ApiError> {
    queue(world, site, &asked.queue_url)?;
    world.at(site).queues.remove(queue_name(&asked.queue_url));
    Ok(json!({}))
}

fn list(world: &mut World, site: &Site, list: &ListQueues) -> Result<Value, ApiError> {
    let prefix = list.queue_name_prefix.as_deref().unwrap_or_default();
    let start: usize = match &list.next_token {
        Some(token) => token
            .parse()
            .map_err(|_| ApiError::new("InvalidParameterValue", "Invalid NextToken"))?,
        None => 0,
    };
    // AWS pages only where MaxResults is given, and answers up to 1,000 queues otherwise.
    let size = list.max_results.map_or(1000, |size| size.clamp(1, PAGE));
    let names: Vec<&String> = world
        .at(site)
        .queues
        .keys()
        .filter(|name| name.starts_with(prefix))
        .collect();
    let shown = names.iter().skip(start).take(size);
    let urls: Vec<String> = shown.map(|name| url(site, name)).collect();
    Ok(if names.len() > start + size {
        json!({"QueueUrls": urls, "NextToken": (start + size).to_string()})
    } else {
        json!({"QueueUrls": urls})
    })
}

fn tag(world: &mut World, site: &Site, tag: TagQueue) -> Result<Value, ApiError> {
    queue(world, site, &tag.queue_url)?.tags.extend(tag.tags);
    Ok(json!({}))
}

fn untag(world: &mut World, site: &Site, untag: &UntagQueue) -> Result<Value, ApiError> {
    let tags = &mut queue(world, site, &untag.queue_url)?.tags;
    tags.retain(|key, _| !untag.tag_keys.contains(key));
    Ok(json!({}))
}

fn tags(world: &mut World, site: &Site, asked: &ByUrl) -> Result<Value, ApiError> {
    let queue = queue(world, site, &asked.queue_url)?;
    Ok(if queue.tags.is_empty() {
        json!({})
    } else {
        json!({"Tags": queue.tags})
    })
}

/// Where an ARN points and the name in it.
pub(super) fn locate(arn: &str) -> Option<(Site, String)> {
    let arn: Arn = arn.parse().ok()?;
    let site = Site {
        account: arn.account().parse().ok()?,
        region: arn.region().parse().ok()?,
    };
    Some((site, arn.resource().to_owned()))
}

fn purge(world: &mut World, site: &Site, asked: &ByUrl) -> Result<Value, ApiError> {
    queue(world, site, &asked.queue_url)?.messages.clear();
    Ok(json!({}))
}
