//! What is shown of addresses that may hold a secret.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

/// So many bytes of a digest tell two addresses of one host apart, also where somebody tries to make two alike.
const BYTES: usize = 8;

/// A URL without what may be a secret; other addresses as they are. Its scheme and host stay. A user with his password
/// goes, and so does all that follows the host, since the path of a webhook is often its token: digits of a digest stand
/// for it, so that two of one host are told apart.
pub(crate) fn masked(address: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = address.split_once("://") else {
        return Cow::Borrowed(address);
    };
    let Parts { user, host, after } = Parts::of(rest);
    let user = user.map_or("", |_| "***@");
    match (user, after) {
        ("", "" | "/") => Cow::Borrowed(address),
        (_, "" | "/") => Cow::Owned(format!("{scheme}://{user}{host}{after}")),
        _ => {
            let digest = Sha256::digest(after);
            let digits: String = digest
                .iter()
                .take(BYTES)
                .map(|byte| format!("{byte:02x}"))
                .collect();
            Cow::Owned(format!("{scheme}://{user}{host}/…({digits})"))
        }
    }
}

/// Keys of the rules file whose URLs are no secret, but for a user with his password.
const OPEN_KEYS: [&str; 2] = ["runbook:", "sqs:"];

/// Keys of the rules file whose values are secrets, or are URLs that may hold one.
const SECRET_KEYS: [&str; 8] = [
    "token",
    "routing_key",
    "sig",
    "key",
    "password",
    "client_secret",
    "value",
    "url",
];

/// Kinds of channels behind which somebody may write a secret in place of a map.
const KINDS: [&str; 5] = [
    "slack",
    "teams",
    "pagerduty",
    "jira_service_management",
    "webhook",
];

/// How the name of a variable begins that holds a secret.
const VARIABLE: &str = "${env:";

/// A line of a rules file with stars for what may be a secret, as long as before.
pub(crate) fn starred(line: &str) -> Cow<'_, str> {
    match without_secrets(line) {
        Cow::Borrowed(line) => without_paths(line),
        Cow::Owned(line) => Cow::Owned(without_paths(&line).into_owned()),
    }
}

/// A line with stars for the values of [`SECRET_KEYS`] and [`KINDS`] that name no variable.
fn without_secrets(line: &str) -> Cow<'_, str> {
    if !line.contains(':') {
        return Cow::Borrowed(line);
    }
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    let mut is_flow = false;
    while let Some((before, after)) = rest.split_once(':') {
        shown.push_str(before);
        shown.push(':');
        rest = after;
        is_flow |= before.contains('{');
        let key = before.trim_end().trim_end_matches(['"', '\'']);
        let is_of_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let word = key.trim_end_matches(is_of_key);
        let word = key.strip_prefix(word).unwrap_or(key);
        let is_kind = KINDS.contains(&word);
        if !is_kind && !SECRET_KEYS.contains(&word) {
            continue;
        }
        let blank = after.trim_start();
        shown.push_str(after.strip_suffix(blank).unwrap_or_default());
        let (quote, value) = match blank.chars().next() {
            Some(quote @ ('"' | '\'')) => (Some(quote), blank.get(1..).unwrap_or_default()),
            _ => (None, blank),
        };
        shown.extend(quote);
        rest = value;
        let end = match quote {
            Some(quote) => closing(value, quote),
            // A list or map hides all of the line.
            None if value.starts_with(['[', '{']) => None,
            None if is_flow => value.find([',', '}']),
            None => None,
        };
        let secret = value.get(..end.unwrap_or(value.len())).unwrap_or(value);
        let secret = secret.trim_end();
        // A URL keeps its host, and the map of a kind its keys.
        let is_open = is_variable(secret)
            || (word == "url" && secret.contains("://"))
            || (quote.is_none() && is_kind && secret.starts_with('{'));
        if !is_open {
            shown.extend(std::iter::repeat_n('*', secret.len()));
            rest = value.strip_prefix(secret).unwrap_or_default();
        }
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Where a text in quotes ends.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if quote == '"' && c == '\\' {
            chars.next();
        } else if c == quote {
            // Twice in single quotes it is one of the text.
            let is_twice = quote == '\'' && chars.next_if(|(_, c)| *c == quote).is_some();
            if !is_twice {
                return Some(at);
            }
        }
    }
    None
}

