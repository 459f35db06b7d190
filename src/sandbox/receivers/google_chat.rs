//! Google Chat: the webhook of a space.
//!
//! <https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create>. Which status a wrong
//! token has is unsourced.

use serde_json::{Value, json};

use super::desk::{Desk, Message, texts};
use super::exchange::Response;
use super::state::Room;

/// Bytes of a message.
const LARGEST: usize = 32_000;

pub(super) fn answer(desk: &mut Desk<'_>) -> Response {
    let request = desk.request;
    let space = request.path.strip_prefix("/v1/spaces/");
    let Some(space) = space.and_then(|rest| rest.strip_suffix("/messages")) else {
        return refused(404, "NOT_FOUND", "There is no such method.");
    };
    let token = request.parameter("token").unwrap_or_default();
    if request.parameter("key").is_none_or(str::is_empty) {
        return refused(403, "PERMISSION_DENIED", "The request has no key.");
    }
    if token.is_empty() || !desk.knows(token) {
        return refused(401, "UNAUTHENTICATED", "The token is not valid.");
    }
    match desk.room(space) {
        Room::Missing | Room::Archived => {
            return refused(404, "NOT_FOUND", "The space does not exist.");
        }
        Room::NotMember => return refused(403, "PERMISSION_DENIED", "No member of the space."),
        Room::Open | Room::Broken => {}
    }
    let Some(body) = request.json() else {
        return refused(400, "INVALID_ARGUMENT", "Invalid JSON payload received.");
    };
    if request.body.len() > LARGEST {
        return refused(400, "INVALID_ARGUMENT", "The message is too long.");
    }
    let text = texts(&body, &["text", "title", "subtitle"]).join("\n");
    if text.is_empty() {
        return refused(400, "INVALID_ARGUMENT", "Message cannot be empty.");
    }
    let message = Message {
        place: space.to_owned(),
        text: text.clone(),
        body: body.clone(),
        // A request with an id that was there answers with the message of then.
        key: request.parameter("requestId").map(str::to_owned),
    };
    let name = desk.take(message, |id| format!("spaces/{space}/messages/{id:011}"));
    let thread = body.pointer("/thread/threadKey").and_then(Value::as_str);
    let thread = thread.unwrap_or(&name);
    let said = json!({
        "name": name,
        "text": text,
        "space": {"name": format!("spaces/{space}")},
        "thread": {"name": format!("spaces/{space}/threads/{thread}")},
    });
    Response::json(200, &said)
}

fn refused(status: u16, word: &str, message: &str) -> Response {
    let error = json!({"error": {"code": status, "message": message, "status": word}});
    Response::json(status, &error)
}
