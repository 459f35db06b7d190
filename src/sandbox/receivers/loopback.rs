//! How is a real receiver on this machine asked? One request over HTTP/1.1, after which the connection is closed.
//!
//! The sandbox stands still meanwhile: the receiver must run on a thread of its own.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::encode::form;
use super::exchange::{Request, Response, header_of};

/// How long it is waited for the answer. An HTTP task waits for a minute, which nobody wants to see here.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest answer, in bytes.
const LONGEST: usize = 8 * 1024 * 1024;

/// The answer of whoever listens at an address, or why there is none.
pub(super) fn ask(address: SocketAddr, request: &Request) -> Result<Response, String> {
    let bytes = converse(address, request).map_err(|error| error.to_string())?;
    read(&bytes).ok_or_else(|| "the answer is not HTTP/1.1".to_owned())
}

fn converse(address: SocketAddr, request: &Request) -> io::Result<Vec<u8>> {
    let until = Instant::now() + PATIENCE;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(written(request).as_bytes())?;
    let (mut bytes, mut chunk) = (Vec::new(), [0_u8; 8192]);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"));
        }
        stream.set_read_timeout(Some(left))?;
        let count = stream.read(&mut chunk)?;
        bytes.extend_from_slice(chunk.get(..count).unwrap_or_default());
        if count == 0 || is_whole(&bytes) || bytes.len() > LONGEST {
            return Ok(bytes);
        }
    }
}

fn written(request: &Request) -> String {
    let query = match request.query.is_empty() {
        true => String::new(),
        false => format!("?{}", form(&request.query)),
    };
    let mut text = format!("{} {}{query} HTTP/1.1\r\n", request.method, request.path);
    text.push_str(&format!("Host: {}\r\n", request.host));
    for (name, value) in &request.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\n", request.body.len()));
    text.push_str("Connection: close\r\n\r\n");
    text.push_str(&request.body);
    text
}

/// The head and what stands behind it.
fn parts(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    Some((head, bytes.get(end + 4..)?))
}

fn headers(head: &str) -> Vec<(String, String)> {
    let lines = head.split("\r\n").skip(1);
    let pairs = lines.filter_map(|line| line.split_once(':'));
    pairs
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

fn is_chunked(headers: &[(String, String)]) -> bool {
    let coding = header_of(headers, "transfer-encoding");
    coding.is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
}

/// Whether the answer is all there, though the connection is still open.
fn is_whole(bytes: &[u8]) -> bool {
    let Some((head, body)) = parts(bytes) else {
        return false;
    };
    let headers = headers(head);
    if is_chunked(&headers) {
        return body.ends_with(b"0\r\n\r\n");
    }
    let length = header_of(&headers, "content-length").and_then(|text| text.parse().ok());
    length.is_some_and(|length: usize| body.len() >= length)
}

fn read(bytes: &[u8]) -> Option<Response> {
    let (head, body) = parts(bytes)?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?;
    let headers = headers(head);
    let length = header_of(&headers, "content-length").and_then(|text| text.parse().ok());
    let body = match (is_chunked(&headers), length) {
        (true, _) => joined(body)?,
        (false, Some(length)) => body.get(..length)?.to_vec(),
        (false, None) => body.to_vec(),
    };
    Some(Response {
        status: status.get(..3)?.parse().ok()?,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// The chunks of a body, put together: RFC 9112, section 7.1.
fn joined(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..end)?).ok()?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let begin = end.checked_add(2)?;
        let behind = begin.checked_add(size)?;
        body.extend_from_slice(rest.get(begin..behind)?);
        rest = rest.get(behind.checked_add(2)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_whole_or_in_chunks() {
        let whole = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-A: b\r\n\r\nok";
        let read_whole = read(whole).unwrap();
        assert_eq!((read_whole.status, read_whole.body.as_str()), (201, "ok"));
        assert_eq!(read_whole.header("x-a"), Some("b"));
        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\n\r\n";
        assert!(is_whole(chunked));
        assert_eq!(read(chunked).unwrap().body, "ok!");
        assert!(read(b"nonsense").is_none());
    }
}
