//! Messages that come to a topic, from callers and from other services.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::common::{expire, invalid, topic};
use super::fanout::{Message, fan_out};
use super::policy::default_policy;
use super::topics::key_of;
use crate::sandbox::common::Strings;
use crate::sandbox::delivery::{Refusal, Source};
use crate::sandbox::kms::using;
use crate::sandbox::site::{Site, locate};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Publish {
    topic_arn: String,
    message: String,
    subject: Option<String>,
    message_structure: Option<String>,
}

pub(super) fn publish(
    world: &mut World,
    site: &Site,
    publish: &Publish,
) -> Result<Value, ApiError> {
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
    let message = match publish.message_structure.as_deref() {
        None => Message::One(&publish.message),
        Some("json") => Message::Each(by_protocol(&publish.message)?),
        Some(_) => return Err(invalid("MessageStructure")),
    };
    let arn = &publish.topic_arn;
    if let Some(key) = key_of(world, arn) {
        let found = using::arn_of(world, site, &key);
        let missing = || ApiError::new("KMSNotFound", format!("Key {key} is not found."));
        let state = using::state_of(world, &found.ok_or_else(missing)?);
        match state.ok_or_else(missing)? {
            "Enabled" => {}
            "Disabled" => return Err(ApiError::new("KMSDisabled", format!("{key} is disabled."))),
            state => {
                let message = format!("{key} is in state {state}.");
                return Err(ApiError::new("KMSInvalidState", message));
            }
        }
    }
    let id = fan_out(world, site, arn, publish.subject.as_deref(), &message);
    Ok(json!({"MessageId": id}))
}

/// The texts of a message that has one for each protocol, and one for all others.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-send-custom-platform-specific-payloads-mobile-devices.html>
fn by_protocol(message: &str) -> Result<Strings, ApiError> {
    let failed = |_| invalid("Message Structure - JSON message body failed to parse");
    let texts: Map<String, Value> = serde_json::from_str(message).map_err(failed)?;
    // What is no text is left out, as AWS says.
    let texts = texts.into_iter().filter_map(|(protocol, text)| match text {
        Value::String(text) => Some((protocol, text)),
        _ => None,
    });
    let texts: Strings = texts.collect();
    if !texts.contains_key("default") {
        return Err(invalid(
            "Message Structure - No default entry in JSON message body",
        ));
    }
    Ok(texts)
}

/// A message from a service, if the topic exists and its policy lets the service in.
pub(super) fn take(
    world: &mut World,
    arn: &str,
    from: &Source<'_>,
    message: &str,
) -> Result<(), Refusal> {
    let missing = || ("NO_RESOURCE", format!("The topic {arn} does not exist."));
    let (site, name) = locate(arn).ok_or_else(missing)?;
    expire(world, &site);
    let topic = world.sns.topics.at(&site).get(&name).ok_or_else(missing)?;
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
        using::send_encrypted(world, arn, &key, from)?;
    }
    fan_out(world, &site, arn, None, &Message::One(message));
    Ok(())
}
