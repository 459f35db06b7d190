//! What is asked of an HTTP task? What it does not take fails it with `States.Runtime`.

use serde_json::{Map, Value};

use super::encoding::Lists;
use super::failure::{Failure, LARGEST, failure};

/// The arguments of a task.
pub(super) struct Arguments {
    pub(super) endpoint: String,
    pub(super) method: String,
    /// The ARN of the connection.
    pub(super) connection: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<Value>,
    /// How lists are written if the body is a form; else it is JSON.
    pub(super) form: Option<Lists>,
}

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"];

/// Headers that a definition may not have.
const FORBIDDEN: [&str; 32] = [
    "a-im",
    "accept-charset",
    "accept-datetime",
    "accept-encoding",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-md5",
    "date",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authorization",
    "referer",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "warning",
];

/// How the others begin.
const FORBIDDEN_BEGINNINGS: [&str; 3] = ["x-forwarded-", "x-amz-", "x-amzn-"];

fn wrong(cause: impl Into<String>) -> Failure {
    failure("States.Runtime", cause)
}

pub(super) fn read(arguments: &Value) -> Result<Arguments, Failure> {
    let fields = arguments.as_object();
    let fields = fields.ok_or_else(|| wrong("The arguments of the HTTP task are no object."))?;
    let known = [
        "ApiEndpoint",
        "Method",
        "Authentication",
        "InvocationConfig",
        "Headers",
        "QueryParameters",
        "RequestBody",
        "Transform",
    ];
    if let Some(other) = fields.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(wrong(format!("The field `{other}` is not supported.")));
    }
    let endpoint = text(fields, "ApiEndpoint")?;
    if !endpoint.starts_with("https://") {
        return Err(wrong("The ApiEndpoint must begin with https://."));
    }
    let method = text(fields, "Method")?;
    if !METHODS.contains(&method.as_str()) {
        return Err(wrong(format!("The Method `{method}` is not supported.")));
    }
    let config = fields.get("InvocationConfig");
    let config = config.or_else(|| fields.get("Authentication"));
    let config = config.and_then(Value::as_object);
    let missing = || wrong("The field `Authentication` is missing.");
    let connection = text(config.ok_or_else(missing)?, "ConnectionArn")?;
    let headers = pairs(fields, "Headers")?;
    if let Some((name, _)) = headers.iter().find(|(name, _)| is_forbidden(name)) {
        return Err(wrong(format!("The header `{name}` is not allowed.")));
    }
    let body = fields.get("RequestBody").filter(|body| !body.is_null());
    if body.is_some_and(|body| body.to_string().len() > LARGEST) {
        let cause = "The request body is larger than 256 KiB.";
        return Err(failure("States.DataLimitExceeded", cause));
    }
    Ok(Arguments {
        endpoint,
        method,
        connection,
        headers,
        query: pairs(fields, "QueryParameters")?,
        body: body.cloned(),
        form: form(fields.get("Transform"))?,
    })
}

fn text(fields: &Map<String, Value>, name: &str) -> Result<String, Failure> {
    let text = fields.get(name).and_then(Value::as_str);
    let text = text.filter(|text| !text.is_empty());
    text.map(str::to_owned)
        .ok_or_else(|| wrong(format!("The field `{name}` is missing.")))
}

fn is_forbidden(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let begins = |beginning: &&str| name.starts_with(*beginning);
    FORBIDDEN.contains(&name.as_str()) || FORBIDDEN_BEGINNINGS.iter().any(begins)
}

/// The pairs of an object. A list gives its name as often as it has items.
fn pairs(fields: &Map<String, Value>, name: &str) -> Result<Vec<(String, String)>, Failure> {
    let object = match fields.get(name) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(object)) => object,
        Some(_) => return Err(wrong(format!("The field `{name}` is no object."))),
    };
    let mut pairs = Vec::new();
    for (key, value) in object {
        let items = match value {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        for item in items {
            let value = plain(item);
            let value = value.ok_or_else(|| wrong(format!("`{key}` in `{name}` is no text.")))?;
            pairs.push((key.clone(), value));
        }
    }
    Ok(pairs)
}

/// A text, a number or a truth value as it is written.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn form(transform: Option<&Value>) -> Result<Option<Lists>, Failure> {
    let Some(transform) = transform.filter(|transform| !transform.is_null()) else {
        return Ok(None);
    };
    let word = |pointer: &str| transform.pointer(pointer).and_then(Value::as_str);
    match word("/RequestBodyEncoding") {
        None | Some("NONE") => Ok(None),
        Some("URL_ENCODED") => {
            let lists = match word("/RequestEncodingOptions/ArrayFormat") {
                None | Some("INDICES") => Lists::Indices,
                Some("REPEAT") => Lists::Repeat,
                Some("COMMAS") => Lists::Commas,
                Some("BRACKETS") => Lists::Brackets,
                Some(other) => {
                    return Err(wrong(format!(
                        "The ArrayFormat `{other}` is not supported."
                    )));
                }
            };
            Ok(Some(lists))
        }
        Some(other) => Err(wrong(format!(
            "The RequestBodyEncoding `{other}` is not supported."
        ))),
    }
}
