//! Condition keys with several values, and those about tags, whose names are made of the tags' own.

use std::collections::BTreeMap;

use crate::sandbox::common::Strings;

/// The tags that a request is about, and its lists of values.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html>
#[derive(Debug, Clone, Default)]
pub(crate) struct Tags {
    /// What the resource has: `aws:ResourceTag/KEY`.
    pub(crate) resource: Strings,
    /// What the request gives: `aws:RequestTag/KEY`.
    pub(crate) request: Strings,
    /// The keys that the request gives or takes away: `aws:TagKeys`.
    pub(crate) keys: Vec<String>,
    /// The values of condition keys that are lists, by the key in lower case.
    pub(crate) lists: BTreeMap<&'static str, Vec<String>>,
}

impl Tags {
    /// The values of a condition key in lower case; none where the request does not have it.
    pub(crate) fn values(&self, key: &str) -> Vec<&str> {
        if key == "aws:tagkeys" {
            return self.keys.iter().map(String::as_str).collect();
        }
        if let Some(list) = self.lists.get(key) {
            return list.iter().map(String::as_str).collect();
        }
        let (tags, key) = match key.split_once('/') {
            Some(("aws:resourcetag", key)) => (&self.resource, key),
            Some(("aws:requesttag", key)) => (&self.request, key),
            _ => return Vec::new(),
        };
        // Condition keys do not mind case, those of tags included.
        let found = tags
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(key));
        found.map(|(_, value)| value.as_str()).take(1).collect()
    }
}
