//! What calls of SNS need.
//!
//! Actions and resource types are those of the Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/>).

use serde_json::Value;

use super::common::topic_of;
use super::topics::key_of;
use crate::sandbox::access::{Access, Needs, is_tagged, text, unknown};
use crate::sandbox::kms::using;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

pub(super) fn needs(
    world: &World,
    site: &Site,
    operation: &str,
    input: &Value,
) -> Result<Needs, ApiError> {
    use Access::{Read, Write, WriteData};
    let text = |key: &str| text(input, key);
    let (access, resource) = match operation {
        "CreateTopic" => (Write, site.arn("sns", text("Name"))),
        "SetTopicAttributes" | "DeleteTopic" | "Subscribe" => (Write, text("TopicArn").to_owned()),
        "GetTopicAttributes" | "ListSubscriptionsByTopic" => (Read, text("TopicArn").to_owned()),
        "ListTopics" => (Read, site.arn("sns", "*")),
        "TagResource" | "UntagResource" => (Write, text("ResourceArn").to_owned()),
        "ListTagsForResource" => (Read, text("ResourceArn").to_owned()),
        "Unsubscribe" | "SetSubscriptionAttributes" => (Write, topic_of(text("SubscriptionArn"))),
        "GetSubscriptionAttributes" => (Read, topic_of(text("SubscriptionArn"))),
        "Publish" => (WriteData, text("TopicArn").to_owned()),
        _ => return Err(unknown("sns", operation)),
    };
    let tags = operation == "CreateTopic" && is_tagged(input);
    let needs = Needs::one(access, format!("sns:{operation}"), resource.clone());
    let mut needs = needs.and_if(tags, "sns:TagResource", &resource);
    // Whoever publishes under a customer-managed key needs it as well.
    // https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    if operation == "Publish"
        && let Some(key) = key_of(world, &resource).and_then(|key| using::arn_of(world, site, &key))
    {
        for action in using::ACTIONS {
            needs = needs.and(action.to_owned(), key.clone());
        }
    }
    Ok(needs)
}

/// What policies see of a subscription that is being made, and the key of a topic of a message.
pub(super) fn context(site: &Site, input: &Value) -> Vec<(&'static str, String)> {
    if input.get("Message").is_some() {
        let by = format!(
            "sns.{}.{}",
            site.region,
            site.region.partition().dns_suffix()
        );
        let topic = text(input, "TopicArn").to_owned();
        return vec![
            ("kms:viaservice", by),
            ("kms:encryptioncontext:aws:sns:topicarn", topic),
        ];
    }
    let keys = [("sns:protocol", "Protocol"), ("sns:endpoint", "Endpoint")];
    let given = keys.into_iter().filter_map(|(key, field)| {
        let value = input.get(field)?.as_str()?;
        Some((key, value.to_owned()))
    });
    given.collect()
}
