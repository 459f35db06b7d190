//! An error of CloudTrail.

use crate::sandbox::wire::ApiError;

pub(super) fn error(code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(code, message)
}
