//! From an HTTP request to `(service, operation, Region, caller, JSON value)` and back.
//!
//! AWS JSON 1.0/1.1 (EventBridge, SQS, KMS, CloudTrail, Organizations), AWS query (SNS, STS, IAM), REST-JSON
//! (Account) and REST-XML (S3). Whatever the protocol, the input is the same nested value.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

mod query;
mod rest;

pub(crate) use query::xml_map;

/// An error answer as a service words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// The code on the wire, such as `ResourceNotFoundException`.
    pub code: String,
    /// The message.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
    /// Where the bucket is, when S3 sends a caller there.
    pub bucket_region: Option<String>,
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
            bucket_region: None,
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
    CloudTrail,
    Kms,
    S3,
    Account,
    Organizations,
}

impl Service {
    const ALL: [Self; 10] = [
        Self::Events,
        Self::Sns,
        Self::Sqs,
        Self::Sts,
        Self::Iam,
        Self::CloudTrail,
        Self::Kms,
        Self::S3,
        Self::Account,
        Self::Organizations,
    ];

    /// The name in a SigV4 credential scope, which is also the prefix of IAM actions.
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Sns => "sns",
            Self::Sqs => "sqs",
            Self::Sts => "sts",
            Self::Iam => "iam",
            Self::CloudTrail => "cloudtrail",
            Self::Kms => "kms",
            Self::S3 => "s3",
            Self::Account => "account",
            Self::Organizations => "organizations",
        }
    }

    fn from_scope(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    fn protocol(self) -> Protocol {
        match self {
            Self::Events | Self::Sqs | Self::CloudTrail | Self::Kms | Self::Organizations => {
                Protocol::Json
            }
            Self::Account => Protocol::RestJson,
            Self::S3 => Protocol::RestXml,
            Self::Sns => Protocol::Query("http://sns.amazonaws.com/doc/2010-03-31/"),
            Self::Sts => Protocol::Query("https://sts.amazonaws.com/doc/2011-06-15/"),
            Self::Iam => Protocol::Query("https://iam.amazonaws.com/doc/2010-05-08/"),
        }
    }
}

/// How a service is spoken to. <https://smithy.io/2.0/aws/protocols/index.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Json,
    /// With the namespace of its XML.
    Query(&'static str),
    RestJson,
    RestXml,
}

/// One request, understood.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub service: Service,
    pub operation: String,
    pub region: String,
    pub access_key_id: String,
    /// Empty where the credentials are not those of a session.
    pub session_token: String,
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
        let (operation, input) = match service.protocol() {
            Protocol::Json => read_json(header("x-amz-target"), body)?,
            Protocol::Query(_) => query::read(body)?,
            Protocol::RestJson => rest::read_json(request, body)?,
            Protocol::RestXml => rest::read_s3(request, body)?,
        };
        Ok(Self {
            service,
            operation,
            region: (*region).to_owned(),
            access_key_id: (*access_key_id).to_owned(),
            session_token: header("x-amz-security-token").to_owned(),
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
    Ok((operation.to_owned(), parse_json(body)?))
}

fn parse_json(body: &[u8]) -> Result<Value, ApiError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body)
        .map_err(|error| ApiError::new("SerializationException", error.to_string()))
}

/// The answer of an operation.
pub(crate) fn respond(call: &Call, outcome: &Result<Value, ApiError>, id: &str) -> HttpResponse {
    let (status, body) = match (call.service.protocol(), outcome) {
        (Protocol::RestXml, outcome) => return rest::respond_s3(&call.operation, outcome, id),
        (Protocol::Query(namespace), outcome) => {
            query::write(&call.operation, namespace, outcome, id)
        }
        (Protocol::Json | Protocol::RestJson, Ok(value)) => (200, value.to_string()),
        (Protocol::Json | Protocol::RestJson, Err(error)) => (
            error.status,
            json!({"__type": error_type(call.service, &error.code), "message": error.message})
                .to_string(),
        ),
    };
    let content_type = match call.service {
        Service::Events | Service::CloudTrail | Service::Kms | Service::Organizations => {
            "application/x-amz-json-1.1"
        }
        Service::Sqs => "application/x-amz-json-1.0",
        Service::Account => "application/json",
        Service::Sns | Service::Sts | Service::Iam | Service::S3 => "text/xml",
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
pub(crate) fn refuse(request: &HttpRequest, error: &ApiError, id: &str) -> HttpResponse {
    let signature = request.headers().get("authorization").unwrap_or_default();
    if signature.contains("/s3/aws4_request") {
        return rest::respond_s3("", &Err(error.clone()), id);
    }
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
