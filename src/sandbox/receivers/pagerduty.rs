//! PagerDuty: the Events API, version 2.
//!
//! <https://developer.pagerduty.com/docs/events-api-v2-overview>,
//! <https://developer.pagerduty.com/docs/send-alert-event>

use serde_json::{Value, json};

use super::desk::{Desk, Message};
use super::exchange::Response;

/// Characters of a routing key, and the most of a dedup key and a summary.
const KEY: usize = 32;
const DEDUP: usize = 255;
const SUMMARY: usize = 1_024;
/// Bytes of a request.
const LARGEST: usize = 512 * 1024;

pub(super) fn answer(desk: &mut Desk<'_>) -> Response {
    let request = desk.request;
    if request.path != "/v2/enqueue" || request.method != "POST" {
        return Response::empty(404);
    }
    if request.body.len() > LARGEST {
        return Response::empty(413);
    }
    let Some(event) = request.json().filter(Value::is_object) else {
        return refused(&["Event object could not be parsed as JSON".to_owned()]);
    };
    let errors = errors(desk, &event);
    if !errors.is_empty() {
        return refused(&errors);
    }
    let action = word(&event, "/event_action");
    let given = word(&event, "/dedup_key");
    let dedup = match given.is_empty() {
        true => format!("{:032x}", desk.id()),
        false => given.to_owned(),
    };
    match action {
        "trigger" => trigger(desk, &event, &dedup),
        "resolve" => {
            if let Some(open) = desk.before("", &dedup) {
                open.open = false;
            }
        }
        _ => {}
    }
    let said = json!({"status": "success", "message": "Event processed", "dedup_key": dedup});
    Response::json(202, &said)
}

fn word<'e>(event: &'e Value, pointer: &str) -> &'e str {
    let found = event.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default()
}

fn refused(errors: &[String]) -> Response {
    let said = json!({
        "status": "invalid event",
        "message": "Event object is invalid",
        "errors": errors,
    });
    Response::json(400, &said)
}

fn errors(desk: &Desk<'_>, event: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    let mut blank = |name: &str, pointer: &str| {
        if word(event, pointer).is_empty() {
            errors.push(format!("'{name}' is missing or blank"));
        }
    };
    blank("routing_key", "/routing_key");
    blank("event_action", "/event_action");
    let action = word(event, "/event_action");
    if action == "trigger" {
        blank("payload.summary", "/payload/summary");
        blank("payload.source", "/payload/source");
        blank("payload.severity", "/payload/severity");
    } else {
        blank("dedup_key", "/dedup_key");
    }
    let key = word(event, "/routing_key");
    if !key.is_empty() && key.chars().count() != KEY {
        errors.push(format!(
            "Length of 'routing_key' is incorrect (should be {KEY} characters)"
        ));
    } else if !desk.knows(key) {
        errors.push("Invalid routing key".to_owned());
    }
    let actions = ["", "trigger", "acknowledge", "resolve"];
    if !actions.contains(&action) {
        errors.push("'event_action' is invalid".to_owned());
    }
    let severity = word(event, "/payload/severity");
    if !["", "critical", "error", "warning", "info"].contains(&severity) {
        errors.push("'payload.severity' is invalid".to_owned());
    }
    for (name, most) in [("/dedup_key", DEDUP), ("/payload/summary", SUMMARY)] {
        if word(event, name).chars().count() > most {
            let name = name.trim_start_matches('/').replace('/', ".");
            errors.push(format!("Length of '{name}' is over {most} characters"));
        }
    }
    errors
}

/// An alert with a key that is open already is only added to it.
fn trigger(desk: &mut Desk<'_>, event: &Value, dedup: &str) {
    let severity = word(event, "/payload/severity");
    let mut lines = vec![
        format!("{severity}: {}", word(event, "/payload/summary")),
        format!("Source: {}", word(event, "/payload/source")),
    ];
    let details = event.pointer("/payload/custom_details");
    for (name, value) in details.and_then(Value::as_object).into_iter().flatten() {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        lines.push(format!("{name}: {value}"));
    }
    let message = Message {
        place: String::new(),
        text: lines.join("\n"),
        body: event.clone(),
        key: Some(dedup.to_owned()),
    };
    desk.take(message, |id| format!("Q{id:013}"));
}
