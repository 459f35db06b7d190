//! KMS: aliases of keys.

use serde::Deserialize;
use serde_json::{Value, json};

use super::find::{find, living, not_found, page, seconds};
use super::state::Alias;
use super::tags::OfKey;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Point {
    alias_name: String,
    target_key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ByName {
    alias_name: String,
}

fn alias_arn(site: &Site, name: &str) -> String {
    site.arn("kms", name)
}

fn no_alias(site: &Site, name: &str) -> ApiError {
    not_found(format!("Alias {} is not found.", alias_arn(site, name)))
}

/// Refuses what cannot be the name of an alias.
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

pub(super) fn point(
    world: &mut World,
    site: &Site,
    operation: &str,
    asked: Point,
) -> Result<Value, ApiError> {
    check_name(&asked.alias_name)?;
    let id = find(world, site, &asked.target_key_id, false)?;
    living(world, site, &id)?;
    let now = world.now();
    let arn = alias_arn(site, &asked.alias_name);
    let aliases = &mut world.kms.local.at(site).aliases;
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

pub(super) fn list(world: &mut World, site: &Site, asked: &OfKey) -> Result<Value, ApiError> {
    let only = match &asked.key_id {
        Some(given) => Some(find(world, site, given, false)?),
        None => None,
    };
    let aliases = world.kms.local.at(site).aliases.iter();
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

pub(super) fn delete(world: &mut World, site: &Site, asked: &ByName) -> Result<Value, ApiError> {
    let gone = world.kms.local.at(site).aliases.remove(&asked.alias_name);
    gone.map(|_| json!({}))
        .ok_or_else(|| no_alias(site, &asked.alias_name))
}
