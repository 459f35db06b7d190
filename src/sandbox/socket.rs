//! The sandbox behind a socket of this machine, for clients in other processes: HTTP/1.1 as
//! far as the SDK speaks it.

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

use super::instance::Sandbox;

/// No request here has a longer head or body, in bytes.
const HEAD: usize = 64 * 1024;

const BODY: usize = 8 * 1024 * 1024;

/// Answers whoever connects, each request `latency` after it has come; it ends when the listener
/// fails. Clients need the address as a number (`http://127.0.0.1:PORT`): S3 would put the bucket
/// before a name.
pub async fn serve(sandbox: Sandbox, listener: TcpListener, latency: Duration) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let sandbox = sandbox.clone();
        // A connection that breaks is its client's concern.
        tokio::spawn(async move { converse(&sandbox, stream, latency).await });
    }
}

/// One request after the other, until either side closes.
async fn converse(sandbox: &Sandbox, mut stream: TcpStream, latency: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    while let Some(request) = read(&mut stream, &mut buffer).await? {
        let due = Instant::now() + latency;
        let is_head = request.method() == "HEAD";
        let answer = sandbox.answer(&request);
        sleep_until(due).await;
        // A connection that a fault breaks is closed without a word.
        let Ok(response) = answer else {
            return Ok(());
        };
        stream.write_all(&written(&response, is_head)).await?;
    }
    Ok(())
}

/// The next request, or the end of the connection. What has come behind it stays in the buffer.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<HttpRequest>> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if buffer.len() > HEAD {
            return Err(bad("the head is too long"));
        }
        if stream.read_buf(buffer).await? == 0 {
            return match buffer.is_empty() {
                true => Ok(None),
                false => Err(io::ErrorKind::UnexpectedEof.into()),
            };
        }
    };
    let head = buffer.get(..end).unwrap_or_default();
    let head = std::str::from_utf8(head).map_err(|_| bad("the head is not UTF-8"))?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(uri)) = (first.next(), first.next()) else {
        return Err(bad("no request line"));
    };
    let mut request = http::Request::builder().method(method).uri(uri);
    let mut length = 0;
    for line in lines {
        let (name, value) = line.split_once(':').ok_or_else(|| bad("no header"))?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(bad("bodies of unknown length are not taken"));
        }
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().map_err(|_| bad("no length"))?;
        }
        request = request.header(name, value);
    }
    if length > BODY {
        return Err(bad("the body is too long"));
    }
    let begin = end + 4;
    while buffer.len() < begin + length {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let rest = buffer.split_off(begin + length);
    let body = SdkBody::from(buffer.get(begin..).unwrap_or_default().to_vec());
    *buffer = rest;
    let request = request.body(body).map_err(io::Error::other)?;
    HttpRequest::try_from(request)
        .map(Some)
        .map_err(io::Error::other)
}

fn bad(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.to_owned())
}

fn written(response: &HttpResponse, is_head: bool) -> Vec<u8> {
    let body = response.body().bytes().unwrap_or_default();
    let body = if is_head { &[] } else { body };
    let mut text = format!("HTTP/1.1 {} \r\n", response.status().as_u16());
    for (name, value) in response.headers() {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
