//! The errors that several operations of EventBridge have.

use crate::sandbox::wire::ApiError;

/// A constraint of the API model that the input breaks.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}
