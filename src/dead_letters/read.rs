//! Reading queues without taking anything out of them.

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName as System,
};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::of_topic::{Destination, Found};
use super::redrive::{self, Dispatch};
use super::{Happened, Letter, Sender, codes, fingerprint, merged, plain, sender};
use crate::aws::{CallError, Cause, Cloud, calls};
use crate::place::{Arn, Place};
use crate::plan::Deployment;
use crate::resources::{Kind, Live, Owner, ResourceKey, names};

/// At most so many messages of one queue are read at a time.
const LIMIT: usize = 1000;
/// How many queues are read at once.
const CONCURRENCY: usize = 8;
/// How long what is read is hidden from other readers, in seconds: as long as sending it again may take.
const HIDDEN_SECONDS: i32 = 900;

/// What lies in all queues of dead letters.
#[derive(Debug, Clone)]
pub struct Read {
    /// One for each queue that holds something.
    pub mailboxes: Vec<Mailbox>,
}

/// What lies in one queue.
#[derive(Debug, Clone)]
pub struct Mailbox {
    /// Where the queue is.
    pub place: Place,
    /// The name of the queue.
    pub queue: String,
    /// The queue's URL, by which SQS takes calls about it.
    pub url: String,
    /// The letters, oldest first.
    pub letters: Vec<Letter>,
    /// Whether there is more than was read.
    pub more: bool,
}

/// Reads the letters of every queue of ours. They stay where they are, but nobody else sees them for some
/// minutes, unless they are [released](Read::release).
///
/// # Errors
/// What AWS says.
pub async fn read(cloud: &Cloud, deployment: Deployment<'_>) -> Result<Read, CallError> {
    let queues = deployment
        .live
        .iter()
        .filter(|live| live.key.kind == Kind::Queue && live.owner == Owner::Ours)
        // Answers to probes are no letters.
        .filter(|live| names::holds_dead_letters(deployment.stack, &live.key.name));
    let mut mailboxes: Vec<Mailbox> = stream::iter(queues)
        .map(|queue| mailbox(cloud, queue, deployment))
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    mailboxes.retain(|mailbox| !mailbox.letters.is_empty());
    Ok(Read { mailboxes })
}

async fn mailbox(
    cloud: &Cloud,
    queue: &Live,
    deployment: Deployment<'_>,
) -> Result<Mailbox, CallError> {
    let Deployment { stack, desired, .. } = deployment;
    let url = queue.handle.clone().unwrap_or_default();
    let place = &queue.key.place;
    let client = cloud.at_place(place).sqs;
    let mut messages: Vec<Message> = Vec::new();
    while messages.len() < LIMIT {
        let request = client
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(10)
            .visibility_timeout(HIDDEN_SECONDS)
            // Without waiting SQS asks only some of its servers, and a short queue looks empty.
            .wait_time_seconds(1)
            .message_system_attribute_names(System::SentTimestamp)
            .message_attribute_names("All");
        let answer = match calls::RECEIVE.send(&url, request.send()).await {
            Ok(answer) => answer,
            Err(error) if error.cause == Cause::NotFound => break,
            Err(error) => return Err(error),
        };
        if answer.messages().is_empty() {
            break;
        }
        messages.extend(answer.messages.unwrap_or_default());
    }
    let letters = if messages.is_empty() {
        Vec::new()
    } else if names::is_dead_letters_of_topic(stack, &queue.key.name) {
        let destination = Destination::of(cloud, deployment, &queue.key).await;
        let read = messages.iter();
        read.map(|message| destination.letter(found(message), desired))
            .collect()
    } else {
        let read = messages.iter();
        read.map(|message| letter(message, &queue.key, deployment))
            .collect()
    };
    Ok(Mailbox {
        place: place.clone(),
        queue: queue.key.name.clone(),
        url,
        more: messages.len() >= LIMIT,
        letters: merged(letters),
    })
}

