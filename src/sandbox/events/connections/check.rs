//! What does the API's model refuse in a connection? All violations are told at once, as AWS does; values that are
//! secret are not repeated.
//!
//! The limits are those of the model:
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateConnection.html> and the types that it names.

use super::wire::{AuthParameters, Http, Pair, Put};
use crate::sandbox::events::error::invalid;
use crate::sandbox::events::names::is_plain;
use crate::sandbox::wire::ApiError;

/// The longest user name, password, key, and header, in characters.
const LONGEST: usize = 512;

/// The most parameters of one kind.
const MOST: usize = 100;

/// The longest endpoint, in characters.
const LONGEST_ENDPOINT: usize = 2_048;

/// What breaks the model so far.
#[derive(Default)]
struct Violations(Vec<String>);

impl Violations {
    fn add(&mut self, at: &str, constraint: &str) {
        self.0.push(format!(
            "Value at '{at}' failed to satisfy constraint: {constraint}"
        ));
    }

    /// Refuses a text that is too long, or not of the characters that it may have.
    fn text(
        &mut self,
        at: &str,
        text: Option<&str>,
        least: usize,
        most: usize,
        fits: fn(char) -> bool,
    ) {
        let Some(text) = text else {
            return;
        };
        let length = text.chars().count();
        if length < least {
            let constraint = format!("Member must have length greater than or equal to {least}");
            self.add(at, &constraint);
        }
        if length > most {
            let constraint = format!("Member must have length less than or equal to {most}");
            self.add(at, &constraint);
        }
        if !text.chars().all(fits) {
            self.add(at, "Member must satisfy regular expression pattern");
        }
    }

    /// Refuses a word that is not in a list.
    fn word(&mut self, at: &str, word: Option<&str>, words: &[&str]) {
        if word.is_some_and(|word| !words.contains(&word)) {
            let constraint = format!("Member must satisfy enum value set: [{}]", words.join(", "));
            self.add(at, &constraint);
        }
    }

    fn end(self) -> Result<(), ApiError> {
        let count = self.0.len();
        let errors = if count == 1 { "error" } else { "errors" };
        match count {
            0 => Ok(()),
            _ => Err(invalid(format!(
                "{count} validation {errors} detected: {}",
                self.0.join("; ")
            ))),
        }
    }
}

/// Checks a call that makes or changes a connection.
pub(super) fn check(put: &Put) -> Result<(), ApiError> {
    let mut found = Violations::default();
    let plain = |c: char| c.is_ascii() && is_plain(c.encode_utf8(&mut [0; 4]));
    found.text("name", Some(&put.name), 1, 64, plain);
    let any = |c: char| c != '\n';
    found.text("description", put.description.as_deref(), 0, LONGEST, any);
    let kinds = ["BASIC", "OAUTH_CLIENT_CREDENTIALS", "API_KEY"];
    let kind = put.authorization_type.as_deref();
    found.word("authorizationType", kind, &kinds);
    if let Some(given) = &put.auth_parameters {
        credentials(&mut found, given);
    }
    found.end()
}

/// Neither control characters nor a colon.
fn in_credentials(c: char) -> bool {
    c == '\t' || !(c.is_ascii_control() || c == ':')
}

/// What the name of a header is made of: RFC 9110, section 5.6.2.
fn in_header_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

fn in_header(c: char) -> bool {
    c == '\t' || c == ' ' || c.is_ascii_graphic()
}

fn in_query(c: char) -> bool {
    !c.is_ascii_control()
}

fn in_query_value(c: char) -> bool {
    !c.is_ascii_control() || c == '\n' || c == '\r'
}

fn in_endpoint(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-()_.!~*';/?:@&=+$,%".contains(c)
}

fn credentials(found: &mut Violations, given: &AuthParameters) {
    let mut credential = |at: &str, text: Option<&str>| {
        let at = format!("authParameters.{at}");
        found.text(&at, text, 1, LONGEST, in_credentials);
    };
    if let Some(basic) = &given.basic_auth_parameters {
        let password = basic.password.as_ref();
        let user = basic.username.as_deref();
        credential("basicAuthParameters.username", user);
        let password = password.map(|secret| secret.reveal());
        credential("basicAuthParameters.password", password);
    }
    if let Some(key) = &given.api_key_auth_parameters {
        let name = key.api_key_name.as_deref();
        credential("apiKeyAuthParameters.apiKeyName", name);
        let value = key.api_key_value.as_ref();
        let value = value.map(|secret| secret.reveal());
        credential("apiKeyAuthParameters.apiKeyValue", value);
    }
    if let Some(client) = &given.o_auth_parameters {
        if let Some(client) = &client.client_parameters {
            let id = client.client_id.as_deref();
            credential("oAuthParameters.clientParameters.clientID", id);
            let secret = client.client_secret.as_ref();
            let secret = secret.map(|secret| secret.reveal());
            credential("oAuthParameters.clientParameters.clientSecret", secret);
        }
        let at = "authParameters.oAuthParameters.authorizationEndpoint";
        let endpoint = client.authorization_endpoint.as_deref();
        found.text(at, endpoint, 1, LONGEST_ENDPOINT, in_endpoint);
        let at = "authParameters.oAuthParameters.httpMethod";
        let method = client.http_method.as_deref();
        found.word(at, method, &["GET", "POST", "PUT"]);
        if let Some(http) = &client.o_auth_http_parameters {
            parameters(found, "oAuthParameters.oAuthHttpParameters", http);
        }
    }
    if let Some(http) = &given.invocation_http_parameters {
        parameters(found, "invocationHttpParameters", http);
    }
}

/// Whether a character may stand in a text.
type Allowed = fn(char) -> bool;

fn parameters(found: &mut Violations, at: &str, http: &Http) {
    let mut list = |kind: &str,
                    pairs: Option<&Vec<Pair>>,
                    (longest, of_key, of_value): (usize, Allowed, Allowed)| {
        let pairs = pairs.map(Vec::as_slice).unwrap_or_default();
        let at = format!("authParameters.{at}.{kind}");
        if pairs.len() > MOST {
            let constraint = format!("Member must have length less than or equal to {MOST}");
            found.add(&at, &constraint);
        }
        for (index, pair) in (1..).zip(pairs) {
            let at = |member: &str| format!("{at}.{index}.member.{member}");
            let value = pair.value.as_ref().map(|secret| secret.reveal());
            found.text(&at("key"), pair.key.as_deref(), 0, longest, of_key);
            found.text(&at("value"), value, 0, longest, of_value);
        }
    };
    let header = (LONGEST, in_header_name as Allowed, in_header as Allowed);
    let query = (LONGEST, in_query as Allowed, in_query_value as Allowed);
    // The model has no limit for these.
    let body = (usize::MAX, any as fn(char) -> bool, any as fn(char) -> bool);
    list("headerParameters", http.header_parameters.as_ref(), header);
    list(
        "queryStringParameters",
        http.query_string_parameters.as_ref(),
        query,
    );
    list("bodyParameters", http.body_parameters.as_ref(), body);
}

fn any(_: char) -> bool {
    true
}
