//! What plans do not read: dead letters, other people's queues and topics, keys of default buses, leftovers of tests.

use std::collections::BTreeSet;

use aws_sdk_sqs::types::QueueAttributeName as Name;
use futures::{StreamExt, TryStreamExt, stream};

use super::dependents::Dependents;
use super::{Deployment, Finding, Weight};
use crate::aws::{CallError, Cause, Clients, Cloud, calls};
use crate::diagnostic::counted;
use crate::place::Place;
use crate::placement::{Desired, Receiver};
use crate::proof::left_over;
use crate::resources::queue::{LETS_TOPIC_SEND, Obstacle, Verdict};
use crate::resources::topic::LETS_RULES_PUBLISH;
use crate::resources::{
    DefaultBusKey, GivenTopic, Kind, Live, Owner, ResourceKey, default_bus_key, key, names, queue,
    topic,
};
use crate::rules::{ChannelName, RuleId};

/// How many queues are looked at at once.
const CONCURRENCY: usize = 8;

pub(super) async fn look(
    cloud: &Cloud,
    deployment: Deployment<'_>,
    now_ms: i64,
) -> Result<Vec<Finding>, CallError> {
    let home = cloud.at_place(&deployment.desired.home);
    let ours = deployment
        .live
        .iter()
        .filter(|live| live.key.kind == Kind::Queue && live.owner == Owner::Ours)
        // Answers to probes are no letters.
        .filter(|live| names::holds_dead_letters(deployment.stack, &live.key.name));
    let queues: Vec<Option<Finding>> = stream::iter(ours)
        .map(|queue| dead_letters(cloud, queue))
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    let receivers: Vec<Option<Finding>> = stream::iter(&deployment.desired.receivers)
        .map(|receiver| receives(&home, receiver, deployment))
        .buffered(CONCURRENCY)
        .collect()
        .await;
    let topics: Vec<Option<Finding>> = stream::iter(&deployment.desired.given_topics)
        .map(|(channel, topic)| publishes(&home, channel, topic, deployment))
        .buffered(CONCURRENCY)
        .collect()
        .await;
    let mut probes = Vec::new();
    for place in deployment.desired.raised_at() {
        probes.extend(self::probes(cloud, &place, deployment, now_ms).await?);
    }
    let found = queues.into_iter().chain(receivers).chain(topics).flatten();
    let found = found.chain(probes).chain(key(&home, deployment).await);
    let buses = default_buses(cloud, deployment).await;
    Ok(found.chain(buses).collect())
}

/// What the keys of the default buses at home do to the rules there: one request for each bus that rules of ours stand
/// on. Those of other accounts are not looked at.
pub async fn default_buses(cloud: &Cloud, deployment: Deployment<'_>) -> Vec<Finding> {
    let dependents = Dependents::of(deployment.desired, deployment.patterns);
    let buses = deployment.desired.on_default_buses();
    let found: Vec<Option<Finding>> = stream::iter(&buses)
        .map(|(place, rules)| default_bus(cloud, place, rules, &dependents))
        .buffered(CONCURRENCY)
        .collect()
        .await;
    found.into_iter().flatten().collect()
}

async fn default_bus(
    cloud: &Cloud,
    place: &Place,
    rules: &[ResourceKey],
    dependents: &Dependents<'_>,
) -> Option<Finding> {
    let key = default_bus_key(&cloud.at_place(place)).await?;
    let weight = match key.is_usable {
        Some(true) => Weight::Weakens,
        Some(false) => Weight::LosesAlerts,
        None => Weight::Unknown,
    };
    let concerned: BTreeSet<RuleId> = rules.iter().flat_map(|key| dependents.rules(key)).collect();
    Some(Finding {
        weight,
        place: Some(place.clone()),
        what: DefaultBusKey::BUS.to_owned(),
        problem: key.problem,
        since: None,
        consequence: match weight {
            Weight::LosesAlerts => "the rules there match nothing".to_owned(),
            Weight::Weakens | Weight::Unknown => {
                "the rules there match nothing once EventBridge cannot use such a key".to_owned()
            }
        },
        rules: concerned.into_iter().collect(),
        remedy: key.remedy,
        document: None,
    })
}

/// Whether EventBridge can use the key of somebody's own that encrypts our topics.
async fn key(clients: &Clients, deployment: Deployment<'_>) -> Option<Finding> {
    let arn = deployment.desired.given_key()?;
    let (weight, problem, remedy, document) = match key::problem(&clients.kms, &arn).await {
        Ok(None) => return None,
        Ok(Some(found)) => (
            Weight::LosesAlerts,
            found.problem,
            "iamwatch never edits a key of yours: mend it, or name another one in `topics.kms_key`"
                .to_owned(),
            found.statement,
        ),
        Err(error) => (
            Weight::Unknown,
            format!("cannot tell whether EventBridge can use it: {error}"),
            error.remedy().unwrap_or_default(),
            None,
        ),
    };
    Some(Finding {
        weight,
        place: None,
        what: format!("key {arn}"),
        problem,
        since: None,
        consequence: "EventBridge cannot publish to the encrypted topics".to_owned(),
        rules: encrypted(deployment.desired),
        remedy,
        document,
    })
}

