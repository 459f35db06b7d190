//! KMS: the tags of keys.

use serde::Deserialize;
use serde_json::{Value, json};

use super::find::{Page, find, key, living, page};
use crate::sandbox::common::Strings;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    tag_key: String,
    tag_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tagging {
    key_id: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Untagging {
    key_id: String,
    tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfKey {
    pub(super) key_id: Option<String>,
    limit: Option<usize>,
    marker: Option<String>,
}

impl OfKey {
    pub(super) fn page(&self) -> Page {
        Page {
            limit: self.limit,
            marker: self.marker.clone(),
        }
    }
}

/// Tags by key, after the rules that KMS has for them.
pub(super) fn collect(tags: Vec<Tag>) -> Result<Strings, ApiError> {
    let mut all = Strings::new();
    for tag in tags {
        let fits = (1..=128).contains(&tag.tag_key.chars().count())
            && tag.tag_value.chars().count() <= 256
            && !tag.tag_key.starts_with("aws:");
        if !fits || all.insert(tag.tag_key, tag.tag_value).is_some() {
            return Err(ApiError::new(
                "TagException",
                "a tag is invalid or given twice",
            ));
        }
    }
    Ok(all)
}

pub(super) fn tag(world: &mut World, site: &Site, asked: Tagging) -> Result<Value, ApiError> {
    let id = find(world, site, &asked.key_id, false)?;
    let tags = collect(asked.tags)?;
    living(world, site, &id)?.tags.extend(tags);
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, site: &Site, asked: &Untagging) -> Result<Value, ApiError> {
    let id = find(world, site, &asked.key_id, false)?;
    let tags = &mut living(world, site, &id)?.tags;
    tags.retain(|key, _| !asked.tag_keys.contains(key));
    Ok(json!({}))
}

pub(super) fn list(world: &mut World, site: &Site, asked: &OfKey) -> Result<Value, ApiError> {
    let given = asked.key_id.as_deref().unwrap_or_default();
    let id = find(world, site, given, false)?;
    let tags = key(world, site, &id)?.tags.iter();
    let all = tags.map(|(key, value)| json!({"TagKey": key, "TagValue": value}));
    page("Tags", all.collect(), &asked.page())
}
