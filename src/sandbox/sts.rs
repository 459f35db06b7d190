//! STS: who am I.

use serde_json::{Value, json};

use super::wire::ApiError;
use super::world::Principal;

pub(crate) fn handle(caller: &Principal, operation: &str) -> Result<Value, ApiError> {
    match operation {
        "GetCallerIdentity" => Ok(json!({
            "Arn": caller.arn(),
            "UserId": caller.user_id,
            "Account": caller.account,
        })),
        _ => Err(ApiError::unsupported(operation)),
    }
}
