//! IAM: enough users and roles to make the events that alerts are about.

use serde::Deserialize;
use serde_json::{Value, json};

use super::clock::iso;
use super::events::Tag;
use super::policy::Policy;
use super::wire::{ApiError, input};
use super::world::{Iam, Identity, Principal, Site, Strings, World};

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
        "CreateRole" => create_role(world, site, input(operation, value)?),
        "GetRole" => get_role(world, site, &input(operation, value)?),
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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateRole {
    role_name: String,
    path: Option<String>,
    assume_role_policy_document: String,
    description: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
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
        (None, None) => Err(ApiError::new("ValidationError", "no name given")),
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
    }
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let fits = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b));
    fits.then_some(()).ok_or_else(|| {
        ApiError::new(
            "ValidationError",
            format!("The specified value for userName or roleName is invalid: {name}"),
        )
    })
}

fn arn(site: &Site, kind: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{}:{kind}{path}{name}", site.account)
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

fn show_role(site: &Site, name: &str, role: &Identity) -> Value {
    // The trust policy comes back percent-encoded.
    let trust: String =
        role.trust
            .as_deref()
            .unwrap_or_default()
            .bytes()
            .fold(String::new(), |mut text, byte| {
                if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                    text.push(char::from(byte));
                } else {
                    text.push_str(&format!("%{byte:02X}"));
                }
                text
            });
    json!({
        "Path": role.path,
        "RoleName": name,
        "RoleId": role.id,
        "Arn": arn(site, "role", &role.path, name),
        "CreateDate": iso(role.created),
        "AssumeRolePolicyDocument": trust,
        "Description": role.description,
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
    let number = |text: &Option<String>, default: usize| match text {
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| ApiError::new("ValidationError", "not a number")),
        None => Ok(default),
    };
    let (start, size) = (
        number(&list.marker, 0)?,
        number(&list.max_items, PAGE)?.max(1),
    );
    let prefix = list.path_prefix.as_deref().unwrap_or("/");
    let users = of(world, site).users.iter();
    let all: Vec<Value> = users
        .filter(|(_, user)| user.path.starts_with(prefix))
        .map(|(name, user)| show_user(site, name, user))
        .collect();
    let end = start.saturating_add(size);
    let more = all.len() > end;
    let shown: Vec<Value> = all.into_iter().skip(start).take(size).collect();
    Ok(json!({
        "Users": shown,
        "IsTruncated": more,
        "Marker": more.then(|| end.to_string()),
    }))
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
    Policy::parse(&put.policy_document)
        .map_err(|reason| ApiError::new("MalformedPolicyDocument", reason))?;
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

fn create_role(world: &mut World, site: &Site, create: CreateRole) -> Result<Value, ApiError> {
    check_name(&create.role_name)?;
    if of(world, site).roles.contains_key(&create.role_name) {
        return Err(exists("Role", &create.role_name));
    }
    if serde_json::from_str::<Value>(&create.assume_role_policy_document).is_err() {
        let message = "This policy contains invalid Json";
        return Err(ApiError::new("MalformedPolicyDocument", message));
    }
    let mut role = new_identity(world, "AROA", create.path, Tag::collect(create.tags));
    role.trust = Some(create.assume_role_policy_document);
    role.description = create.description;
    let shown = show_role(site, &create.role_name, &role);
    of(world, site).roles.insert(create.role_name, role);
    Ok(json!({"Role": shown}))
}

fn get_role(world: &mut World, site: &Site, named: &Named) -> Result<Value, ApiError> {
    let name = named.role_name.as_deref();
    let role = identity(world, site, None, name)?;
    Ok(json!({"Role": show_role(site, name.unwrap_or_default(), role)}))
}

/// The identity policies that hold for a principal: its own, and what IAM has for the user.
/// Of AWS's managed policies only `AdministratorAccess` is known; others grant nothing.
pub(super) fn policies_of(world: &World, principal: &Principal) -> Vec<String> {
    let mut policies = principal.policies.clone();
    let iam = world.iam.get(&principal.account);
    if let Some(user) = iam.and_then(|iam| iam.users.get(&principal.user)) {
        policies.extend(user.inline.values().cloned());
        if user
            .attached
            .iter()
            .any(|arn| arn == "arn:aws:iam::aws:policy/AdministratorAccess")
        {
            policies.push(super::ADMINISTRATOR.to_owned());
        }
    }
    policies
}
