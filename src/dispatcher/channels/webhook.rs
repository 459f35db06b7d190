//! What does a receiver of JSON get?
//!
//! The alert as it is, and the whole event. Step Functions hands at most 256 KiB to a task (Step Functions developer
//! guide, "Quotas"): a larger event is left out rather than the alert with it. Receivers tell repeated requests by
//! the header `Idempotency-Key`.

use serde_json::json;

use crate::dispatcher::expressions::{expression, key};
use crate::dispatcher::task::Post;
use crate::place::Arn;

pub(super) fn post<'a>(connection: &'a Arn, url: &str) -> Post<'a> {
    let event = "($event := $states.context.Execution.Input.event; \
        $exists($event) and $length($string([$event])) < 150000 ? $event : 'not sent: too large')";
    Post {
        service: "The webhook",
        connection,
        url: url.to_owned(),
        headers: json!({ "Idempotency-Key": expression(&key("$alert.dedup")) }),
        query: json!(null),
        body: json!({
            "format_version": 1,
            "alert": expression("$alert"),
            "event": expression(event),
        }),
        taken: "true",
        kept: "'HTTP ' & $string($states.result.StatusCode)",
    }
}
