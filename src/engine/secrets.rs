//! Which secrets of connections are known here, and what is missing?

use std::collections::BTreeMap;

use super::error::{Code, Error};
use crate::placement::Desired;
use crate::plan::{Action, Note, Plan};
use crate::resources::{Live, Resource, ResourceKey, connection};
use crate::secrets::Secrets;

/// The variables that connections lack which are to be made, or made good, by connection.
pub type Missing = BTreeMap<ResourceKey, Vec<String>>;

/// Puts into the connections that are wanted what can be told of their secrets: where the variables are set, whether
/// AWS keeps the same; where they are not, what AWS keeps stays as it is.
pub fn settle(desired: &mut Desired, live: &[Live], secrets: &Secrets) -> Missing {
    let mut missing = Missing::new();
    for (key, resource) in &mut desired.resources {
        let Resource::Connection(wanted) = resource else {
            continue;
        };
        let found = live.iter().find(|live| live.key == *key);
        let found = found.and_then(|live| match &live.resource {
            Resource::Connection(found) => Some(found),
            _ => None,
        });
        let variables = connection::settle(wanted, found, secrets);
        if !variables.is_empty() {
            missing.insert(key.clone(), variables);
        }
    }
    missing
}

/// The variables that a plan cannot be carried out without, by connection.
fn needed<'m>(
    plan: &'m Plan,
    missing: &'m Missing,
) -> impl Iterator<Item = (&'m ResourceKey, &'m Vec<String>)> {
    let changes = plan.changes.iter();
    let changes = changes.filter(|change| change.action != Action::Delete);
    changes.filter_map(|change| missing.get_key_value(&change.key))
}

/// What a plan says of secrets that are not known where it was made.
pub(super) fn notes(plan: &Plan, missing: &Missing) -> Vec<Note> {
    let notes = needed(plan, missing).map(|(key, variables)| Note {
        message: format!("{key}: {} not set here", are(variables)),
        help: "set it where `apply` runs: its value goes to the connection, and nowhere else"
            .to_owned(),
        document: None,
        loses_alerts: false,
    });
    notes.collect()
}

/// Refuses a plan that lacks a secret, before anything is changed.
pub(super) fn check(plan: &Plan, missing: &Missing) -> Result<(), Error> {
    let Some((key, variables)) = needed(plan, missing).next() else {
        return Ok(());
    };
    let message = format!("{key} cannot be made: {} not set", are(variables));
    Err(Error::new(Code::NotReady, message)
        .help("set it in the environment of this command, such as by `read -rs` and `export`"))
}

fn are(variables: &[String]) -> String {
    let names: Vec<String> = variables.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [name] => format!("the variable {name} is"),
        names => format!("the variables {} are", names.join(", ")),
    }
}
