//! How does an alert get to its channels, and what becomes of one that takes none?
//!
//! The states work on items `{"channel": name}`, and leave `{channel, answer}`, or where the channel failed
//! `{channel, error, cause, fallback: true}`, or `{…, lost: true}` where the fallback channel failed as well. None of
//! them fails the Map: that would end the deliveries beside it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::channels::{Channel, topics};
use super::expressions::{expression, literal};
use super::task::{Task, caught, failure, retry, then};
use super::{Dispatcher, Fallback};
use crate::place::{Arn, Partition};

/// Who gets the alert. A probe is for the prober alone.
const ITEMS: &str = "$alert.mode = 'probe' ? [{'channel': 'probe'}] \
    : [$map([$channels], function($name) {{'channel': $name}})]";

/// Hands the alert to all channels at once. It assigns what each answered, and whether nobody heard of some failure.
pub(super) fn deliver(dispatcher: &Dispatcher<'_>, partition: Partition, next: &str) -> Value {
    let state = json!({
        "Type": "Map",
        "Items": expression(ITEMS),
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "INLINE" },
            "StartAt": "Which channel?",
            "States": states(dispatcher, partition),
        },
        "Assign": {
            "answers": expression("[$states.result]"),
            "lost": expression("true in [$states.result.lost]"),
        },
        "Output": {},
    });
    then(state, Some(next))
}

fn states(dispatcher: &Dispatcher<'_>, partition: Partition) -> Map<String, Value> {
    let of_topics = of_topics(dispatcher);
    let is_topic = literal(&json!(of_topics.keys().collect::<Vec<_>>()));
    let mut choices = vec![
        choice("$alert.mode = 'probe'", "Probe"),
        choice(
            &format!("$states.input.channel in {is_topic}"),
            "To a topic",
        ),
    ];
    let mut calls = Map::new();
    let failed = || caught("Fallback", &failure());
    let shared = topics(&of_topics).state(partition, failed(), None);
    calls.insert("To a topic".to_owned(), shared);
    for (name, channel) in &dispatcher.channels {
        if let Some(task) = channel.task() {
            let state = format!("To {name}");
            let is_it = format!("$states.input.channel = {}", literal(&json!(name)));
            choices.push(choice(&is_it, &state));
            calls.insert(state, task.state(partition, failed(), None));
        }
    }
    let mut states = Map::new();
    let which = json!({ "Type": "Choice", "Choices": choices, "Default": "No such channel" });
    states.insert("Which channel?".to_owned(), which);
    states.extend(calls);
    let unknown = "{'channel': $states.input.channel, 'error': 'no such channel', \
        'cause': 'The rule names a channel that the rules file does not have.'}";
    let unknown = json!({ "Type": "Pass", "Output": expression(unknown), "Next": "Fallback" });
    states.insert("No such channel".to_owned(), unknown);
    let fallback = fallback(&dispatcher.fallback).state(partition, unheard(), None);
    states.insert("Fallback".to_owned(), fallback);
    // Whoever probes sees that nothing came; nobody is woken.
    let probe = probe(&dispatcher.probes).state(partition, caught("Lost", &failure()), None);
    states.insert("Probe".to_owned(), probe);
    states.insert("Lost".to_owned(), json!({ "Type": "Pass", "End": true }));
    states
}

fn choice(condition: &str, next: &str) -> Value {
    json!({ "Condition": expression(condition), "Next": next })
}

/// The channels that are topics, and the fallback channel, which may be one of them.
fn of_topics<'a>(dispatcher: &'a Dispatcher<'_>) -> BTreeMap<&'a str, &'a Arn> {
    let named = dispatcher.channels.iter();
    let mut topics: BTreeMap<&str, &Arn> = named
        .filter_map(|(name, channel)| match channel {
            Channel::Sns { topic } => Some((name.as_str(), topic)),
            _ => None,
        })
        .collect();
    let Fallback { name, topic } = &dispatcher.fallback;
    topics.insert(name, topic);
    topics
}

/// Says of an alert that a channel did not take it, and why.
fn fallback(fallback: &Fallback) -> Task {
    // An unknown channel's name may be anything.
    let channel = "$substring($replace($string($states.input.channel), /[^ -~]+/, ' '), 0, 40)";
    let begin = format!("$join(['NOT DELIVERED to ', {channel}, ': '])");
    let text = format!(
        "$join(['This alert did not reach the channel ', {channel}, '.\\nReason: ', \
         $string($states.input.error), ' ', $string($states.input.cause), '\\n\\n', $alert.text])"
    );
    publish(
        &fallback.topic,
        &format!("$substring({begin} & $alert.subject, 0, 99)"),
        &text,
        &format!("$substring({begin} & $alert.sms, 0, 160)"),
        expression("$merge([$states.input, {'fallback': true}])"),
    )
}

/// Catches what fails at the fallback channel.
fn unheard() -> Value {
    let lost = "$merge([$states.input, {'lost': true, \
        'fallback_error': $join([$string($states.errorOutput.Error), ' ', \
        $substring($string($states.errorOutput.Cause), 0, 500)])}])";
    caught("Lost", &expression(lost))
}

/// Hands over what would have been said, and who would have said it.
fn probe(queue: &str) -> Task {
    Task {
        integration: "sqs:sendMessage",
        arguments: json!({
            "QueueUrl": queue,
            "MessageBody": expression(
                "$string($merge([$alert, {'channels': [$channels], 'digest': $digest}]))"
            ),
        }),
        output: expression(
            "{'channel': $states.input.channel, \
             'answer': 'SQS message ' & $states.result.MessageId}",
        ),
        retry: retry(),
    }
}

/// A message of constant words to a topic, whose subscribers may have mail or SMS.
pub(super) fn publish(topic: &Arn, subject: &str, text: &str, sms: &str, output: Value) -> Task {
    Task {
        integration: "sns:publish",
        arguments: json!({
            "TopicArn": topic,
            "Subject": expression(subject),
            "MessageStructure": "json",
            "Message": expression(&format!("$string({{'default': {text}, 'sms': {sms}}})")),
        }),
        output,
        retry: retry(),
    }
}
