//! IAM: users and their access keys.

use serde::Deserialize;
use serde_json::{Value, json};

use super::documents::check_inline;
use super::identity::{
    arn, check_name, exists, identity, invalid, missing, new_identity, of, page,
};
use super::state::Identity;
use crate::sandbox::clock::iso;
use crate::sandbox::common::Tag;
use crate::sandbox::principal::Principal;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// Access keys per user: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const KEYS: usize = 2;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateUser {
    user_name: String,
    path: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct MaybeUser {
    user_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListUsers {
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Inline {
    user_name: String,
    policy_name: String,
    #[serde(default)]
    policy_document: String,
}

fn show_user(site: &Site, name: &str, user: &Identity) -> Value {
    json!({
        "Path": user.path,
        "UserName": name,
        "UserId": user.id,
        "Arn": arn(site, "user", &user.path, name),
        "CreateDate": iso(user.created),
    })
}

pub(super) fn create_user(
    world: &mut World,
    site: &Site,
    create: CreateUser,
) -> Result<Value, ApiError> {
    check_name(&create.user_name)?;
    if of(world, site).users.contains_key(&create.user_name) {
        return Err(exists("User", &create.user_name));
    }
    let user = new_identity(world, "AIDA", create.path, Tag::collect(create.tags));
    let shown = show_user(site, &create.user_name, &user);
    of(world, site).users.insert(create.user_name, user);
    Ok(json!({"User": shown}))
}

/// The user that is meant: the caller, where the call names none.
fn named_or_own(asked: MaybeUser, caller: &Principal) -> Result<String, ApiError> {
    let own = || match caller.session {
        None => Ok(caller.name.clone()),
        Some(_) => Err(invalid(
            "Must specify userName when calling with non-User credentials",
        )),
    };
    asked.user_name.map_or_else(own, Ok)
}

pub(super) fn get_user(
    world: &mut World,
    site: &Site,
    caller: &Principal,
    asked: MaybeUser,
) -> Result<Value, ApiError> {
    let name = named_or_own(asked, caller)?;
    let user = identity(world, site, Some(&name), None)?;
    Ok(json!({"User": show_user(site, &name, user)}))
}

pub(super) fn list_users(
    world: &mut World,
    site: &Site,
    list: &ListUsers,
) -> Result<Value, ApiError> {
    let prefix = list.path_prefix.as_deref().unwrap_or("/");
    let users = of(world, site).users.iter();
    let all = users
        .filter(|(_, user)| user.path.starts_with(prefix))
        .map(|(name, user)| show_user(site, name, user))
        .collect();
    page(
        "Users",
        all,
        list.marker.as_deref(),
        list.max_items.as_deref(),
    )
}

pub(super) fn create_key(
    world: &mut World,
    site: &Site,
    caller: &Principal,
    asked: MaybeUser,
) -> Result<Value, ApiError> {
    let name = named_or_own(asked, caller)?;
    let user = identity(world, site, Some(&name), None)?;
    if user.access_keys.len() >= KEYS {
        let message = format!("Cannot exceed quota for AccessKeysPerUser: {KEYS}");
        return Err(ApiError::with_status(409, "LimitExceeded", message));
    }
    let id = user.id.clone();
    let key = world.key_id("AKIA");
    let secret = world.key_id("sandbox/");
    let principal = Principal {
        name: name.clone(),
        id,
        account: site.account.clone(),
        policies: Vec::new(),
        session: None,
    };
    world.principals.insert(key.clone(), principal);
    let created = iso(world.now());
    identity(world, site, Some(&name), None)?
        .access_keys
        .push(key.clone());
    Ok(json!({"AccessKey": {
        "UserName": name,
        "AccessKeyId": key,
        "Status": "Active",
        "SecretAccessKey": secret,
        "CreateDate": created,
    }}))
}

pub(super) fn put_inline(world: &mut World, site: &Site, put: Inline) -> Result<Value, ApiError> {
    check_inline(&put.policy_document)?;
    let inline = &mut identity(world, site, Some(&put.user_name), None)?.inline;
    inline.insert(put.policy_name, put.policy_document);
    Ok(json!({}))
}

pub(super) fn delete_inline(
    world: &mut World,
    site: &Site,
    delete: &Inline,
) -> Result<Value, ApiError> {
    let inline = &mut identity(world, site, Some(&delete.user_name), None)?.inline;
    let gone = inline.remove(&delete.policy_name);
    gone.map(|_| json!({}))
        .ok_or_else(|| missing("user policy", &delete.policy_name))
}
