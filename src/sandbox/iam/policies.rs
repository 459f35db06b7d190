//! What other services ask IAM: the policies of a principal, and what a role is.

use super::state::{ADMINISTRATOR_ACCESS, Identity};
use crate::sandbox::common::Strings;
use crate::sandbox::policy::ADMINISTRATOR;
use crate::sandbox::principal::Principal;
use crate::sandbox::site::account_in;
use crate::sandbox::world::World;

/// The identity policies that hold for a principal: its own, and what IAM has for the user. A
/// session has those of its role as they are now, and none once the role is gone.
pub(crate) fn policies_of(world: &World, principal: &Principal) -> Vec<String> {
    if let Some(session) = &principal.session {
        let role = role_at(world, &session.role);
        let role = role.filter(|role| role.id == principal.id);
        return role.map(Identity::documents).unwrap_or_default();
    }
    let mut policies = principal.policies.clone();
    let iam = world.iam.accounts.get(&principal.account);
    if let Some(user) = iam.and_then(|iam| iam.users.get(&principal.name)) {
        policies.extend(user.documents());
    }
    policies
}

/// The role of that ARN, path included.
pub(crate) fn role_at<'w>(world: &'w World, arn: &str) -> Option<&'w Identity> {
    let (account, role) = arn.split_once("::")?.1.split_once(":role/")?;
    let (path, name) = role.rsplit_once('/').unwrap_or(("", role));
    let account = account.parse().ok()?;
    let role = world.iam.accounts.get(&account)?.roles.get(name)?;
    (role.path.trim_matches('/') == path).then_some(role)
}

/// The tags of a role.
pub(crate) fn tags_at<'w>(world: &'w World, arn: &str) -> Option<&'w Strings> {
    role_at(world, arn).map(|role| &role.tags)
}

/// The id and the trust policy of a role.
pub(crate) fn trust_of(world: &World, arn: &str) -> Option<(String, String)> {
    let role = role_at(world, arn)?;
    Some((role.id.clone(), role.trust.clone().unwrap_or_default()))
}

/// The identity policies of a role.
pub(crate) fn role_policies(world: &World, arn: &str) -> Vec<String> {
    role_at(world, arn)
        .map(Identity::documents)
        .unwrap_or_default()
}

/// What a role's permissions boundary says at most; `None` where the role has none. Of AWS's managed policies only
/// `AdministratorAccess` is known; within others nothing is allowed.
pub(crate) fn boundary_of(world: &World, arn: &str) -> Option<String> {
    let boundary = role_at(world, arn)?.boundary.as_deref()?;
    if boundary == ADMINISTRATOR_ACCESS {
        return Some(ADMINISTRATOR.to_owned());
    }
    let iam = account_in(boundary).and_then(|account| world.iam.accounts.get(&account));
    let document = iam.and_then(|iam| iam.policies.get(boundary));
    Some(document.cloned().unwrap_or_else(|| NOTHING.to_owned()))
}

/// A policy that allows nothing.
const NOTHING: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;

/// The trust policy of a role, if the role is there and its account works.
pub(crate) fn trust(world: &World, arn: &str) -> Option<String> {
    let account = account_in(arn)?;
    let (_, trust) = trust_of(world, arn).filter(|_| world.organizations.is_usable(&account))?;
    Some(trust)
}
