//! What stands in the map of a service: texts, URLs, words, and secrets, whose values are never said.

use crate::diagnostic::{Report, Span, codes, is_unprintable};
use crate::rules::model::Secret;
use crate::rules::syntax::keys::MapKey;
use crate::rules::syntax::read::{self, Fields};
use crate::rules::syntax::yaml::{Node, Value};

/// The map of a service or login.
pub(super) struct Map<'n> {
    pub(super) fields: Fields<'n>,
    pub(super) what: String,
    /// Whether its keys are the right ones.
    pub(super) is_good: bool,
}

impl<'n> Map<'n> {
    pub(super) fn read(
        node: &'n Node,
        keys: &[MapKey],
        what: &str,
        example: &str,
        report: &mut Report,
    ) -> Option<Self> {
        match node.value {
            Value::Map(_) => {}
            Value::Refused => return None,
            _ => {
                // The value may be a secret, so that it is not said.
                report
                    .error(codes::WRONG_TYPE, node.span)
                    .message(format!("expected a map for {what}, found {}", node.kind()))
                    .label("expected a map")
                    .help(format!("write `{example}`"));
                return None;
            }
        }
        let before = report.errors();
        let fields = Fields::read(node, keys, what, report)?;
        Some(Self {
            fields,
            what: what.to_owned(),
            is_good: report.errors() == before,
        })
    }

    /// One printable line that is no secret, and where it stands.
    pub(super) fn text(
        &self,
        name: &str,
        what: &str,
        report: &mut Report,
    ) -> Option<(&'n str, Span)> {
        let node = self.fields.get(name)?;
        let text = read::text(node, what, report)?;
        if is_variable(node, name, report) {
            return None;
        }
        if text.chars().any(is_unprintable) || text.len() > 2_048 || text.trim() != text {
            return wrong(
                node.span,
                format!("`{name}` is not one line of printable characters"),
                format!("expected {what}"),
                "write it without blanks around it, as the service shows it",
                report,
            );
        }
        Some((text, node.span))
    }

    /// One of some words, of which the first stands for none.
    pub(super) fn choice(
        &self,
        name: &str,
        what: &str,
        words: &[&'static str],
        report: &mut Report,
    ) -> Option<&'static str> {
        let Some(node) = self.fields.get(name) else {
            return words.first().copied();
        };
        if is_variable(node, name, report) {
            return None;
        }
        read::word(node, what, words, report)
    }

    /// A secret. What stands in its place is not said, and its key is underlined.
    pub(super) fn secret(&self, name: &str, report: &mut Report) -> Option<Secret> {
        let node = self.fields.get(name)?;
        if matches!(node.value, Value::Refused) {
            return None;
        }
        let text = node.scalar().map_or("", |(text, _)| text);
        if let Some(variable) = variable(text) {
            return Some(Secret {
                variable: variable.to_owned(),
                span: node.span,
            });
        }
        let help = if text.starts_with(BEGINS) && text.ends_with('}') {
            "the name of a variable has letters, digits and `_`, and begins with no digit"
        } else if text.contains(BEGINS) {
            "put all of the secret into the variable: nothing stands before or behind `${env:NAME}`"
        } else {
            "put the secret into a variable of the environment, and write `\"${env:NAME}\"` with the variable's name; a \
             secret that stood in a file is better renewed"
        };
        report
            .error(codes::SECRET, self.fields.key(name).unwrap_or(node.span))
            .message(format!("`{name}` is a secret and is not `${{env:NAME}}`"))
            .label("expected the name of a variable of the environment")
            .help(help);
        None
    }

    /// A URL, and where it stands. It may hold a secret where none should be, so that it is not said.
    pub(super) fn url(
        &self,
        name: &str,
        query: Query,
        report: &mut Report,
    ) -> Option<(String, Span)> {
        let node = self.fields.get(name)?;
        let text = read::text(node, "a URL", report)?;
        if is_variable(node, name, report) {
            return None;
        }
        let Err((problem, help)) = check_url(text, query) else {
            let text = match query {
                Query::May => text,
                Query::Never => text.trim_end_matches('/'),
            };
            return Some((text.to_owned(), node.span));
        };
        wrong(
            node.span,
            format!("`{name}` {problem}"),
            "expected a URL such as `https://example.com`",
            help,
            report,
        )
    }
}

/// What is wrong with a URL, and what to do.
fn check_url(text: &str, query: Query) -> Result<(), (&'static str, &'static str)> {
    let Some(rest) = text.strip_prefix("https://") else {
        return Err((
            "does not begin with `https://`",
            "write the whole URL; alerts do not travel unencrypted",
        ));
    };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err((
            "names a user",
            "remove what stands before `@`: who calls is said by other keys",
        ));
    }
    if rest.contains('#') {
        return Err(("holds `#`", "remove `#` and what follows: it is never sent"));
    }
    // Source: RFC 3986, section 2, without `[`, `]` and `#`.
    let good = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=%".contains(&b);
    if !text.bytes().all(good) || text.len() > 2_048 {
        return Err((
            "is not the text of a URL",
            "copy it as the service shows it: ASCII without blanks, braces and quotes, at most 2,048 characters",
        ));
    }
    let (host, port) = authority
        .split_once(':')
        .map_or((authority, None), |(host, port)| (host, Some(port)));
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    let is_host = !host.is_empty() && !host.starts_with(['.', '-']) && host.bytes().all(good);
    if !is_host || port.is_some_and(|port| !is_port(port)) {
        return Err((
            "has no host that can be called",
            "write the host behind `https://`, in ASCII, with a port if it has one",
        ));
    }
    if query == Query::Never && rest.contains('?') {
        return Err((
            "has a query",
            "remove `?` and what follows: paths of the service are added to it",
        ));
    }
    Ok(())
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// How a secret begins.
const BEGINS: &str = "${env:";

/// The name of the variable, if the text is a secret.
fn variable(text: &str) -> Option<&str> {
    let name = text.strip_prefix(BEGINS)?.strip_suffix('}')?;
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (begins && name.bytes().all(good)).then_some(name)
}

/// Whether a value that is no secret holds one; it is reported.
fn is_variable(node: &Node, name: &str, report: &mut Report) -> bool {
    let found = node.scalar().is_some_and(|(text, _)| text.contains(BEGINS));
    if found {
        report
            .error(codes::NO_SECRET, node.span)
            .message(format!(
                "`{name}` is no secret, and `${{env:…}}` stands for secrets alone"
            ))
            .label("expected the value itself")
            .help("write the value: it is shown in plans, and stands in what is deployed");
    }
    found
}

/// Reports what a service would not take.
pub(super) fn wrong<T>(
    span: Span,
    message: impl Into<String>,
    label: impl Into<String>,
    help: impl Into<String>,
    report: &mut Report,
) -> Option<T> {
    report
        .error(codes::SERVICE, span)
        .message(message)
        .label(label)
        .help(help);
    None
}

/// Whether a URL may have a query. One to which paths are added has none.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Query {
    May,
    Never,
}
