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

/// A line of a rules file with stars for what may be a secret in its URLs, as long as before.
pub(crate) fn starred(line: &str) -> Cow<'_, str> {
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
