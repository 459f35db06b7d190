//! `channels`: names and addresses.

use std::collections::BTreeMap;

use super::draft::Channels;
use super::services::service;
use crate::diagnostic::{Report, Span, codes, masked, shown};
use crate::place::Arn;
use crate::rules::model::{Channel, ChannelName, Endpoint, Format, Home, QueueRef};
use crate::rules::syntax::channel_keys::CHANNEL_KINDS;
use crate::rules::syntax::keys::{CHANNEL_KEYS, FORMATS, names};
use crate::rules::syntax::read::{
    self, Spanned, duplicate, empty, first_line, key_text, map, unknown_key,
};
use crate::rules::syntax::yaml::{Node, Plain, Value, unexpanded};

/// Reads the map of channels.
pub(crate) fn channels(node: &Node, report: &mut Report) -> Channels {
    let mut channels = Channels {
        good: BTreeMap::new(),
        known: BTreeMap::new(),
    };
    let Some(entries) = map(node, "the channels by name", report) else {
        return channels;
    };
    if entries.is_empty() {
        empty(node.span, "at least one channel", report);
    }
    for (key, value) in entries {
        let name = channel_name(key, report);
        let channel = channel(value, key.span, report);
        let Some(name) = name else {
            if let Some((text, _)) = key.scalar() {
                channels.known.insert(text.to_owned(), key.span);
            }
            continue;
        };
        if channels.known.insert(name.0.clone(), key.span).is_some() {
            duplicate(key.span, &name.0, report);
        }
        if let Some(channel) = channel {
            channels.good.insert(name, channel);
        }
    }
    channels
}

/// A name in the form of channel names.
fn channel_name(key: &Node, report: &mut Report) -> Option<ChannelName> {
    let text = key_text(key, report)?;
    let plain = matches!(key.value, Value::Scalar { plain: true, .. });
    if plain && read::is_yaml_word(text) {
        read::yaml_word(key.span, text, "a channel's name", report);
        return None;
    }
    if matches!(
        key.scalar(),
        Some((_, Plain::Number | Plain::Bool(_) | Plain::Null))
    ) {
        read::text(key, "a channel's name", report);
        return None;
    }
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=32).contains(&text.len()) && text.bytes().all(good) {
        return Some(ChannelName(text.to_owned()));
    }
    let fixed: String = text
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(32)
        .collect();
    let fixed = fixed.trim_matches('-');
    report
        .error(codes::CHANNEL_NAME, key.span)
        .message(format!("{} is not a usable channel name", shown(text)))
        .label("expected lower-case letters, digits and `-`, at most 32")
        .maybe_help((!fixed.is_empty()).then(|| format!("write {}", shown(fixed))));
    None
}

fn channel(node: &Node, name: Span, report: &mut Report) -> Option<Channel> {
    if let Some((text, Plain::Text)) = node.scalar() {
        let kind = match text {
            t if t.starts_with("arn:") && t.contains(":lambda:") => "lambda",
            t if t.starts_with("arn:") && t.contains(":sns:") => "sns",
            t if t.starts_with("https://") => "https",
            t if t.starts_with('+') => "sms",
            t if t.contains('@') => "email",
            _ => "sqs",
        };
        report
            .error(codes::WRONG_TYPE, node.span)
            .message("expected a map for a channel, found text")
            .label("its kind is missing")
            .help(format!(
                "write {{ {kind}: {} }}",
                read::quoted(&masked(text))
            ));
        return None;
    }
    let entries = map(node, "a channel: its kind and address", report)?;
    let kinds = names(CHANNEL_KINDS);
    let mut known: Vec<&'static str> = kinds.clone();
    known.extend(names(CHANNEL_KEYS));
    let mut seen: Vec<&str> = Vec::new();
    let mut endpoint = None;
    let mut placed = name;
    let mut kind: Option<Span> = None;
    let mut format = Some(Format::Text);
    let mut format_key = None;
    let mut of_service = None;
    for (key, value) in entries {
        let Some(text) = key_text(key, report) else {
            continue;
        };
        if seen.contains(&text) {
            duplicate(key.span, text, report);
            continue;
        }
        if !known.contains(&text) {
            unknown_key(key.span, text, "a channel", &known, report);
            // Nothing more is said about a missing kind: this was probably meant to be it.
            kind.get_or_insert(key.span);
            continue;
        }
        seen.push(text);
        if text == "format" {
            format_key = Some(key.span);
            format = read::word(value, "a format", FORMATS, report).map(|w| {
                if w == "json" {
                    Format::Json
                } else {
                    Format::Text
                }
            });
            continue;
        }
        if kind.replace(key.span).is_some() {
            report
                .error(codes::CHANNEL_KIND, key.span)
                .message(format!("the channel has a second kind, {}", shown(text)))
                .label("expected one kind")
                .help("make two channels and name both under `notify`");
        } else {
            endpoint = match text {
                "sns" => topic(value, report),
                "email" | "sms" | "https" | "sqs" | "lambda" => address(text, value, report),
                _ => {
                    of_service = Some(text);
                    service(text, value, report)
                }
            };
            placed = value.span;
        }
    }
    if kind.is_none() {
        let span = if entries.is_empty() {
            name
        } else {
            first_line(node)
        };
        report
            .error(codes::CHANNEL_KIND, span)
            .message("the channel does not say where its alerts go")
            .label("a kind is missing")
            .help(format!("give it one of `{}`", kinds.join("`, `")));
    }
    if let (Some(kind), Some(span)) = (of_service, format_key) {
        report
            .error(codes::CHANNEL_FORMAT, span)
            .message(format!("channels of the kind `{kind}` have no `format`"))
            .label("the form follows from the service")
            .help("remove it: `json` is for `https`, `sqs`, `lambda` and `sns`");
        return None;
    }
    Some(Channel {
        endpoint: endpoint?,
        format: format?,
        // What goes to it is said elsewhere.
        urgent: false,
        span: name,
        address: placed,
    })
}

