//! IAM: customer managed policies, as permissions boundaries need them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::documents::check_inline;
use super::identity::{arn, check_name, exists, of};
use crate::sandbox::common::Tag;
use crate::sandbox::site::{Site, account_in};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreatePolicy {
    policy_name: String,
    path: Option<String>,
    policy_document: String,
    #[serde(rename = "Description")]
    _description: Option<String>,
    #[serde(default, rename = "Tags")]
    _tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct NamedPolicy {
    policy_arn: String,
}

fn missing(arn: &str) -> ApiError {
    let message = format!("Policy {arn} does not exist or is not attachable.");
    ApiError::with_status(404, "NoSuchEntity", message)
}

fn shown(arn: &str) -> Value {
    json!({
        "PolicyName": arn.rsplit('/').next(),
        "Arn": arn,
        "DefaultVersionId": "v1",
        "IsAttachable": true,
    })
}

pub(super) fn create(
    world: &mut World,
    site: &Site,
    create: CreatePolicy,
) -> Result<Value, ApiError> {
    check_name(&create.policy_name)?;
    check_inline(&create.policy_document)?;
    let path = create.path.as_deref().unwrap_or("/");
    let arn = arn(site, "policy", path, &create.policy_name);
    let policies = &mut of(world, site).policies;
    if policies.contains_key(&arn) {
        return Err(exists("A policy", &create.policy_name));
    }
    let answer = json!({ "Policy": shown(&arn) });
    policies.insert(arn, create.policy_document);
    Ok(answer)
}

pub(super) fn get(world: &World, named: &NamedPolicy) -> Result<Value, ApiError> {
    check_there(world, &named.policy_arn)?;
    Ok(json!({ "Policy": shown(&named.policy_arn) }))
}

pub(super) fn delete(
    world: &mut World,
    site: &Site,
    named: &NamedPolicy,
) -> Result<Value, ApiError> {
    let gone = of(world, site).policies.remove(&named.policy_arn);
    gone.map(|_| json!({}))
        .ok_or_else(|| missing(&named.policy_arn))
}

/// Refuses the ARN of a customer managed policy that is not there. AWS's own are all there.
pub(super) fn check_there(world: &World, arn: &str) -> Result<(), ApiError> {
    let Some(account) = account_in(arn) else {
        return Ok(());
    };
    let known = world.iam.accounts.get(&account);
    let known = known.is_some_and(|iam| iam.policies.contains_key(arn));
    known.then_some(()).ok_or_else(|| missing(arn))
}