/// Whether nothing stands there but the name of a variable. Without quotes its brace may end a map.
fn is_variable(text: &str) -> bool {
    text.strip_prefix(VARIABLE).is_some_and(|name| {
        let name = name.strip_suffix('}').unwrap_or(name);
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// A line with stars for what may be a secret in its URLs.
fn without_paths(line: &str) -> Cow<'_, str> {
    if !line.contains("://") {
        return Cow::Borrowed(line);
    }
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let key = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric());
        let quote = key.chars().next_back().filter(|c| matches!(c, '"' | '\''));
        let end = match quote {
            Some(quote) => after.find(quote),
            None => after.find(char::is_whitespace),
        };
        let (url, behind) = after
            .split_at_checked(end.unwrap_or(after.len()))
            .unwrap_or((after, ""));
        let key = key.trim_end_matches(['"', '\'', ' ']);
        let is_open = OPEN_KEYS.iter().any(|open| key.ends_with(open));
        let Parts { user, host, after } = Parts::of(url);
        if let Some(user) = user {
            stars(&mut shown, user);
            shown.push('@');
        }
        shown.push_str(host);
        if is_open {
            shown.push_str(after);
        } else {
            stars(&mut shown, after);
        }
        rest = behind;
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Stars in place of a text, one for each byte; where it begins is shown.
fn stars(shown: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '/' | '?' | '#' => shown.push(c),
            c => shown.extend(std::iter::repeat_n('*', c.len_utf8())),
        }
    }
}

/// What stands behind the scheme of a URL.
struct Parts<'a> {
    /// The user, with a password or without.
    user: Option<&'a str>,
    /// The host, with a port or without.
    host: &'a str,
    /// Path, query and fragment.
    after: &'a str,
}

impl<'a> Parts<'a> {
    fn of(rest: &'a str) -> Self {
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        Self { user, host, after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_url_the_host_stays() {
        for (address, begins, gone) in [
            (
                "https://hooks.example.com/services/T0/B0/s3cr3t",
                "https://hooks.example.com/…(",
                "s3cr3t",
            ),
            (
                "https://example.com?token=abc",
                "https://example.com/…(",
                "abc",
            ),
            ("https://example.com#abc", "https://example.com/…(", "abc"),
            (
                "https://ann:pass@example.com:8443/in",
                "https://***@example.com:8443/…(",
                "pass",
            ),
            (
                "https://ann:p@ss@example.com",
                "https://***@example.com",
                "p@ss",
            ),
            (
                "https://ann@example.com/",
                "https://***@example.com/",
                "ann",
            ),
        ] {
            let shown = masked(address);
            assert!(shown.starts_with(begins), "{shown}");
            assert!(!shown.contains(gone), "{shown}");
        }
        for plain in [
            "https://example.com",
            "https://example.com/",
            "security@example.com",
            "+4915112345678",
            "arn:aws:sqs:us-east-1:111122223333:alerts",
        ] {
            assert_eq!(masked(plain), plain);
        }
    }

    #[test]
    fn a_line_keeps_its_length_and_not_its_secrets() {
        for (line, wanted) in [
            (
                "  hook: { https: \"https://a:b@h.example.com/T0/x?k=v,w\", format: json }",
                "  hook: { https: \"https://***@h.example.com/**/*?*****\", format: json }",
            ),
            (
                "  https: https://h.example.com/T0KEN",
                "  https: https://h.example.com/*****",
            ),
            ("https: 'https://h/é' # x", "https: 'https://h/**' # x"),
            ("runbook: https://wiki/x", "runbook: https://wiki/x"),
            (
                "runbook: \"https://a@wiki/x\"",
                "runbook: \"https://*@wiki/x\"",
            ),
            (
                "d: { sqs: \"https://sqs/1/q\" }",
                "d: { sqs: \"https://sqs/1/q\" }",
            ),
            ("no address", "no address"),
            (
                "  c: { slack: { channel: C0123456789, token: xoxb-1 } }",
                "  c: { slack: { channel: C0123456789, token: ****** } }",
            ),
            ("    token: xoxb-1, a b", "    token: ***********"),
            (
                "  c: { slack: xoxb-1, format: json }",
                "  c: { slack: ******, format: json }",
            ),
            (
                "    \"password\" : 'é}:' # x",
                "    \"password\" : '****' # x",
            ),
            (
                "x: { key: \"${env:K}\", url: \"https://h/a?b\" }",
                "x: { key: \"${env:K}\", url: \"https://h/*?*\" }",
            ),
            (
                r#"{ token: "a\"b", key: 'a''b' }"#,
                r#"{ token: "****", key: '****' }"#,
            ),
            ("x: { token: [a, b] }", "x: { token: ********"),
            ("    key: ${env:K}", "    key: ${env:K}"),
            ("    key: ${env:K}s3cr3t", "    key: **************"),
            ("    url: h.example.com/T0", "    url: ****************"),
            ("topics: { kms_key: create }", "topics: { kms_key: create }"),
            ("https://", "https://"),
        ] {
            assert_eq!(starred(line), wanted);
            assert_eq!(starred(line).len(), line.len());
        }
    }

    #[test]
    fn two_of_one_host_are_told_apart() {
        assert_ne!(
            masked("https://example.com/a"),
            masked("https://example.com/b")
        );
        assert_ne!(
            masked("https://example.com/a"),
            masked("https://example.com/a?b")
        );
        assert_eq!(
            masked("https://example.com/a"),
            masked("https://example.com/a")
        );
    }
}
