//! The way of an alert, link by link: what stands in AWS against what must.

use serde::Serialize;

use crate::aws::{Cause, Clients};
use crate::pattern::{Event, EventPattern};
use crate::placement::Desired;
use crate::plan::Action;
use crate::resources::{Key, Kind, Live, Resource, sqs};

use super::{Deployment, Synthetic};

/// One link of the way that would lose the alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokenLink {
    /// Which resource, as plans name it.
    pub link: String,
    /// What is wrong with it.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

const APPLY: &str = "run `iamwatch apply`";

/// Everything between a detector and its readers that would lose this event, in the order of the way.
pub(super) async fn broken_links(
    clients: &Clients,
    deployment: Deployment<'_>,
    detector: &Key,
    event: &Synthetic,
) -> Vec<BrokenLink> {
    let Deployment {
        desired,
        live,
        plan,
        ..
    } = deployment;
    let mut links = Vec::new();
    if let Some(problem) = pattern_problem(live, detector, event) {
        links.push(BrokenLink {
            link: detector.to_string(),
            problem,
            remedy: APPLY.to_owned(),
        });
    }
    let way = way(desired, detector);
    for change in plan
        .changes
        .iter()
        .filter(|change| way.contains(&change.key))
    {
        let problem = match change.action {
            Action::Create => "it does not exist".to_owned(),
            Action::Update | Action::Replace => {
                let fields: Vec<String> = change
                    .attributes
                    .iter()
                    .filter(|attribute| loses_alerts(change.key.kind, &attribute.path))
                    .map(|attribute| describe(&attribute.path, &attribute.before))
                    .collect();
                if fields.is_empty() {
                    continue;
                }
                fields.join("; ")
            }
            Action::Delete => continue,
        };
        links.push(BrokenLink {
            link: change.key.to_string(),
            problem,
            remedy: APPLY.to_owned(),
        });
    }
    for receiver in &desired.receivers {
        let ours = way
            .iter()
            .any(|key| key.kind == Kind::Topic && key.name == receiver.topic.resource());
        if !ours {
            continue;
        }
        let link = format!("queue {} of channel {}", receiver.queue, receiver.channel);
        match sqs::missing_statement(&clients.sqs, &receiver.queue, &receiver.topic).await {
            Ok(None) => {}
            Ok(Some(statement)) => links.push(BrokenLink {
                link,
                problem: "its policy does not let the topic send".to_owned(),
                remedy: format!("add this statement to the queue's policy: {statement}"),
            }),
            Err(error) if error.cause == Cause::NotFound => links.push(BrokenLink {
                link,
                problem: "it does not exist".to_owned(),
                remedy: "create the queue, or correct the channel".to_owned(),
            }),
            // What cannot be looked at is not proved.
            Err(error) => links.push(BrokenLink {
                link,
                problem: format!("cannot tell whether it lets the topic send: {error}"),
                remedy: error.remedy().unwrap_or_default(),
            }),
        }
    }
    links
}

/// The keys of the detector and of all it needs, subscriptions included.
fn way(desired: &Desired, detector: &Key) -> Vec<Key> {
    let rule = desired
        .detectors
        .iter()
        .find(|(_, keys)| keys.contains(detector))
        .map(|(rule, _)| rule.clone());
    let Some(rule) = rule else {
        return vec![detector.clone()];
    };
    desired
        .narrowed_to(&[rule])
        .resources
        .into_keys()
        .filter(|key| key.kind != Kind::Rule || key == detector)
        .collect()
}

/// Readers on the way who have not agreed yet: the alert goes out, but not to them.
pub(super) fn unconfirmed(deployment: Deployment<'_>, detector: &Key) -> Vec<String> {
    let way = way(deployment.desired, detector);
    let waiting = deployment.plan.waiting.iter();
    waiting
        .filter(|key| way.contains(key))
        .filter_map(|key| key.name.split_once('/'))
        .map(|(_, reader)| reader.replacen('/', " ", 1))
        .collect()
}

/// Fields without which the alert still arrives are drift, not a broken link.
fn loses_alerts(kind: Kind, path: &str) -> bool {
    match kind {
        Kind::Rule => {
            path == "state"
                || path == "pattern"
                || (path.starts_with("targets")
                    && !path.ends_with("dead_letters")
                    && !path.ends_with("max_age_seconds")
                    && !path.ends_with("max_retries"))
        }
        Kind::Topic => path == "policy" || path == "kms_key",
        Kind::Subscription => true,
        Kind::Queue => false,
    }
}

fn describe(path: &str, before: &serde_json::Value) -> String {
    match (path, before) {
        ("state", before) => format!("its state is {}", before.as_str().unwrap_or("unknown")),
        ("pattern", _) => "its deployed pattern is not the one of the rules file".to_owned(),
        ("kms_key", key) => format!("it is encrypted with {key}"),
        ("filter", filter) => format!("it lets through only {filter}"),
        ("policy", _) => "its policy is not the one that lets our rules publish".to_owned(),
        (path, serde_json::Value::Null) => format!("`{path}` is missing"),
        (path, _) => format!("`{path}` was changed"),
    }
}

/// Where the deployed pattern would not match, the field that fails.
fn pattern_problem(live: &[Live], detector: &Key, event: &Synthetic) -> Option<String> {
    let live = live.iter().find(|live| live.key == *detector)?;
    let Resource::Rule(rule) = &live.resource else {
        return None;
    };
    let pattern = match EventPattern::parse(&rule.pattern.to_string()) {
        Ok(pattern) => pattern,
        Err(error) => return Some(format!("its pattern is not valid: {error}")),
    };
    let envelope = event.envelope(&detector.place);
    let envelope = match Event::parse(&envelope.to_string()) {
        Ok(envelope) => envelope,
        Err(error) => return Some(format!("the event is not valid: {error}")),
    };
    if pattern.matches(&envelope) {
        return None;
    }
    let reasons = pattern.explain(&envelope).to_string();
    Some(format!(
        "its deployed pattern does not match: {}",
        reasons.trim().replace('\n', "; ")
    ))
}
