//! Sending again what was not delivered. EventBridge cannot: `PutEvents` refuses events whose source is
//! AWS's, and SQS moves messages back only between queues. So what a detector would have sent is made here, and published
//! to its topics, or handed to its dispatcher.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::read::{self, Mailbox, Read};
use super::{Letter, Sender};
use crate::aws::{CallError, Cloud, calls};
use crate::compile::{Compiled, InputTransformer, RuleState};
use crate::ledger;
use crate::pattern::{Event, EventPattern};
use crate::place::Arn;
use crate::placement::Desired;
use crate::resources::{Resource, ResourceKey, Target};
use crate::rules::RuleId;

/// What an alert that is sent again begins with.
const LATE_MARK: &str = "LATE ";
/// What an alert begins with that is an object and is sent again.
const LATE_FIELD: &str = "{\"late\":true,";

/// One message to one target. A topic has one channel's reader, so that nobody else hears of it twice.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dispatch {
    /// The rule whose alert it is, where that is known.
    pub rule: Option<RuleId>,
    /// A topic, or the dispatcher.
    pub target: Arn,
    pub alert: Alert,
}

/// What an alert says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Alert {
    /// What this makes of the letter's event.
    Of(InputTransformer),
    /// It was made already.
    Made(String),
}

/// What a redrive did.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Redriven {
    /// Letters whose alerts went out again, and that are no longer in their queue.
    pub sent: Vec<Letter>,
    /// Letters of forwarders whose event no rule wants: no alert was lost, and they are deleted.
    pub unwanted: Vec<Letter>,
    /// Letters that stay: the rules file has nothing that could send them, or they would only come back.
    pub kept: Vec<Letter>,
    /// Letters that stay, or may be sent once more, and why.
    pub failed: Vec<Failed>,
}

/// A letter that could not be sent again, or not be deleted after that.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failed {
    pub letter: Letter,
    /// The call that failed, and AWS's answer.
    pub error: CallError,
    /// Whether some of its alerts went out before that: the next redrive repeats them.
    pub partly_sent: bool,
}

/// Sends every letter's alerts again, and deletes a letter once all of them are out. What cannot be sent
/// stays, and is released.
pub async fn redrive(cloud: &Cloud, desired: &Desired, read: &Read) -> Redriven {
    let mut done = Redriven::default();
    let mut sent = BTreeSet::new();
    for mailbox in &read.mailboxes {
        for letter in &mailbox.letters {
            let one = one(cloud, desired, mailbox, letter, &mut sent).await;
            match one {
                Ok(()) if !letter.dispatches.is_empty() => done.sent.push(letter.clone()),
                Ok(()) if is_unwanted(letter) => done.unwanted.push(letter.clone()),
                Ok(()) => done.kept.push(letter.clone()),
                Err((error, partly_sent)) => done.failed.push(Failed {
                    letter: letter.clone(),
                    error,
                    partly_sent,
                }),
            }
        }
        let stay = done
            .kept
            .iter()
            .chain(done.failed.iter().map(|f| &f.letter));
        let stay =
            stay.filter(|letter| letter.place == mailbox.place && letter.queue == mailbox.queue);
        let receipts: Vec<&String> = stay.flat_map(|letter| &letter.receipts).collect();
        read::release(cloud, mailbox, &receipts).await;
    }
    done
}

/// An event that no detector would have matched: the forwarders' pattern is wider than theirs.
fn is_unwanted(letter: &Letter) -> bool {
    let forwarded = matches!(letter.sender, Sender::Forwarder { .. });
    forwarded && letter.dispatches.is_empty() && letter.body.is_object()
}

/// Publishes, then deletes. The flag of an error: whether something went out before it.
async fn one(
    cloud: &Cloud,
    desired: &Desired,
    mailbox: &Mailbox,
    letter: &Letter,
    sent: &mut BTreeSet<(String, Option<RuleId>, Arn)>,
) -> Result<(), (CallError, bool)> {
    if letter.dispatches.is_empty() && !is_unwanted(letter) {
        return Ok(());
    }
    let mut partly = false;
    for dispatch in &letter.dispatches {
        let Dispatch {
            rule,
            target,
            alert,
        } = dispatch;
        // Two forwarders that lost the same event would make the same alert twice.
        let mark = (letter.fingerprint.clone(), rule.clone(), target.clone());
        if sent.contains(&mark) {
            continue;
        }
        let text = match alert {
            Alert::Of(input) => late(&input.render(&letter.body)),
            Alert::Made(text) => late(text),
        };
        // Those of rules apart are not all at home.
        let place =
            ResourceKey::of_arn(target).map_or_else(|| desired.home.clone(), |key| key.place);
        let clients = cloud.at_place(&place);
        let sent_off = if is_dispatcher(target) {
            let name = run_of(letter, rule.as_ref());
            let started = ledger::start_once(&clients, target, &name, &text).await;
            started.map(drop)
        } else {
            let request = clients.sns.publish();
            let request = request.topic_arn(target.as_str()).message(text);
            let published = calls::PUBLISH.send(target.as_str(), request.send()).await;
            published.map(drop)
        };
        sent_off.map_err(|error| (error, partly))?;
        partly = true;
        sent.insert(mark);
    }
    let sqs = cloud.at_place(&mailbox.place).sqs;
    for receipt in &letter.receipts {
        let request = sqs
            .delete_message()
            .queue_url(&mailbox.url)
            .receipt_handle(receipt);
        let deleted = calls::DELETE_MESSAGE
            .send(&mailbox.url, request.send())
            .await;
        deleted.map_err(|error| (error, partly))?;
    }
    Ok(())
}

