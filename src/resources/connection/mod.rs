//! What is the EventBridge connection that keeps the secret of a service?
//!
//! | question | room |
//! |---|---|
//! | which secret goes where, for each service | `service` |
//! | is what AWS keeps the same as what is known here | `settled` |

pub(super) mod aws;
mod service;
mod settled;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::facts::{
    Affected, Facts, Impact, Managed, Ownership, Size, Stretch, Subject, Sweep, as_real_ones,
};
use super::model::{AttributeChange, ResourceKey};
use crate::aws::{Call, calls};
use crate::place::Place;

pub use settled::settle;

/// The state of a connection that can be used.
const AUTHORIZED: &str = "AUTHORIZED";

/// An EventBridge connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The name of the connection.
    pub name: String,
    /// The name of the rules file that it says it belongs to.
    pub stack: String,
    /// How it says who calls, without what is secret.
    pub authorization: Authorization,
    /// The further parameters of requests, which are secret, by name.
    pub parameters: BTreeMap<String, Where>,
    /// EventBridge's word for its state.
    pub state: String,
    /// The customer-managed key that encrypts it: whoever keeps the key decides whether it can be used.
    pub kms_key: Option<String>,
    /// The ARN of the private resource that its requests are led over.
    pub private: Option<String>,
    /// A salt, a dot and what shows that a secret changed; empty where nobody knows.
    pub secret: String,
    /// Which variable holds what. AWS does not know it.
    pub variables: Vec<Part>,
}

/// How a connection says who calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Authorization {
    /// A header with a key.
    ApiKey {
        /// The name of the header.
        header: String,
    },
    /// User name and password.
    Basic {
        /// The user name.
        user: String,
    },
    /// A token that a client gets by its own secret.
    OAuth {
        /// Where tokens are given out.
        endpoint: String,
        /// The client's id.
        client_id: String,
        /// What is sent to get a token, besides the client: it is not secret.
        body: BTreeMap<String, String>,
    },
}

/// Where a parameter stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Where {
    Query,
    Body,
    Header,
}

/// A secret of a connection, and the variable that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The name of the variable.
    pub variable: String,
    /// What stands before the value, such as `Bearer `.
    pub prefix: String,
    /// The parameter that it is; `None`: what authorizes.
    pub parameter: Option<String>,
}

pub(super) static FACTS: Facts = Facts {
    service: "events",
    // Source: EventBridge API, `UpdateConnection`, which takes another type of authorization too. A new connection would
    // have another ARN, which the dispatcher names.
    fixed: &[],
    awaited: &[],
    write_only: &["variables"],
    documents: &[],
    ownership: Ownership::Marker,
    deletion: None,
    farewell: Some("with the secret that it keeps"),
    stretch: Stretch::Alerting,
    // The fallback channel hears of each alert that the service does not get.
    missing: Impact::Safeguard,
    impact: |_| Impact::Safeguard,
    passes_tests: as_real_ones,
    words,
    purpose: "the rules file asks for",
    loss: |_: &Affected<'_>| "its channel does not get alerts".to_owned(),
    drift: "alerts of its channel go to the fallback channel",
    leftover: Some("it still keeps a secret, although the rules file does not ask for it"),
    listed: Some((Sweep::Home, &calls::LIST_CONNECTIONS)),
    looks: &[&calls::DESCRIBE_CONNECTION],
    breaks: &[
        "DeauthorizeConnection",
        "DeleteConnection",
        "UpdateConnection",
    ],
    restores: &["CreateConnection", "UpdateConnection"],
    recorded: &[],
    subject,
};

fn words(change: &AttributeChange) -> Option<String> {
    let AttributeChange {
        path,
        before,
        after,
    } = change;
    Some(match path.as_str() {
        "state" => format!(
            "it cannot be used: EventBridge says {}",
            before.as_str().unwrap_or("nothing of it")
        ),
        "secret" if after == "" => "nobody knows whether its secret is the right one".to_owned(),
        "secret" => "the secret that it keeps is not the one of the variable".to_owned(),
        "kms_key" => format!(
            "it is encrypted with {}, which EventBridge may not be able to use",
            before.as_str().unwrap_or_default()
        ),
        "private" => format!(
            "its requests are led over {}",
            before.as_str().unwrap_or_default()
        ),
        path if path.starts_with("authorization") => "it says otherwise who calls".to_owned(),
        _ => return None,
    })
}

fn subject(subject: &Subject<'_>) -> Value {
    json!({ "name": subject.key.name })
}

impl Connection {
    /// The names of the variables that it needs, each once.
    pub fn needed(&self) -> BTreeSet<&str> {
        let variables = self.variables.iter();
        variables.map(|part| part.variable.as_str()).collect()
    }

    /// Whether it can be used.
    pub fn is_authorized(&self) -> bool {
        self.state == AUTHORIZED
    }
}

impl Managed for Connection {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn needs(&self, _: &Place) -> Vec<ResourceKey> {
        Vec::new()
    }

    fn description(&self) -> Vec<String> {
        let names: Vec<&str> = self.needed().into_iter().collect();
        vec![format!("keeps the secret of {}", names.join(", "))]
    }

    fn sizes(&self) -> Vec<Size> {
        Vec::new()
    }

    fn created(&self) -> Vec<&'static Call> {
        vec![&calls::CREATE_CONNECTION]
    }

    fn updated(&self, after: &Self) -> Vec<&'static Call> {
        let differs = self != after;
        differs
            .then_some(&calls::UPDATE_CONNECTION)
            .into_iter()
            .collect()
    }

    fn deleted(&self) -> Vec<&'static Call> {
        vec![&calls::DELETE_CONNECTION]
    }
}
