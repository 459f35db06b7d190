//! Records inside of what log files, queues, topics, log groups and tools hand over, and what is none.
//!
//! | who hands it over | where the record lies |
//! |---|---|
//! | CloudTrail, `lookup-events` | `Records`; `Events`, `CloudTrailEvent` |
//! | our channels with `format: json` | `event`, beside `rule` |
//! | SNS, also to a function | `Message` of a `Notification`; `Sns` |
//! | SQS: `receive-message`, a function | `Messages`; `Records`; then `Body` or `body` |
//! | CloudWatch Logs: a subscription, `filter-log-events`, Logs Insights | `logEvents`, `events`, `results`; then `message` |
//! | a subscription to a function, to Kinesis or Firehose | `awslogs`, `kinesis`, `data`: base64, compressed |
//! | CloudTrail Lake | `QueryResultRows`; then `eventJson`, or a column for each field |

use std::io::Read;

use aws_smithy_types::base64;
use flate2::read::MultiGzDecoder;
use serde_json::{Deserializer, Map, Value};

use super::envelope::{RecordKind, is_of_cloudtrail};
use super::lake;
use crate::diagnostic::{counted, shown};

/// How deep a record may lie: far deeper than in any form of AWS's.
const MAX_DEPTH: usize = 32;
/// How many bytes a compressed member may hold. CloudWatch Logs packs at most 1 MB into one.
const MAX_INFLATED: usize = 16 << 20;
/// How compressed data begins (RFC 1952), and how it does in base64.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const GZIP_IN_BASE64: &str = "H4sI";
/// So much is kept of a kind that nobody knows.
const LONGEST_KIND: usize = 80;

const TEXT: LeftOut = LeftOut::Known("plain-text message");
const SUBSCRIPTION: LeftOut = LeftOut::Known("subscription message");
const CONTROL: LeftOut = LeftOut::Known("CloudWatch Logs control message");
const DIGEST: LeftOut = LeftOut::Known("digest");

/// What lies in a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Unwrapped {
    /// A record of which EventBridge makes an event, such an event, or something that is neither and holds neither.
    Value(Value),
    /// Something of AWS's of which EventBridge has no event.
    LeftOut(LeftOut),
    /// What should hold a record and cannot be read: what it is instead.
    Broken(String),
}

/// Something of AWS's that rules are not asked about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeftOut {
    /// It never is an event of EventBridge: one of them in words.
    Known(&'static str),
    /// A record whose `eventType` or `eventCategory` this release does not know.
    Unknown(String),
}

impl LeftOut {
    /// One of them in words, or the kind that nobody knows.
    pub fn name(&self) -> &str {
        match self {
            Self::Known(what) => what,
            Self::Unknown(kind) => kind,
        }
    }

    /// So many of them, for people.
    pub fn counted(&self, count: u64) -> String {
        match self {
            Self::Known(what) => counted(count, what),
            Self::Unknown(kind) => {
                let records = counted(count, "record");
                format!("{records} of the unknown kind {}", shown(kind))
            }
        }
    }

    /// Why no rule is asked: a sentence without its end.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Known(_) => "EventBridge makes no event of such, so that no rule can fire",
            Self::Unknown(_) => {
                "this release does not know what EventBridge makes of such, so that no rule was asked"
            }
        }
    }

    fn unknown(kind: &str) -> Self {
        Self::Unknown(kind.chars().take(LONGEST_KIND).collect())
    }
}

/// What lies in a value, in order; the value itself where nothing does.
pub fn unwrapped(value: Value) -> Vec<Unwrapped> {
    let mut found = Vec::new();
    take(value, 0, &mut found);
    found
}

/// The text inside of a text that is compressed and in base64, as the data of a subscription is when it is copied;
/// `None` where a text is no such thing.
pub fn unpacked(text: &str) -> Option<Result<String, String>> {
    let packed = text.trim_start().starts_with(GZIP_IN_BASE64);
    packed.then(|| from_base64(text))
}

/// What an object holds.
enum Inside {
    /// Values that are each looked into.
    Values(Vec<Value>),
    /// JSON as text.
    Json(String),
    /// A text that somebody sent, which may be JSON.
    Message(String),
    /// Base64 of such a text, compressed or not.
    Packed(String),
    /// Rows of columns.
    Rows(Vec<Value>),
    /// The columns of one row.
    Row(Map<String, Value>),
    /// Nothing that could be an event.
    Nothing(LeftOut),
}

