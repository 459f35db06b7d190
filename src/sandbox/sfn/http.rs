//! What does the Task `http:invoke` do?

use serde_json::Value;

use crate::sandbox::http_task::{self, Invoker};
use crate::sandbox::site::Site;
use crate::sandbox::world::World;
use crate::states::Failure;

/// Calls an HTTP endpoint with the credentials of a connection, as the role of a state machine. Both are named by their
/// ARNs; that the role can be taken on is known.
pub(super) fn http_invoke(
    world: &mut World,
    site: &Site,
    machine: &str,
    role: &str,
    arguments: &Value,
) -> Result<Value, Failure> {
    let answer = http_task::invoke(world, site, Invoker { machine, role }, arguments);
    answer.map_err(|(error, cause)| Failure::new(error, cause))
}
