//! What users and roles have in common: names, errors, pages, and how they are found and made.

use serde_json::{Value, json};

use super::state::{Identities, Identity};
use crate::sandbox::common::{PAGE, Strings};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;
use serde::Deserialize;

/// A user or a role, whichever is named.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Named {
    pub(super) user_name: Option<String>,
    pub(super) role_name: Option<String>,
}

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", message)
}

pub(super) fn missing(kind: &str, name: &str) -> ApiError {
    let message = format!("The {kind} with name {name} cannot be found.");
    ApiError::with_status(404, "NoSuchEntity", message)
}

pub(super) fn exists(kind: &str, name: &str) -> ApiError {
    let message = format!("{kind} with name {name} already exists.");
    ApiError::with_status(409, "EntityAlreadyExists", message)
}

/// The users and roles of the account.
pub(super) fn of<'w>(world: &'w mut World, site: &Site) -> &'w mut Identities {
    world.iam.accounts.entry(site.account.clone()).or_default()
}

/// The user or role that is named, and which of the two it is.
pub(super) fn identity<'w>(
    world: &'w mut World,
    site: &Site,
    user: Option<&str>,
    role: Option<&str>,
) -> Result<&'w mut Identity, ApiError> {
    let iam = of(world, site);
    match (user, role) {
        (Some(user), _) => iam.users.get_mut(user).ok_or_else(|| missing("user", user)),
        (None, Some(role)) => iam.roles.get_mut(role).ok_or_else(|| missing("role", role)),
        (None, None) => Err(invalid("no name given")),
    }
}

pub(super) fn new_identity(
    world: &mut World,
    prefix: &str,
    path: Option<String>,
    tags: Strings,
) -> Identity {
    Identity {
        id: world.key_id(prefix),
        path: path.unwrap_or_else(|| "/".to_owned()),
        created: world.now(),
        tags,
        attached: Vec::new(),
        inline: Strings::new(),
        access_keys: Vec::new(),
        trust: None,
        description: None,
        max_session: None,
        boundary: None,
    }
}

pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let fits = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b));
    fits.then_some(()).ok_or_else(|| {
        invalid(format!(
            "The specified value for userName or roleName is invalid: {name}"
        ))
    })
}

pub(super) fn arn(site: &Site, kind: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{}:{kind}{path}{name}", site.account)
}

/// One page of a list; the marker is the position where the next begins.
pub(super) fn page(
    key: &str,
    all: Vec<Value>,
    marker: Option<&str>,
    most: Option<&str>,
) -> Result<Value, ApiError> {
    let number = |text: Option<&str>, default: usize| match text {
        Some(text) => text.parse::<usize>().map_err(|_| invalid("not a number")),
        None => Ok(default),
    };
    let (start, size) = (number(marker, 0)?, number(most, PAGE)?.max(1));
    let end = start.saturating_add(size);
    let more = all.len() > end;
    let shown: Vec<Value> = all.into_iter().skip(start).take(size).collect();
    Ok(json!({key: shown, "IsTruncated": more, "Marker": more.then(|| end.to_string())}))
}
