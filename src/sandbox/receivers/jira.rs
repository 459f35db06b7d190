//! Jira Cloud: issues.
//!
//! <https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-issues/#api-rest-api-2-issue-post>; version 3
//! takes the description in Atlassian Document Format alone. Nothing keeps an issue that comes twice from being two.

use serde_json::{Map, Value, json};

use super::desk::{Desk, Message, texts};
use super::exchange::Response;
use super::state::Room;

/// Characters of a summary: unsourced.
const SUMMARY: usize = 255;

pub(super) fn answer(desk: &mut Desk<'_>) -> Response {
    let request = desk.request;
    let version = if request.path.ends_with("/rest/api/2/issue") {
        2
    } else if request.path.ends_with("/rest/api/3/issue") {
        3
    } else {
        return Response::empty(404);
    };
    if !desk.is_user() {
        let said = "Client must be authenticated to access this resource.";
        return Response::text(401, said);
    }
    let Some(body) = request.json() else {
        return refused(&json!({}), &["There was an error parsing JSON."]);
    };
    let word = |pointer: &str| {
        let found = body.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_default()
    };
    let project = word("/fields/project/key").to_owned();
    let room = match project.is_empty() {
        true => Room::Missing,
        false => desk.room(&project),
    };
    let wrong = wrong(&body, version, room);
    if !wrong.is_empty() {
        return refused(&Value::Object(wrong), &[]);
    }
    let description = body.pointer("/fields/description").unwrap_or(&Value::Null);
    let description = match description {
        Value::String(text) => text.clone(),
        document => texts(document, &["text"]).join("\n"),
    };
    let message = Message {
        place: project.clone(),
        text: format!("{}\n{description}", word("/fields/summary")),
        body: body.clone(),
        key: None,
    };
    let key = desk.take(message, |id| format!("{project}-{id}"));
    let number = key.rsplit('-').next().unwrap_or_default();
    let at = format!("https://{}/rest/api/{version}/issue/{number}", request.host);
    Response::json(201, &json!({"id": number, "key": key, "self": at}))
}

fn refused(errors: &Value, messages: &[&str]) -> Response {
    Response::json(400, &json!({"errorMessages": messages, "errors": errors}))
}

/// The fields that Jira does not take, and why.
fn wrong(body: &Value, version: u8, room: Room) -> Map<String, Value> {
    let mut wrong = Map::new();
    let mut add = |field: &str, why: &str| wrong.insert(field.to_owned(), json!(why));
    match room {
        Room::Open | Room::Broken => {}
        Room::Archived | Room::NotMember | Room::Missing => {
            add("project", "valid project is required");
        }
    }
    let word = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    if word("/fields/issuetype/name").is_none_or(str::is_empty) {
        add("issuetype", "The issue type selected is invalid.");
    }
    match word("/fields/summary") {
        None | Some("") => {
            add("summary", "You must specify a summary of the issue.");
        }
        Some(summary) if summary.contains(['\n', '\r']) => {
            let why = "The summary is invalid because it contains newline characters.";
            add("summary", why);
        }
        Some(summary) if summary.chars().count() > SUMMARY => {
            add("summary", "Summary must be less than 255 characters.");
        }
        Some(_) => {}
    }
    let description = body.pointer("/fields/description").unwrap_or(&Value::Null);
    let fits = match version {
        2 => description.is_null() || description.is_string(),
        _ => description.is_null() || description.is_object(),
    };
    if !fits && version == 2 {
        add("description", "Operation value must be a string");
    } else if !fits {
        let why =
            "Operation value must be an Atlassian Document (see the Atlassian Document Format)";
        add("description", why);
    }
    wrong
}
