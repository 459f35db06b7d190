//! From a topic to its subscribers, each in the form that it reads.

use serde_json::Value;

use super::state::{Delivery, Subscription};
use crate::sandbox::clock::{iso, iso_millis};
use crate::sandbox::common::Strings;
use crate::sandbox::delivery::{Content, Parcel, Source, deliver};
use crate::sandbox::site::Site;
use crate::sandbox::world::World;

/// What a topic is sent.
pub(super) enum Message<'m> {
    One(&'m str),
    /// A text for each protocol; others get that of `default`.
    Each(Strings),
}

impl Message<'_> {
    fn text(&self, protocol: &str) -> &str {
        match self {
            Self::One(text) => text,
            Self::Each(texts) => {
                let text = texts.get(protocol).or_else(|| texts.get("default"));
                text.map_or("", String::as_str)
            }
        }
    }
}

/// Delivers a message to every confirmed subscription. The result is the message's id.
pub(super) fn fan_out(
    world: &mut World,
    site: &Site,
    topic: &str,
    subject: Option<&str>,
    message: &Message<'_>,
) -> String {
    let id = world.uuid();
    let name = topic.rsplit(':').next().unwrap_or_default();
    let Some(found) = world.sns.topics.at(site).get(name).cloned() else {
        return id;
    };
    let display = found
        .attributes
        .get("DisplayName")
        .cloned()
        .unwrap_or_default();
    // A filter on message attributes lets nothing through: no message here carries any.
    let filtered = |s: &Subscription| {
        s.attributes
            .get("FilterPolicy")
            .is_some_and(|f| !f.is_empty())
    };
    let receivers = found.subscriptions.iter();
    for subscription in receivers.filter(|s| s.confirmed && !filtered(s)) {
        let message = message.text(&subscription.protocol);
        let raw = subscription
            .attributes
            .get("RawMessageDelivery")
            .is_some_and(|raw| raw == "true");
        let notification =
            || envelope(world, site, topic, &id, subject, message, &subscription.arn);
        let body = match subscription.protocol.as_str() {
            "sqs" | "http" | "https" if raw => message.to_owned(),
            "sms" => sms(&display, message),
            "email" => mail(site, subscription, message),
            "lambda" => lambda(&notification(), &subscription.arn),
            _ => notification(),
        };
        // A function's dead letter is the notification, and not the event that it would have got.
        let letter = match subscription.protocol.as_str() {
            "lambda" => notification(),
            _ => body.clone(),
        };
        if subscription.protocol == "sqs" {
            if !send(world, site, topic, &subscription.endpoint, &body) {
                bury(world, site, topic, subscription, &letter);
            }
            continue;
        }
        if world.sns.refusing.contains(&subscription.endpoint) {
            bury(world, site, topic, subscription, &letter);
            continue;
        }
        let mail = subscription.protocol.starts_with("email");
        let delivery = Delivery {
            protocol: subscription.protocol.clone(),
            endpoint: subscription.endpoint.clone(),
            subject: mail.then(|| subject.unwrap_or("AWS Notification Message").to_owned()),
            body,
            at: iso(world.now()),
            topic: topic.to_owned(),
            confirmation: false,
        };
        world.sns.outbox.push(delivery);
    }
    id
}

/// Sends a message to a queue; whether its policy, and its key, let the topic in.
fn send(world: &mut World, site: &Site, topic: &str, queue: &str, body: &str) -> bool {
    let parcel = Parcel {
        from: Source {
            service: "sns.amazonaws.com",
            arn: topic,
            account: site.account.as_str(),
        },
        role: None,
        content: Content::Text(body, &[]),
    };
    deliver(world, queue, parcel).is_ok()
}

/// Leaves what a subscription could not deliver in its dead-letter queue, as it would have been delivered: no attribute
/// says why. What has no such queue, or is refused there too, is dropped in silence: only metrics would tell.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html>, and the answers of AWS that are recorded in
/// localstack's `tests/aws/services/sns/test_sns.snapshot.json` (`test_redrive_policy_…`).
fn bury(world: &mut World, site: &Site, topic: &str, from: &Subscription, letter: &str) {
    let policy = from.attributes.get("RedrivePolicy");
    let policy = policy.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let queue = policy.as_ref().and_then(|policy| {
        let queue = policy.get("deadLetterTargetArn")?;
        queue.as_str()
    });
    if let Some(queue) = queue {
        send(world, site, topic, queue, letter);
    }
}