fn take(value: Value, depth: usize, found: &mut Vec<Unwrapped>) {
    if depth > MAX_DEPTH {
        let problem = format!("wrapped more than {MAX_DEPTH} times");
        found.push(Unwrapped::Broken(problem));
        return;
    }
    let next = depth + 1;
    match value {
        Value::Array(items) => items.into_iter().for_each(|item| take(item, next, found)),
        Value::String(text) if is_structure(&text) => json(&text, next, found),
        Value::Object(mut members) => match inside(&mut members) {
            None => found.push(leaf(Value::Object(members))),
            Some(Inside::Values(items)) => {
                items.into_iter().for_each(|item| take(item, next, found))
            }
            Some(Inside::Json(text)) => json(&text, next, found),
            Some(Inside::Message(text)) => message(&text, next, found),
            Some(Inside::Packed(data)) => match from_base64(&data) {
                Ok(text) => message(&text, next, found),
                Err(problem) => found.push(Unwrapped::Broken(problem)),
            },
            Some(Inside::Rows(rows)) => rows
                .into_iter()
                .for_each(|row| take(joined(row), next, found)),
            Some(Inside::Row(columns)) => row(columns, next, found),
            Some(Inside::Nothing(what)) => found.push(Unwrapped::LeftOut(what)),
        },
        other => found.push(Unwrapped::Value(other)),
    }
}

/// What the members of an object show it to be, if it holds something. What is taken out of it is gone.
fn inside(members: &mut Map<String, Value>) -> Option<Inside> {
    // An event of EventBridge, whatever else it holds.
    if members.contains_key("detail") {
        return None;
    }
    if let Some(data) =
        inner_text(members, "kinesis", "data").or_else(|| inner_text(members, "awslogs", "data"))
    {
        return Some(Inside::Packed(data));
    }
    if let Some(notification) = taken_object(members, "Sns") {
        return Some(Inside::Values(vec![notification]));
    }
    match text_of(members, "Type") {
        Some("Notification") => {
            if let Some(text) = taken_text(members, "Message") {
                return Some(Inside::Message(text));
            }
        }
        Some("SubscriptionConfirmation" | "UnsubscribeConfirmation") => {
            return Some(Inside::Nothing(SUBSCRIPTION));
        }
        _ => {}
    }
    match text_of(members, "messageType") {
        Some("CONTROL_MESSAGE") => return Some(Inside::Nothing(CONTROL)),
        Some("DATA_MESSAGE") => {
            if let Some(events) = taken_list(members, "logEvents") {
                return Some(Inside::Values(events));
            }
        }
        _ => {}
    }
    // A record holds whatever a caller sent.
    if text_of(members, "eventSource").is_some() && text_of(members, "eventName").is_some() {
        return None;
    }
    if let Some(record) = taken_text(members, "CloudTrailEvent") {
        return Some(Inside::Json(record));
    }
    for list in ["Records", "Events", "Messages"] {
        if let Some(items) = taken_list(members, list) {
            return Some(Inside::Values(items));
        }
    }
    for (list, member) in [("events", "message"), ("records", "data")] {
        let holds = |items: &Vec<Value>| items.iter().all(|item| item.get(member).is_some());
        if members
            .get(list)
            .and_then(Value::as_array)
            .is_some_and(holds)
        {
            return taken_list(members, list).map(Inside::Values);
        }
    }
    for rows in ["QueryResultRows", "results"] {
        if let Some(rows) = taken_list(members, rows) {
            return Some(Inside::Rows(rows));
        }
    }
    let has = |names: &[&str]| names.iter().any(|name| members.contains_key(*name));
    let (of_queue, of_log, of_stream) = (
        has(&["MessageId", "messageId", "ReceiptHandle", "receiptHandle"]),
        has(&["timestamp", "ingestionTime", "@timestamp", "@ptr"]),
        has(&["recordId", "SequenceNumber"]),
    );
    for (name, fits) in [
        ("Body", of_queue),
        ("body", of_queue),
        ("message", of_log),
        ("@message", true),
    ] {
        if fits && let Some(text) = taken_text(members, name) {
            return Some(Inside::Message(text));
        }
    }
    for name in ["data", "Data"] {
        if of_stream && let Some(data) = taken_text(members, name) {
            return Some(Inside::Packed(data));
        }
    }
    if members.contains_key("rule")
        && let Some(event) = taken_object(members, "event")
    {
        return Some(Inside::Values(vec![event]));
    }
    lake::is_row(members).then(|| Inside::Row(std::mem::take(members)))
}

fn text_of<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    members.get(name).and_then(Value::as_str)
}

fn taken_text(members: &mut Map<String, Value>, name: &str) -> Option<String> {
    match members.get_mut(name) {
        Some(Value::String(text)) => Some(std::mem::take(text)),
        _ => None,
    }
}

