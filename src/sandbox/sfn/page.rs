//! Pages of lists, and times, as Step Functions writes them.

use serde_json::{Value, json};

use crate::sandbox::common::PAGE;
use crate::sandbox::wire::ApiError;

/// The most entries of a page.
const MOST: usize = 1000;

/// One page of a list; the token is the position where the next begins.
pub(super) fn page(
    key: &str,
    all: Vec<Value>,
    token: Option<&str>,
    most: Option<usize>,
) -> Result<Value, ApiError> {
    let start: usize = match token {
        Some(token) => token.parse().map_err(|_| {
            let message = format!("Invalid Token: '{token}'");
            ApiError::new("InvalidToken", message)
        })?,
        None => 0,
    };
    // Zero asks for as many as there are by default.
    let size = most.filter(|most| *most > 0).unwrap_or(PAGE).min(MOST);
    let more = all.len() > start.saturating_add(size);
    let shown: Vec<Value> = all.into_iter().skip(start).take(size).collect();
    Ok(if more {
        json!({key: shown, "nextToken": start.saturating_add(size).to_string()})
    } else {
        json!({key: shown})
    })
}

/// A time: seconds since 1970, to the millisecond.
pub(super) fn seconds(milliseconds: i64) -> Value {
    let (seconds, rest) = (milliseconds.div_euclid(1000), milliseconds.rem_euclid(1000));
    let number: f64 = format!("{seconds}.{rest:03}").parse().unwrap_or_default();
    json!(number)
}
