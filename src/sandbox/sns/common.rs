//! What the operations of SNS have in common: inputs, errors, pages, and the topic of an ARN.

use serde::Deserialize;
use serde_json::Value;

use super::state::Topic;
use crate::sandbox::common;
use crate::sandbox::site::{Site, locate};
use crate::sandbox::wire::{ApiError, input};
use crate::sandbox::world::World;

/// The input of an operation, with the errors of SNS.
pub(super) fn read<T: serde::de::DeserializeOwned>(
    operation: &str,
    value: Value,
) -> Result<T, ApiError> {
    input(operation, value).map_err(|error| match error.code.as_str() {
        "ValidationException" => invalid(error.message),
        _ => error,
    })
}

pub(super) fn invalid(reason: impl std::fmt::Display) -> ApiError {
    ApiError::new("InvalidParameter", format!("Invalid parameter: {reason}"))
}

pub(super) fn not_found(what: &str) -> ApiError {
    ApiError::with_status(404, "NotFound", format!("{what} does not exist"))
}

/// The topic of that ARN, which must be of this account and Region.
pub(super) fn topic<'w>(
    world: &'w mut World,
    site: &Site,
    arn: &str,
) -> Result<&'w mut Topic, ApiError> {
    let (at, name) = locate(arn).ok_or_else(|| invalid("TopicArn"))?;
    if at != *site {
        return Err(invalid("TopicArn"));
    }
    let topics = world.sns.topics.at(site);
    topics.get_mut(&name).ok_or_else(|| not_found("Topic"))
}

/// Subscriptions that nobody confirms are deleted after 48 hours.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html>
pub(super) fn expire(world: &mut World, site: &Site) {
    let limit = world.now().saturating_sub(48 * 3_600_000);
    let topics = world.sns.topics.look_mut(site);
    for topic in topics.into_iter().flat_map(|topics| topics.values_mut()) {
        topic
            .subscriptions
            .retain(|s| s.confirmed || s.created > limit);
    }
}

/// The topic of a subscription, whose ARN is the topic's and an id.
pub(super) fn topic_of(subscription: &str) -> String {
    match subscription.rsplit_once(':') {
        Some((topic, _)) => topic.to_owned(),
        None => subscription.to_owned(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ByTopic {
    pub(super) topic_arn: String,
    pub(super) next_token: Option<String>,
}

pub(super) fn page(key: &str, all: Vec<Value>, token: Option<&str>) -> Result<Value, ApiError> {
    common::page(key, all, token, Some(common::PAGE)).map_err(|_| invalid("NextToken"))
}
