//! How does EventBridge get the token of an OAuth client?
//!
//! The form of the request is unsourced: it is sent as a form with the client in its body. `grant_type` and `scope` are
//! what the connection has among the parameters of its client, and nothing is added, so that whoever forgets them
//! finds out here.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection-auth.html>

use serde_json::Value;

use super::state::{OAuth, Parameter};
use crate::sandbox::receivers::{Reached, Request, encode, reach};
use crate::sandbox::secret::Secret;
use crate::sandbox::world::World;

/// The token, or why there is none.
pub(super) fn token(world: &mut World, client: &OAuth) -> Result<Secret, String> {
    let pair = |one: &Parameter| (one.key.clone(), one.value.reveal().to_owned());
    let mut form: Vec<(String, String)> = client.parameters.body.iter().map(pair).collect();
    form.push(("client_id".to_owned(), client.client_id.clone()));
    let secret = client.client_secret.reveal().to_owned();
    form.push(("client_secret".to_owned(), secret));
    let no_url = || "The authorization endpoint is not a URL.".to_owned();
    let mut request = Request::to(&client.method, &client.endpoint).ok_or_else(no_url)?;
    request
        .query
        .extend(client.parameters.query.iter().map(pair));
    request
        .headers
        .extend(client.parameters.headers.iter().map(pair));
    let content = "application/x-www-form-urlencoded".to_owned();
    request.headers.push(("Content-Type".to_owned(), content));
    if client.method == "GET" {
        request.query.extend(form);
    } else {
        request.body = encode::form(&form);
    }
    let hidden = client.parameters.all().map(|one| one.value.clone());
    request.secrets.extend(hidden);
    request.secrets.push(client.client_secret.clone());
    let now = world.now();
    match reach(&mut world.receivers, &request, now) {
        Reached::Nobody(why) => Err(format!("The authorization endpoint did not answer: {why}")),
        Reached::Answer(answer) if (200..300).contains(&answer.status) => {
            let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
            let token = body.get("access_token").and_then(Value::as_str);
            let none = || "The authorization endpoint gave no access_token.".to_owned();
            token.map(Secret::new).ok_or_else(none)
        }
        Reached::Answer(answer) => Err(format!(
            "Authorization failed: the authorization endpoint answered with status code {}.",
            answer.status
        )),
    }
}
