//! What calls of IAM need.
//!
//! Actions and resource types are those of the Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/>).

use serde_json::Value;

use super::identity::arn;
use crate::sandbox::access::{Access, Needs, is_tagged, text, unknown};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

pub(super) fn needs(
    world: &World,
    site: &Site,
    operation: &str,
    input: &Value,
) -> Result<Needs, ApiError> {
    use Access::{Read, Write};
    let text = |key: &str| text(input, key);
    let user = |name: &str| arn(site, "user", "/", name);
    let role = |name: &str| arn(site, "role", "/", name);
    let (access, resource) = match operation {
        "CreateUser" | "DeleteUser" | "CreateAccessKey" | "AttachUserPolicy"
        | "DetachUserPolicy" | "PutUserPolicy" | "DeleteUserPolicy" => {
            (Write, user(text("UserName")))
        }
        "CreatePolicy" => {
            let path = text("Path").trim_matches('/');
            let slash = if path.is_empty() { "" } else { "/" };
            let name = format!("{path}{slash}{}", text("PolicyName"));
            (Write, arn(site, "policy", "/", &name))
        }
        "DeletePolicy" => (Write, text("PolicyArn").to_owned()),
        "GetPolicy" => (Read, text("PolicyArn").to_owned()),
        "GetUser" => (Read, user(text("UserName"))),
        "ListUsers" => (Read, user("")),
        "CreateRole" => {
            let path = text("Path").trim_matches('/');
            let slash = if path.is_empty() { "" } else { "/" };
            (Write, role(&format!("{path}{slash}{}", text("RoleName"))))
        }
        "DeleteRole"
        | "AttachRolePolicy"
        | "DetachRolePolicy"
        | "PutRolePolicy"
        | "PutRolePermissionsBoundary"
        | "DeleteRolePermissionsBoundary"
        | "DeleteRolePolicy"
        | "UpdateRole"
        | "UpdateRoleDescription"
        | "UpdateAssumeRolePolicy"
        | "TagRole"
        | "UntagRole" => (Write, role(text("RoleName"))),
        "GetRole"
        | "GetRolePolicy"
        | "ListRolePolicies"
        | "ListAttachedRolePolicies"
        | "ListRoleTags" => (Read, role(text("RoleName"))),
        "ListRoles" => (Read, role(text("PathPrefix").trim_start_matches('/'))),
        _ => return Err(unknown("iam", operation)),
    };
    let resource = with_path(world, site, &resource);
    let tags = operation == "CreateRole" && is_tagged(input);
    let needs = Needs::one(access, format!("iam:{operation}"), resource.clone());
    Ok(needs.and_if(tags, "iam:TagRole", &resource))
}

/// The boundary that a call gives to a role, or else the one that the role has.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>
pub(super) fn context(world: &World, site: &Site, input: &Value) -> Vec<(&'static str, String)> {
    let given = text(input, "PermissionsBoundary");
    let boundary = match given.is_empty() {
        false => Some(given.to_owned()),
        true => {
            let iam = world.iam.accounts.get(&site.account);
            let role = iam.and_then(|iam| iam.roles.get(text(input, "RoleName")));
            role.and_then(|role| role.boundary.clone())
        }
    };
    let boundary = boundary.map(|boundary| ("iam:permissionsboundary", boundary));
    boundary.into_iter().collect()
}

/// Calls name users and roles without their paths, ARNs have them.
fn with_path(world: &World, site: &Site, resource: &str) -> String {
    let found = world.iam.accounts.get(&site.account).and_then(|iam| {
        let (_, entity) = resource.rsplit_once(':')?;
        let (kind, name) = entity.split_once('/')?;
        let known = match kind {
            "user" => iam.users.get(name)?,
            "role" => iam.roles.get(name)?,
            _ => return None,
        };
        Some(arn(site, kind, &known.path, name))
    });
    found.unwrap_or_else(|| resource.to_owned())
}
