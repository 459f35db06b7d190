//! IAM: the roles of forwarders.

use std::collections::BTreeMap;

use aws_sdk_iam::types;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::policy::canonical;
use super::{Kind, Live, Owner, Resource, ResourceKey, Role, STACK_TAG, names};
use crate::aws::{CallError, Cause, calls};
use crate::place::{Arn, Place, StackName};

/// How many roles are read at once.
const CONCURRENCY: usize = 8;

/// Reads the roles under our path whose names are ours, and `wanted` under whatever path: a role's name
/// is unique in its account.
pub(super) async fn read(
    client: &aws_sdk_iam::Client,
    stack: &StackName,
    place: &Place,
    wanted: &[&str],
) -> Result<Vec<Live>, CallError> {
    let all = |names: Vec<String>| {
        stream::iter(names)
            .map(|name| one(client, stack, place, name))
            .buffer_unordered(CONCURRENCY)
            .try_collect::<Vec<Option<Live>>>()
    };
    // What is wanted is asked for by its name, whether or not the list holds it: that need not wait.
    let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
    let (mut listed, asked) = futures::try_join!(list(client, stack), all(wanted.clone()))?;
    listed.retain(|name| !wanted.contains(name));
    let more = all(listed).await?;
    Ok(asked.into_iter().chain(more).flatten().collect())
}

/// The names of the roles under our path that are ours.
async fn list(client: &aws_sdk_iam::Client, stack: &StackName) -> Result<Vec<String>, CallError> {
    let prefix = names::prefix(stack);
    let mut found = Vec::new();
    let mut marker = None;
    loop {
        let request = client
            .list_roles()
            .path_prefix(names::ROLE_PATH)
            .set_marker(marker);
        let page = calls::LIST_ROLES.send("*", request.send()).await?;
        found.extend(
            page.roles()
                .iter()
                .map(|role| role.role_name().to_owned())
                .filter(|name| name.starts_with(&prefix)),
        );
        marker = page.marker().map(str::to_owned);
        if marker.is_none() {
            return Ok(found);
        }
    }
}

/// One role; `None` if it is not there.
async fn one(
    client: &aws_sdk_iam::Client,
    stack: &StackName,
    place: &Place,
    name: String,
) -> Result<Option<Live>, CallError> {
    // ListRoles leaves out the tags.
    let request = client.get_role().role_name(&name);
    let role = match calls::GET_ROLE.send(&name, request.send()).await {
        Ok(answer) => answer.role,
        Err(error) if error.cause == Cause::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(role) = role else { return Ok(None) };
    let tag = role.tags().iter().find(|tag| tag.key() == STACK_TAG);
    let owner = Owner::by_tag(tag.map(types::Tag::value), stack.as_str());
    let details = futures::try_join!(inline(client, &name), attached(client, &name));
    let (policies, attached) = super::seen(&owner, details)?;
    Ok(Some(Live {
        key: ResourceKey {
            place: place.clone(),
            kind: Kind::Role,
            name: name.clone(),
        },
        resource: Resource::Role(Role {
            name,
            path: role.path().to_owned(),
            description: role.description().unwrap_or_default().to_owned(),
            trust: decoded(role.assume_role_policy_document().unwrap_or_default()),
            policies,
            attached,
            boundary: role
                .permissions_boundary()
                .and_then(|boundary| boundary.permissions_boundary_arn()?.parse().ok()),
        }),
        owner,
        handle: Some(role.arn().to_owned()),
        foreign: Vec::new(),
    }))
}

/// IAM hands out policies URL-encoded. Source: IAM API reference, `GetRole`.
fn decoded(text: &str) -> Value {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut copy = rest.clone();
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        match (byte, digit(copy.next()), digit(copy.next())) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = copy;
            }
            _ => bytes.push(byte),
        }
    }
    let document = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    canonical(&document)
}

async fn inline(
    client: &aws_sdk_iam::Client,
    role: &str,
) -> Result<BTreeMap<String, Value>, CallError> {
    // The one that ours have is asked for before the list says so.
    let (names, usual) = futures::try_join!(
        policy_names(client, role),
        policy(client, role, names::FORWARD_POLICY)
    )?;
    let mut policies = BTreeMap::new();
    for name in names {
        let document = match &usual {
            Some(document) if name == names::FORWARD_POLICY => Some(document.clone()),
            _ => policy(client, role, &name).await?,
        };
        policies.extend(document.map(|document| (name, document)));
    }
    Ok(policies)
}

