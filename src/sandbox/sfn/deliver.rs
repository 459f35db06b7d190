//! How does EventBridge start an execution?

use serde_json::json;

use super::names::machine_arn;
use super::role;
use crate::sandbox::delivery::{Parcel, Refusal};
use crate::sandbox::perform::{OnBehalf, perform_on_behalf};
use crate::sandbox::site::{Site, locate};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// Starts an execution of the state machine that an ARN names, as the role of the target. What does not start is tried
/// once here: time would not change the answer.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html>
pub(super) fn start(world: &mut World, to: &str, parcel: &Parcel<'_>) -> Result<(), Refusal> {
    let missing = || ("NO_RESOURCE", format!("{to} does not exist."));
    let (at, _) = locate(to).ok_or_else(missing)?;
    let from = &parcel.from;
    // Whose role it is decides who calls; a state machine of another account lets nobody in.
    let site = Site {
        account: from.account.parse().map_err(|_| missing())?,
        region: at.region,
    };
    let Some(role) = parcel.role else {
        let message = format!("The target {to} has no role to start executions with.");
        return Err(("NO_PERMISSIONS", message));
    };
    let taken = role::take(world, &site, from.service, role, from.arn);
    let taken = taken.map_err(|why| ("FAILED_TO_ASSUME_ROLE", why))?;
    let id = world.uuid();
    let asked = OnBehalf {
        by: from.service,
        caller: &taken.principal,
        access_key: &taken.access_key,
        service: "states",
        operation: "StartExecution",
        input: json!({"stateMachineArn": to, "input": parcel.content.text()}),
        id: &id,
    };
    let answer = perform_on_behalf(world, &site, asked);
    answer.map(|_| ()).map_err(refusal)
}

/// The code of a dead letter.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>
fn refusal(error: ApiError) -> Refusal {
    let code = match error.code.as_str() {
        "AccessDeniedException" => "NO_PERMISSIONS",
        "StateMachineDoesNotExist" | "StateMachineDeleting" => "NO_RESOURCE",
        "InvalidArn" | "InvalidExecutionInput" | "ValidationException" => "INVALID_PARAMETER",
        _ => "ERROR_FROM_TARGET",
    };
    (code, error.message)
}

/// Whether a state machine can be behind an ARN.
pub(super) fn is_machine(arn: &str) -> bool {
    let found = locate(arn);
    found.is_some_and(|(site, resource)| {
        let name = resource.strip_prefix("stateMachine:");
        name.is_some_and(|name| machine_arn(&site, name) == arn)
    })
}
