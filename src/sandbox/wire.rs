//! From an HTTP request to `(service, operation, Region, caller, JSON value)` and back.
//!
//! Two protocols: AWS JSON 1.0/1.1 (EventBridge, SQS) and AWS query (SNS, STS, IAM), whose dotted
//! form keys are unfolded into the same nested value that the JSON protocols carry.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// An error answer as a service words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// The code on the wire, such as `ResourceNotFoundException`.
    pub code: String,
    /// The message.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
}

impl ApiError {
    /// An error that is the caller's fault.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self::with_status(400, code, message)
    }

    /// An error with a status of its own.
    pub fn with_status(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            status,
        }
    }

    /// Something that AWS may know and the sandbox does not: never mistaken for an answer of AWS.
    pub fn unsupported(message: impl std::fmt::Display) -> Self {
        Self::new(
            "SandboxUnsupported",
            format!("the sandbox does not implement this: {message}"),
        )
    }
}

/// The services that the sandbox knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Events,
    Sns,
    Sqs,
    Sts,
    Iam,
}

impl Service {
    /// The name in a SigV4 credential scope, which is also the prefix of IAM actions.
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Sns => "sns",
            Self::Sqs => "sqs",
            Self::Sts => "sts",
            Self::Iam => "iam",
        }
    }

    fn from_scope(name: &str) -> Option<Self> {
        [Self::Events, Self::Sns, Self::Sqs, Self::Sts, Self::Iam]
            .into_iter()
            .find(|service| service.name() == name)
    }

    /// The namespace of XML answers; none for services that speak JSON.
    fn xml_namespace(self) -> Option<&'static str> {
        match self {
            Self::Events | Self::Sqs => None,
            Self::Sns => Some("http://sns.amazonaws.com/doc/2010-03-31/"),
            Self::Sts => Some("https://sts.amazonaws.com/doc/2011-06-15/"),
            Self::Iam => Some("https://iam.amazonaws.com/doc/2010-05-08/"),
        }
    }
}

/// One request, understood.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub service: Service,
    pub operation: String,
    pub region: String,
    pub access_key_id: String,
    pub input: Value,
    pub user_agent: String,
}

impl Call {
    /// Reads a signed request. The signature itself is not verified.
    pub fn read(request: &HttpRequest) -> Result<Self, ApiError> {
        let header = |name: &str| request.headers().get(name).unwrap_or_default();
        let scope = header("authorization")
            .split_once("Credential=")
            .map(|(_, rest)| rest.split([',', ' ']).next().unwrap_or_default())
            .unwrap_or_default();
        let parts: Vec<&str> = scope.split('/').collect();
        let [access_key_id, _date, region, service, _] = parts.as_slice() else {
            return Err(ApiError::with_status(
                403,
                "MissingAuthenticationToken",
                "Missing Authentication Token",
            ));
        };
        let service = Service::from_scope(service)
            .ok_or_else(|| ApiError::unsupported(format_args!("service `{service}`")))?;
        let body = request.body().bytes().unwrap_or_default();
        let (operation, input) = if service.xml_namespace().is_some() {
            read_query(body)?
        } else {
            read_json(header("x-amz-target"), body)?
        };
        Ok(Self {
            service,
            operation,
            region: (*region).to_owned(),
            access_key_id: (*access_key_id).to_owned(),
            input,
            // Without versions, so that runs on other machines record the same.
            user_agent: header("user-agent")
                .split('/')
                .next()
                .unwrap_or_default()
                .to_owned(),
        })
    }
}

/// Turns an operation's input into its struct. A field that the struct does not have is an error
/// that names it; a missing one is the caller's mistake, as AWS words it.
pub(crate) fn input<T: DeserializeOwned>(operation: &str, value: Value) -> Result<T, ApiError> {
    serde_json::from_value(value).map_err(|error| {
        let reason = error.to_string();
        if reason.starts_with("unknown field") || reason.starts_with("unknown variant") {
            ApiError::unsupported(format_args!("{operation}: {reason}"))
        } else {
            ApiError::new(
                "ValidationException",
                format!("1 validation error detected: {operation}: {reason}"),
            )
        }
    })
}

fn read_json(target: &str, body: &[u8]) -> Result<(String, Value), ApiError> {
    let (_, operation) = target
        .rsplit_once('.')
        .ok_or_else(|| ApiError::new("UnknownOperationException", "no X-Amz-Target"))?;
    let value = if body.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(body)
            .map_err(|error| ApiError::new("SerializationException", error.to_string()))?
    };
    Ok((operation.to_owned(), value))
}

fn read_query(body: &[u8]) -> Result<(String, Value), ApiError> {
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

fn decode_form(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let hex = |b: Option<u8>| (b.unwrap_or(b'0') as char).to_digit(16).unwrap_or(0);
                let (high, low) = (hex(rest.next()), hex(rest.next()));
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The answer of an operation.
pub(crate) fn respond(call: &Call, outcome: &Result<Value, ApiError>, id: &str) -> HttpResponse {
    let (status, body) = match (call.service.xml_namespace(), outcome) {
        (None, Ok(value)) => (200, value.to_string()),
        (None, Err(error)) => (
            error.status,
            json!({"__type": error_type(call.service, &error.code), "message": error.message})
                .to_string(),
        ),
        (Some(namespace), Ok(value)) => {
            let mut body = String::new();
            let op = &call.operation;
            body.push_str(&format!("<{op}Response xmlns=\"{namespace}\">"));
            write_xml(&mut body, &format!("{op}Result"), value);
            body.push_str(&format!(
                "<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{op}Response>"
            ));
            (200, body)
        }
        (Some(namespace), Err(error)) => {
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
    };
    let content_type = match call.service {
        Service::Events => "application/x-amz-json-1.1",
        Service::Sqs => "application/x-amz-json-1.0",
        Service::Sns | Service::Sts | Service::Iam => "text/xml",
    };
    let mut response = plain(status, body, id);
    response.headers_mut().insert("content-type", content_type);
    if let (Service::Sqs, Err(error)) = (call.service, outcome) {
        // Clients of the old query protocol matched these codes; the SDKs still do.
        // https://docs.aws.amazon.com/smithy: awsQueryCompatible
        response
            .headers_mut()
            .insert("x-amzn-query-error", format!("{};Sender", error.code));
    }
    response
}

/// An answer to a request that was not understood.
pub(crate) fn refuse(error: &ApiError, id: &str) -> HttpResponse {
    let body = json!({"__type": error.code, "message": error.message}).to_string();
    plain(error.status, body, id)
}

fn plain(status: u16, body: String, id: &str) -> HttpResponse {
    let status = StatusCode::try_from(status)
        .or_else(|_| StatusCode::try_from(500))
        .unwrap_or_else(|_| http::StatusCode::INTERNAL_SERVER_ERROR.into());
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    response
        .headers_mut()
        .insert("x-amzn-requestid", id.to_owned());
    response
}

/// SQS names its errors by shape in the body and by the old code in a header.
fn error_type(service: Service, code: &str) -> String {
    match (service, code) {
        (Service::Sqs, "AWS.SimpleQueueService.NonExistentQueue") => {
            "com.amazonaws.sqs#QueueDoesNotExist".to_owned()
        }
        (Service::Sqs, "QueueAlreadyExists") => "com.amazonaws.sqs#QueueNameExists".to_owned(),
        (Service::Sqs, "AccessDenied") => {
            "com.amazon.coral.service#AccessDeniedException".to_owned()
        }
        _ => code.to_owned(),
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

fn escape(out: &mut String, text: &str) {
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
