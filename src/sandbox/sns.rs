//! SNS: topics and subscriptions.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::delivery::{Refusal, Source};
use super::events::Tag;
use super::kms;
use super::policy::Policy;
use super::sqs::locate;
use super::wire::{ApiError, input, xml_map};
use super::world::{Site, Strings, Topic, World};

mod fanout;
mod subscriptions;

pub(super) use subscriptions::confirm;

/// AWS lists 100 topics or subscriptions a page; few here, so that paging is exercised.
const PAGE: usize = 10;
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
/// The actions that topic policies may name, one by one: `SNS:*` is refused. The policy that every
/// new topic has grants them to its owner.
const TOPIC_ACTIONS: [&str; 8] = [
    "SNS:GetTopicAttributes",
    "SNS:SetTopicAttributes",
    "SNS:AddPermission",
    "SNS:RemovePermission",
    "SNS:DeleteTopic",
    "SNS:Subscribe",
    "SNS:ListSubscriptionsByTopic",
    "SNS:Publish",
];

pub(crate) fn handle(
    world: &mut World,
    site: &Site,
    operation: &str,
    value: Value,
) -> Result<Value, ApiError> {
    expire(world, site);
    match operation {
        "CreateTopic" => create(world, site, read(operation, value)?),
        "DeleteTopic" => delete(world, site, &read(operation, value)?),
        "GetTopicAttributes" => attributes(world, site, &read(operation, value)?),
        "SetTopicAttributes" => set_attribute(world, site, read(operation, value)?),
        "ListTopics" => list(world, site, &read(operation, value)?),
        "TagResource" => tag(world, site, read(operation, value)?),
        "UntagResource" => untag(world, site, &read(operation, value)?),
        "ListTagsForResource" => tags(world, site, &read(operation, value)?),
        "Subscribe" => subscriptions::subscribe(world, site, read(operation, value)?),
        "Unsubscribe" => subscriptions::unsubscribe(world, site, &read(operation, value)?),
        "ListSubscriptionsByTopic" => subscriptions::list(world, site, &read(operation, value)?),
        "GetSubscriptionAttributes" => {
            subscriptions::attributes(world, site, &read(operation, value)?)
        }
        "SetSubscriptionAttributes" => {
            subscriptions::set_attribute(world, site, read(operation, value)?)
        }
        "Publish" => publish(world, site, &read(operation, value)?),
        _ => Err(ApiError::unsupported(operation)),
    }
}

