//! Events in a text: as EventBridge, CloudTrail and their tools write them, one or many.

use serde_json::Value;
use thiserror::Error;

use crate::cloudtrail::{self, LeftOut, Setting, Unwrapped};
use crate::pattern::Event;

/// An event of EventBridge, as a value and parsed.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The whole event. A record has got its envelope.
    pub value: Value,
    /// The whole event, read for matching.
    pub event: Event,
}

/// What was found where an event was meant.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotAnEvent {
    /// The text is not JSON from some place on.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// What should hold a record and cannot be read: what it is instead.
    #[error("{0}")]
    Broken(String),
    /// A value that is none of the known forms.
    #[error("neither an event of EventBridge nor a CloudTrail record: {0}")]
    Unknown(String),
    /// Something of AWS's that rules are not asked about.
    #[error("left out: {}: {}", .0.counted(1), .0.reason())]
    LeftOut(LeftOut),
}

impl Incoming {
    /// One event of EventBridge, or one CloudTrail record.
    ///
    /// # Errors
    /// When it is neither.
    pub fn new(value: Value, setting: &Setting<'_>) -> Result<Self, NotAnEvent> {
        let value = if cloudtrail::is_record(&value) {
            let somewhere = cloudtrail::names_its_region(&value);
            let mut event = cloudtrail::wrap(value, setting);
            // A guess would be judged like a fact.
            if !somewhere && let Some(envelope) = event.as_object_mut() {
                envelope.shift_remove("region");
            }
            event
        } else if value.get("source").is_some_and(Value::is_string) || value.get("detail").is_some()
        {
            value
        } else {
            return Err(NotAnEvent::Unknown(summary(&value)));
        };
        match Event::from_value(&value) {
            Ok(event) => Ok(Self { value, event }),
            Err(_) => Err(NotAnEvent::Unknown(summary(&value))),
        }
    }
}

/// The events of a text, in order: one, a list, one behind the other (JSON lines), in any form in which AWS and its
/// tools hand records over. The setting stands in for what records do not say.
pub fn events(text: &str, setting: &Setting<'_>) -> Vec<Result<Incoming, NotAnEvent>> {
    let mut found = Vec::new();
    // The mark that some editors and shells write is no part of the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let inflated = match cloudtrail::unpacked(text).transpose() {
        Ok(inflated) => inflated,
        Err(problem) => return vec![Err(NotAnEvent::Broken(problem))],
    };
    let text = inflated.as_deref().unwrap_or(text);
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match value {
            Ok(value) => unpacked(value, setting, &mut found),
            // Nothing behind it can be read.
            Err(error) => found.push(Err(NotAnEvent::NotJson(error.to_string()))),
        }
    }
    found
}

fn unpacked(value: Value, setting: &Setting<'_>, found: &mut Vec<Result<Incoming, NotAnEvent>>) {
    for item in cloudtrail::unwrapped(value) {
        found.push(match item {
            Unwrapped::Value(value) => Incoming::new(value, setting),
            Unwrapped::LeftOut(what) => Err(NotAnEvent::LeftOut(what)),
            Unwrapped::Broken(problem) => Err(NotAnEvent::Broken(problem)),
        });
    }
}

/// The beginning of a value.
fn summary(value: &Value) -> String {
    let text = value.to_string();
    let mut cut: String = text.chars().take(60).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    crate::diagnostic::printable(&cut)
}