fn letter(message: &Message, queue: &ResourceKey, deployment: Deployment<'_>) -> Letter {
    let Deployment {
        desired, patterns, ..
    } = deployment;
    let attribute = |name: &str| {
        let attribute = message.message_attributes().and_then(|a| a.get(name))?;
        attribute.string_value().map(plain)
    };
    let body: Value = message
        .body()
        .and_then(|body| serde_json::from_str(body).ok())
        .unwrap_or_default();
    let sender = sender(&attribute("RULE_ARN").unwrap_or_default(), desired);
    let code = attribute("ERROR_CODE").unwrap_or_default();
    let target = attribute("TARGET_ARN");
    let (meaning, remedy) = codes::explained(&code, aim(&sender, target.as_deref(), deployment));
    let dispatches = redrive::dispatches(&sender, target.as_deref(), &body, desired, patterns);
    let mut rules: Vec<_> = dispatches
        .iter()
        .filter_map(|d: &Dispatch| d.rule.clone())
        .collect();
    if let Sender::Detector { rule } = &sender {
        rules.push(rule.clone());
    }
    rules.sort();
    rules.dedup();
    let time = body.get("time").and_then(Value::as_str).map(plain);
    Letter {
        place: queue.place.clone(),
        queue: queue.name.clone(),
        time: time.unwrap_or_default(),
        event: Happened::of(&body),
        target,
        alert: None,
        message: attribute("ERROR_MESSAGE").unwrap_or_default(),
        meaning: meaning.to_owned(),
        remedy: remedy.to_owned(),
        copies: 1,
        rules,
        receipts: receipts(message),
        sender,
        code,
        fingerprint: fingerprint(&body),
        body,
        dispatches,
    }
}

/// What a letter was for: a topic that the rules file no longer names is told by its name.
fn aim(sender: &Sender, target: Option<&str>, deployment: Deployment<'_>) -> codes::Target {
    if matches!(sender, Sender::Forwarder { .. }) {
        return codes::Target::HomeBus;
    }
    let is_ours = |topic: &Arn| {
        topic.account() == deployment.desired.home.account().as_str()
            && names::is_topic(deployment.stack, topic.resource())
    };
    match target.and_then(|target| target.parse::<Arn>().ok()) {
        Some(machine) if redrive::is_dispatcher(&machine) => codes::Target::Dispatcher,
        Some(topic) if topic.service() == "sns" && !is_ours(&topic) => codes::Target::GivenTopic,
        _ => codes::Target::OwnTopic,
    }
}

fn found(message: &Message) -> Found<'_> {
    let attributes = message.attributes();
    let sent = attributes.and_then(|all| all.get(&System::SentTimestamp));
    Found {
        body: message.body().unwrap_or_default(),
        sent: sent.map(String::as_str),
        id: message.message_id().unwrap_or_default(),
        receipts: receipts(message),
    }
}

fn receipts(message: &Message) -> Vec<String> {
    let receipt = message.receipt_handle().map(str::to_owned);
    receipt.into_iter().collect()
}

impl Read {
    /// Every letter of every queue.
    pub fn letters(&self) -> impl Iterator<Item = &Letter> {
        self.mailboxes.iter().flat_map(|mailbox| &mailbox.letters)
    }

    /// How many messages a redrive would send.
    pub fn messages(&self) -> usize {
        self.letters().map(|letter| letter.dispatches.len()).sum()
    }

    /// Lets others see the letters again, as far as it goes: after some minutes they do anyway.
    pub async fn release(&self, cloud: &Cloud) {
        for mailbox in &self.mailboxes {
            let receipts = mailbox.letters.iter().flat_map(|letter| &letter.receipts);
            let receipts: Vec<&String> = receipts.collect();
            release(cloud, mailbox, &receipts).await;
        }
    }
}

pub(super) async fn release(cloud: &Cloud, mailbox: &Mailbox, receipts: &[&String]) {
    let client = cloud.at_place(&mailbox.place).sqs;
    for batch in receipts.chunks(10) {
        let entries = batch.iter().enumerate().filter_map(|(index, receipt)| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(*receipt)
                .visibility_timeout(0)
                .build()
                .ok()
        });
        let request = client
            .change_message_visibility_batch()
            .queue_url(&mailbox.url)
            .set_entries(Some(entries.collect()));
        let done = calls::RELEASE.send(&mailbox.url, request.send()).await;
        // A caller who may not do this waits until the time is over.
        if done.is_err() {
            break;
        }
    }
}
