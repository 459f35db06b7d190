//! AWS JSON: the operation stands in a header.

use serde_json::{Value, json};

use super::error::ApiError;

pub(super) fn read(target: &str, body: &[u8]) -> Result<(String, Value), ApiError> {
    let (_, operation) = target
        .rsplit_once('.')
        .ok_or_else(|| ApiError::new("UnknownOperationException", "no X-Amz-Target"))?;
    Ok((operation.to_owned(), parse(body)?))
}

pub(super) fn parse(body: &[u8]) -> Result<Value, ApiError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body)
        .map_err(|error| ApiError::new("SerializationException", error.to_string()))
}
