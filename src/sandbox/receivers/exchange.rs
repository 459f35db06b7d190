//! What is a request to somebody beyond AWS, and what comes back?

use serde_json::Value;

use super::encode::pairs;
use crate::sandbox::secret::Secret;

/// A request by https. It has no `Debug`, since secrets stand in it.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// In small letters, with the port if there is one.
    pub(crate) host: String,
    /// As it stands in the address.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// What no outbox may show, wherever it stands in the request.
    pub(crate) secrets: Vec<Secret>,
}

impl Request {
    /// A request without headers and body. Nothing if the address does not begin with `https://` and a host.
    pub(crate) fn to(method: &str, url: &str) -> Option<Self> {
        let rest = url.strip_prefix("https://")?;
        let rest = rest.split('#').next().unwrap_or_default();
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = match address.split_once('/') {
            Some((host, path)) => (host, format!("/{path}")),
            None => (address, "/".to_owned()),
        };
        let host = host.strip_suffix(":443").unwrap_or(host);
        (!host.is_empty() && !host.contains('@')).then(|| Self {
            method: method.to_owned(),
            host: host.to_ascii_lowercase(),
            path,
            query: pairs(query),
            headers: Vec::new(),
            body: String::new(),
            secrets: Vec::new(),
        })
    }

    /// The header of that name, however it is written.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header_of(&self.headers, name)
    }

    /// The query parameter of that name.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body, if it is JSON.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }
}

/// What somebody answers.
#[derive(Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    pub(super) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub(super) fn text(status: u16, body: &str) -> Self {
        let mut response = Self::empty(status).with("Content-Type", "text/plain; charset=utf-8");
        response.body = body.to_owned();
        response
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        let mut response =
            Self::empty(status).with("Content-Type", "application/json; charset=utf-8");
        response.body = body.to_string();
        response
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The header of that name, however it is written.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header_of(&self.headers, name)
    }
}

/// The header of that name, however it is written.
pub(super) fn header_of<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    let mut all = headers.iter();
    let found = all.find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// What becomes of a request.
pub(crate) enum Reached {
    Answer(Response),
    /// Nobody answered, or not in time; why.
    Nobody(String),
}
