//! What calls of STS need.
//!
//! Actions and resource types are those of the Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/>).

use serde_json::Value;

use crate::sandbox::access::{Access, Needs, text, unknown};
use crate::sandbox::wire::ApiError;

pub(super) fn needs(operation: &str, input: &Value) -> Result<Needs, ApiError> {
    match operation {
        "GetCallerIdentity" => Ok(Needs::nothing(Access::Read)),
        "AssumeRole" => {
            let role = text(input, "RoleArn").to_owned();
            Ok(Needs::one(Access::Read, "sts:AssumeRole".to_owned(), role))
        }
        _ => Err(unknown("sts", operation)),
    }
}

/// What trust policies and identity policies see of the request.
pub(super) fn context(input: &Value) -> Vec<(&'static str, String)> {
    let keys = [
        ("sts:externalid", "ExternalId"),
        ("sts:rolesessionname", "RoleSessionName"),
    ];
    let given = keys.into_iter().filter_map(|(key, field)| {
        let value = input.get(field)?.as_str()?;
        Some((key, value.to_owned()))
    });
    given.collect()
}
