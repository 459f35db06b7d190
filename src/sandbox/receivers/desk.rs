//! What every model of a service does: it looks at secrets and places, gives ids, and keeps what it takes.

use aws_smithy_types::base64;
use serde_json::Value;

use super::exchange::Request;
use super::state::{Host, Room, State, Taken};
use crate::sandbox::secret::Secret;

/// A service at work on one request.
pub(super) struct Desk<'a> {
    pub(super) service: &'static str,
    pub(super) request: &'a Request,
    pub(super) state: &'a mut State,
    pub(super) now: i64,
}

/// What a service takes.
pub(super) struct Message {
    pub(super) place: String,
    pub(super) text: String,
    pub(super) body: Value,
    /// By what the service knows it again, where it does.
    pub(super) key: Option<String>,
}

impl Desk<'_> {
    fn host(&self) -> Option<&Host> {
        self.state.hosts.get(&self.request.host)
    }

    /// Whether the service takes a secret.
    pub(super) fn knows(&self, secret: &str) -> bool {
        let secrets = self.host().map(|host| &host.secrets);
        let secrets = secrets.filter(|secrets| !secrets.is_empty());
        secrets.is_none_or(|secrets| secrets.iter().any(|one| one.reveal() == secret))
    }

    /// Whether the service gave that token to an OAuth client.
    pub(super) fn gave(&self, token: &str) -> bool {
        let host = self.host();
        host.is_some_and(|host| host.tokens.iter().any(|one| one.reveal() == token))
    }

    /// Gives a token to an OAuth client.
    pub(super) fn give(&mut self) -> String {
        let token = format!("token-{:08}", self.id());
        let host = self.state.hosts.entry(self.request.host.clone());
        let tokens = &mut host.or_default().tokens;
        tokens.insert(Secret::new(token.clone()));
        token
    }

    /// What stands behind a scheme in the header `Authorization`; of Basic `user:password`.
    pub(super) fn authorization(&self, scheme: &str) -> Option<String> {
        let header = self.request.header("authorization")?;
        let (given, rest) = header.split_once(' ')?;
        if !given.eq_ignore_ascii_case(scheme) {
            return None;
        }
        match scheme {
            "Basic" => String::from_utf8(base64::decode(rest.trim()).ok()?).ok(),
            _ => Some(rest.trim().to_owned()),
        }
    }

    /// Whether the caller comes with user and password that the service takes, or with a token that it gave.
    pub(super) fn is_user(&self) -> bool {
        let user = self.authorization("Basic");
        let token = self.authorization("Bearer");
        user.is_some_and(|user| self.knows(&user)) || token.is_some_and(|token| self.gave(&token))
    }

    /// What is known of a place.
    pub(super) fn room(&self, name: &str) -> Room {
        let rooms = self.host().map(|host| &host.rooms);
        match rooms.filter(|rooms| !rooms.is_empty()) {
            None => Room::Open,
            Some(rooms) => rooms.get(name).copied().unwrap_or(Room::Missing),
        }
    }

    /// A new number; the same in every run.
    pub(super) fn id(&mut self) -> u64 {
        self.state.ids += 1;
        self.state.ids
    }

    /// What was taken before under a key and is still open.
    pub(super) fn before(&mut self, place: &str, key: &str) -> Option<&mut Taken> {
        let (service, host) = (self.service, self.request.host.as_str());
        self.state.taken.iter_mut().find(|taken| {
            taken.service == service
                && taken.host == host
                && taken.place == place
                && taken.open
                && taken.key.as_deref() == Some(key)
        })
    }

    /// Keeps a message. One that comes again under an open key adds to the first, whose id is the answer.
    pub(super) fn take(&mut self, message: Message, new: impl FnOnce(u64) -> String) -> String {
        if let Some(key) = &message.key
            && let Some(before) = self.before(&message.place, key)
        {
            before.repeated += 1;
            return before.id.clone();
        }
        let id = new(self.id());
        let secrets = &self.request.secrets;
        let mut body = message.body;
        scrub(&mut body, secrets);
        self.state.taken.push(Taken {
            service: self.service.to_owned(),
            host: self.request.host.clone(),
            place: message.place,
            id: id.clone(),
            time: self.now,
            text: hide(&message.text, secrets),
            body,
            key: message.key.map(|key| hide(&key, secrets)),
            repeated: 0,
            open: true,
        });
        id
    }
}

/// A text without the secrets of its request.
fn hide(text: &str, secrets: &[Secret]) -> String {
    let mut text = text.to_owned();
    let some = secrets.iter().map(Secret::reveal);
    for secret in some.filter(|secret| !secret.is_empty()) {
        if text.contains(secret) {
            text = text.replace(secret, "***");
        }
    }
    text
}

fn scrub(value: &mut Value, secrets: &[Secret]) {
    match value {
        Value::String(text) => *text = hide(text, secrets),
        Value::Array(items) => items.iter_mut().for_each(|item| scrub(item, secrets)),
        Value::Object(fields) => fields.values_mut().for_each(|item| scrub(item, secrets)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Everything that stands under one of these names anywhere in a value, in order: what a card says.
pub(super) fn texts(value: &Value, names: &[&str]) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(|item| texts(item, names)).collect(),
        Value::Object(fields) => {
            let found = fields.iter().flat_map(|(name, value)| match value {
                Value::String(text) if names.contains(&name.as_str()) => vec![text.clone()],
                _ => texts(value, names),
            });
            found.collect()
        }
        _ => Vec::new(),
    }
}