/// Sends the question whether a subscription is wanted.
pub(super) fn ask_to_confirm(world: &mut World, site: &Site, topic: &str, to: &Subscription) {
    let token = world.uuid().replace('-', "");
    let link = format!(
        "https://sns.{}.amazonaws.com/confirmation.html?TopicArn={topic}&Token={token}&Endpoint={}",
        site.region, to.endpoint
    );
    let is_mail = to.protocol == "email";
    let body = if is_mail {
        format!(
            "You have chosen to subscribe to the topic:\n{topic}\n\nTo confirm this subscription, click or visit the link below (If this was in error no action is necessary):\n{link}\n"
        )
    } else {
        let text = format!(
            "You have chosen to subscribe to the topic {topic}.\nTo confirm the subscription, visit the SubscribeURL included in this message."
        );
        let id = world.uuid();
        let subscribe = format!(
            "https://sns.{}.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}",
            site.region
        );
        lines(&[
            ("Type", "SubscriptionConfirmation".to_owned()),
            ("MessageId", id),
            ("Token", token),
            ("TopicArn", topic.to_owned()),
            ("Message", text),
            ("SubscribeURL", subscribe),
            ("Timestamp", iso_millis(world.now())),
            ("SignatureVersion", "1".to_owned()),
        ])
    };
    let subject = "AWS Notification - Subscription Confirmation".to_owned();
    let delivery = Delivery {
        protocol: to.protocol.clone(),
        endpoint: to.endpoint.clone(),
        subject: to.protocol.starts_with("email").then_some(subject),
        body,
        at: iso(world.now()),
        topic: topic.to_owned(),
        confirmation: true,
    };
    world.sns.outbox.push(delivery);
}

/// The JSON that SNS sends to machines.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>
fn envelope(
    world: &World,
    site: &Site,
    topic: &str,
    id: &str,
    subject: Option<&str>,
    message: &str,
    subscription: &str,
) -> String {
    let region = &site.region;
    let mut fields = vec![
        ("Type", "Notification".to_owned()),
        ("MessageId", id.to_owned()),
        ("TopicArn", topic.to_owned()),
    ];
    fields.extend(subject.map(|subject| ("Subject", subject.to_owned())));
    fields.extend([
        ("Message", message.to_owned()),
        ("Timestamp", iso_millis(world.now())),
        ("SignatureVersion", "1".to_owned()),
        ("Signature", "c2FuZGJveA==".to_owned()),
        (
            "SigningCertURL",
            format!("https://sns.{region}.amazonaws.com/SimpleNotificationService-sandbox.pem"),
        ),
        (
            "UnsubscribeURL",
            format!("https://sns.{region}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription}"),
        ),
    ]);
    lines(&fields)
}

/// SNS writes one field a line, with spaces around the colons.
fn lines(fields: &[(&str, String)]) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("  \"{name}\" : {}", Value::from(value.as_str())))
        .collect();
    format!("{{\n{}\n}}", fields.join(",\n"))
}

fn mail(site: &Site, subscription: &Subscription, message: &str) -> String {
    format!(
        "{message}\n\n--\nIf you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:\nhttps://sns.{}.amazonaws.com/unsubscribe.html?SubscriptionArn={}&Endpoint={}\n\nPlease do not reply directly to this email. If you have any questions or comments regarding this email, please contact us at https://aws.amazon.com/support",
        site.region, subscription.arn, subscription.endpoint
    )
}

/// The display name, ten characters of it, stands before the text.
fn sms(display: &str, message: &str) -> String {
    if display.is_empty() {
        return message.to_owned();
    }
    let name: String = display.chars().take(10).collect();
    format!("{name}> {message}")
}

fn lambda(envelope: &str, subscription: &str) -> String {
    let sns: Value = serde_json::from_str(envelope).unwrap_or_default();
    serde_json::json!({"Records": [{
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription,
        "Sns": sns,
    }]})
    .to_string()
}
