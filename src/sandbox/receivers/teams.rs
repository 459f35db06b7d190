//! Microsoft Teams: a flow of Workflows that posts what a webhook brings.
//!
//! <https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>. The
//! statuses, 202 among them, are unsourced. What fails behind the trigger is not in the answer.

use serde_json::{Value, json};

use super::desk::{Desk, Message, texts};
use super::exchange::Response;
use super::state::Room;

/// Bytes of a message.
const LARGEST: usize = 28 * 1024;

pub(super) fn answer(desk: &mut Desk<'_>) -> Response {
    let request = desk.request;
    let sig = request.parameter("sig").unwrap_or_default();
    if sig.is_empty() || !desk.knows(sig) {
        let error = json!({"error": {"code": "AuthorizationFailed",
            "message": "The authentication credentials are not valid."}});
        return Response::json(401, &error);
    }
    if request.body.len() > LARGEST {
        return Response::empty(413);
    }
    let Some(body) = request.json() else {
        let error = json!({"error": {"code": "InvalidRequestContent",
            "message": "The request content is not valid JSON."}});
        return Response::json(400, &error);
    };
    // The id of the flow.
    let parts = request.path.split('/');
    let mut parts = parts.skip_while(|part| *part != "workflows");
    let flow = parts.nth(1).unwrap_or_default();
    match desk.room(flow) {
        Room::Missing | Room::Archived | Room::NotMember => {
            let error = json!({"error": {"code": "WorkflowNotFound",
                "message": "The workflow could not be found."}});
            return Response::json(404, &error);
        }
        Room::Broken => return Response::empty(202),
        Room::Open => {}
    }
    if let Some(card) = card(&body) {
        let message = Message {
            place: flow.to_owned(),
            text: texts(card, &["text", "title", "value"]).join("\n"),
            body: body.clone(),
            key: None,
        };
        desk.take(message, |id| id.to_string());
    }
    Response::empty(202)
}

/// The card, alone or in a message. A flow that finds none answers the same and posts nothing.
fn card(body: &Value) -> Option<&Value> {
    let is_card = |value: &&Value| value.get("type") == Some(&json!("AdaptiveCard"));
    let inside = body.pointer("/attachments/0/content");
    Some(body)
        .filter(is_card)
        .or_else(|| inside.filter(is_card))
}
