//! Alerts of Jira Service Management, and of Opsgenie, whose call is the same.
//!
//! <https://docs.opsgenie.com/docs/alert-api>. It is taken now and carried out later: 202.

use serde_json::{Value, json};

use super::desk::{Desk, Message};
use super::exchange::Response;

/// The longest texts, in characters.
const LIMITS: [(&str, usize); 5] = [
    ("message", 130),
    ("alias", 512),
    ("description", 15_000),
    ("source", 100),
    ("entity", 512),
];

pub(super) fn answer(desk: &mut Desk<'_>) -> Response {
    let request = desk.request;
    if !request.path.ends_with("/v2/alerts") || request.method != "POST" {
        return refused(404, "Path not found");
    }
    let key = desk.authorization("GenieKey");
    if key.is_none_or(|key| !desk.knows(&key)) {
        return refused(401, "Could not authenticate");
    }
    let Some(alert) = request.json().filter(Value::is_object) else {
        return refused(400, "Request body is not processable");
    };
    if let Some(wrong) = wrong(&alert) {
        return refused(422, &wrong);
    }
    let word = |name: &str| alert.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut lines = vec![
        format!("{} {}", word("priority"), word("message")),
        word("description").to_owned(),
    ];
    let details = alert.get("details").and_then(Value::as_object);
    for (name, value) in details.into_iter().flatten() {
        lines.push(format!("{name}: {}", value.as_str().unwrap_or_default()));
    }
    let alias = word("alias");
    let message = Message {
        place: String::new(),
        text: lines.join("\n"),
        body: alert.clone(),
        key: Some(alias.to_owned()).filter(|alias| !alias.is_empty()),
    };
    let number = desk.id();
    desk.take(message, |id| id.to_string());
    let said = json!({
        "result": "Request will be processed",
        "took": 0.1,
        "requestId": format!("00000000-0000-4000-a000-{number:012}"),
    });
    Response::json(202, &said)
}

fn refused(status: u16, message: &str) -> Response {
    Response::json(status, &json!({"message": message, "took": 0.0}))
}

/// What the service does not take in an alert.
fn wrong(alert: &Value) -> Option<String> {
    let word = |name: &str| alert.get(name).and_then(Value::as_str).unwrap_or_default();
    if word("message").is_empty() {
        return Some("Message can not be empty.".to_owned());
    }
    for (name, most) in LIMITS {
        if word(name).chars().count() > most {
            return Some(format!("{name} can not be longer than {most} characters."));
        }
    }
    let priority = word("priority");
    if !["", "P1", "P2", "P3", "P4", "P5"].contains(&priority) {
        return Some("Priority should be one of P1, P2, P3, P4, P5.".to_owned());
    }
    let details = alert.get("details").unwrap_or(&Value::Null);
    let fields = details.as_object();
    let are_texts = fields.is_some_and(|fields| fields.values().all(Value::is_string));
    if !details.is_null() && !are_texts {
        return Some("Details must be a map of strings.".to_owned());
    }
    let tags = alert.get("tags").and_then(Value::as_array);
    let too_many = tags.is_some_and(|tags| tags.len() > 20);
    too_many.then(|| "There can be 20 tags at most.".to_owned())
}
