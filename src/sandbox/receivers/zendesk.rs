//! Zendesk: tickets, with a token that an OAuth client asks for.
//!
//! <https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/>,
//! <https://developer.zendesk.com/api-reference/introduction/requests/> for `Idempotency-Key`; how long a key is
//! remembered is unsourced: here for ever.

use serde_json::{Value, json};

use super::desk::{Desk, Message};
use super::exchange::Response;
use super::oauth;

/// Characters of an idempotency key.
const KEY: usize = 255;

pub(super) fn answer(desk: &mut Desk<'_>) -> Response {
    let request = desk.request;
    if request.path == "/oauth/tokens" {
        return oauth::token(desk);
    }
    let token = desk.authorization("Bearer");
    if token.is_none_or(|token| !desk.gave(&token)) {
        return Response::json(401, &json!({"error": "Couldn't authenticate you"}));
    }
    if !["/api/v2/tickets.json", "/api/v2/tickets"].contains(&request.path.as_str()) {
        return Response::json(404, &json!({"error": "InvalidEndpoint"}));
    }
    let Some(body) = request.json() else {
        return Response::json(422, &json!({"error": "Unprocessable Entity"}));
    };
    let word = |pointer: &str| {
        let found = body.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_default()
    };
    let text = word("/ticket/comment/body");
    if text.is_empty() {
        return invalid("comment", "Description: cannot be blank");
    }
    let priority = word("/ticket/priority");
    if !["", "urgent", "high", "normal", "low"].contains(&priority) {
        return invalid("priority", "Priority is invalid");
    }
    let key = request.header("idempotency-key");
    if key.is_some_and(|key| key.chars().count() > KEY) {
        return Response::json(400, &json!({"error": "IdempotencyKeyTooLong"}));
    }
    let again = key.is_some_and(|key| desk.before("", key).is_some());
    let message = Message {
        place: String::new(),
        text: format!("{priority}: {}\n{text}", word("/ticket/subject")),
        body: body.clone(),
        key: key.map(str::to_owned),
    };
    let id = desk.take(message, |id| id.to_string());
    let number: u64 = id.parse().unwrap_or_default();
    let url = format!("https://{}/api/v2/tickets/{id}.json", request.host);
    let ticket = json!({"ticket": {
        "id": number,
        "url": url,
        "subject": word("/ticket/subject"),
        "status": "new",
    }});
    let response = Response::json(201, &ticket).with("Location", &url);
    match (key, again) {
        (None, _) => response,
        (Some(_), true) => response.with("x-idempotency-lookup", "hit"),
        (Some(_), false) => response.with("x-idempotency-lookup", "miss"),
    }
}

fn invalid(field: &str, description: &str) -> Response {
    let error = json!({
        "error": "RecordInvalid",
        "description": "Record validation errors",
        "details": {field: [{"description": description}]},
    });
    Response::json(422, &error)
}
