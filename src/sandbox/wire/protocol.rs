//! How a service is spoken to: from a request to an operation and its input, and from an outcome to
//! a response. Whatever the protocol, the input is the same nested value.
//!
//! <https://smithy.io/2.0/aws/protocols/index.html>

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::error::ApiError;
use super::http::plain;
use super::{json, query, rest_json, rest_xml};

/// A protocol, with what differs from service to service.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Protocol {
    /// AWS JSON, with its content type.
    Json(&'static str),
    /// AWS JSON 1.0 of a service that spoke query before: the body names an error by its shape, and
    /// a header by the code that it had then, which the SDKs still match. The function knows the
    /// shapes that are not called like their codes.
    /// <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait>
    JsonAfterQuery(fn(&str) -> Option<&'static str>),
    /// AWS query, with the namespace of its XML.
    Query(&'static str),
    /// REST with JSON bodies.
    RestJson,
    /// REST with XML bodies.
    RestXml,
}

/// The content type of AWS JSON 1.0.
pub(crate) const JSON_1_0: &str = "application/x-amz-json-1.0";
/// The content type of AWS JSON 1.1.
pub(crate) const JSON_1_1: &str = "application/x-amz-json-1.1";

impl Protocol {
    /// The operation that a request asks for, and its input.
    pub(crate) fn read(self, request: &HttpRequest) -> Result<(String, Value), ApiError> {
        let body = request.body().bytes().unwrap_or_default();
        match self {
            Self::Json(_) | Self::JsonAfterQuery(_) => {
                let target = request.headers().get("x-amz-target");
                json::read(target.unwrap_or_default(), body)
            }
            Self::Query(_) => query::read(body),
            Self::RestJson => rest_json::read(request, body),
            Self::RestXml => rest_xml::read(request, body),
        }
    }

    /// The answer of an operation.
    pub(crate) fn respond(
        self,
        operation: &str,
        outcome: &Result<Value, ApiError>,
        id: &str,
    ) -> HttpResponse {
        let in_json = |shape: fn(&str) -> Option<&'static str>| match outcome {
            Ok(value) => (200, value.to_string()),
            Err(error) => {
                let shape = shape(&error.code).unwrap_or(&error.code);
                let mut body = json!({"__type": shape, "message": error.message});
                if let (Some(item), Some(fields)) = (&error.item, body.as_object_mut()) {
                    fields.insert("Item".to_owned(), (**item).clone());
                }
                (error.status, body.to_string())
            }
        };
        let (content_type, (status, body)) = match self {
            Self::RestXml => return rest_xml::respond(operation, outcome, id),
            Self::Query(namespace) => {
                let written = query::write(operation, namespace, outcome, id);
                ("text/xml", written)
            }
            Self::Json(content_type) => (content_type, in_json(|_| None)),
            Self::JsonAfterQuery(shape) => (JSON_1_0, in_json(shape)),
            Self::RestJson => ("application/json", in_json(|_| None)),
        };
        let mut response = plain(status, body, id);
        response.headers_mut().insert("content-type", content_type);
        if let (Self::JsonAfterQuery(_), Err(error)) = (self, outcome) {
            let code = format!("{};Sender", error.code);
            response.headers_mut().insert("x-amzn-query-error", code);
        }
        response
    }
}

/// An answer to a request that was not understood, in the protocol of its service if that is known.
pub(crate) fn refuse(protocol: Option<Protocol>, error: &ApiError, id: &str) -> HttpResponse {
    if let Some(Protocol::RestXml) = protocol {
        return rest_xml::respond("", &Err(error.clone()), id);
    }
    let body = json!({"__type": error.code, "message": error.message}).to_string();
    plain(error.status, body, id)
}
