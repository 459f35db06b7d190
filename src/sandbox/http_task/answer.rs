//! What does an answer mean to a task?
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html#unsupported-http-task-responses>

use serde_json::{Map, Value, json};

use super::failure::{Failure, LARGEST, failure};
use crate::sandbox::receivers::Response;

/// The result of the task. Redirects are not followed: that every status other than 2xx fails the task is documented of
/// 400 and more, and an assumption of ours of 3xx.
pub(super) fn result(response: &Response) -> Result<Value, Failure> {
    let status = response.status;
    if !(200..300).contains(&status) {
        let error = format!("States.Http.StatusCode.{status}");
        let cause = match response.body.is_empty() {
            true => reason(status).to_owned(),
            false => response.body.clone(),
        };
        return Err((error, cause));
    }
    let content = response.header("content-type").unwrap_or_default();
    let content = content.to_ascii_lowercase();
    let unread = ["application/octet-stream", "image/", "video/", "audio/"];
    if unread.iter().any(|kind| content.starts_with(kind)) {
        let cause = format!("The content type {content} is not supported.");
        return Err(failure("States.Runtime", cause));
    }
    if response.body.len() > LARGEST {
        let cause = "The response is larger than 256 KiB.";
        return Err(failure("States.DataLimitExceeded", cause));
    }
    let parsed = match content.contains("json") {
        true => serde_json::from_str(&response.body).ok(),
        false => None,
    };
    let body = parsed.unwrap_or_else(|| json!(response.body));
    Ok(json!({
        "Headers": headers(response),
        "ResponseBody": body,
        "StatusCode": status,
        "StatusText": reason(status),
    }))
}

/// Each header with the list of its values, in small letters.
fn headers(response: &Response) -> Value {
    let mut all: Map<String, Value> = Map::new();
    for (name, value) in &response.headers {
        let values = all.entry(name.to_ascii_lowercase());
        if let Value::Array(values) = values.or_insert_with(|| json!([])) {
            values.push(json!(value));
        }
    }
    Value::Object(all)
}

/// What RFC 9110 calls a status.
fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default()
}
