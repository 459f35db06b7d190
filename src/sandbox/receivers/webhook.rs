//! A plain webhook: it takes whatever comes with the right secret, wherever the secret stands, and answers 200.

use serde_json::{Value, json};

use super::desk::{Desk, Message};
use super::exchange::Response;
use super::oauth;

/// The header by which receivers of ours know an event again.
const EVENT: &str = "x-iamwatch-event";

pub(super) fn answer(desk: &mut Desk<'_>) -> Response {
    let request = desk.request;
    if request.body.contains("grant_type") && request.path.ends_with("/token") {
        return oauth::token(desk);
    }
    if !is_let_in(desk) {
        return Response::text(401, "Unauthorized");
    }
    let body = request.json().unwrap_or_else(|| json!(request.body));
    let text = match &body {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let message = Message {
        place: request.path.clone(),
        text,
        body,
        key: request.header(EVENT).map(str::to_owned),
    };
    desk.take(message, |id| id.to_string());
    Response::text(200, "ok")
}

/// Whether a secret that it knows stands in a header, the query or the body.
fn is_let_in(desk: &Desk<'_>) -> bool {
    let request = desk.request;
    let headers = request.headers.iter().chain(&request.query);
    let mut values = headers.map(|(_, value)| value.as_str());
    let fields = request.json();
    let fields = fields.as_ref().and_then(Value::as_object);
    let mut inside = fields.into_iter().flat_map(|fields| fields.values());
    let bearer = desk.authorization("Bearer");
    desk.is_user()
        || desk.knows("")
        || bearer.is_some_and(|token| desk.knows(&token))
        || values.any(|value| desk.knows(value))
        || inside.any(|value| value.as_str().is_some_and(|value| desk.knows(value)))
}
