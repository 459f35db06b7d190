//! What all protocols need of HTTP.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

pub(super) fn plain(status: u16, body: String, id: &str) -> HttpResponse {
    let status = StatusCode::try_from(status)
        .or_else(|_| StatusCode::try_from(500))
        .unwrap_or_else(|_| http::StatusCode::INTERNAL_SERVER_ERROR.into());
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    response
        .headers_mut()
        .insert("x-amzn-requestid", id.to_owned());
    response
}

pub(super) fn path_and_query(request: &HttpRequest) -> (&str, &str) {
    let uri = request.uri();
    let (_, rest) = uri.split_once("://").unwrap_or(("", uri));
    let rest = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/");
    rest.split_once('?').unwrap_or((rest, ""))
}

pub(super) fn decode_form(text: &str) -> String {
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
