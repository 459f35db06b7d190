//! What is the state machine that tells alerts to people?

pub(super) mod aws;
mod definition;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::facts::{
    Facts, Impact, Managed, Ownership, Size, Stretch, Subject, Sweep, arn, as_real_ones,
};
use super::kinds::Kind;
use super::model::{AttributeChange, ResourceKey};
use crate::aws::{Call, calls};
use crate::place::{Arn, Place};

/// Bytes of a definition. Source: Step Functions developer guide, "Quotas", "Maximum request size".
pub const LARGEST_DEFINITION: usize = 1_048_576;

/// A Standard state machine: the dispatcher of a rules file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The name of the machine.
    pub name: String,
    /// Whether it is an Express machine, which keeps no history and may run twice for one event.
    pub express: bool,
    /// What it does, in Amazon States Language. Connections are named without the id at the end of their ARN.
    pub definition: Value,
    /// The role that it acts with.
    pub role: Arn,
    /// What of its runs goes to CloudWatch Logs, in Step Functions' word; `None`: nothing.
    pub logging: Option<String>,
    /// Whether X-Ray traces its runs.
    pub tracing: bool,
    /// The customer-managed key that encrypts it: whoever keeps the key decides whether it runs.
    pub kms_key: Option<String>,
}

impl Machine {
    /// A Standard machine.
    pub fn of(name: String, definition: Value, role: Arn) -> Self {
        Self {
            name,
            express: false,
            definition,
            role,
            logging: None,
            tracing: false,
            kms_key: None,
        }
    }
}

pub(super) static FACTS: Facts = Facts {
    service: "states",
    // Source: Step Functions API, `UpdateStateMachine`, which takes no type.
    fixed: &["express"],
    awaited: &[],
    write_only: &[],
    documents: &["definition"],
    ownership: Ownership::Tag(&calls::TAG_MACHINE),
    deletion: None,
    farewell: Some("with the history of its runs"),
    stretch: Stretch::Alerting,
    missing: Impact::Alert,
    impact,
    passes_tests: as_real_ones,
    words,
    purpose: "the rules file asks for",
    loss: |_| "alerts do not get to people through the dispatcher".to_owned(),
    drift: super::facts::ARRIVE,
    leftover: None,
    listed: Some((Sweep::Home, &calls::GET_MACHINE)),
    looks: &[&calls::LIST_MACHINE_TAGS],
    breaks: &[
        "DeleteStateMachine",
        "StopExecution",
        "UntagResource",
        "UpdateStateMachine",
    ],
    restores: &["CreateStateMachine", "TagResource", "UpdateStateMachine"],
    recorded: &[],
    subject,
};

fn impact(change: &AttributeChange) -> Impact {
    match change.path.as_str() {
        "logging" | "tracing" => Impact::Cosmetic,
        _ => Impact::Alert,
    }
}

fn words(change: &AttributeChange) -> Option<String> {
    let AttributeChange { path, before, .. } = change;
    Some(match path.as_str() {
        "express" => "it is an Express machine, whose runs nobody can look up".to_owned(),
        "role" => format!("it acts with {}", before.as_str().unwrap_or_default()),
        "logging" => "what its runs hold is written to CloudWatch Logs".to_owned(),
        "tracing" => "its runs are traced".to_owned(),
        "kms_key" => format!(
            "it is encrypted with {}, which Step Functions may not be able to use",
            before.as_str().unwrap_or_default()
        ),
        path if path.starts_with("definition") => {
            "its definition is not the one of the rules file".to_owned()
        }
        _ => return None,
    })
}

fn subject(subject: &Subject<'_>) -> Value {
    let name = &subject.key.name;
    let machine = arn(subject, "states", &format!("stateMachine:{name}"));
    let run = arn(subject, "states", &format!("execution:{name}:run"));
    json!({
        "name": name, "stateMachineArn": machine, "resourceArn": machine, "executionArn": run,
    })
}

impl Managed for Machine {
    fn name(&self) -> String {
        self.name.clone()
    }

    /// All that its definition names, so that the first event finds it: the role, connections, topics, the ledger, and
    /// the queue of probes.
    fn needs(&self, place: &Place) -> Vec<ResourceKey> {
        let text = self.definition.to_string();
        let arns = named(&text).into_iter().chain([self.role.clone()]);
        let mut keys: BTreeSet<ResourceKey> = arns
            .filter_map(|arn| ResourceKey::of_arn(&arn))
            .filter(|key| key.kind != Kind::Machine)
            .collect();
        let mut names = BTreeSet::new();
        by_name(&self.definition, &mut names);
        keys.extend(
            names
                .into_iter()
                .map(|(kind, name)| ResourceKey::new(place, kind, name)),
        );
        keys.into_iter().collect()
    }

    fn description(&self) -> Vec<String> {
        vec!["makes alerts of events, and tells them to people".to_owned()]
    }

    fn sizes(&self) -> Vec<Size> {
        vec![Size {
            what: "bytes in the request for",
            // The definition is a text in it: its quotes and backslashes take two bytes each.
            need: json!(self.definition.to_string()).to_string().len(),
            limit: LARGEST_DEFINITION,
            help: "use fewer channels, or shorter names of accounts",
        }]
    }

    fn created(&self) -> Vec<&'static Call> {
        vec![&calls::CREATE_MACHINE]
    }

    fn updated(&self, after: &Self) -> Vec<&'static Call> {
        let differs = self != after;
        differs
            .then_some(&calls::UPDATE_MACHINE)
            .into_iter()
            .collect()
    }

    fn deleted(&self) -> Vec<&'static Call> {
        vec![&calls::DELETE_MACHINE]
    }
}

/// The ARNs that stand in a text, wherever: expressions hold some.
fn named(text: &str) -> Vec<Arn> {
    let begins = text.match_indices("arn:").map(|(at, _)| at);
    let is_part = |c: char| c.is_ascii_alphanumeric() || ":/_-.".contains(c);
    begins
        .filter_map(|at| {
            let rest = text.get(at..)?;
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            rest.get(..end)?.parse().ok()
        })
        .collect()
}

/// The tables and queues that a definition names otherwise than by ARN.
fn by_name(value: &Value, found: &mut BTreeSet<(Kind, String)>) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                match (key.as_str(), field) {
                    ("TableName", Value::String(name)) => {
                        found.insert((Kind::Table, name.clone()));
                    }
                    ("QueueUrl", Value::String(url)) => {
                        let name = url.rsplit('/').next().unwrap_or_default();
                        found.insert((Kind::Queue, name.to_owned()));
                    }
                    _ => by_name(field, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| by_name(item, found)),
        _ => {}
    }
}
