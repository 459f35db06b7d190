//! What a topic could not deliver: an alert that is made already.
//!
//! SNS leaves the message as the reader would have got it: bare where it delivers raw, else in its envelope. No attribute
//! says why, or for whom it was: so each topic has a queue of its own. Source: SNS, `sns-dead-letter-queues`, and answers
//! of AWS that localstack's tests record (`test_redrive_policy_sqs_queue_subscription`).

use serde_json::Value;

use super::redrive::{Alert, Dispatch};
use super::{Happened, Letter, Sender, fingerprint, plain};
use crate::aws::Cloud;
use crate::place::Arn;
use crate::placement::Desired;
use crate::plan::Deployment;
use crate::resources::{Affected, Live, Resource, ResourceKey, Subscription, names, queue};
use crate::rules::RuleId;

/// A message of the queue.
pub(super) struct Found<'a> {
    pub(super) body: &'a str,
    /// When it came, in Unix milliseconds.
    pub(super) sent: Option<&'a str>,
    pub(super) id: &'a str,
    pub(super) receipts: Vec<String>,
}

/// For whom the letters of one queue are.
pub(super) struct Destination<'a> {
    queue: &'a ResourceKey,
    /// The only subscription that leaves letters there; nobody's, where the rules file has none any more.
    subscription: Option<(&'a ResourceKey, &'a Subscription)>,
    obstacle: Obstacle,
}

/// What keeps alerts from a reader, as far as that can be seen.
struct Obstacle {
    meaning: String,
    remedy: String,
    /// Whether what is sent again would certainly come back.
    stands: bool,
}

impl Obstacle {
    fn guess(meaning: &str, remedy: &str) -> Self {
        Self {
            meaning: meaning.to_owned(),
            remedy: remedy.to_owned(),
            stands: false,
        }
    }
}

impl<'a> Destination<'a> {
    /// Looks for the reader, and where that is a queue, at what keeps alerts from it now.
    pub(super) async fn of(
        cloud: &Cloud,
        deployment: Deployment<'a>,
        queue: &'a ResourceKey,
    ) -> Self {
        let Deployment { desired, live, .. } = deployment;
        // Others can make any subscription name the queue; its policy admits the topic whose name it has, and no other.
        let leaves = |subscription: &Subscription| {
            let letters = subscription.dead_letters.as_ref();
            let named = letters.and_then(ResourceKey::of_arn).as_ref() == Some(queue);
            named && names::dead_letters_of(subscription.topic.resource()) == queue.name
        };
        let mut resources = desired.resources.iter();
        let subscription = resources.find_map(|(key, resource)| match resource {
            Resource::Subscription(found) if leaves(found) => Some((key, found)),
            _ => None,
        });
        let obstacle = match subscription {
            Some((key, subscription)) => {
                match way_back(desired, live, queue, (key, subscription)) {
                    Some(obstacle) => obstacle,
                    None => obstacle(cloud, desired, subscription).await,
                }
            }
            None => Obstacle::guess(
                "the channel whose alerts these are is not in the rules file",
                "write the channel again, or delete the queue with `iamwatch apply --prune`",
            ),
        };
        Self {
            queue,
            subscription,
            obstacle,
        }
    }

    pub(super) fn letter(&self, found: Found<'_>, desired: &Desired) -> Letter {
        let (text, sent) = unwrapped(found.body);
        // Text alerts say in words only what happened.
        let alert: Value = serde_json::from_str(&text).unwrap_or_default();
        let alert = if alert.is_object() {
            alert
        } else {
            Value::Null
        };
        let event = alert.get("event").unwrap_or(&Value::Null);
        let happened = event.get("time").and_then(Value::as_str);
        let time = happened.map(str::to_owned).or(sent);
        let time = time.or_else(|| iso(found.sent?));
        let rule = alert.get("rule").and_then(Value::as_str);
        let rule = rule.map(|id| RuleId(id.to_owned()));
        let dispatches = self.subscription.filter(|_| !self.obstacle.stands);
        let dispatches = dispatches.map(|(_, subscription)| Dispatch {
            rule: None,
            target: subscription.topic.clone(),
            alert: Alert::Made(text.clone()),
        });
        Letter {
            place: self.queue.place.clone(),
            queue: self.queue.name.clone(),
            time: plain(&time.unwrap_or_default()),
            sender: self.sender(),
            target: self.subscription.map(|(_, s)| s.endpoint.to_string()),
            event: Happened::of(event),
            alert: headline(&alert, &text),
            code: String::new(),
            message: String::new(),
            meaning: self.obstacle.meaning.clone(),
            remedy: self.obstacle.remedy.clone(),
            copies: 1,
            // Whoever may send to the queue writes any name: one that is none of ours is not repeated.
            rules: rule
                .into_iter()
                .filter(|id| desired.detectors.contains_key(id))
                .collect(),
            receipts: found.receipts,
            fingerprint: match alert.is_object() {
                true => fingerprint(&alert),
                // Of a text nothing tells whether it is the same alert.
                false => found.id.to_owned(),
            },
            body: alert,
            dispatches: dispatches.into_iter().collect(),
        }
    }

