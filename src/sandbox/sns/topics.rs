//! SNS: topics, their attributes and their tags.

use serde::Deserialize;
use serde_json::{Value, json};

use super::common::{ByTopic, invalid, page, topic};
use super::policy::{TOPIC_ACTIONS, default_policy};
use super::state::Topic;
use crate::sandbox::common::{Strings, Tag};
use crate::sandbox::policy::Policy;
use crate::sandbox::site::{Site, locate};
use crate::sandbox::wire::{ApiError, xml_map};
use crate::sandbox::world::World;

const SETTABLE: [&str; 9] = [
    "Policy",
    "DisplayName",
    "DeliveryPolicy",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
    "HTTPSuccessFeedbackRoleArn",
    "HTTPFailureFeedbackRoleArn",
    "HTTPSuccessFeedbackSampleRate",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Create {
    name: String,
    #[serde(default)]
    attributes: Strings,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct SetAttribute {
    topic_arn: String,
    attribute_name: String,
    #[serde(default)]
    attribute_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Page {
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tagging {
    resource_arn: String,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    tag_keys: Vec<String>,
}

fn check_attribute(name: &str, value: &str) -> Result<(), ApiError> {
    if !SETTABLE.contains(&name) {
        return Err(invalid("AttributeName"));
    }
    match name {
        "Policy" => match Policy::parse(value) {
            Err(reason) if reason.contains("sandbox") => Err(ApiError::unsupported(reason)),
            Ok(policy) if !policy.actions_within(&TOPIC_ACTIONS) => {
                Err(invalid("Policy statement action out of service scope!"))
            }
            Ok(policy) if policy.names_principals() => Ok(()),
            Ok(_) | Err(_) => Err(invalid("Policy Error: null")),
        },
        "DeliveryPolicy" if serde_json::from_str::<Value>(value).is_err() => {
            Err(invalid("DeliveryPolicy: Failed to parse JSON"))
        }
        "DisplayName" if value.chars().count() > 100 => Err(invalid("DisplayName")),
        _ => Ok(()),
    }
}

/// The customer-managed key that a topic names, if there is such a topic with one. AWS's own key lets every caller of the
/// account use it through SNS.
pub(super) fn key_of(world: &World, arn: &str) -> Option<String> {
    let (site, name) = locate(arn)?;
    let topic = world.sns.topics.look(&site)?.get(&name)?;
    let key = topic.attributes.get("KmsMasterKeyId")?;
    (!key.is_empty() && !key.ends_with("alias/aws/sns")).then(|| key.clone())
}

pub(super) fn create(world: &mut World, site: &Site, create: Create) -> Result<Value, ApiError> {
    let fits = (1..=256).contains(&create.name.len())
        && create
            .name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if !fits {
        return Err(invalid("Topic Name"));
    }
    for (name, value) in &create.attributes {
        check_attribute(name, value)?;
    }
    let arn = site.arn("sns", &create.name);
    let tags = Tag::collect(create.tags);
    match world.sns.topics.at(site).get_mut(&create.name) {
        Some(topic) => {
            if !tags.is_empty() && tags != topic.tags {
                return Err(invalid(
                    "Tags Reason: Topic already exists with different tags",
                ));
            }
            let same =
                |(name, value): (&String, &String)| topic.attributes.get(name) == Some(value);
            if !create.attributes.iter().all(same) {
                return Err(invalid(
                    "Attributes Reason: Topic already exists with different attributes",
                ));
            }
        }
        None => {
            let topic = Topic {
                attributes: create.attributes,
                tags,
                subscriptions: Vec::new(),
            };
            world.sns.topics.at(site).insert(create.name, topic);
        }
    }
    Ok(json!({"TopicArn": arn}))
}

pub(super) fn delete(world: &mut World, site: &Site, asked: &ByTopic) -> Result<Value, ApiError> {
    // Deleting what does not exist succeeds.
    if let Some((at, name)) = locate(&asked.topic_arn)
        && at == *site
    {
        world.sns.topics.at(site).remove(&name);
    }
    Ok(json!({}))
}

pub(super) fn attributes(
    world: &mut World,
    site: &Site,
    asked: &ByTopic,
) -> Result<Value, ApiError> {
    let arn = &asked.topic_arn;
    let topic = topic(world, site, arn)?;
    let confirmed = topic.subscriptions.iter().filter(|s| s.confirmed).count();
    let pending = topic.subscriptions.len() - confirmed;
    let mut all = topic.attributes.clone();
    all.entry("Policy".to_owned())
        .or_insert_with(|| default_policy(arn, site.account.as_str()));
    all.entry("DisplayName".to_owned()).or_default();
    let effective = json!({"http": {"defaultHealthyRetryPolicy": {
        "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0,
        "numNoDelayRetries": 0, "numMinDelayRetries": 0, "backoffFunction": "linear",
    }, "disableSubscriptionOverrides": false}});
    for (name, value) in [
        ("TopicArn", arn.clone()),
        ("Owner", site.account.to_string()),
        ("SubscriptionsConfirmed", confirmed.to_string()),
        ("SubscriptionsPending", pending.to_string()),
        ("SubscriptionsDeleted", "0".to_owned()),
        ("EffectiveDeliveryPolicy", effective.to_string()),
    ] {
        all.insert(name.to_owned(), value);
    }
    // An attribute that was emptied is not listed, except the display name.
    all.retain(|name, value| name == "DisplayName" || !value.is_empty());
    Ok(json!({"Attributes": xml_map(&all)}))
}

pub(super) fn set_attribute(
    world: &mut World,
    site: &Site,
    set: SetAttribute,
) -> Result<Value, ApiError> {
    let topic = topic(world, site, &set.topic_arn)?;
    check_attribute(&set.attribute_name, &set.attribute_value)?;
    topic
        .attributes
        .insert(set.attribute_name, set.attribute_value);
    Ok(json!({}))
}

pub(super) fn list(world: &mut World, site: &Site, asked: &Page) -> Result<Value, ApiError> {
    let names = world.sns.topics.at(site).keys();
    let all = names
        .map(|name| json!({"TopicArn": site.arn("sns", name)}))
        .collect();
    page("Topics", all, asked.next_token.as_deref())
}

fn tagged<'w>(world: &'w mut World, site: &Site, arn: &str) -> Result<&'w mut Strings, ApiError> {
    let missing = |_| {
        let message = format!("Resource does not exist: {arn}");
        ApiError::with_status(404, "ResourceNotFound", message)
    };
    topic(world, site, arn)
        .map(|topic| &mut topic.tags)
        .map_err(missing)
}

pub(super) fn tag(world: &mut World, site: &Site, tagging: Tagging) -> Result<Value, ApiError> {
    tagged(world, site, &tagging.resource_arn)?.extend(Tag::collect(tagging.tags));
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, site: &Site, tagging: &Tagging) -> Result<Value, ApiError> {
    let tags = tagged(world, site, &tagging.resource_arn)?;
    tags.retain(|key, _| !tagging.tag_keys.contains(key));
    Ok(json!({}))
}

pub(super) fn tags(world: &mut World, site: &Site, tagging: &Tagging) -> Result<Value, ApiError> {
    let tags = tagged(world, site, &tagging.resource_arn)?;
    Ok(json!({"Tags": Tag::list(tags)}))
}