/// Whether a target is a state machine.
pub(super) fn is_dispatcher(target: &Arn) -> bool {
    target.service() == "states"
}

/// What the run is called that tells a rule's alert of a letter's event: the same from every letter of that event, so that
/// it is told once. The digest tells it from those of other events, whatever their ids.
fn run_of(letter: &Letter, rule: Option<&RuleId>) -> String {
    let rule = rule.map_or("", |rule| rule.0.as_str());
    let digest = Sha256::digest(format!("{} {rule}", letter.fingerprint).as_bytes());
    let digest: String = digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let id = letter.event.id.chars();
    let id: String = id
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(36)
        .collect();
    match id.as_str() {
        "" => digest,
        id => format!("{id}-{digest}"),
    }
}

/// Marks an alert, once: text begins with the mark, an object has a field of its own.
fn late(alert: &str) -> String {
    let is_object = || {
        let fields = serde_json::from_str::<Map<String, Value>>(alert);
        fields.is_ok_and(|fields| !fields.is_empty())
    };
    if alert.starts_with(LATE_FIELD) || alert.trim_start_matches('"').starts_with(LATE_MARK) {
        alert.to_owned()
    } else if let Some(rest) = alert.strip_prefix('{').filter(|_| is_object()) {
        format!("{LATE_FIELD}{rest}")
    } else if let Some(rest) = alert.strip_prefix('"') {
        format!("\"{LATE_MARK}{rest}")
    } else {
        format!("{LATE_MARK}{alert}")
    }
}

/// The messages that a letter's event should have become.
pub(super) fn dispatches(
    sender: &Sender,
    target: Option<&str>,
    event: &Value,
    desired: &Desired,
    patterns: &[Compiled],
) -> Vec<Dispatch> {
    if !event.is_object() {
        return Vec::new();
    }
    match sender {
        Sender::Unknown { .. } | Sender::Topic { .. } => Vec::new(),
        // The pattern has matched already; a split rule's parts send to the same targets, and those of a rule apart to
        // the topics of their Region.
        Sender::Detector { rule } => {
            let keys = desired.detectors.get(rule).map_or(&[][..], Vec::as_slice);
            let lost_it = keys.iter().find(|key| sends(key, target, desired));
            let key = lost_it.or(keys.first());
            key.map_or_else(Vec::new, |key| of_detector(rule, key, target, desired))
        }
        Sender::Forwarder { .. } => desired
            .detectors
            .iter()
            .flat_map(|(rule, keys)| keys.iter().map(move |key| (rule, key)))
            // What a rule apart hears has come to no forwarder.
            .filter(|(rule, _)| !desired.apart.contains(rule))
            .filter(|(_, key)| wants(key, event, desired))
            .filter(|(rule, _)| patterns.iter().any(|pattern| pattern.rule == **rule))
            .flat_map(|(rule, key)| of_detector(rule, key, None, desired))
            .collect(),
    }
}

/// Whether a detector sends to a target.
fn sends(key: &ResourceKey, target: Option<&str>, desired: &Desired) -> bool {
    match desired.resources.get(key) {
        Some(Resource::Rule(rule)) => rule
            .targets
            .values()
            .any(|sent| target == Some(sent.arn.as_str())),
        _ => false,
    }
}

fn of_detector(
    rule: &RuleId,
    key: &ResourceKey,
    target: Option<&str>,
    desired: &Desired,
) -> Vec<Dispatch> {
    let Some(Resource::Rule(detector)) = desired.resources.get(key) else {
        return Vec::new();
    };
    let all = || detector.targets.values();
    let lost = |wanted: &Target| target == Some(wanted.arn.as_str());
    // Only the target that did not get it; all of them where that target is no longer in use.
    let chosen: Vec<&Target> = if all().any(lost) {
        all().filter(|target| lost(target)).collect()
    } else {
        all().collect()
    };
    chosen
        .into_iter()
        .filter_map(|target| {
            Some(Dispatch {
                rule: Some(rule.clone()),
                target: target.arn.clone(),
                alert: Alert::Of(target.input.clone()?),
            })
        })
        .collect()
}

/// Whether a detector would see and match an event.
fn wants(key: &ResourceKey, event: &Value, desired: &Desired) -> bool {
    let Some(Resource::Rule(detector)) = desired.resources.get(key) else {
        return false;
    };
    let at = |pointer: &str| event.pointer(pointer).and_then(Value::as_bool);
    let reads =
        at("/detail/readOnly") == Some(true) && at("/detail/managementEvent") != Some(false);
    let sees = match detector.state {
        RuleState::Disabled => false,
        RuleState::Enabled => !reads,
        RuleState::EnabledWithAll => true,
    };
    let pattern = EventPattern::from_value(&detector.pattern);
    let event = Event::from_value(event);
    sees && matches!((pattern, event), (Ok(pattern), Ok(event)) if pattern.matches(&event))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_marked_once_and_stays_what_it_is() {
        for (alert, marked) in [
            (
                "\"[aws.signin] LOW: a\"\n\"b\"",
                "\"LATE [aws.signin] LOW: a\"\n\"b\"",
            ),
            ("{\"rule\":\"a\"}", "{\"late\":true,\"rule\":\"a\"}"),
            ("text", "LATE text"),
            // What only looks like an object is text.
            ("{}", "LATE {}"),
            ("{\"rule\"", "LATE {\"rule\""),
        ] {
            assert_eq!(late(alert), marked);
            assert_eq!(late(marked), marked);
        }
    }
}
