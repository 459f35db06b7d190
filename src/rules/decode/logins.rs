//! Who does a channel of a service call as: a user, a key in a header, or an OAuth client?

use super::service_values::{Map, Query, wrong};
use crate::diagnostic::{Report, codes, shown};
use crate::rules::model::{Login, OAuthClient};
use crate::rules::syntax::channel_keys::{BASIC, HEADER, OAUTH};

/// Exactly one of some logins.
pub(super) fn login(map: &Map<'_>, logins: &[&str], report: &mut Report) -> Option<Login> {
    let choices: Vec<String> = logins.iter().map(|login| format!("`{login}`")).collect();
    let choices = choices.join(" or ");
    let given: Vec<&str> = map.fields.names().filter(|n| logins.contains(n)).collect();
    let Some(first) = given.first().copied() else {
        report
            .error(codes::LOGIN, map.fields.span)
            .message(format!("{} does not say who calls", map.what))
            .label("a login is missing")
            .help(format!("give it {choices}"));
        return None;
    };
    for second in given.iter().skip(1) {
        report
            .error(
                codes::LOGIN,
                map.fields.key(second).unwrap_or(map.fields.span),
            )
            .message(format!("{} has a second login, `{second}`", map.what))
            .label("expected one login")
            .help(format!("keep one of {choices}"));
    }
    let node = map.fields.get(first)?;
    let (keys, example) = match first {
        "basic" => (
            BASIC,
            "basic: { user: iamwatch, password: \"${env:PASSWORD}\" }",
        ),
        "header" => (
            HEADER,
            "header: { name: X-Api-Key, value: \"${env:API_KEY}\" }",
        ),
        _ => (
            OAUTH,
            "oauth: { token_url: \"https://…\", client_id: iamwatch, client_secret: \"${env:CLIENT_SECRET}\" }",
        ),
    };
    let map = Map::read(node, keys, &format!("`{first}`"), example, report)?;
    let login = match first {
        "basic" => basic(&map, report),
        "header" => header(&map, report),
        _ => oauth(&map, report),
    };
    login.filter(|_| map.is_good && given.len() == 1)
}

fn basic(map: &Map<'_>, report: &mut Report) -> Option<Login> {
    let user = map.text("user", "a user name", report);
    // Source: RFC 7617, section 2.
    let user = user.and_then(|(text, span)| {
        if !text.contains(':') {
            return Some(text.to_owned());
        }
        wrong(
            span,
            "the user name holds a colon",
            "a colon ends the user name, and the password begins",
            "write the user name alone; the password stands under `password`",
            report,
        )
    });
    let password = map.secret("password", report);
    Some(Login::Basic {
        user: user?,
        password: password?,
    })
}

/// Headers that Step Functions sets or removes. A connection may set `Authorization`. Source: Step Functions developer
/// guide, "Call HTTPS APIs", restricted headers.
const REFUSED_HEADERS: [&str; 35] = [
    "a-im",
    "accept-charset",
    "accept-datetime",
    "accept-encoding",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authorization",
    "range",
    "referer",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "warning",
];

/// How the others begin.
const REFUSED_BEGINNINGS: [&str; 3] = ["x-forwarded-", "x-amz-", "x-amzn-"];

fn header(map: &Map<'_>, report: &mut Report) -> Option<Login> {
    let name = map.text("name", "a header's name", report);
    let name = name.and_then(|(text, span)| {
        // Source: RFC 9110, section 5.6.2.
        let good = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if !text.bytes().all(good) {
            return wrong(
                span,
                format!("{} is not the name of a header", shown(text)),
                "expected letters, digits and `-`",
                "write the name alone, such as `X-Api-Key`, without colon and value",
                report,
            );
        }
        let small = text.to_ascii_lowercase();
        let begins = |beginning: &&str| small.starts_with(*beginning);
        if REFUSED_HEADERS.contains(&small.as_str()) || REFUSED_BEGINNINGS.iter().any(begins) {
            return wrong(
                span,
                format!("Step Functions sends no header {} of ours", shown(text)),
                "this header cannot hold a key",
                "take a header such as `Authorization` or `X-Api-Key`",
                report,
            );
        }
        Some(text.to_owned())
    });
    let value = map.secret("value", report);
    Some(Login::Header {
        name: name?,
        value: value?,
    })
}

fn oauth(map: &Map<'_>, report: &mut Report) -> Option<Login> {
    let token_url = map.url("token_url", Query::May, report);
    let client_id = map.text("client_id", "a client's identifier", report);
    let client_secret = map.secret("client_secret", report);
    let scope = match map.fields.get("scope") {
        None => Some(None),
        Some(_) => map
            .text("scope", "a scope", report)
            .map(|(text, _)| Some(text.to_owned())),
    };
    Some(Login::OAuth(OAuthClient {
        token_url: token_url?.0,
        client_id: client_id?.0.to_owned(),
        client_secret: client_secret?,
        scope: scope?,
    }))
}
