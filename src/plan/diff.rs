//! One comparison for every kind: canonical JSON against canonical JSON.

use serde_json::{Map, Value};

use super::AttributeChange;
use crate::resources::{Kind, Resource};

/// Fields that hold a document: shown and changed as a whole.
const DOCUMENTS: &[&str] = &["policy", "pattern", "trust", "selectors"];

/// Whether a field holds a document; a role's policies are documents by name.
fn is_document(path: &str) -> bool {
    let path = path.strip_prefix("resource.").unwrap_or(path);
    DOCUMENTS.contains(&path) || path.starts_with("policies.")
}

/// What a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// Nothing.
    Same,
    /// Somebody else must act before the two can be the same.
    Waiting,
    /// These fields.
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
    let waits = kind
        .waits_for()
        .iter()
        .any(|field| before.get(*field) != after.get(*field));
    if waits {
        // SNS refuses to change a subscription that nobody has confirmed.
        return Verdict::Waiting;
    }
    let mut attributes = Vec::new();
    objects("", &before, &after, &mut attributes);
    if attributes.is_empty() {
        return Verdict::Same;
    }
    let replace = attributes
        .iter()
        .any(|change| kind.replaced_by().contains(&change.path.as_str()));
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
            (Value::Object(old), Value::Object(new)) if !is_document(&path) => {
                objects(&path, old, new, changes);
            }
            _ => changes.push(AttributeChange {
                path,
                before: old.clone(),
                after: new.clone(),
            }),
        }
    }
}
