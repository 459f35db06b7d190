//! The query protocol of SNS, STS and IAM: dotted form keys in, XML with wrappers out.

use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::http::decode_form;

pub(super) fn read(body: &[u8]) -> Result<(String, Value), ApiError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| ApiError::new("MalformedQueryString", "the body is not UTF-8"))?;
    let mut root = Map::new();
    let mut operation = String::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (key, value) = (decode_form(key), decode_form(value));
        match key.as_str() {
            "Action" => operation = value,
            "Version" => {}
            _ => insert(&mut root, &key, value)?,
        }
    }
    Ok((operation, fold(Value::Object(root))))
}

/// Puts a value at a dotted key. Eight parts are more than any operation here has.
fn insert(root: &mut Map<String, Value>, key: &str, value: String) -> Result<(), ApiError> {
    let bad = || {
        ApiError::new(
            "MalformedQueryString",
            format!("`{key}` cannot be unfolded"),
        )
    };
    let parts: Vec<&str> = key.split('.').collect();
    let (last, parents) = parts.split_last().ok_or_else(bad)?;
    if parents.len() > 8 {
        return Err(bad());
    }
    let mut here = root;
    for part in parents {
        here = here
            .entry(*part)
            .or_insert_with(|| json!({}))
            .as_object_mut()
            .ok_or_else(bad)?;
    }
    here.insert((*last).to_owned(), Value::String(value));
    Ok(())
}

/// `{member: {1: a, 2: b}}` becomes a list, `{entry: {1: {key, value}}}` a map.
fn fold(value: Value) -> Value {
    let Value::Object(mut object) = value else {
        return value;
    };
    if object.len() == 1 {
        if let Some(Value::Object(members)) = object.get_mut("member") {
            let members = std::mem::take(members);
            return Value::Array(members.into_iter().map(|(_, v)| fold(v)).collect());
        }
        if let Some(Value::Object(entries)) = object.get_mut("entry") {
            let entries = std::mem::take(entries);
            return Value::Object(entries.into_iter().filter_map(|(_, e)| entry(e)).collect());
        }
    }
    let lists = ["Tags", "TagKeys"];
    object
        .into_iter()
        .map(|(key, value)| {
            // An empty list is written as an empty string.
            let empty = lists.contains(&key.as_str()) && value.as_str() == Some("");
            let value = if empty { json!([]) } else { fold(value) };
            (key, value)
        })
        .collect()
}

fn entry(mut entry: Value) -> Option<(String, Value)> {
    let entry = entry.as_object_mut()?;
    let key = entry.remove("key").or_else(|| entry.remove("Name"))?;
    let value = entry.remove("value").or_else(|| entry.remove("Value"))?;
    Some((key.as_str()?.to_owned(), fold(value)))
}

/// Status and body of an answer.
pub(super) fn write(
    operation: &str,
    namespace: &str,
    outcome: &Result<Value, ApiError>,
    id: &str,
) -> (u16, String) {
    match outcome {
        Ok(value) => {
            let mut body = format!("<{operation}Response xmlns=\"{namespace}\">");
            write_xml(&mut body, &format!("{operation}Result"), value);
            body.push_str(&format!(
                "<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{operation}Response>"
            ));
            (200, body)
        }
        Err(error) => {
            let mut body = format!("<ErrorResponse xmlns=\"{namespace}\">");
            let kind = if error.status < 500 {
                "Sender"
            } else {
                "Receiver"
            };
            let error_body = json!({"Type": kind, "Code": error.code, "Message": error.message});
            write_xml(&mut body, "Error", &error_body);
            body.push_str(&format!("<RequestId>{id}</RequestId></ErrorResponse>"));
            (error.status, body)
        }
    }
}

/// A map as the query protocols write it.
pub(crate) fn xml_map<'a>(pairs: impl IntoIterator<Item = (&'a String, &'a String)>) -> Value {
    let entries: Vec<Value> = pairs
        .into_iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect();
    json!({"entry": entries})
}

/// Lists become `member` elements, except under `entry`, which is repeated itself.
fn write_xml(out: &mut String, name: &str, value: &Value) {
    let scalar = |out: &mut String, text: &str| {
        out.push_str(&format!("<{name}>"));
        escape(out, text);
        out.push_str(&format!("</{name}>"));
    };
    match value {
        Value::Null => {}
        Value::Bool(flag) => scalar(out, if *flag { "true" } else { "false" }),
        Value::Number(number) => scalar(out, &number.to_string()),
        Value::String(text) => scalar(out, text),
        Value::Array(items) if name == "entry" => {
            items.iter().for_each(|item| write_xml(out, name, item));
        }
        Value::Array(items) => {
            out.push_str(&format!("<{name}>"));
            items.iter().for_each(|item| write_xml(out, "member", item));
            out.push_str(&format!("</{name}>"));
        }
        Value::Object(fields) => {
            out.push_str(&format!("<{name}>"));
            fields
                .iter()
                .for_each(|(key, field)| write_xml(out, key, field));
            out.push_str(&format!("</{name}>"));
        }
    }
}

pub(super) fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            // XML 1.0 cannot carry other control characters at all.
            c if c < ' ' && c != '\n' && c != '\t' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
}
