//! IAM: enough users and roles to make the events that alerts are about.

use serde_json::Value;

use super::wire::ApiError;
use super::world::{Principal, Site, World};

pub(crate) fn handle(
    _world: &mut World,
    _site: &Site,
    _caller: &Principal,
    operation: &str,
    _value: Value,
) -> Result<Value, ApiError> {
    Err(ApiError::unsupported(operation))
}
