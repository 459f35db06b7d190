//! Keys by whatever they are called, and what all operations on them say.

use serde::Deserialize;
use serde_json::{Value, json};

use super::state::Key;
use crate::sandbox::common::PAGE;
use crate::sandbox::site::{Site, locate};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}

pub(super) fn invalid_state(message: String) -> ApiError {
    ApiError::new("KMSInvalidStateException", message)
}

pub(super) fn not_found(message: String) -> ApiError {
    ApiError::new("NotFoundException", message)
}

pub(super) fn arn(site: &Site, id: &str) -> String {
    site.arn("kms", &format!("key/{id}"))
}

/// Keys whose waiting time is over are gone, and their aliases with them.
pub(super) fn expire(world: &mut World, site: &Site) {
    let now = world.now();
    let Some(local) = world.kms.local.look_mut(site) else {
        return;
    };
    local
        .keys
        .retain(|_, key| key.deletion.is_none_or(|when| when > now));
    let keys = &local.keys;
    local
        .aliases
        .retain(|_, alias| keys.contains_key(&alias.key));
}

/// The id of a key that is given by id or ARN, or where it may be by alias name or alias ARN.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html>
pub(super) fn find(
    world: &World,
    site: &Site,
    given: &str,
    by_alias: bool,
) -> Result<String, ApiError> {
    let missing = || not_found(format!("Invalid keyId '{given}'"));
    let resource = match locate(given) {
        Some((at, resource)) if at == *site => resource,
        Some(_) => return Err(missing()),
        None if given.starts_with("alias/") => given.to_owned(),
        None => format!("key/{given}"),
    };
    let local = world.kms.local.look(site).ok_or_else(missing)?;
    let id = match resource.strip_prefix("key/") {
        Some(id) => Some(id.to_owned()),
        None if by_alias => local.aliases.get(&resource).map(|alias| alias.key.clone()),
        None => None,
    };
    id.filter(|id| local.keys.contains_key(id))
        .ok_or_else(missing)
}

/// The ARN of a key that a service is told to use, and the key.
pub(crate) fn told<'w>(
    world: &'w World,
    site: &Site,
    given: &str,
) -> Result<(String, &'w Key), ApiError> {
    let id = find(world, site, given, true)?;
    let local = world.kms.local.look(site);
    let key = local.and_then(|local| local.keys.get(&id));
    let missing = || not_found(format!("Invalid keyId '{given}'"));
    Ok((arn(site, &id), key.ok_or_else(missing)?))
}

pub(super) fn key<'w>(
    world: &'w mut World,
    site: &Site,
    id: &str,
) -> Result<&'w mut Key, ApiError> {
    let missing = || not_found(format!("Key '{}' does not exist", arn(site, id)));
    world
        .kms
        .local
        .at(site)
        .keys
        .get_mut(id)
        .ok_or_else(missing)
}

/// A key that is not about to be deleted.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
pub(super) fn living<'w>(
    world: &'w mut World,
    site: &Site,
    id: &str,
) -> Result<&'w mut Key, ApiError> {
    let key = key(world, site, id)?;
    if key.deletion.is_some() {
        return Err(invalid_state(format!(
            "{} is pending deletion.",
            arn(site, id)
        )));
    }
    Ok(key)
}

pub(super) fn state(key: &Key) -> &'static str {
    match key.deletion {
        Some(_) => "PendingDeletion",
        None if key.enabled => "Enabled",
        None => "Disabled",
    }
}

/// A time as KMS writes it: seconds since 1970.
pub(super) fn seconds(milliseconds: i64) -> Value {
    let number = milliseconds.div_euclid(1000);
    json!(number)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Page {
    pub(super) limit: Option<usize>,
    pub(super) marker: Option<String>,
}

/// A page of a list, in the words of KMS.
pub(super) fn page(key: &str, all: Vec<Value>, asked: &Page) -> Result<Value, ApiError> {
    let start: usize = match &asked.marker {
        Some(marker) => marker
            .parse()
            .map_err(|_| ApiError::new("InvalidMarkerException", "Could not deserialize marker"))?,
        None => 0,
    };
    let size = asked.limit.unwrap_or(PAGE).clamp(1, 1000);
    let more = all.len() > start.saturating_add(size);
    let shown: Vec<Value> = all.into_iter().skip(start).take(size).collect();
    Ok(if more {
        json!({key: shown, "Truncated": true, "NextMarker": (start + size).to_string()})
    } else {
        json!({key: shown, "Truncated": false})
    })
}
