//! What the interfaces of several services have in common: tags, and pages of lists.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::wire::ApiError;

/// Strings by name: attributes, tags.
pub(crate) type Strings = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Tag {
    key: String,
    value: String,
}

impl Tag {
    /// The tags that the wire lists, by key.
    pub(crate) fn collect(tags: Vec<Self>) -> Strings {
        tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
    }

    /// Tags as the wire lists them.
    pub(crate) fn list(tags: &Strings) -> Value {
        tags.iter()
            .map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect()
    }
}

/// How many entries a page holds when no limit is given: few, so that paging is exercised.
pub(crate) const PAGE: usize = 10;

/// One page of a list; the token is the position where the next begins.
pub(crate) fn page(
    key: &str,
    all: Vec<Value>,
    token: Option<&str>,
    limit: Option<usize>,
) -> Result<Value, ApiError> {
    let start: usize = match token {
        Some(token) => token
            .parse()
            .map_err(|_| ApiError::new("ValidationException", "Invalid NextToken"))?,
        None => 0,
    };
    let size = limit.unwrap_or(PAGE).clamp(1, 100);
    let more = all.len() > start.saturating_add(size);
    let items: Vec<Value> = all.into_iter().skip(start).take(size).collect();
    Ok(if more {
        json!({key: items, "NextToken": (start + size).to_string()})
    } else {
        json!({key: items})
    })
}
