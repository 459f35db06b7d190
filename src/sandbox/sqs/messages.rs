//! SQS: messages, from sending to deletion.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::queue::{attribute, queue, queue_name, seconds};
use super::state::{Message, MessageAttribute};
use crate::sandbox::delivery::{Parcel, Refusal};
use crate::sandbox::kms::using::send_encrypted;
use crate::sandbox::site::{Site, locate};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Send {
    queue_url: String,
    message_body: String,
    #[serde(default)]
    delay_seconds: i64,
    #[serde(default)]
    message_attributes: BTreeMap<String, MessageAttribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Receive {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
    max_number_of_messages: Option<usize>,
    visibility_timeout: Option<i64>,
    // Nothing arrives while a call waits: the sandbox answers at once.
    #[serde(rename = "WaitTimeSeconds")]
    _wait_time_seconds: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteMessage {
    queue_url: String,
    receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ChangeVisibility {
    queue_url: String,
    entries: Vec<VisibilityEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct VisibilityEntry {
    id: String,
    receipt_handle: String,
    visibility_timeout: i64,
}

fn push(world: &mut World, site: &Site, name: &str, delay: i64, message: Message) {
    let now = world.now();
    if let Some(queue) = world.sqs.queues.at(site).get_mut(name) {
        let delay = if delay > 0 {
            delay * 1000
        } else {
            seconds(queue, "DelaySeconds")
        };
        let visible = now.saturating_add(delay);
        queue.messages.push(Message { visible, ..message });
    }
}

fn message(
    world: &mut World,
    sender: &str,
    body: &str,
    attributes: BTreeMap<String, MessageAttribute>,
) -> Message {
    let now = world.now();
    Message {
        id: world.uuid(),
        body: body.to_owned(),
        attributes,
        sender: sender.to_owned(),
        sent: now,
        visible: now,
        first_received: None,
        receive_count: 0,
        receipt: None,
    }
}

pub(super) fn send(world: &mut World, site: &Site, send: Send) -> Result<Value, ApiError> {
    let name = queue_name(&send.queue_url).to_owned();
    let queue = queue(world, site, &send.queue_url)?;
    let limit = attribute(queue, "MaximumMessageSize").parse().unwrap_or(0);
    if send.message_body.is_empty() || send.message_body.len() > limit {
        return Err(ApiError::new(
            "InvalidParameterValue",
            format!(
                "One or more parameters are invalid. Reason: Message must be at least 1 and at most {limit} bytes."
            ),
        ));
    }
    let message = message(
        world,
        "sandbox",
        &send.message_body,
        send.message_attributes,
    );
    let id = message.id.clone();
    push(world, site, &name, send.delay_seconds, message);
    Ok(json!({"MessageId": id}))
}

/// A message from a service, if the queue exists and its policy lets the service in.
pub(super) fn take(world: &mut World, arn: &str, parcel: &Parcel<'_>) -> Result<(), Refusal> {
    let from = &parcel.from;
    let missing = || ("NO_RESOURCE", format!("The queue {arn} does not exist."));
    let (site, name) = locate(arn).ok_or_else(missing)?;
    let queue = world.sqs.queues.at(&site).get(&name).ok_or_else(missing)?;
    let key = queue.attributes.get("KmsMasterKeyId").cloned();
    if key
        .as_ref()
        .is_some_and(|key| key.ends_with("alias/aws/sqs"))
    {
        return Err((
            "NO_PERMISSIONS",
            from.no_key("kms:GenerateDataKey", "alias/aws/sqs"),
        ));
    }
    if !from.may(queue.attributes.get("Policy"), "sqs:SendMessage", arn) {
        return Err((
            "NO_PERMISSIONS",
            format!(
                "{} is not authorized to perform: sqs:SendMessage on resource: {arn} because no resource-based policy allows the sqs:SendMessage action",
                from.service
            ),
        ));
    }
    if let Some(key) = key.filter(|key| !key.is_empty()) {
        send_encrypted(world, arn, &key, from)?;
    }
    let attributes = parcel.content.attributes().iter().map(|(name, value)| {
        let attribute = MessageAttribute {
            data_type: "String".to_owned(),
            string_value: Some((*value).to_owned()),
        };
        ((*name).to_owned(), attribute)
    });
    let body = parcel.content.text();
    let message = message(world, from.service, &body, attributes.collect());
    push(world, &site, &name, 0, message);
    Ok(())
}

pub(super) fn receive(
    world: &mut World,
    site: &Site,
    receive: &Receive,
) -> Result<Value, ApiError> {
    let now = world.now();
    let most = receive.max_number_of_messages.unwrap_or(1);
    if !(1..=10).contains(&most) {
        return Err(ApiError::new(
            "InvalidParameterValue",
            format!(
                "Value {most} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."
            ),
        ));
    }
    let handles: Vec<String> = (0..most).map(|_| world.uuid()).collect();
    let queue = queue(world, site, &receive.queue_url)?;
    let hidden = match receive.visibility_timeout {
        Some(seconds) => seconds.saturating_mul(1000),
        None => seconds(queue, "VisibilityTimeout"),
    };
    let ready = queue.messages.iter_mut().filter(|m| m.visible <= now);
    let mut shown = Vec::new();
    for (message, handle) in ready.zip(handles) {
        message.visible = now.saturating_add(hidden);
        message.receive_count += 1;
        let first = *message.first_received.get_or_insert(now);
        message.receipt = Some(handle.clone());
        let mut system = BTreeMap::from([
            ("SenderId", message.sender.clone()),
            ("SentTimestamp", message.sent.to_string()),
            ("ApproximateReceiveCount", message.receive_count.to_string()),
            ("ApproximateFirstReceiveTimestamp", first.to_string()),
        ]);
        let names = || {
            let names = &receive.message_system_attribute_names;
            receive.attribute_names.iter().chain(names)
        };
        system.retain(|name, _| names().any(|wanted| wanted == "All" || wanted == name));
        let mut attributes = message.attributes.clone();
        let wanted = &receive.message_attribute_names;
        attributes.retain(|name, _| wanted.iter().any(|w| w == "All" || w == ".*" || w == name));
        let mut answer = json!({
            "MessageId": message.id,
            "ReceiptHandle": handle,
            "Body": message.body,
        });
        if let Some(answer) = answer.as_object_mut() {
            if !system.is_empty() {
                answer.insert("Attributes".to_owned(), json!(system));
            }
            if !attributes.is_empty() {
                answer.insert("MessageAttributes".to_owned(), json!(attributes));
            }
        }
        shown.push(answer);
    }
    Ok(if shown.is_empty() {
        json!({})
    } else {
        json!({"Messages": shown})
    })
}

pub(super) fn delete(
    world: &mut World,
    site: &Site,
    delete: &DeleteMessage,
) -> Result<Value, ApiError> {
    let queue = queue(world, site, &delete.queue_url)?;
    let ours = |m: &Message| m.receipt.as_deref() == Some(&delete.receipt_handle);
    queue.messages.retain(|message| !ours(message));
    Ok(json!({}))
}

/// Changes for how long received messages stay hidden, 1 to 10 in one call.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html>
pub(super) fn change_visibility(
    world: &mut World,
    site: &Site,
    change: &ChangeVisibility,
) -> Result<Value, ApiError> {
    let now = world.now();
    let queue = queue(world, site, &change.queue_url)?;
    if change.entries.is_empty() || change.entries.len() > 10 {
        let code = match change.entries.len() {
            0 => "AWS.SimpleQueueService.EmptyBatchRequest",
            _ => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        };
        return Err(ApiError::new(code, "A batch has 1 to 10 entries."));
    }
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in &change.entries {
        let mut messages = queue.messages.iter_mut();
        // Only what is being read can be hidden for longer, or shown again.
        let found = messages.find(|message| {
            message.receipt.as_deref() == Some(&entry.receipt_handle) && message.visible > now
        });
        match found {
            Some(message) => {
                message.visible = now.saturating_add(entry.visibility_timeout * 1000);
                successful.push(json!({"Id": entry.id}));
            }
            None => failed.push(json!({
                "Id": entry.id,
                "Code": "MessageNotInflight",
                "SenderFault": true,
            })),
        }
    }
    Ok(json!({"Successful": successful, "Failed": failed}))
}
