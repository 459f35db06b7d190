//! Which foreign resource the user hands over, as it is written on the command line.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::place::Place;
use crate::resources::{Ownership, Resource, ResourceKey};

/// Why `--adopt` names nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AdoptError {
    /// The rules file asks for no such thing.
    #[error("the rules file asks for no resource `{0}`, so that there is nothing to adopt")]
    Unknown(String),
    /// It could be one of several.
    #[error("`{0}` could be any of {among}", among = .1.join(", "))]
    Ambiguous(String, Vec<String>),
}

/// A key as `--adopt` takes it: `rule:NAME@REGION`, and `role:NAME` for what is global.
pub fn written(key: &ResourceKey) -> String {
    match &key.place {
        Place::Regional { region, .. } => format!("{}:{}@{region}", key.kind, key.name),
        Place::Global { .. } => format!("{}:{}", key.kind, key.name),
    }
}

/// The key that a person means; the Region may be left out where one place only is possible.
///
/// # Errors
/// None or several keys of what is wanted fit.
pub fn meant(
    text: &str,
    wanted: &BTreeMap<ResourceKey, Resource>,
) -> Result<ResourceKey, AdoptError> {
    let fits = |key: &&ResourceKey| {
        let whole = written(key);
        let without_region = format!("{}:{}", key.kind, key.name);
        // Subscriptions come with their topic.
        matches!(key.kind.facts().ownership, Ownership::Tag(_))
            && (whole == text || without_region == text)
    };
    let found: Vec<&ResourceKey> = wanted.keys().filter(fits).collect();
    match found.as_slice() {
        [] => Err(AdoptError::Unknown(text.to_owned())),
        [key] => Ok((*key).clone()),
        several => {
            let among = several.iter().map(|key| format!("`{}`", written(key)));
            Err(AdoptError::Ambiguous(text.to_owned(), among.collect()))
        }
    }
}
