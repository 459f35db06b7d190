//! A token for an OAuth client: `grant_type=client_credentials`, as a form or as JSON.
//!
//! RFC 6749, sections 4.4 and 5.2.

use serde_json::{Value, json};

use super::desk::Desk;
use super::encode::pairs;
use super::exchange::Response;

pub(super) fn token(desk: &mut Desk<'_>) -> Response {
    let request = desk.request;
    let form: Vec<(String, String)> = match request.json() {
        Some(Value::Object(fields)) => fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
            .collect(),
        _ => pairs(&request.body),
    };
    let field = |name: &str| {
        let mut all = form.iter().chain(&request.query);
        let found = all.find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    if field("grant_type") != "client_credentials" {
        return refused(400, "unsupported_grant_type");
    }
    let secret = match desk.authorization("Basic") {
        Some(client) => client.split_once(':').map(|(_, secret)| secret.to_owned()),
        None => Some(field("client_secret")),
    };
    let secret = secret.unwrap_or_default();
    if secret.is_empty() || !desk.knows(&secret) {
        return refused(401, "invalid_client");
    }
    let token = desk.give();
    let said = json!({"access_token": token, "token_type": "bearer", "scope": field("scope")});
    Response::json(200, &said)
}

fn refused(status: u16, error: &str) -> Response {
    Response::json(status, &json!({"error": error}))
}
