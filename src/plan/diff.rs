//! One comparison for every kind: canonical JSON against canonical JSON.

use serde_json::{Map, Value};

use super::AttributeChange;
use crate::resources::{Facts, Kind, Resource};

/// What a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// The two are the same in every field that is compared.
    Same,
    /// Somebody else must act before the two can be the same.
    Waiting,
    /// Some fields differ: the resource must be changed, or replaced.
    Differs {
        attributes: Vec<AttributeChange>,
        replace: bool,
    },
}

pub(super) fn compare(kind: Kind, before: &Resource, after: &Resource) -> Verdict {
    // Most are as they should be: no JSON is made of those.
    if before == after {
        return Verdict::Same;
    }
    let (before, after) = (fields(before), fields(after));
    let facts = kind.facts();
    let waits = facts
        .awaited
        .iter()
        .any(|field| before.get(*field) != after.get(*field));
    if waits {
        return Verdict::Waiting;
    }
    let mut attributes = Vec::new();
    objects(facts, "", &before, &after, &mut attributes);
    attributes.retain(|change| !facts.write_only.contains(&change.path.as_str()));
    if attributes.is_empty() {
        return Verdict::Same;
    }
    let replace = attributes
        .iter()
        .any(|change| facts.fixed.contains(&change.path.as_str()));
    Verdict::Differs {
        attributes,
        replace,
    }
}

fn fields(resource: &Resource) -> Map<String, Value> {
    match serde_json::to_value(resource) {
        Ok(Value::Object(fields)) => fields,
        // The resource's types have no map with other keys than strings, the only way to fail.
        _ => Map::new(),
    }
}

/// Compares field by field, a document as a whole.
pub(super) fn objects(
    facts: &Facts,
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    changes: &mut Vec<AttributeChange>,
) {
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        let old = before.get(key).unwrap_or(&Value::Null);
        let new = after.get(key).unwrap_or(&Value::Null);
        match (old, new) {
            (old, new) if old == new => {}
            (Value::Object(old), Value::Object(new))
                if !facts.is_document(path.strip_prefix("resource.").unwrap_or(&path)) =>
            {
                objects(facts, &path, old, new, changes);
            }
            _ => changes.push(AttributeChange {
                path,
                before: old.clone(),
                after: new.clone(),
            }),
        }
    }
}
