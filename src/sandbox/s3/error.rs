//! The inputs of S3, and the errors that several operations have.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::sandbox::wire::{ApiError, input};

/// The input of an operation, with the errors of S3.
pub(super) fn read<T: DeserializeOwned>(operation: &str, value: Value) -> Result<T, ApiError> {
    input(operation, value).map_err(|error| match error.code.as_str() {
        "ValidationException" => malformed(&error.message),
        _ => error,
    })
}

pub(super) fn malformed(reason: &str) -> ApiError {
    let known =
        "The XML you provided was not well-formed or did not validate against our published schema";
    ApiError::new("MalformedXML", format!("{known}: {reason}"))
}

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidArgument", message)
}

/// The bucket that an input names.
pub(super) fn name_of(value: &Value) -> &str {
    let name = value.get("BucketName").and_then(Value::as_str);
    name.unwrap_or_default()
}
