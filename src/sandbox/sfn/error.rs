//! The errors of Step Functions, in its words, as those who met them quote them.

use crate::sandbox::wire::ApiError;

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}

pub(super) fn invalid_arn(arn: &str) -> ApiError {
    ApiError::new("InvalidArn", format!("Invalid Arn: '{arn}'"))
}

pub(super) fn invalid_name(name: &str) -> ApiError {
    ApiError::new("InvalidName", format!("Invalid Name: '{name}'"))
}

pub(super) fn no_machine(arn: &str) -> ApiError {
    let message = format!("State Machine Does Not Exist: '{arn}'");
    ApiError::new("StateMachineDoesNotExist", message)
}

pub(super) fn machine_exists(arn: &str) -> ApiError {
    let message = format!("State Machine Already Exists: '{arn}'");
    ApiError::new("StateMachineAlreadyExists", message)
}

pub(super) fn machine_deleting(arn: &str) -> ApiError {
    let message = format!("State Machine is being deleted: '{arn}'");
    ApiError::new("StateMachineDeleting", message)
}

pub(super) fn no_execution(arn: &str) -> ApiError {
    let message = format!("Execution Does Not Exist: '{arn}'");
    ApiError::new("ExecutionDoesNotExist", message)
}

pub(super) fn execution_exists(arn: &str) -> ApiError {
    let message = format!("Execution Already Exists: '{arn}'");
    ApiError::new("ExecutionAlreadyExists", message)
}

pub(super) fn invalid_input(why: impl std::fmt::Display) -> ApiError {
    let message = format!("Invalid State Machine Execution Input: '{why}'");
    ApiError::new("InvalidExecutionInput", message)
}
