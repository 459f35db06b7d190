//! Dead letters: alerts and events that EventBridge or SNS could not deliver, read, explained and sent again.

mod codes;
mod of_topic;
mod read;
mod redrive;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::diagnostic::is_unprintable;
use crate::place::{Arn, Place};
use crate::placement::Desired;
use crate::resources::{DEFAULT_BUS, Resource, names};
use crate::rules::RuleId;

pub use read::{Mailbox, Read, read};
pub use redrive::{Redriven, redrive};

/// The version of the JSON form of letters.
pub const FORMAT_VERSION: u32 = 1;

/// So much of one text of an event is kept, in characters: an ARN has 2,048 at most.
const MOST_SHOWN: usize = 2048;

/// One undelivered event of one target. Copies of it are counted, not repeated.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Letter {
    /// Where the queue is.
    pub place: Place,
    /// The name of the queue.
    pub queue: String,
    /// When the event happened, or where that is not said, when the alert was sent; ISO 8601 in UTC.
    pub time: String,
    /// Who could not deliver it.
    pub sender: Sender,
    /// The target's ARN: a topic, the dispatcher, or the home bus; or the address of a topic's reader.
    pub target: Option<String>,
    /// What the alert says first, where it was made already.
    pub alert: Option<String>,
    /// What the letter's event says: what happened, who did it, and where.
    pub event: Happened,
    /// EventBridge's code for why it could not deliver. SNS says nothing.
    pub code: String,
    /// EventBridge's words for why it could not deliver. SNS says nothing.
    pub message: String,
    /// The code in plain words; where there is none, what is seen now.
    pub meaning: String,
    /// What to do about the cause.
    pub remedy: String,
    /// How often it lies in the queue.
    pub copies: usize,
    /// Which alerts it would have made, where a forwarder could not deliver it; else its rule.
    pub rules: Vec<RuleId>,
    /// The event itself, or the alert as an object; null if the message is neither.
    #[serde(skip)]
    pub(crate) body: Value,
    /// Tells the event from every other: made of all of it, since whoever may send events chooses what stands in
    /// `detail`, `eventID` included, and must not take the place of another.
    #[serde(skip)]
    pub(crate) fingerprint: String,
    /// What it is sent as, when it is sent again.
    #[serde(skip)]
    pub(crate) dispatches: Vec<redrive::Dispatch>,
    /// SQS's handles of its copies.
    #[serde(skip)]
    pub(crate) receipts: Vec<String>,
}

/// The EventBridge rule, or the topic, behind a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Sender {
    /// A detector: the alert was lost on its way to a topic, or to the dispatcher.
    Detector {
        /// The rule whose alert it was.
        rule: RuleId,
    },
    /// A forwarder: no detector has seen the event.
    Forwarder {
        /// Its name in AWS.
        name: String,
    },
    /// A topic: the alert was lost on its way to a reader.
    Topic {
        /// The reader, as plans name it.
        reader: String,
    },
    /// A rule or a channel that the rules file does not have any more.
    Unknown {
        /// The ARN of the EventBridge rule, or of the queue.
        arn: String,
    },
}

/// What a letter's event says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Happened {
    /// `detail.eventID`, or the envelope's id.
    pub id: String,
    /// `detail.eventName`, or the `detail-type` where there is none.
    pub name: String,
    /// `detail.eventSource`, or the `source` where there is none.
    pub service: String,
    /// The envelope's `source`, which alone says who sent it: `aws.…` is AWS.
    pub source: String,
    /// Who did it: ARN, name or type.
    pub who: String,
    /// The account that the event happened in.
    pub account: String,
    /// The Region that the event happened in.
    pub region: String,
}

impl Happened {
    /// Whether somebody else than AWS sent it, as test events are sent.
    pub fn is_not_of_aws(&self) -> bool {
        !self.source.is_empty() && !self.source.starts_with("aws.")
    }

    fn of(event: &Value) -> Self {
        let text = |pointer: &str| {
            let value = event.pointer(pointer).and_then(Value::as_str);
            value.map(plain).filter(|text| !text.is_empty())
        };
        let first = |pointers: &[&str]| {
            let mut found = pointers.iter().filter_map(|pointer| text(pointer));
            found.next().unwrap_or_default()
        };
        Self {
            id: first(&["/detail/eventID", "/id"]),
            name: first(&["/detail/eventName", "/detail-type"]),
            service: first(&["/detail/eventSource", "/source"]),
            source: first(&["/source"]),
            who: first(&[
                "/detail/userIdentity/arn",
                "/detail/userIdentity/userName",
                "/detail/userIdentity/invokedBy",
                "/detail/userIdentity/type",
            ]),
            account: first(&["/account"]),
            region: first(&["/region"]),
        }
    }
}

/// Text of an event as it can stand on a terminal: whoever acts chooses some of it.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if is_unprintable(c) { ' ' } else { c })
        .take(MOST_SHOWN)
        .collect()
}

/// A digest of an event.
fn fingerprint(event: &Value) -> String {
    let digest = Sha256::digest(event.to_string().as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whose letter it is, by the ARN of the EventBridge rule.
fn sender(arn: &str, desired: &Desired) -> Sender {
    let unknown = || Sender::Unknown { arn: plain(arn) };
    let Some(path) = arn.parse::<Arn>().ok().and_then(|arn| {
        let path = arn.resource().strip_prefix("rule/")?;
        Some(path.to_owned())
    }) else {
        return unknown();
    };
    let name = path.rsplit('/').next().unwrap_or_default();
    // A detector that has moved between the default bus and the home bus is the same detector.
    let is_it = |key: &crate::resources::ResourceKey| match desired.resources.get(key) {
        Some(Resource::Rule(rule)) => rule.name == name,
        _ => false,
    };
    let mut rules = desired.detectors.iter();
    if let Some((rule, _)) = rules.find(|(_, keys)| keys.iter().any(is_it)) {
        return Sender::Detector { rule: rule.clone() };
    }
    let mut keys = desired.resources.keys();
    let forwards =
        keys.any(|key| desired.is_forwarder(key) && key.name == names::rule(DEFAULT_BUS, name));
    if forwards {
        Sender::Forwarder {
            name: name.to_owned(),
        }
    } else {
        unknown()
    }
}

/// Letters that are the same event for the same target of the same rule become one.
fn merged(letters: Vec<Letter>) -> Vec<Letter> {
    let mut found: BTreeMap<(String, String, Option<String>), Letter> = BTreeMap::new();
    for letter in letters {
        let sender = format!("{:?}", letter.sender);
        let event = match letter.body.is_object() {
            true => letter.fingerprint.clone(),
            // Not an event: nothing is known to be its copy.
            false => letter.receipts.concat(),
        };
        match found.entry((event, sender, letter.target.clone())) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(letter);
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let first = entry.get_mut();
                first.copies += letter.copies;
                first.receipts.extend(letter.receipts);
            }
        }
    }
    let mut letters: Vec<Letter> = found.into_values().collect();
    letters.sort_by(|a, b| (&a.time, &a.event.id).cmp(&(&b.time, &b.event.id)));
    letters
}
