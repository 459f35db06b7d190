//! Aliases and tags of keys.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::wire::{ApiError, input};
use super::super::world::{Alias, Site, Strings, World};
use super::{Page, find, living, not_found, page, seconds};

pub(super) fn handle(
    world: &mut World,
    site: &Site,
    operation: &str,
    value: Value,
) -> Result<Value, ApiError> {
    match operation {
        "CreateAlias" | "UpdateAlias" => point(world, site, operation, input(operation, value)?),
        "DeleteAlias" => {
            let asked: ByName = input(operation, value)?;
            let gone = world.at(site).aliases.remove(&asked.alias_name);
            gone.map(|_| json!({}))
                .ok_or_else(|| no_alias(site, &asked.alias_name))
        }
        "ListAliases" => list(world, site, &input(operation, value)?),
        "TagResource" => {
            let asked: Tagging = input(operation, value)?;
            let id = find(world, site, &asked.key_id, false)?;
            let tags = collect(asked.tags)?;
            living(world, site, &id)?.tags.extend(tags);
            Ok(json!({}))
        }
        "UntagResource" => {
            let asked: Untagging = input(operation, value)?;
            let id = find(world, site, &asked.key_id, false)?;
            let tags = &mut living(world, site, &id)?.tags;
            tags.retain(|key, _| !asked.tag_keys.contains(key));
            Ok(json!({}))
        }
        "ListResourceTags" => {
            let asked: OfKey = input(operation, value)?;
            let id = find(
                world,
                site,
                asked.key_id.as_deref().unwrap_or_default(),
                false,
            )?;
            let tags = super::key(world, site, &id)?.tags.iter();
            let all = tags.map(|(key, value)| json!({"TagKey": key, "TagValue": value}));
            page("Tags", all.collect(), &asked.page())
        }
        _ => Err(ApiError::unsupported(operation)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Point {
    alias_name: String,
    target_key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ByName {
    alias_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfKey {
    key_id: Option<String>,
    limit: Option<usize>,
    marker: Option<String>,
}

impl OfKey {
    fn page(&self) -> Page {
        Page {
            limit: self.limit,
            marker: self.marker.clone(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    tag_key: String,
    tag_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Tagging {
    key_id: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Untagging {
    key_id: String,
    tag_keys: Vec<String>,
}

/// Tags by key.
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

fn alias_arn(site: &Site, name: &str) -> String {
    site.arn("kms", name)
}

fn no_alias(site: &Site, name: &str) -> ApiError {
    not_found(format!("Alias {} is not found.", alias_arn(site, name)))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>
fn check_name(name: &str) -> Result<(), ApiError> {
    let invalid = |code: &str, message: &str| Err(ApiError::new(code, message));
    let rest = name.strip_prefix("alias/").unwrap_or_default();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/_-".contains(&b);
    if rest.starts_with("aws/") {
        return invalid("NotAuthorizedException", "alias/aws/ is reserved");
    }
    if rest.is_empty() || name.len() > 256 || !rest.bytes().all(plain) {
        let message = "Alias must start with the prefix \"alias/\". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html";
        return invalid("ValidationException", message);
    }
    Ok(())
}

fn point(world: &mut World, site: &Site, operation: &str, asked: Point) -> Result<Value, ApiError> {
    check_name(&asked.alias_name)?;
    let id = find(world, site, &asked.target_key_id, false)?;
    living(world, site, &id)?;
    let now = world.now();
    let arn = alias_arn(site, &asked.alias_name);
    let aliases = &mut world.at(site).aliases;
    match (operation, aliases.get_mut(&asked.alias_name)) {
        ("CreateAlias", Some(_)) => {
            let message = format!("An alias with the name {arn} already exists");
            return Err(ApiError::new("AlreadyExistsException", message));
        }
        ("CreateAlias", None) => {
            let alias = Alias {
                key: id,
                created: now,
                updated: now,
            };
            aliases.insert(asked.alias_name, alias);
        }
        (_, Some(alias)) => {
            alias.key = id;
            alias.updated = now;
        }
        (_, None) => return Err(no_alias(site, &asked.alias_name)),
    }
    Ok(json!({}))
}

fn list(world: &mut World, site: &Site, asked: &OfKey) -> Result<Value, ApiError> {
    let only = match &asked.key_id {
        Some(given) => Some(find(world, site, given, false)?),
        None => None,
    };
    let aliases = world.at(site).aliases.iter();
    let all = aliases
        .filter(|(_, alias)| only.as_ref().is_none_or(|id| *id == alias.key))
        .map(|(name, alias)| {
            json!({"AliasName": name, "AliasArn": alias_arn(site, name),
                "TargetKeyId": alias.key, "CreationDate": seconds(alias.created),
                "LastUpdatedDate": seconds(alias.updated)})
        })
        .collect();
    page("Aliases", all, &asked.page())
}