/// An inline policy; `None` if the role has none of that name.
async fn policy(
    client: &aws_sdk_iam::Client,
    role: &str,
    name: &str,
) -> Result<Option<Value>, CallError> {
    let request = client.get_role_policy().role_name(role).policy_name(name);
    match calls::GET_ROLE_POLICY.send(role, request.send()).await {
        Ok(answer) => Ok(Some(decoded(answer.policy_document()))),
        Err(error) if error.cause == Cause::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn policy_names(client: &aws_sdk_iam::Client, role: &str) -> Result<Vec<String>, CallError> {
    let mut names = Vec::new();
    let mut marker = None;
    loop {
        let request = client
            .list_role_policies()
            .role_name(role)
            .set_marker(marker);
        let page = calls::LIST_ROLE_POLICIES.send(role, request.send()).await?;
        names.extend(page.policy_names().iter().cloned());
        marker = page.marker().map(str::to_owned);
        if marker.is_none() {
            return Ok(names);
        }
    }
}

async fn attached(client: &aws_sdk_iam::Client, role: &str) -> Result<Vec<Arn>, CallError> {
    let mut arns: Vec<Arn> = Vec::new();
    let mut marker = None;
    loop {
        let request = client
            .list_attached_role_policies()
            .role_name(role)
            .set_marker(marker);
        let page = calls::LIST_ATTACHED.send(role, request.send()).await?;
        arns.extend(
            page.attached_policies()
                .iter()
                .filter_map(|policy| policy.policy_arn()?.parse().ok()),
        );
        marker = page.marker().map(str::to_owned);
        if marker.is_none() {
            arns.sort();
            return Ok(arns);
        }
    }
}

/// Creates a role with its policies. A role of that name under another path makes AWS refuse.
pub(super) async fn create(
    client: &aws_sdk_iam::Client,
    stack: &StackName,
    role: &Role,
) -> Result<(), CallError> {
    let tag = types::Tag::builder()
        .key(STACK_TAG)
        .value(stack.as_str())
        .build();
    let request = client
        .create_role()
        .role_name(&role.name)
        .path(&role.path)
        .description(&role.description)
        .assume_role_policy_document(role.trust.to_string())
        .set_tags(tag.ok().map(|tag| vec![tag]));
    calls::CREATE_ROLE.send(&role.name, request.send()).await?;
    put_policies(client, role, &BTreeMap::new()).await
}

/// Turns a role that is ours into what it should be.
pub(super) async fn update(
    client: &aws_sdk_iam::Client,
    before: &Role,
    role: &Role,
) -> Result<(), CallError> {
    if before.description != role.description {
        let request = client
            .update_role()
            .role_name(&role.name)
            .description(&role.description);
        calls::UPDATE_ROLE.send(&role.name, request.send()).await?;
    }
    if before.trust != role.trust {
        let request = client
            .update_assume_role_policy()
            .role_name(&role.name)
            .policy_document(role.trust.to_string());
        calls::UPDATE_TRUST.send(&role.name, request.send()).await?;
    }
    if before.boundary.is_some() && role.boundary.is_none() {
        let request = client
            .delete_role_permissions_boundary()
            .role_name(&role.name);
        let lifted = calls::DELETE_ROLE_BOUNDARY
            .send(&role.name, request.send())
            .await;
        super::gone_is_fine(lifted.map(drop))?;
    }
    put_policies(client, role, &before.policies).await?;
    for name in before.policies.keys() {
        if !role.policies.contains_key(name) {
            drop_policy(client, &role.name, name).await?;
        }
    }
    for arn in &before.attached {
        if !role.attached.contains(arn) {
            detach(client, &role.name, arn).await?;
        }
    }
    Ok(())
}

async fn put_policies(
    client: &aws_sdk_iam::Client,
    role: &Role,
    before: &BTreeMap<String, Value>,
) -> Result<(), CallError> {
    for (name, document) in &role.policies {
        if before.get(name) != Some(document) {
            let request = client
                .put_role_policy()
                .role_name(&role.name)
                .policy_name(name)
                .policy_document(document.to_string());
            calls::PUT_ROLE_POLICY
                .send(&role.name, request.send())
                .await?;
        }
    }
    Ok(())
}

async fn drop_policy(
    client: &aws_sdk_iam::Client,
    role: &str,
    name: &str,
) -> Result<(), CallError> {
    let request = client
        .delete_role_policy()
        .role_name(role)
        .policy_name(name);
    let dropped = calls::DELETE_ROLE_POLICY.send(role, request.send()).await;
    super::gone_is_fine(dropped.map(drop))
}

async fn detach(client: &aws_sdk_iam::Client, role: &str, arn: &Arn) -> Result<(), CallError> {
    let request = client
        .detach_role_policy()
        .role_name(role)
        .policy_arn(arn.as_str());
    let detached = calls::DETACH_ROLE_POLICY.send(role, request.send()).await;
    super::gone_is_fine(detached.map(drop))
}

/// Deletes a role with its policies; what is gone already is fine.
pub(super) async fn delete(client: &aws_sdk_iam::Client, role: &Role) -> Result<(), CallError> {
    for name in role.policies.keys() {
        drop_policy(client, &role.name, name).await?;
    }
    for arn in &role.attached {
        detach(client, &role.name, arn).await?;
    }
    let request = client.delete_role().role_name(&role.name);
    let deleted = calls::DELETE_ROLE.send(&role.name, request.send()).await;
    super::gone_is_fine(deleted.map(drop))
}