    fn sender(&self) -> Sender {
        match self.subscription {
            Some((key, _)) => Sender::Topic {
                reader: Affected::reader(key),
            },
            None => Sender::Unknown {
                arn: names::arn_at("sqs", &self.queue.place, &self.queue.name)
                    .map(|arn| arn.to_string())
                    .unwrap_or_default(),
            },
        }
    }
}

/// The message itself, and when it was sent, where SNS says so.
fn unwrapped(body: &str) -> (String, Option<String>) {
    let envelope: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |name: &str| envelope.get(name).and_then(Value::as_str);
    match (text("Type"), text("Message")) {
        (Some("Notification"), Some(message)) => {
            (message.to_owned(), text("Timestamp").map(str::to_owned))
        }
        _ => (body.to_owned(), None),
    }
}

fn iso(milliseconds: &str) -> Option<String> {
    let time = jiff::Timestamp::from_millisecond(milliseconds.parse().ok()?);
    Some(time.ok()?.to_string())
}

/// What an alert says first, in the form of text alerts.
fn headline(alert: &Value, text: &str) -> Option<String> {
    let of = |name: &str| alert.get(name).and_then(Value::as_str);
    let said = match (of("source"), of("severity"), of("title")) {
        (Some(source), Some(severity), Some(title)) => {
            format!("[{source}] {}: {title}", severity.to_uppercase())
        }
        _ if alert.is_object() => return None,
        _ => text.lines().next()?.trim_matches('"').to_owned(),
    };
    Some(plain(&said))
}

/// Why what is published to the topic would not come to the reader, or not come back if it is refused again: the letter
/// would be lost, since nobody hears of either.
fn way_back(
    desired: &Desired,
    live: &[Live],
    queue: &ResourceKey,
    (key, wanted): (&ResourceKey, &Subscription),
) -> Option<Obstacle> {
    let stands = |meaning: &str, remedy: &str| {
        Some(Obstacle {
            stands: true,
            ..Obstacle::guess(meaning, remedy)
        })
    };
    let of = |key: &ResourceKey| live.iter().find(|live| live.key == *key);
    const APPLY: &str = "run `iamwatch apply`; then redrive";
    let Some(Resource::Subscription(found)) = of(key).map(|live| &live.resource) else {
        return stands("its subscription does not exist now", APPLY);
    };
    if !found.confirmed {
        return stands(
            "its subscription is not confirmed now",
            "the receiver follows the link that AWS sent; then redrive",
        );
    }
    let same = (found.raw, &found.filter, &found.dead_letters)
        == (wanted.raw, &wanted.filter, &wanted.dead_letters);
    if !same {
        return stands(
            "its subscription is not as the rules file says, so that an alert may be lost",
            APPLY,
        );
    }
    let policy = |resource: Option<&Resource>| match resource {
        Some(Resource::Queue(queue)) => Some(queue.policy.clone()),
        _ => None,
    };
    match policy(of(queue).map(|live| &live.resource)) == policy(desired.resources.get(queue)) {
        true => None,
        false => stands(
            "the policy of its dead-letter queue was changed, so that an alert that is refused again may be lost",
            APPLY,
        ),
    }
}

/// SNS does not say why it could not deliver: what there is to see is how it stands now.
async fn obstacle(cloud: &Cloud, desired: &Desired, subscription: &Subscription) -> Obstacle {
    match subscription.protocol.as_str() {
        "sqs" => of_queue(cloud, desired, subscription).await,
        "lambda" => Obstacle::guess(
            "SNS does not say why: the function is gone, or its policy does not let our topic invoke it",
            "let sns.amazonaws.com invoke the function for our topic, or correct the channel; then redrive",
        ),
        _ => Obstacle::guess(
            "SNS does not say why: the URL refused the alert, or did not answer for as long as SNS tried",
            "see what answers at the URL, or correct the channel; then redrive",
        ),
    }
}

async fn of_queue(cloud: &Cloud, desired: &Desired, subscription: &Subscription) -> Obstacle {
    let Ok(reader) = subscription.endpoint.to_string().parse::<Arn>() else {
        return Obstacle::guess("the queue's name is no ARN", "correct the channel");
    };
    let clients = cloud.at_place(&desired.home);
    match queue::obstacle(&clients, &reader, &subscription.topic).await {
        Ok(None) => Obstacle::guess(
            "SNS does not say why, and nothing keeps alerts from the queue now",
            "redrive it",
        ),
        Ok(Some(found)) => Obstacle {
            meaning: format!("of the queue: {}", found.problem),
            remedy: match found.document {
                Some(document) => format!("{}: {document}", found.remedy),
                None => found.remedy,
            },
            stands: found.verdict == queue::Verdict::Refused,
        },
        Err(error) => Obstacle {
            meaning: format!("SNS does not say why, and the queue cannot be looked at: {error}"),
            remedy: error.remedy().unwrap_or_else(|| "redrive it".to_owned()),
            stands: false,
        },
    }
}
