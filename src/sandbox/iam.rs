//! IAM: users, and the roles that services act with.

use serde::Deserialize;
use serde_json::{Value, json};

use super::clock::iso;
use super::events::Tag;
use super::wire::{ApiError, input};
use super::world::{Iam, Identity, Principal, Site, Strings, World};

mod roles;

/// AWS lists 100 a page; few here, so that paging is exercised.
const PAGE: usize = 10;
/// Access keys per user: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const KEYS: usize = 2;

pub(crate) fn handle(
    world: &mut World,
    site: &Site,
    caller: &Principal,
    operation: &str,
    value: Value,
) -> Result<Value, ApiError> {
    match operation {
        "CreateUser" => create_user(world, site, input(operation, value)?),
        "GetUser" => get_user(world, site, caller, input(operation, value)?),
        "ListUsers" => list_users(world, site, &input(operation, value)?),
        "DeleteUser" => delete(world, site, &input(operation, value)?),
        "CreateAccessKey" => create_key(world, site, caller, input(operation, value)?),
        "AttachUserPolicy" | "AttachRolePolicy" => attach(world, site, input(operation, value)?),
        "DetachUserPolicy" => detach(world, site, &input(operation, value)?),
        "PutUserPolicy" => put_inline(world, site, input(operation, value)?),
        "DeleteUserPolicy" => delete_inline(world, site, &input(operation, value)?),
        "DetachRolePolicy" => detach(world, site, &input(operation, value)?),
        "CreateRole" => roles::create(world, site, input(operation, value)?),
        "GetRole" => roles::get(world, site, &input(operation, value)?),
        "ListRoles" => roles::list(world, site, &input(operation, value)?),
        "UpdateRole" => roles::update(world, site, input(operation, value)?),
        "UpdateRoleDescription" => roles::describe(world, site, input(operation, value)?),
        "UpdateAssumeRolePolicy" => roles::update_trust(world, site, input(operation, value)?),
        "PutRolePermissionsBoundary" => roles::bound(world, site, input(operation, value)?),
        "DeleteRolePermissionsBoundary" => roles::unbound(world, site, &input(operation, value)?),
        "PutRolePolicy" => roles::put_policy(world, site, input(operation, value)?),
        "GetRolePolicy" => roles::get_policy(world, site, &input(operation, value)?),
        "DeleteRolePolicy" => roles::delete_policy(world, site, &input(operation, value)?),
        "ListRolePolicies" | "ListAttachedRolePolicies" | "ListRoleTags" => {
            roles::list_of(world, site, operation, &input(operation, value)?)
        }
        "TagRole" => roles::tag(world, site, input(operation, value)?),
        "UntagRole" => roles::untag(world, site, &input(operation, value)?),
        "DeleteRole" => delete(world, site, &input(operation, value)?),
        _ => Err(ApiError::unsupported(operation)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateUser {
    user_name: String,
    path: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct MaybeUser {
    user_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListUsers {
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<String>,
}

/// A user or a role, whichever is named.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Named {
    user_name: Option<String>,
    role_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Attach {
    user_name: Option<String>,
    role_name: Option<String>,
    policy_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Inline {
    user_name: String,
    policy_name: String,
    #[serde(default)]
    policy_document: String,
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", message)
}

fn missing(kind: &str, name: &str) -> ApiError {
    let message = format!("The {kind} with name {name} cannot be found.");
    ApiError::with_status(404, "NoSuchEntity", message)
}

fn exists(kind: &str, name: &str) -> ApiError {
    let message = format!("{kind} with name {name} already exists.");
    ApiError::with_status(409, "EntityAlreadyExists", message)
}

fn of<'w>(world: &'w mut World, site: &Site) -> &'w mut Iam {
    world.iam.entry(site.account.clone()).or_default()
}

/// The user or role that is named, and which of the two it is.
fn identity<'w>(
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

fn new_identity(world: &mut World, prefix: &str, path: Option<String>, tags: Strings) -> Identity {
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

fn check_name(name: &str) -> Result<(), ApiError> {
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

fn arn(site: &Site, kind: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{}:{kind}{path}{name}", site.account)
}

/// Calls name users and roles without their paths, ARNs have them.
pub(super) fn with_path(world: &World, site: &Site, resource: &str) -> String {
    let found = world.iam.get(&site.account).and_then(|iam| {
        let (_, entity) = resource.rsplit_once(':')?;
        let (kind, name) = entity.split_once('/')?;
        let known = match kind {
            "user" => iam.users.get(name)?,
            _ => iam.roles.get(name)?,
        };
        Some(arn(site, kind, &known.path, name))
    });
    found.unwrap_or_else(|| resource.to_owned())
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

fn create_user(world: &mut World, site: &Site, create: CreateUser) -> Result<Value, ApiError> {
    check_name(&create.user_name)?;
    if of(world, site).users.contains_key(&create.user_name) {
        return Err(exists("User", &create.user_name));
    }
    let user = new_identity(world, "AIDA", create.path, Tag::collect(create.tags));
    let shown = show_user(site, &create.user_name, &user);
    of(world, site).users.insert(create.user_name, user);
    Ok(json!({"User": shown}))
}

fn get_user(
    world: &mut World,
    site: &Site,
    caller: &Principal,
    asked: MaybeUser,
) -> Result<Value, ApiError> {
    let name = asked.user_name.unwrap_or_else(|| caller.user.clone());
    let user = identity(world, site, Some(&name), None)?;
    Ok(json!({"User": show_user(site, &name, user)}))
}

fn list_users(world: &mut World, site: &Site, list: &ListUsers) -> Result<Value, ApiError> {
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

/// One page of a list; the marker is the position where the next begins.
fn page(
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

/// Deletes a user or role that nothing hangs on any more.
fn delete(world: &mut World, site: &Site, named: &Named) -> Result<Value, ApiError> {
    let (user, role) = (named.user_name.as_deref(), named.role_name.as_deref());
    let found = identity(world, site, user, role)?;
    let what = [
        (!found.attached.is_empty(), "must detach all policies first"),
        (!found.inline.is_empty(), "must delete policies first"),
        (
            !found.access_keys.is_empty(),
            "must delete access keys first",
        ),
    ];
    if let Some((_, what)) = what.into_iter().find(|(hangs, _)| *hangs) {
        let message = format!("Cannot delete entity, {what}.");
        return Err(ApiError::with_status(409, "DeleteConflict", message));
    }
    let iam = of(world, site);
    match (user, role) {
        (Some(user), _) => iam.users.remove(user),
        (None, role) => role.and_then(|role| iam.roles.remove(role)),
    };
    Ok(json!({}))
}

fn create_key(
    world: &mut World,
    site: &Site,
    caller: &Principal,
    asked: MaybeUser,
) -> Result<Value, ApiError> {
    let name = asked.user_name.unwrap_or_else(|| caller.user.clone());
    let user = identity(world, site, Some(&name), None)?;
    if user.access_keys.len() >= KEYS {
        let message = format!("Cannot exceed quota for AccessKeysPerUser: {KEYS}");
        return Err(ApiError::with_status(409, "LimitExceeded", message));
    }
    let user_id = user.id.clone();
    let key = world.key_id("AKIA");
    let secret = world.key_id("sandbox/");
    let principal = Principal {
        user: name.clone(),
        user_id,
        account: site.account.clone(),
        policies: Vec::new(),
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

fn attach(world: &mut World, site: &Site, attach: Attach) -> Result<Value, ApiError> {
    if !attach.policy_arn.contains(":policy/") {
        let message = format!("ARN {} is not valid.", attach.policy_arn);
        return Err(ApiError::new("InvalidInput", message));
    }
    let (user, role) = (attach.user_name.as_deref(), attach.role_name.as_deref());
    let attached = &mut identity(world, site, user, role)?.attached;
    if !attached.contains(&attach.policy_arn) {
        attached.push(attach.policy_arn);
    }
    Ok(json!({}))
}

fn detach(world: &mut World, site: &Site, detach: &Attach) -> Result<Value, ApiError> {
    let (user, role) = (detach.user_name.as_deref(), detach.role_name.as_deref());
    let attached = &mut identity(world, site, user, role)?.attached;
    let before = attached.len();
    attached.retain(|arn| *arn != detach.policy_arn);
    if attached.len() == before {
        let message = format!("Policy {} was not found.", detach.policy_arn);
        return Err(ApiError::with_status(404, "NoSuchEntity", message));
    }
    Ok(json!({}))
}

fn put_inline(world: &mut World, site: &Site, put: Inline) -> Result<Value, ApiError> {
    roles::check_inline(&put.policy_document)?;
    let inline = &mut identity(world, site, Some(&put.user_name), None)?.inline;
    inline.insert(put.policy_name, put.policy_document);
    Ok(json!({}))
}

fn delete_inline(world: &mut World, site: &Site, delete: &Inline) -> Result<Value, ApiError> {
    let inline = &mut identity(world, site, Some(&delete.user_name), None)?.inline;
    let gone = inline.remove(&delete.policy_name);
    gone.map(|_| json!({}))
        .ok_or_else(|| missing("user policy", &delete.policy_name))
}

/// The identity policies that hold for a principal: its own, and what IAM has for the user.
pub(super) fn policies_of(world: &World, principal: &Principal) -> Vec<String> {
    let mut policies = principal.policies.clone();
    let iam = world.iam.get(&principal.account);
    if let Some(user) = iam.and_then(|iam| iam.users.get(&principal.user)) {
        policies.extend(user.documents());
    }
    policies
}

/// The role of that ARN, path included.
fn role_at<'w>(world: &'w World, arn: &str) -> Option<&'w Identity> {
    let (account, role) = arn.split_once("::")?.1.split_once(":role/")?;
    let (path, name) = role.rsplit_once('/').unwrap_or(("", role));
    let account = account.parse().ok()?;
    let role = world.iam.get(&account)?.roles.get(name)?;
    (role.path.trim_matches('/') == path).then_some(role)
}

/// The tags of a role.
pub(super) fn tags_at<'w>(world: &'w World, arn: &str) -> Option<&'w Strings> {
    role_at(world, arn).map(|role| &role.tags)
}

/// The id and the trust policy of a role.
pub(super) fn trust_of(world: &World, arn: &str) -> Option<(String, String)> {
    let role = role_at(world, arn)?;
    Some((role.id.clone(), role.trust.clone().unwrap_or_default()))
}

/// The identity policies of a role.
pub(super) fn role_policies(world: &World, arn: &str) -> Vec<String> {
    role_at(world, arn)
        .map(Identity::documents)
        .unwrap_or_default()
}

/// Whether a role's permissions boundary lets it do anything at all. Of AWS's managed policies only
/// `AdministratorAccess` is known; within others nothing is allowed.
pub(super) fn within_boundary(world: &World, arn: &str) -> bool {
    let boundary = role_at(world, arn).and_then(|role| role.boundary.as_deref());
    boundary.is_none_or(|boundary| boundary == ADMINISTRATOR_ACCESS)
}

const ADMINISTRATOR_ACCESS: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

impl Identity {
    /// Inline and attached policies. Of AWS's managed policies only `AdministratorAccess` is
    /// known; others grant nothing.
    fn documents(&self) -> Vec<String> {
        let attached = self.attached.iter();
        let attached = attached.filter(|arn| *arn == ADMINISTRATOR_ACCESS);
        let attached = attached.map(|_| super::ADMINISTRATOR.to_owned());
        self.inline.values().cloned().chain(attached).collect()
    }
}
