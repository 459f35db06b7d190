//! SQS: queues, their attributes and their tags.

use serde::Deserialize;
use serde_json::{Value, json};

use super::queue::{SETTABLE, attribute, check_attributes, no_queue, queue, queue_name, url};
use super::state::{Message, Queue};
use crate::sandbox::common::{PAGE, Strings};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    #[serde(rename = "QueueName")]
    queue_name: String,
    #[serde(rename = "Attributes", default)]
    attributes: Strings,
    #[serde(rename = "tags", default)]
    tags: Strings,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ByName {
    #[serde(rename = "QueueName")]
    queue_name: String,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    owner: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ByUrl {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetAttributes {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct SetAttributes {
    queue_url: String,
    attributes: Strings,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListQueues {
    queue_name_prefix: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TagQueue {
    queue_url: String,
    tags: Strings,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UntagQueue {
    queue_url: String,
    tag_keys: Vec<String>,
}

pub(super) fn create(world: &mut World, site: &Site, create: Create) -> Result<Value, ApiError> {
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
    let queues = world.sqs.queues.at(site);
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

pub(super) fn url_of(world: &mut World, site: &Site, asked: &ByName) -> Result<Value, ApiError> {
    let owner = asked.owner.as_deref().unwrap_or(site.account.as_str());
    let known = world.sqs.queues.at(site).contains_key(&asked.queue_name);
    if known && owner == site.account.as_str() {
        Ok(json!({"QueueUrl": url(site, &asked.queue_name)}))
    } else {
        Err(no_queue())
    }
}

pub(super) fn attributes(
    world: &mut World,
    site: &Site,
    get: &GetAttributes,
) -> Result<Value, ApiError> {
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

pub(super) fn set_attributes(
    world: &mut World,
    site: &Site,
    set: SetAttributes,
) -> Result<Value, ApiError> {
    let now = world.now();
    let queue = queue(world, site, &set.queue_url)?;
    check_attributes(&set.attributes)?;
    queue.attributes.extend(set.attributes);
    queue.modified = now;
    Ok(json!({}))
}

pub(super) fn delete(world: &mut World, site: &Site, asked: &ByUrl) -> Result<Value, ApiError> {
    queue(world, site, &asked.queue_url)?;
    world
        .sqs
        .queues
        .at(site)
        .remove(queue_name(&asked.queue_url));
    Ok(json!({}))
}

pub(super) fn list(world: &mut World, site: &Site, list: &ListQueues) -> Result<Value, ApiError> {
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
        .sqs
        .queues
        .at(site)
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

pub(super) fn tag(world: &mut World, site: &Site, tag: TagQueue) -> Result<Value, ApiError> {
    queue(world, site, &tag.queue_url)?.tags.extend(tag.tags);
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, site: &Site, untag: &UntagQueue) -> Result<Value, ApiError> {
    let tags = &mut queue(world, site, &untag.queue_url)?.tags;
    tags.retain(|key, _| !untag.tag_keys.contains(key));
    Ok(json!({}))
}

pub(super) fn tags(world: &mut World, site: &Site, asked: &ByUrl) -> Result<Value, ApiError> {
    let queue = queue(world, site, &asked.queue_url)?;
    Ok(if queue.tags.is_empty() {
        json!({})
    } else {
        json!({"Tags": queue.tags})
    })
}

pub(super) fn purge(world: &mut World, site: &Site, asked: &ByUrl) -> Result<Value, ApiError> {
    queue(world, site, &asked.queue_url)?.messages.clear();
    Ok(json!({}))
}
