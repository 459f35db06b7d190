//! What calls of KMS need. A key is meant by its ARN, whatever the caller calls it.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html>

use serde_json::Value;

use super::find::{arn, find};
use crate::sandbox::access::{Access, Needs, unknown};
use crate::sandbox::site::{Site, locate};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

pub(super) fn needs(
    world: &World,
    site: &Site,
    operation: &str,
    input: &Value,
) -> Result<Needs, ApiError> {
    let access = access(operation).ok_or_else(|| unknown("kms", operation))?;
    Ok(Needs {
        permissions: permissions(world, site, operation, input),
        ..Needs::nothing(access)
    })
}

/// Whether an operation changes anything; `None` if it is not known here.
fn access(operation: &str) -> Option<Access> {
    match operation {
        "DescribeKey"
        | "GetKeyPolicy"
        | "GetKeyRotationStatus"
        | "ListAliases"
        | "ListKeys"
        | "ListResourceTags" => Some(Access::Read),
        "CreateKey"
        | "PutKeyPolicy"
        | "EnableKey"
        | "DisableKey"
        | "EnableKeyRotation"
        | "DisableKeyRotation"
        | "ScheduleKeyDeletion"
        | "CancelKeyDeletion"
        | "UpdateKeyDescription"
        | "CreateAlias"
        | "UpdateAlias"
        | "DeleteAlias"
        | "TagResource"
        | "UntagResource" => Some(Access::Write),
        _ => None,
    }
}

/// Actions and resource ARNs.
fn permissions(
    world: &World,
    site: &Site,
    operation: &str,
    input: &Value,
) -> Vec<(String, String)> {
    let text = |name: &str| {
        let text = input.get(name).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let key = |given: &str| match find(world, site, given, true) {
        Ok(id) => arn(site, &id),
        Err(_) if given.starts_with("arn:") => given.to_owned(),
        Err(_) => arn(site, given),
    };
    let name = text("AliasName");
    let alias = site.arn("kms", &name);
    let resources = match operation {
        "ListKeys" | "CreateKey" => vec!["*".to_owned()],
        "ListAliases" if input.get("KeyId").is_none() => vec!["*".to_owned()],
        // An alias is a resource of its own besides its key.
        "CreateAlias" => vec![alias, key(&text("TargetKeyId"))],
        "UpdateAlias" => vec![alias, key(&name), key(&text("TargetKeyId"))],
        "DeleteAlias" => vec![alias, key(&name)],
        _ => vec![key(&text("KeyId"))],
    };
    let action = format!("kms:{operation}");
    let mut all: Vec<_> = resources.into_iter().map(|r| (action.clone(), r)).collect();
    let tags = input.get("Tags").and_then(Value::as_array);
    if operation == "CreateKey" && tags.is_some_and(|tags| !tags.is_empty()) {
        all.push(("kms:TagResource".to_owned(), arn(site, "*")));
    }
    all
}

/// The policy of the key that an ARN names.
pub(super) fn policy_of(world: &World, key: &str) -> Option<String> {
    let (site, resource) = locate(key)?;
    let id = resource.strip_prefix("key/")?;
    let local = world.kms.local.look(&site)?;
    local.keys.get(id).map(|key| key.policy.clone())
}
