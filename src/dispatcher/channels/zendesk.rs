//! What does an alert look like as a Zendesk ticket?
//!
//! `POST /api/v2/tickets.json` answers 201 with the ticket. `Idempotency-Key` of at most 255 characters makes a
//! repeated request the same ticket; `external_id` does not. Source: Zendesk's developer documentation, "Tickets",
//! "Introduction".

use serde_json::json;

use crate::dispatcher::expressions::{by_severity, cut, expression, key};
use crate::dispatcher::task::Post;
use crate::place::Arn;

pub(super) fn post<'a>(connection: &'a Arn, url: &str) -> Post<'a> {
    let priority = by_severity(["urgent", "high", "normal", "low", "low"]);
    Post {
        service: "Zendesk",
        connection,
        url: format!("{url}/api/v2/tickets.json"),
        headers: json!({ "Idempotency-Key": expression(&key("$alert.dedup")) }),
        query: json!(null),
        body: json!({ "ticket": {
            "subject": expression("$alert.subject"),
            "comment": { "body": expression(&cut("$alert.text", 16_000)) },
            "priority": expression(&priority),
            "external_id": expression("$alert.dedup"),
            "tags": ["iamwatch"],
        } }),
        taken: "$type($body.ticket.id) = 'number'",
        kept: "'ticket ' & $string($body.ticket.id)",
    }
}
