//! Slack: `chat.postMessage` with a bot's token. What Slack refuses it refuses with status 200.
//!
//! <https://docs.slack.dev/reference/methods/chat.postMessage>; the limits of blocks are those of
//! <https://docs.slack.dev/reference/block-kit/blocks>.

use serde_json::{Value, json};

use super::desk::{Desk, Message, texts};
use super::exchange::Response;
use super::state::Room;

/// Blocks of one message.
const BLOCKS: usize = 50;
/// Characters of a header, of a section, and of one of a section's fields.
const HEADER: usize = 150;
const SECTION: usize = 3_000;
const FIELD: usize = 2_000;
/// Fields of a section, and elements of a context.
const FIELDS: usize = 10;
/// Characters of all blocks together, as users measured.
const ALL: usize = 13_000;
/// Where a text is cut.
const TEXT: usize = 40_000;

pub(super) fn answer(desk: &mut Desk<'_>) -> Response {
    let body = match method(desk) {
        Ok(body) => body,
        Err(error) => json!({"ok": false, "error": error}),
    };
    Response::json(200, &body)
}

fn method(desk: &mut Desk<'_>) -> Result<Value, &'static str> {
    let request = desk.request;
    let token = desk.authorization("Bearer").ok_or("not_authed")?;
    if !desk.knows(&token) {
        return Err("invalid_auth");
    }
    match request.path.as_str() {
        "/api/auth.test" => Ok(json!({"ok": true, "user": "iamwatch", "bot_id": "B000000001"})),
        "/api/chat.postMessage" => post(desk),
        _ => Err("unknown_method"),
    }
}

fn post(desk: &mut Desk<'_>) -> Result<Value, &'static str> {
    let body = desk.request.json().ok_or("invalid_json")?;
    let word = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let channel = word("channel").to_owned();
    let room = match channel.is_empty() {
        true => Room::Missing,
        false => desk.room(&channel),
    };
    match room {
        Room::Missing => return Err("channel_not_found"),
        Room::NotMember => return Err("not_in_channel"),
        Room::Archived => return Err("is_archived"),
        Room::Open | Room::Broken => {}
    }
    let blocks = body.get("blocks").unwrap_or(&Value::Null);
    let has_blocks = check(blocks)?;
    let fallback: String = word("text").chars().take(TEXT).collect();
    if fallback.is_empty() && !has_blocks {
        return Err("no_text");
    }
    // Readers see the blocks; the text is what notifications say.
    let text = match has_blocks {
        true => texts(blocks, &["text"]).join("\n"),
        false => fallback,
    };
    let place = channel.clone();
    let seconds = desk.now / 1000;
    let message = Message {
        place,
        text,
        body: body.clone(),
        key: None,
    };
    let ts = desk.take(message, |id| format!("{seconds}.{id:06}"));
    Ok(json!({"ok": true, "channel": channel, "ts": ts}))
}

fn characters(value: Option<&Value>) -> usize {
    let text = value.and_then(|value| value.get("text"));
    text.and_then(Value::as_str)
        .unwrap_or_default()
        .chars()
        .count()
}

/// Whether there are blocks at all, each as Slack takes it.
fn check(blocks: &Value) -> Result<bool, &'static str> {
    if blocks.is_null() {
        return Ok(false);
    }
    let blocks = blocks.as_array().ok_or("invalid_blocks_format")?;
    let fit = blocks.len() <= BLOCKS && blocks.iter().all(fits);
    if !fit {
        return Err("invalid_blocks");
    }
    let texts = blocks.iter().flat_map(|block| texts(block, &["text"]));
    let all: usize = texts.map(|text| text.chars().count()).sum();
    match all > ALL {
        true => Err("msg_blocks_too_long"),
        false => Ok(!blocks.is_empty()),
    }
}

fn is_text(value: &Value, kinds: &[&str], most: usize) -> bool {
    let kind = value
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    kinds.contains(&kind) && (1..=most).contains(&characters(Some(value)))
}

/// Whether Slack takes a block. Of other kinds than these it is not known here what they need.
fn fits(block: &Value) -> bool {
    const ANY: &[&str] = &["plain_text", "mrkdwn"];
    let list = |name: &str| block.get(name).and_then(Value::as_array);
    match block.get("type").and_then(Value::as_str) {
        Some("header") => {
            let text = block.get("text");
            text.is_some_and(|text| is_text(text, &["plain_text"], HEADER))
        }
        Some("section") => {
            let text = block.get("text");
            let fields = list("fields");
            let of_fields = |fields: &Vec<Value>| {
                let count = (1..=FIELDS).contains(&fields.len());
                count && fields.iter().all(|field| is_text(field, ANY, FIELD))
            };
            (text.is_some() || fields.is_some())
                && text.is_none_or(|text| is_text(text, ANY, SECTION))
                && fields.is_none_or(of_fields)
        }
        Some("context") => list("elements").is_some_and(|elements| {
            let is_element = |one: &Value| {
                one.get("type") == Some(&json!("image")) || is_text(one, ANY, SECTION)
            };
            (1..=FIELDS).contains(&elements.len()) && elements.iter().all(is_element)
        }),
        Some("divider" | "actions" | "rich_text" | "image") => true,
        _ => false,
    }
}
