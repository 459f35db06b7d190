//! The errors of DynamoDB, in its words.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>; the messages are those
//! that <https://github.com/architect/dynalite> compared with AWS.

use crate::sandbox::wire::ApiError;

/// A request that AWS refuses as it stands.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}

/// A parameter whose value does not fit.
pub(super) fn bad_value(reason: impl std::fmt::Display) -> ApiError {
    invalid(format!(
        "One or more parameter values were invalid: {reason}"
    ))
}

/// A parameter that breaks a constraint of the API's model.
pub(super) fn constraint(value: &str, at: &str, what: &str) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: {what}"
    ))
}

/// A text that is none of those which the API's model lists.
pub(super) fn listed(value: &str, at: &str, all: &[&str]) -> Result<(), ApiError> {
    if all.contains(&value) {
        return Ok(());
    }
    let all = all.join(", ");
    let what = format!("Member must satisfy enum value set: [{all}]");
    Err(constraint(value, at, &what))
}

/// A table that is not there, in the words of calls about items.
pub(super) fn not_found() -> ApiError {
    let message = "Requested resource not found";
    ApiError::new("ResourceNotFoundException", message)
}

/// A table that is not there, in the words of calls about tables.
pub(super) fn no_table(name: &str) -> ApiError {
    let message = format!("Requested resource not found: Table: {name} not found");
    ApiError::new("ResourceNotFoundException", message)
}

/// A table that something is being done to.
pub(super) fn in_use(reason: &str) -> ApiError {
    let message = format!("Attempt to change a resource which is still in use: {reason}");
    ApiError::new("ResourceInUseException", message)
}