/// The rules whose alerts pass through a topic with a key: those apart have none.
fn encrypted(desired: &Desired) -> Vec<RuleId> {
    let rules = desired.detectors.keys();
    rules
        .filter(|rule| !desired.apart.contains(*rule))
        .cloned()
        .collect()
}

/// Letters in a queue are alerts that somebody did not get.
async fn dead_letters(cloud: &Cloud, queue: &Live) -> Result<Option<Finding>, CallError> {
    let url = queue.handle.as_deref().unwrap_or_default();
    let numbers = [
        Name::ApproximateNumberOfMessages,
        Name::ApproximateNumberOfMessagesNotVisible,
    ];
    let request = cloud
        .at_place(&queue.key.place)
        .sqs
        .get_queue_attributes()
        .queue_url(url)
        .set_attribute_names(Some(numbers.to_vec()));
    let answer = match calls::GET_QUEUE.send(url, request.send()).await {
        Ok(answer) => answer,
        // It went away since it was listed: the next look says so.
        Err(error) if error.cause == Cause::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let attributes = answer.attributes.unwrap_or_default();
    let letters: u64 = numbers
        .iter()
        .filter_map(|name| attributes.get(name)?.parse::<u64>().ok())
        .sum();
    Ok((letters > 0).then(|| Finding {
        weight: Weight::LosesAlerts,
        place: Some(queue.key.place.clone()),
        what: queue.key.to_string(),
        problem: format!("it holds {}", counted(letters, "dead letter")),
        since: None,
        consequence: "each is an alert, or an event, that did not arrive".to_owned(),
        rules: Vec::new(),
        remedy: "`iamwatch dlq` shows them with what went wrong; `iamwatch dlq --redrive` sends them again"
            .to_owned(),
        document: None,
    }))
}

/// Whether somebody else's queue lets our topic in.
async fn receives(
    clients: &Clients,
    receiver: &Receiver,
    deployment: Deployment<'_>,
) -> Option<Finding> {
    let Receiver {
        channel,
        queue,
        topic,
    } = receiver;
    let found = match queue::obstacle(clients, queue, topic).await {
        Ok(found) => untouched(found?),
        Err(error) => Obstacle::unseen(LETS_TOPIC_SEND, &error),
    };
    let rules = deployment.desired.rules_to(topic);
    Some(shut(channel, format!("queue {queue}"), rules, found))
}

/// Whether somebody else's topic lets our rules publish.
async fn publishes(
    clients: &Clients,
    channel: &ChannelName,
    topic: &GivenTopic,
    deployment: Deployment<'_>,
) -> Option<Finding> {
    let found = match topic::obstacle(clients, topic).await {
        Ok(found) => untouched(found?),
        Err(error) => Obstacle::unseen(LETS_RULES_PUBLISH, &error),
    };
    let rules = deployment.desired.rules_to(&topic.arn);
    Some(shut(channel, format!("topic {}", topic.arn), rules, found))
}

fn untouched(found: Obstacle) -> Obstacle {
    Obstacle {
        remedy: format!("{}: iamwatch edits nothing of yours", found.remedy),
        ..found
    }
}

/// Something of others that keeps the alerts of a channel from its readers, or may.
fn shut(channel: &ChannelName, what: String, rules: Vec<RuleId>, found: Obstacle) -> Finding {
    let (weight, consequence) = match found.verdict {
        Verdict::Refused => (
            Weight::LosesAlerts,
            format!("channel `{channel}` gets no alert"),
        ),
        Verdict::Unread => (
            Weight::LosesAlerts,
            format!("alerts of channel `{channel}` reach nobody, as far as SNS can tell"),
        ),
        Verdict::Unknown => (
            Weight::Unknown,
            format!("channel `{channel}` may get no alert"),
        ),
    };
    Finding {
        weight,
        place: None,
        what,
        problem: found.problem,
        since: None,
        consequence,
        rules,
        remedy: found.remedy,
        document: found.document,
    }
}

/// Temporary queues of tests that were killed: alerts are copied into them.
async fn probes(
    cloud: &Cloud,
    place: &Place,
    deployment: Deployment<'_>,
    now_ms: i64,
) -> Result<Vec<Finding>, CallError> {
    let left_over = left_over(&cloud.at_place(place), deployment.stack, now_ms / 1000).await?;
    let findings = left_over.iter().map(|url| Finding {
        weight: Weight::Weakens,
        place: Some(place.clone()),
        what: format!("queue {}", url.rsplit('/').next().unwrap_or_default()),
        problem: "it is left over from a test that was stopped".to_owned(),
        since: None,
        consequence: "alerts are copied into it, where whoever reads queues sees them".to_owned(),
        rules: Vec::new(),
        remedy: "delete it, or run `iamwatch test-event RULE --wait`, which clears up first"
            .to_owned(),
        document: None,
    });
    Ok(findings.collect())
}