fn address(kind: &str, node: &Node, report: &mut Report) -> Option<Endpoint> {
    let what = match kind {
        "email" => "a mail address",
        "sms" => "a telephone number",
        "https" => "a URL",
        "sqs" => "a queue",
        _ => "a function's ARN",
    };
    let text = read::text(node, what, report)?;
    let printable =
        !text.chars().any(|c| c.is_control() || c.is_whitespace()) && text.len() <= 2_048;
    let endpoint = if !printable {
        None
    } else {
        match kind {
            "email" => is_mail(text).then(|| Endpoint::Email(text.to_owned())),
            "sms" => is_phone(text).then(|| Endpoint::Sms(text.to_owned())),
            "https" => is_url(text).then(|| Endpoint::Https(text.to_owned())),
            "sqs" if text.starts_with("arn:") => {
                arn(text, "sqs").map(|a| Endpoint::Sqs(QueueRef::Arn(a)))
            }
            "sqs" => is_queue_name(text).then(|| Endpoint::Sqs(QueueRef::Name(text.to_owned()))),
            _ => arn(text, "lambda").map(Endpoint::Lambda),
        }
    };
    if endpoint.is_none() {
        let (label, help) = match kind {
            "email" => (
                "expected an address such as `security@example.com`",
                "one address for each channel; `notify` can name several channels",
            ),
            "sms" => (
                "expected a number such as `\"+4915112345678\"`",
                "write `+`, the country code and the number, without blanks",
            ),
            "https" if text.starts_with("http://") => (
                "expected a URL that begins with `https://`",
                "alerts do not travel unencrypted",
            ),
            "https" => (
                "expected a URL such as `https://example.com/hook`",
                "the receiver must confirm the subscription that SNS offers it",
            ),
            "sqs" if text.starts_with("https://") => {
                ("this is the queue's URL", "write the queue's name or ARN")
            }
            "sqs" => (
                "expected a standard queue's name or ARN",
                "a name has letters, digits, `-` and `_`, at most 80; FIFO queues take no alerts",
            ),
            _ => (
                "expected an ARN such as `arn:aws:lambda:us-east-1:111122223333:function:name`",
                "copy the function's ARN from the console",
            ),
        };
        let address = match kind {
            "https" => shown(&masked(text)),
            _ => shown(text),
        };
        report
            .error(codes::ADDRESS, node.span)
            .message(format!("{address} is not {what} that SNS accepts"))
            .label(label)
            .help(unexpanded(text).unwrap_or(help));
    }
    endpoint
}

/// An existing topic that rules publish to.
fn topic(node: &Node, report: &mut Report) -> Option<Endpoint> {
    let text = read::text(node, "a topic's ARN", report)?;
    if let Some(topic) = arn(text, "sns") {
        return Some(Endpoint::Sns(topic));
    }
    let parts: Vec<&str> = text.split(':').collect();
    let form = "`arn:aws:sns:us-east-1:111122223333:security`";
    let (code, problem, label, help) = match parts.as_slice() {
        // EventBridge gives a message no group, without which a FIFO topic takes none. Source: EventBridge API reference,
        // `Target`, which has parameters for queues alone; SNS, `fifo-topic-message-ordering`.
        ["arn", _, "sns", _, _, name] if name.ends_with(".fifo") => (
            codes::TOPIC,
            "is a FIFO topic, to which no rule can publish",
            "a FIFO topic",
            "name a standard topic: its name does not end in `.fifo`".to_owned(),
        ),
        ["arn", partition, "sns", region, account, name, _] => (
            codes::ADDRESS,
            "is the ARN of a subscription",
            "expected the ARN of its topic",
            format!(
                "write {}",
                shown(&format!("arn:{partition}:sns:{region}:{account}:{name}"))
            ),
        ),
        ["arn", _, service @ ("sqs" | "lambda"), ..] => (
            codes::ADDRESS,
            "is not the ARN of a topic",
            "expected the ARN of a topic",
            format!("write `{service}:` before it"),
        ),
        _ => (
            codes::ADDRESS,
            "is not the ARN of a topic",
            "expected an ARN with Region, account and the topic's name",
            format!("write it as the console shows it, such as {form}"),
        ),
    };
    report
        .error(code, node.span)
        .message(format!("{} {problem}", shown(text)))
        .label(label)
        .help(unexpanded(text).map_or(help, str::to_owned));
    None
}

