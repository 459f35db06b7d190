//! The inputs of operations.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::ApiError;

/// Turns an operation's input into its struct. A field that the struct does not have is an error
/// that names it; a missing one is the caller's mistake, as AWS words it.
pub(crate) fn input<T: DeserializeOwned>(operation: &str, value: Value) -> Result<T, ApiError> {
    serde_json::from_value(value).map_err(|error| {
        let reason = error.to_string();
        if reason.starts_with("unknown field") || reason.starts_with("unknown variant") {
            ApiError::unsupported(format_args!("{operation}: {reason}"))
        } else {
            ApiError::new(
                "ValidationException",
                format!("1 validation error detected: {operation}: {reason}"),
            )
        }
    })
}
