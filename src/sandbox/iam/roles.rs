//! IAM: roles and what hangs on them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::documents::{check_inline, check_trust, encoded};
use super::identity::{Named, arn, check_name, exists, identity, invalid, new_identity, of, page};
use super::managed::check_there;
use super::state::{ADMINISTRATOR_ACCESS, Identity};
use crate::place::AccountId;
use crate::sandbox::clock::iso;
use crate::sandbox::common::{Strings, Tag};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// What can be set as the longest session of a role, in seconds.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
const SESSION_SECONDS: std::ops::RangeInclusive<u32> = 3600..=43_200;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateRole {
    role_name: String,
    path: Option<String>,
    assume_role_policy_document: String,
    description: Option<String>,
    max_session_duration: Option<String>,
    permissions_boundary: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateRole {
    role_name: String,
    description: Option<String>,
    max_session_duration: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateTrust {
    role_name: String,
    policy_document: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct RolePolicy {
    role_name: String,
    policy_name: String,
    #[serde(default)]
    policy_document: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Bound {
    role_name: String,
    #[serde(default)]
    permissions_boundary: String,
}

/// A list of roles, or of what one role has.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct List {
    role_name: Option<String>,
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TagRole {
    role_name: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UntagRole {
    role_name: String,
    tag_keys: Vec<String>,
}

fn role<'w>(world: &'w mut World, site: &Site, name: &str) -> Result<&'w mut Identity, ApiError> {
    identity(world, site, None, Some(name))
}

fn session(seconds: Option<&str>) -> Result<u32, ApiError> {
    let Some(seconds) = seconds else {
        return Ok(*SESSION_SECONDS.start());
    };
    let seconds = seconds.parse().ok();
    seconds
        .filter(|seconds| SESSION_SECONDS.contains(seconds))
        .ok_or_else(|| invalid("MaxSessionDuration must be between 3600 and 43200 seconds"))
}

/// What lists show of a role.
fn listed(site: &Site, name: &str, role: &Identity) -> Value {
    json!({
        "Path": role.path,
        "RoleName": name,
        "RoleId": role.id,
        "Arn": arn(site, "role", &role.path, name),
        "CreateDate": iso(role.created),
        "AssumeRolePolicyDocument": encoded(role.trust.as_deref().unwrap_or_default()),
        "Description": role.description,
        "MaxSessionDuration": role.max_session,
    })
}

/// A role whole. Lists leave out the tags and the boundary.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html>
fn shown(site: &Site, name: &str, role: &Identity) -> Value {
    let mut shown = listed(site, name, role);
    if let Some(fields) = shown.as_object_mut() {
        if let Some(boundary) = &role.boundary {
            let boundary = json!({
                "PermissionsBoundaryType": "Policy",
                "PermissionsBoundaryArn": boundary,
            });
            fields.insert("PermissionsBoundary".to_owned(), boundary);
        }
        if !role.tags.is_empty() {
            fields.insert("Tags".to_owned(), Tag::list(&role.tags));
        }
    }
    shown
}

pub(super) fn create(
    world: &mut World,
    site: &Site,
    create: CreateRole,
) -> Result<Value, ApiError> {
    check_name(&create.role_name)?;
    let path = create.path.as_deref().unwrap_or("/");
    if !path.starts_with('/') || !path.ends_with('/') {
        return Err(invalid(format!(
            "The specified value for path is invalid: {path}. It must begin and end with /"
        )));
    }
    if of(world, site).roles.contains_key(&create.role_name) {
        return Err(exists("Role", &create.role_name));
    }
    check_trust(&create.assume_role_policy_document)?;
    if let Some(boundary) = &create.permissions_boundary {
        check_there(world, boundary)?;
    }
    let max_session = session(create.max_session_duration.as_deref())?;
    let role = Identity {
        trust: Some(create.assume_role_policy_document),
        description: create.description,
        max_session: Some(max_session),
        boundary: create.permissions_boundary,
        ..new_identity(world, "AROA", create.path, Tag::collect(create.tags))
    };
    let answer = shown(site, &create.role_name, &role);
    of(world, site).roles.insert(create.role_name, role);
    Ok(json!({"Role": answer}))
}

pub(super) fn get(world: &mut World, site: &Site, named: &Named) -> Result<Value, ApiError> {
    let name = named.role_name.as_deref().unwrap_or_default();
    let found = role(world, site, name)?;
    let mut answer = shown(site, name, found);
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("RoleLastUsed".to_owned(), json!({}));
    }
    Ok(json!({"Role": answer}))
}

pub(super) fn list(world: &mut World, site: &Site, list: &List) -> Result<Value, ApiError> {
    let prefix = list.path_prefix.as_deref().unwrap_or("/");
    let roles = of(world, site).roles.iter();
    let all = roles
        .filter(|(_, role)| role.path.starts_with(prefix))
        .map(|(name, role)| listed(site, name, role))
        .collect();
    page(
        "Roles",
        all,
        list.marker.as_deref(),
        list.max_items.as_deref(),
    )
}

pub(super) fn update(
    world: &mut World,
    site: &Site,
    update: UpdateRole,
) -> Result<Value, ApiError> {
    // Without a duration the default of one hour is applied, whatever there was.
    // https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html
    let max_session = session(update.max_session_duration.as_deref())?;
    let role = role(world, site, &update.role_name)?;
    role.max_session = Some(max_session);
    if update.description.is_some() {
        role.description = update.description;
    }
    Ok(json!({}))
}

pub(super) fn describe(
    world: &mut World,
    site: &Site,
    update: UpdateRole,
) -> Result<Value, ApiError> {
    let found = role(world, site, &update.role_name)?;
    found.description = update.description;
    Ok(json!({"Role": shown(site, &update.role_name, found)}))
}

pub(super) fn update_trust(
    world: &mut World,
    site: &Site,
    update: UpdateTrust,
) -> Result<Value, ApiError> {
    let found = role(world, site, &update.role_name)?;
    check_trust(&update.policy_document)?;
    found.trust = Some(update.policy_document);
    Ok(json!({}))
}

pub(super) fn bound(world: &mut World, site: &Site, bound: Bound) -> Result<Value, ApiError> {
    if !bound.permissions_boundary.contains(":policy/") {
        let message = format!("ARN {} is not valid.", bound.permissions_boundary);
        return Err(ApiError::new("InvalidInput", message));
    }
    check_there(world, &bound.permissions_boundary)?;
    let role = role(world, site, &bound.role_name)?;
    role.boundary = Some(bound.permissions_boundary);
    Ok(json!({}))
}

pub(super) fn unbound(world: &mut World, site: &Site, bound: &Bound) -> Result<Value, ApiError> {
    let name = &bound.role_name;
    let gone = role(world, site, name)?.boundary.take();
    gone.map(|_| json!({})).ok_or_else(|| {
        let message = format!("{name} does not have a permissions boundary.");
        ApiError::with_status(404, "NoSuchEntity", message)
    })
}

pub(super) fn put_policy(
    world: &mut World,
    site: &Site,
    put: RolePolicy,
) -> Result<Value, ApiError> {
    let found = role(world, site, &put.role_name)?;
    check_inline(&put.policy_document)?;
    found.inline.insert(put.policy_name, put.policy_document);
    Ok(json!({}))
}

fn no_policy(name: &str) -> ApiError {
    let message = format!("The role policy with name {name} cannot be found.");
    ApiError::with_status(404, "NoSuchEntity", message)
}

pub(super) fn get_policy(
    world: &mut World,
    site: &Site,
    asked: &RolePolicy,
) -> Result<Value, ApiError> {
    let name = &asked.policy_name;
    let inline = &role(world, site, &asked.role_name)?.inline;
    let document = inline.get(name).ok_or_else(|| no_policy(name))?;
    Ok(json!({
        "RoleName": asked.role_name,
        "PolicyName": name,
        "PolicyDocument": encoded(document),
    }))
}

pub(super) fn delete_policy(
    world: &mut World,
    site: &Site,
    asked: &RolePolicy,
) -> Result<Value, ApiError> {
    let inline = &mut role(world, site, &asked.role_name)?.inline;
    let gone = inline.remove(&asked.policy_name);
    gone.map(|_| json!({}))
        .ok_or_else(|| no_policy(&asked.policy_name))
}

/// Lists what one role has: its inline policies, attached policies, or tags.
pub(super) fn list_of(
    world: &mut World,
    site: &Site,
    operation: &str,
    list: &List,
) -> Result<Value, ApiError> {
    let role = role(world, site, list.role_name.as_deref().unwrap_or_default())?;
    let (key, all) = match operation {
        "ListRolePolicies" => {
            let names = role.inline.keys().map(|name| json!(name));
            ("PolicyNames", names.collect())
        }
        "ListRoleTags" => ("Tags", listed_tags(&role.tags)),
        _ => {
            let attached = role.attached.iter().map(|arn| {
                let name = arn.rsplit('/').next();
                json!({"PolicyName": name, "PolicyArn": arn})
            });
            ("AttachedPolicies", attached.collect())
        }
    };
    page(key, all, list.marker.as_deref(), list.max_items.as_deref())
}

fn listed_tags(tags: &Strings) -> Vec<Value> {
    let tags = tags.iter();
    tags.map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect()
}

pub(super) fn tag(world: &mut World, site: &Site, tag: TagRole) -> Result<Value, ApiError> {
    let tags = &mut role(world, site, &tag.role_name)?.tags;
    tags.extend(Tag::collect(tag.tags));
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, site: &Site, untag: &UntagRole) -> Result<Value, ApiError> {
    let tags = &mut role(world, site, &untag.role_name)?.tags;
    tags.retain(|key, _| !untag.tag_keys.contains(key));
    Ok(json!({}))
}

/// Puts a role into an account, as AWS does with those that it makes itself.
pub(crate) fn plant_role(world: &mut World, account: &AccountId, name: &str, trust: String) {
    let role = Identity {
        trust: Some(trust),
        max_session: Some(3600),
        attached: vec![ADMINISTRATOR_ACCESS.to_owned()],
        ..new_identity(world, "AROA", None, Strings::new())
    };
    let roles = &mut world.iam.accounts.entry(account.clone()).or_default().roles;
    roles.insert(name.to_owned(), role);
}