fn read<T: serde::de::DeserializeOwned>(operation: &str, value: Value) -> Result<T, ApiError> {
    input(operation, value).map_err(|error| match error.code.as_str() {
        "ValidationException" => invalid(error.message),
        _ => error,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Create {
    name: String,
    #[serde(default)]
    attributes: Strings,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ByTopic {
    topic_arn: String,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SetAttribute {
    topic_arn: String,
    attribute_name: String,
    #[serde(default)]
    attribute_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Page {
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Tagging {
    resource_arn: String,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Publish {
    topic_arn: String,
    message: String,
    subject: Option<String>,
}

fn invalid(reason: impl std::fmt::Display) -> ApiError {
    ApiError::new("InvalidParameter", format!("Invalid parameter: {reason}"))
}

fn not_found(what: &str) -> ApiError {
    ApiError::with_status(404, "NotFound", format!("{what} does not exist"))
}

fn topic<'w>(world: &'w mut World, site: &Site, arn: &str) -> Result<&'w mut Topic, ApiError> {
    let (at, name) = locate(arn).ok_or_else(|| invalid("TopicArn"))?;
    if at != *site {
        return Err(invalid("TopicArn"));
    }
    let topics = &mut world.at(site).topics;
    topics.get_mut(&name).ok_or_else(|| not_found("Topic"))
}

/// Subscriptions that nobody confirms are deleted after 48 hours.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html>
fn expire(world: &mut World, site: &Site) {
    let limit = world.now().saturating_sub(48 * 3_600_000);
    for topic in world.at(site).topics.values_mut() {
        topic
            .subscriptions
            .retain(|s| s.confirmed || s.created > limit);
    }
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

fn create(world: &mut World, site: &Site, create: Create) -> Result<Value, ApiError> {
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
    match world.at(site).topics.get_mut(&create.name) {
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
            world.at(site).topics.insert(create.name, topic);
        }
    }
    Ok(json!({"TopicArn": arn}))
}

fn delete(world: &mut World, site: &Site, asked: &ByTopic) -> Result<Value, ApiError> {
    // Deleting what does not exist succeeds.
    if let Some((at, name)) = locate(&asked.topic_arn)
        && at == *site
    {
        world.at(site).topics.remove(&name);
    }
    Ok(json!({}))
}

/// The policy of a topic whose owner never set one.
fn default_policy(arn: &str, account: &str) -> String {
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": TOPIC_ACTIONS,
            "Resource": arn,
            "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
        }],
    })
    .to_string()
}

fn attributes(world: &mut World, site: &Site, asked: &ByTopic) -> Result<Value, ApiError> {
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

fn set_attribute(world: &mut World, site: &Site, set: SetAttribute) -> Result<Value, ApiError> {
    let topic = topic(world, site, &set.topic_arn)?;
    check_attribute(&set.attribute_name, &set.attribute_value)?;
    topic
        .attributes
        .insert(set.attribute_name, set.attribute_value);
    Ok(json!({}))
}

fn list(world: &mut World, site: &Site, asked: &Page) -> Result<Value, ApiError> {
    let names = world.at(site).topics.keys();
    let all = names
        .map(|name| json!({"TopicArn": site.arn("sns", name)}))
        .collect();
    page("Topics", all, asked.next_token.as_deref())
}

fn page(key: &str, all: Vec<Value>, token: Option<&str>) -> Result<Value, ApiError> {
    super::events::page(key, all, token, Some(PAGE)).map_err(|_| invalid("NextToken"))
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

fn tag(world: &mut World, site: &Site, tagging: Tagging) -> Result<Value, ApiError> {
    tagged(world, site, &tagging.resource_arn)?.extend(Tag::collect(tagging.tags));
    Ok(json!({}))
}

fn untag(world: &mut World, site: &Site, tagging: &Tagging) -> Result<Value, ApiError> {
    let tags = tagged(world, site, &tagging.resource_arn)?;
    tags.retain(|key, _| !tagging.tag_keys.contains(key));
    Ok(json!({}))
}

fn tags(world: &mut World, site: &Site, tagging: &Tagging) -> Result<Value, ApiError> {
    let tags = tagged(world, site, &tagging.resource_arn)?;
    Ok(json!({"Tags": Tag::list(tags)}))
}

fn publish(world: &mut World, site: &Site, publish: &Publish) -> Result<Value, ApiError> {
    topic(world, site, &publish.topic_arn)?;
    if publish.message.is_empty() {
        return Err(invalid("Empty message"));
    }
    if publish.message.len() > 256 * 1024 {
        return Err(invalid("Message too long"));
    }
    if let Some(subject) = &publish.subject
        && (subject.is_empty() || subject.chars().count() > 100 || subject.contains(['\n', '\r']))
    {
        return Err(invalid("Subject"));
    }
    let arn = &publish.topic_arn;
    let id = fanout::fan_out(
        world,
        site,
        arn,
        publish.subject.as_deref(),
        &publish.message,
    );
    Ok(json!({"MessageId": id}))
}

/// A message from a service, if the topic exists and its policy lets the service in.
pub(super) fn publish_from(
    world: &mut World,
    arn: &str,
    from: &Source<'_>,
    message: &str,
) -> Result<(), Refusal> {
    let missing = || ("NO_RESOURCE", format!("The topic {arn} does not exist."));
    let (site, name) = locate(arn).ok_or_else(missing)?;
    expire(world, &site);
    let topic = world.at(&site).topics.get(&name).ok_or_else(missing)?;
    let default = default_policy(arn, site.account.as_str());
    let policy = topic.attributes.get("Policy").unwrap_or(&default);
    let key = topic.attributes.get("KmsMasterKeyId").cloned();
    // The policy of a key that AWS manages cannot be changed to let services in.
    // https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    if key
        .as_ref()
        .is_some_and(|key| key.ends_with("alias/aws/sns"))
    {
        let refusal = from.no_key("kms:GenerateDataKey", "alias/aws/sns");
        return Err(("NO_PERMISSIONS", refusal));
    }
    if !from.may(Some(policy), "sns:Publish", arn) {
        return Err((
            "NO_PERMISSIONS",
            format!(
                "{} is not authorized to perform: SNS:Publish on resource: {arn} because no resource-based policy allows the SNS:Publish action",
                from.service
            ),
        ));
    }
    if let Some(key) = key.filter(|key| !key.is_empty()) {
        kms::send_encrypted(world, arn, &key, from)?;
    }
    fanout::fan_out(world, &site, arn, None, message);
    Ok(())
}

impl World {
    /// The resource policy of a topic, queue, bucket, bus or key, if there is one.
    pub(super) fn resource_policy(&mut self, arn: &str) -> Option<String> {
        if arn.contains(":s3:::") {
            return super::s3::policy_of(self, arn);
        }
        if arn.contains(":kms:") {
            return kms::policy_of(self, arn);
        }
        let (site, name) = locate(arn)?;
        if let Some(bus) = name.strip_prefix("event-bus/") {
            return super::events::buses::find(self, &site, bus)?.policy.clone();
        }
        let local = self.at(&site);
        let attributes: &BTreeMap<String, String> = if arn.contains(":sns:") {
            &local.topics.get(&name)?.attributes
        } else if arn.contains(":sqs:") {
            &local.queues.get(&name)?.attributes
        } else {
            return None;
        };
        attributes
            .get("Policy")
            .filter(|policy| !policy.is_empty())
            .cloned()
    }
}