/// Leaves out, and reports, the topics that no rule at home can publish to.
pub(crate) fn topics_at_home(channels: &mut Channels, home: &Home, report: &mut Report) {
    channels.good.retain(|_, channel| {
        let Endpoint::Sns(topic) = &channel.endpoint else {
            return true;
        };
        // Only buses can be targets in another Region. Source: EventBridge, `eb-targets`: what a rule sends to is in the
        // rule's Region; across accounts too, `eb-service-cross-account`.
        if topic.region() != home.region.as_str() {
            report
                .error(codes::TOPIC, channel.address)
                .message(format!(
                    "the topic is in {}, and rules at home, in {}, publish to topics of their own Region only",
                    shown(topic.region()),
                    home.region
                ))
                .label("another Region than home's")
                .help(format!(
                    "name a topic in {}; its readers may be anywhere",
                    home.region
                ));
            return false;
        }
        if topic.partition() != home.region.partition().id() {
            report
                .error(codes::TOPIC, channel.address)
                .message(format!(
                    "{} is no partition of {}",
                    shown(topic.partition()),
                    home.region
                ))
                .label("another partition than home's")
                .help(format!("write `arn:{}:sns:…`", home.region.partition().id()));
            return false;
        }
        match &home.account {
            Some(account) if account.as_str() != topic.account() => {
                let problem = elsewhere(topic, account.as_str());
                report
                    .error(codes::TOPIC, channel.address)
                    .message(problem.message)
                    .label(problem.label)
                    .help(problem.help);
                false
            }
            _ => true,
        }
    });
}

/// What is wrong with a topic of another account than home's.
pub(crate) struct Elsewhere {
    pub message: String,
    pub label: &'static str,
    pub help: String,
}

/// EventBridge delivers into another account only with a role for it. Source: EventBridge, `eb-service-cross-account`.
pub(crate) fn elsewhere(topic: &Arn, home: &str) -> Elsewhere {
    Elsewhere {
        message: format!(
            "the topic is in account {}, and rules at home, in {home}, publish into another account only with a role for \
             it, which iamwatch does not make",
            topic.account()
        ),
        label: "another account than home's",
        help: format!(
            "name a topic in account {home}; its readers may be of any account, and so may a queue under `sqs`"
        ),
    }
}

/// Whether SNS would take this as a mail address, as far as its form shows.
pub(crate) fn is_mail(text: &str) -> bool {
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return false;
    }
    match text.split_once('@') {
        Some((local, domain)) => {
            !local.is_empty()
                && !domain.contains('@')
                && domain.split('.').count() > 1
                && domain.split('.').all(|part| !part.is_empty())
                && text.len() <= 254
        }
        None => false,
    }
}

/// E.164: `+`, then up to fifteen digits that do not begin with 0.
fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

fn is_url(text: &str) -> bool {
    text.strip_prefix("https://").is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && !host.starts_with([':', '.']) && !host.contains('@') && text.is_ascii()
    })
}

/// Source: SQS developer guide, "Amazon SQS queue quotas". The dot of `.fifo` is not among them:
/// a standard topic's messages have no group.
fn is_queue_name(text: &str) -> bool {
    (1..=80).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Source: SNS API reference, `CreateTopic`. The dot of `.fifo` is not among them.
fn is_topic_name(text: &str) -> bool {
    (1..=256).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// An ARN of that service with Region, account and a resource.
fn arn(text: &str, service: &str) -> Option<Arn> {
    let arn: Arn = text.parse().ok()?;
    let placed = arn.region().parse::<crate::place::Region>().is_ok()
        && arn.account().parse::<crate::place::AccountId>().is_ok();
    let named = match service {
        "sqs" => is_queue_name(arn.resource()),
        "sns" => is_topic_name(arn.resource()),
        _ => arn
            .resource()
            .strip_prefix("function:")
            .is_some_and(|name| !name.is_empty()),
    };
    (arn.service() == service && placed && named).then_some(arn)
}

/// A list of channel names as a rule or `notify` has it.
pub(crate) fn channel_list(
    node: &Node,
    known: &BTreeMap<String, Span>,
    otherwise: &str,
    report: &mut Report,
) -> Option<Vec<Spanned<ChannelName>>> {
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        report
            .error(codes::EMPTY_VALUE, node.span)
            .message("a list of channels without a channel")
            .label("the alerts would reach nobody")
            .help(format!("name a channel, or remove the key: {otherwise}"));
        return None;
    }
    let listed = read::texts(node, "channels", "a channel's name", report)?;
    Some(
        listed
            .into_iter()
            .filter(|name| {
                let there = known.contains_key(&name.value);
                if !there {
                    report
                        .error(codes::UNKNOWN_CHANNEL, name.span)
                        .message(format!("there is no channel {}", shown(&name.value)))
                        .label("unknown channel")
                        .suggest(&name.value, known.keys().map(String::as_str));
                }
                there
            })
            .map(|name| Spanned {
                value: ChannelName(name.value),
                span: name.span,
            })
            .collect(),
    )
}
