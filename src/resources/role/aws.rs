//! How IAM reads and writes roles of ours.

use std::collections::BTreeMap;

use aws_sdk_iam::types;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::{Role, Step, fresh, steps};
use crate::aws::{CallError, Cause, Clients, all_pages, calls};
use crate::place::{Arn, Place, StackName};
use crate::resources::aws::answers::{gone_is_fine, seen};
use crate::resources::aws::creation::Creation;
use crate::resources::model::{Owner, STACK_TAG};
use crate::resources::names;
use crate::resources::policy::canonical;
use crate::resources::resource::{Live, Resource};

/// How many roles are read at once.
const CONCURRENCY: usize = 8;

/// Reads the roles under our path whose names are ours, and `wanted` under whatever path: a role's name
/// is unique in its account.
pub(crate) async fn read(
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
    let listed = all_pages(|marker| async move {
        let request = client
            .list_roles()
            .path_prefix(names::ROLE_PATH)
            .set_marker(marker);
        let page = calls::LIST_ROLES.send("*", request.send()).await?;
        Ok((page.roles, page.marker))
    });
    let prefix = names::prefix(stack);
    let listed = listed.await?.into_iter().map(|role| role.role_name);
    Ok(listed.filter(|name| name.starts_with(&prefix)).collect())
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
    let owner = Owner::of(
        tag.map(types::Tag::value),
        stack,
        names::is_forwarder_role(stack, &name) || names::is_dispatcher_role(stack, &name),
    );
    let details = futures::try_join!(inline(client, &name), attached(client, &name));
    let (policies, attached) = seen(&owner, details)?;
    let resource = Resource::Role(Role {
        name,
        path: role.path().to_owned(),
        description: role.description().unwrap_or_default().to_owned(),
        trust: decoded(role.assume_role_policy_document().unwrap_or_default()),
        policies,
        attached,
        boundary: role
            .permissions_boundary()
            .and_then(|boundary| boundary.permissions_boundary_arn()?.parse().ok()),
    });
    let arn = role.arn().to_owned();
    Ok(Some(Live::new(place, resource, owner, Some(arn))))
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
    let usual = names::only_policy(role);
    let asked = async {
        match usual {
            Some(name) => policy(client, role, name).await,
            None => Ok(None),
        }
    };
    let (names, asked) = futures::try_join!(policy_names(client, role), asked)?;
    let mut policies = BTreeMap::new();
    for name in names {
        let document = match &asked {
            Some(document) if usual == Some(name.as_str()) => Some(document.clone()),
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
    all_pages(|marker| async move {
        let request = client.list_role_policies().role_name(role);
        let request = request.set_marker(marker);
        let page = calls::LIST_ROLE_POLICIES.send(role, request.send()).await?;
        Ok((page.policy_names, page.marker))
    })
    .await
}

async fn attached(client: &aws_sdk_iam::Client, role: &str) -> Result<Vec<Arn>, CallError> {
    let listed = all_pages(|marker| async move {
        let request = client.list_attached_role_policies().role_name(role);
        let request = request.set_marker(marker);
        let page = calls::LIST_ATTACHED.send(role, request.send()).await?;
        Ok((page.attached_policies.unwrap_or_default(), page.marker))
    });
    let listed = listed.await?;
    let arns = listed
        .iter()
        .filter_map(|policy| policy.policy_arn()?.parse().ok());
    let mut arns: Vec<Arn> = arns.collect();
    arns.sort();
    Ok(arns)
}

/// Whether a managed policy is there, which a boundary must be.
///
/// # Errors
/// What AWS says besides.
pub async fn has_policy(client: &aws_sdk_iam::Client, policy: &Arn) -> Result<bool, CallError> {
    let request = client.get_policy().policy_arn(policy.as_str());
    match calls::GET_POLICY
        .send(policy.as_str(), request.send())
        .await
    {
        Ok(_) => Ok(true),
        Err(error) if error.cause == Cause::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// A role of that name under another path makes AWS refuse.
pub(crate) async fn create(at: &Creation<'_>, role: &Role) -> Result<(), CallError> {
    let client = &at.clients.iam;
    let request = client
        .create_role()
        .role_name(&role.name)
        .path(&role.path)
        .description(&role.description)
        .assume_role_policy_document(role.trust.to_string())
        .set_permissions_boundary(role.boundary.as_ref().map(ToString::to_string))
        .set_tags(tag(at.stack).map(|tag| vec![tag]));
    calls::CREATE_ROLE.send(&role.name, request.send()).await?;
    take(client, role, steps(&fresh(role), role)).await
}

fn tag(stack: &StackName) -> Option<types::Tag> {
    let tag = types::Tag::builder().key(STACK_TAG).value(stack.as_str());
    tag.build().ok()
}

pub(crate) async fn update(
    clients: &Clients,
    _: &str,
    before: &Role,
    role: &Role,
) -> Result<(), CallError> {
    take(&clients.iam, role, steps(before, role)).await
}

/// Carries out the steps towards a role.
async fn take(
    client: &aws_sdk_iam::Client,
    role: &Role,
    steps: Vec<Step<'_>>,
) -> Result<(), CallError> {
    let name = role.name.as_str();
    for step in steps {
        let call = step.call();
        match step {
            Step::Description => {
                let request = client.update_role().role_name(name);
                let request = request.description(&role.description);
                call.send(name, request.send()).await?;
            }
            Step::Trust => {
                let request = client.update_assume_role_policy().role_name(name);
                let request = request.policy_document(role.trust.to_string());
                call.send(name, request.send()).await?;
            }
            Step::LiftBoundary => {
                let request = client.delete_role_permissions_boundary().role_name(name);
                gone_is_fine(call.send(name, request.send()).await.map(drop))?;
            }
            Step::Bound(policy) => {
                let request = client.put_role_permissions_boundary().role_name(name);
                let request = request.permissions_boundary(policy.as_str());
                call.send(name, request.send()).await?;
            }
            Step::PutPolicy(policy, document) => {
                let request = client.put_role_policy().role_name(name);
                let request = request.policy_name(policy);
                let request = request.policy_document(document.to_string());
                call.send(name, request.send()).await?;
            }
            Step::DropPolicy(policy) => {
                let request = client.delete_role_policy().role_name(name);
                let request = request.policy_name(policy);
                gone_is_fine(call.send(name, request.send()).await.map(drop))?;
            }
            Step::Detach(arn) => {
                let request = client.detach_role_policy().role_name(name);
                let request = request.policy_arn(arn.as_str());
                gone_is_fine(call.send(name, request.send()).await.map(drop))?;
            }
        }
    }
    Ok(())
}

/// A role goes after its policies.
pub(crate) async fn delete(clients: &Clients, _: &str, role: &Role) -> Result<(), CallError> {
    let client = &clients.iam;
    take(client, role, steps(role, &fresh(role))).await?;
    let request = client.delete_role().role_name(&role.name);
    let deleted = calls::DELETE_ROLE.send(&role.name, request.send()).await;
    deleted.map(drop)
}

pub(crate) async fn adopt(
    clients: &Clients,
    stack: &StackName,
    _: &str,
    role: &Role,
) -> Result<(), CallError> {
    let request = clients.iam.tag_role().role_name(&role.name);
    let request = request.set_tags(tag(stack).map(|tag| vec![tag]));
    let tagged = calls::TAG_ROLE.send(&role.name, request.send()).await;
    tagged.map(drop)
}
