//! Which request is made of a task and its connection? Where both say something, the connection wins.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html#http-task-data-merge>

use aws_smithy_types::base64;
use serde_json::{Map, Value, json};

use super::arguments::Arguments;
use super::encoding::form;
use super::failure::{Failure, failure};
use crate::sandbox::events::connections::{Authorization, Connection};
use crate::sandbox::receivers::Request;
use crate::sandbox::secret::Secret;
use crate::sandbox::site::Site;

fn wrong(cause: &str) -> Failure {
    failure("States.Runtime", cause)
}

pub(super) fn assemble(
    site: &Site,
    asked: Arguments,
    connection: &Connection,
) -> Result<Request, Failure> {
    let no_url = || wrong("The ApiEndpoint is not a URL.");
    let mut request = Request::to(&asked.method, &asked.endpoint).ok_or_else(no_url)?;
    request.query.extend(asked.query);
    request.headers = asked.headers;
    let agent = format!("Amazon|StepFunctions|HttpInvoke|{}", site.region);
    set_header(&mut request.headers, "User-Agent", &agent);
    set_header(&mut request.headers, "Range", "bytes=0-262144");
    let content = "application/json; charset=UTF-8";
    let has = |name: &str| {
        let mut headers = request.headers.iter();
        headers.any(|(given, _)| given.eq_ignore_ascii_case(name))
    };
    if !has("content-type") {
        set_header(&mut request.headers, "Content-Type", content);
    }
    for one in &connection.parameters.headers {
        set_header(&mut request.headers, &one.key, one.value.reveal());
    }
    for one in &connection.parameters.query {
        request.query.retain(|(name, _)| *name != one.key);
        let value = one.value.reveal().to_owned();
        request.query.push((one.key.clone(), value));
    }
    let secret = connection.parameters.all().filter(|one| one.is_secret);
    request.secrets = secret.map(|one| one.value.clone()).collect();
    authorize(&mut request, connection)?;
    let body = merged(asked.body, connection)?;
    request.body = match (body, asked.form) {
        (None, _) => String::new(),
        (Some(Value::String(text)), _) => text,
        (Some(body), None) => body.to_string(),
        (Some(body), Some(lists)) => form(&body, lists),
    };
    Ok(request)
}

/// Sets a header in the place of those with the name, however they are written.
fn set_header(headers: &mut Vec<(String, String)>, name: &str, value: &str) {
    headers.retain(|(given, _)| !given.eq_ignore_ascii_case(name));
    headers.push((name.to_owned(), value.to_owned()));
}

/// Puts into the request what authorizes it.
fn authorize(request: &mut Request, connection: &Connection) -> Result<(), Failure> {
    let nothing = || wrong("The connection has nothing that authorizes.");
    let (name, value) = match connection.authorization.as_ref().ok_or_else(nothing)? {
        Authorization::Basic { user, password } => {
            let both = format!("{user}:{}", password.reveal());
            request.secrets.push(password.clone());
            let value = format!("Basic {}", base64::encode(both));
            ("Authorization", value)
        }
        Authorization::ApiKey { name, value } => {
            request.secrets.push(value.clone());
            (name.as_str(), value.reveal().to_owned())
        }
        Authorization::OAuth(_) => {
            let token = connection.token.as_ref().ok_or_else(nothing)?;
            request.secrets.push(token.clone());
            ("Authorization", format!("Bearer {}", token.reveal()))
        }
    };
    // Behind its scheme stands what may turn up alone.
    let alone = value.split_once(' ').map(|(_, alone)| Secret::new(alone));
    request.secrets.extend(alone);
    request.secrets.push(Secret::new(value.clone()));
    set_header(&mut request.headers, name, &value);
    Ok(())
}

/// The body with what the connection adds. To a text nothing can be added; that a list is no better is an assumption.
fn merged(body: Option<Value>, connection: &Connection) -> Result<Option<Value>, Failure> {
    let parameters = &connection.parameters.body;
    if parameters.is_empty() {
        return Ok(body);
    }
    let mut fields = match body {
        None => Map::new(),
        Some(Value::Object(fields)) => fields,
        Some(_) => {
            let cause = "The request body is no object, and cannot be merged with the body \
                parameters of the connection.";
            return Err(wrong(cause));
        }
    };
    for one in parameters {
        fields.insert(one.key.clone(), json!(one.value.reveal()));
    }
    Ok(Some(Value::Object(fields)))
}