fn taken_list(members: &mut Map<String, Value>, name: &str) -> Option<Vec<Value>> {
    match members.get_mut(name) {
        Some(Value::Array(items)) => Some(std::mem::take(items)),
        _ => None,
    }
}

fn taken_object(members: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let member = members.get_mut(name).filter(|member| member.is_object())?;
    Some(std::mem::take(member))
}

/// The text of a member of a member.
fn inner_text(members: &Map<String, Value>, outer: &str, inner: &str) -> Option<String> {
    let text = members.get(outer)?.get(inner)?.as_str()?;
    Some(text.to_owned())
}

/// Whether a text is meant as an object or a list.
fn is_structure(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// JSON that must be there.
fn json(text: &str, depth: usize, found: &mut Vec<Unwrapped>) {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => take(value, depth, found),
        Err(error) => found.push(Unwrapped::Broken(format!("not JSON: {error}"))),
    }
}

/// What somebody sent: values one behind the other, a text that holds some, or words for people, such as our alerts
/// as text.
fn message(text: &str, depth: usize, found: &mut Vec<Unwrapped>) {
    if !is_structure(text) {
        match serde_json::from_str::<Value>(text) {
            Ok(Value::String(inner)) if is_structure(&inner) => json(&inner, depth, found),
            _ => found.push(Unwrapped::LeftOut(TEXT)),
        }
        return;
    }
    for value in Deserializer::from_str(text).into_iter::<Value>() {
        match value {
            Ok(value) => take(value, depth, found),
            Err(error) => {
                // Nothing behind it can be read.
                found.push(Unwrapped::Broken(format!("not JSON: {error}")));
                return;
            }
        }
    }
}

/// What base64 holds, inflated where it is compressed.
fn from_base64(data: &str) -> Result<String, String> {
    let whole: String = data.split_ascii_whitespace().collect();
    let bytes = base64::decode(whole).map_err(|_| "packed data that is not base64".to_owned())?;
    let bytes = if bytes.starts_with(&GZIP) {
        let mut inflated = Vec::new();
        MultiGzDecoder::new(bytes.as_slice())
            .take(MAX_INFLATED as u64 + 1)
            .read_to_end(&mut inflated)
            .map_err(|error| format!("packed data that is damaged: {error}"))?;
        if inflated.len() > MAX_INFLATED {
            let mib = MAX_INFLATED >> 20;
            return Err(format!("packed data that inflates to more than {mib} MiB"));
        }
        inflated
    } else {
        bytes
    };
    String::from_utf8(bytes).map_err(|_| "packed data that is not UTF-8".to_owned())
}

/// A row whose columns come one by one, as one object: `{name: value}`, or `{"field": name, "value": value}`.
fn joined(row: Value) -> Value {
    let Value::Array(columns) = row else {
        return row;
    };
    let mut members = Map::new();
    for column in columns {
        let Value::Object(mut column) = column else {
            continue;
        };
        if column.contains_key("value")
            && let Some(name) = taken_text(&mut column, "field")
        {
            let value = column.get_mut("value").map(Value::take);
            members.insert(name, value.unwrap_or_default());
        } else {
            members.extend(column);
        }
    }
    // Its names may be those of a record, and its values are texts all the same.
    match members.contains_key("@message") {
        true => Value::Object(members),
        false => lake_row(members),
    }
}

/// A row in the form that shows it to be one, whatever the case of its names.
fn lake_row(members: Map<String, Value>) -> Value {
    let columns = members.into_iter();
    Value::Object(
        columns
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect(),
    )
}

fn row(columns: Map<String, Value>, depth: usize, found: &mut Vec<Unwrapped>) {
    match lake::record(columns) {
        Ok(record) if is_of_cloudtrail(&record) => take(record, depth, found),
        Ok(_) => found.push(Unwrapped::Broken(
            "a row of CloudTrail Lake that says no event: select `eventJson`, which holds the whole record"
                .to_owned(),
        )),
        Err(problem) => found.push(Unwrapped::Broken(problem)),
    }
}

/// A value that holds no other.
fn leaf(value: Value) -> Unwrapped {
    if value.get("detail").is_none() && value.get("digestS3Object").is_some() {
        return Unwrapped::LeftOut(DIGEST);
    }
    if !is_of_cloudtrail(&value) {
        return Unwrapped::Value(value);
    }
    match RecordKind::of(|name| value.get(name).and_then(Value::as_str)) {
        RecordKind::Event(_) => Unwrapped::Value(value),
        RecordKind::Unsent(what) => Unwrapped::LeftOut(LeftOut::Known(what)),
        RecordKind::Unknown(kind) => Unwrapped::LeftOut(LeftOut::unknown(&kind)),
    }
}
