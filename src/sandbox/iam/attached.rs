//! IAM: managed policies on users and roles, and the end of either.

use serde::Deserialize;
use serde_json::{Value, json};

use super::identity::{Named, identity, of};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Attach {
    user_name: Option<String>,
    role_name: Option<String>,
    policy_arn: String,
}

pub(super) fn attach(world: &mut World, site: &Site, attach: Attach) -> Result<Value, ApiError> {
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

pub(super) fn detach(world: &mut World, site: &Site, detach: &Attach) -> Result<Value, ApiError> {
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

/// Deletes a user or role that nothing hangs on any more.
pub(super) fn delete(world: &mut World, site: &Site, named: &Named) -> Result<Value, ApiError> {
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
