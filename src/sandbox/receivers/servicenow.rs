//! ServiceNow: events of Event Management, and incidents.
//!
//! Events go to the inbound REST endpoint of Event Management, incidents to the Table API, both as ServiceNow's product
//! documentation has them. The words of refusals are ours.

use serde_json::{Value, json};

use super::desk::{Desk, Message};
use super::exchange::Response;
use super::oauth;

pub(super) fn answer(desk: &mut Desk<'_>) -> Response {
    let request = desk.request;
    if request.path == "/oauth_token.do" {
        return oauth::token(desk);
    }
    if !desk.is_user() {
        return refused(
            401,
            "User Not Authenticated",
            "Required to provide Auth information",
        );
    }
    let Some(body) = request.json() else {
        return refused(400, "Bad Request", "The payload is not valid JSON");
    };
    match request.path.as_str() {
        "/api/global/em/jsonv2" => events(desk, &body),
        "/api/now/table/incident" => incident(desk, &body),
        _ => refused(
            404,
            "Not found",
            "The requested URI does not represent a resource",
        ),
    }
}

fn refused(status: u16, message: &str, detail: &str) -> Response {
    let error = json!({"error": {"message": message, "detail": detail}, "status": "failure"});
    Response::json(status, &error)
}

fn word<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// All events of a call are taken, or none.
fn events(desk: &mut Desk<'_>, body: &Value) -> Response {
    let records = body.get("records").and_then(Value::as_array);
    let Some(records) = records.filter(|records| !records.is_empty()) else {
        return refused(400, "Bad Request", "There are no records");
    };
    for record in records {
        let severities = ["0", "1", "2", "3", "4", "5"];
        if !severities.contains(&word(record, "severity")) {
            return refused(400, "Bad Request", "The severity is not one of 0 to 5");
        }
        let more = record.get("additional_info").unwrap_or(&Value::Null);
        if !more.is_null() && !more.is_string() {
            return refused(400, "Bad Request", "additional_info is not a JSON string");
        }
    }
    for record in records {
        let key = word(record, "message_key");
        let message = Message {
            place: "events".to_owned(),
            text: [
                format!("Severity {}", word(record, "severity")),
                word(record, "description").to_owned(),
                word(record, "additional_info").to_owned(),
            ]
            .join("\n"),
            body: record.clone(),
            key: Some(key.to_owned()).filter(|key| !key.is_empty()),
        };
        desk.take(message, |id| format!("{id:032x}"));
    }
    let said = format!("{} events were inserted", records.len());
    Response::json(200, &json!({"result": {"Default Bulk Endpoint": said}}))
}

/// A correlation id is kept and not unique: an incident that comes twice is two.
fn incident(desk: &mut Desk<'_>, body: &Value) -> Response {
    if !body.is_object() {
        return refused(400, "Bad Request", "The payload is not an object");
    }
    let message = Message {
        place: "incident".to_owned(),
        text: format!(
            "Urgency {}, impact {}: {}\n{}",
            word(body, "urgency"),
            word(body, "impact"),
            word(body, "short_description"),
            word(body, "description"),
        ),
        body: body.clone(),
        key: None,
    };
    let number = desk.take(message, |id| format!("INC{id:07}"));
    let host = &desk.request.host;
    let id: u64 = number.trim_start_matches("INC").parse().unwrap_or_default();
    let id = format!("{id:032x}");
    let at = format!("https://{host}/api/now/table/incident/{id}");
    let said = json!({"result": {"sys_id": id, "number": number}});
    Response::json(201, &said).with("Location", &at)
}
