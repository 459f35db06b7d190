//! REST with JSON bodies, as the Account service speaks it: the path names the operation.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;

use super::error::ApiError;
use super::http::path_and_query;
use super::json;

/// `POST /listRegions` is `ListRegions`.
pub(super) fn read(request: &HttpRequest, body: &[u8]) -> Result<(String, Value), ApiError> {
    let (path, _) = path_and_query(request);
    let mut letters = path.trim_matches('/').chars();
    let first = letters.next().unwrap_or_default().to_ascii_uppercase();
    let operation = std::iter::once(first).chain(letters).collect();
    Ok((operation, json::parse(body)?))
}
