//! From nodes to plain values, each reader with the words for what goes wrong.

use super::keys::{Form, MapKey, names};
use super::yaml::{Node, Plain, Value};
use crate::diagnostic::{Report, Span, codes, is_unprintable, shown};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

/// A map of the rules file whose keys are known.
#[derive(Debug)]
pub(crate) struct Fields<'n> {
    pub span: Span,
    entries: Vec<(&'static str, &'n Node, &'n Node)>,
}

impl<'n> Fields<'n> {
    /// Reads a map: unknown, doubled and missing keys are reported. `what` is "a rule", "a channel" …
    pub(crate) fn read(
        node: &'n Node,
        keys: &[MapKey],
        what: &str,
        report: &mut Report,
    ) -> Option<Self> {
        Self::read_beside(node, keys, &[], what, report)
    }

    /// Reads a map that may hold some other keys, which the caller has reported.
    pub(crate) fn read_beside(
        node: &'n Node,
        keys: &[MapKey],
        others: &[MapKey],
        what: &str,
        report: &mut Report,
    ) -> Option<Self> {
        let map = map(node, what, report)?;
        let known = names(keys);
        let mut fields = Self {
            span: first_line(node),
            entries: Vec::new(),
        };
        for (key, value) in map {
            let Some(text) = key_text(key, report) else {
                continue;
            };
            match keys.iter().chain(others).find(|k| k.name == text) {
                None => unknown_key(key.span, text, what, &known, report),
                Some(k) if fields.get(k.name).is_some() => duplicate(key.span, text, report),
                Some(k) => fields.entries.push((k.name, key, value)),
            }
        }
        for key in keys.iter().filter(|k| k.needed) {
            if fields.get(key.name).is_none() {
                report
                    .error(codes::MISSING_KEY, fields.span)
                    .message(format!("{what} needs `{}`", key.name))
                    .label(format!("`{}` is missing here", key.name))
                    .help(example(key));
            }
        }
        Some(fields)
    }

    /// The value of a key, if it is there.
    pub(crate) fn get(&self, name: &str) -> Option<&'n Node> {
        self.entries
            .iter()
            .find(|(n, ..)| *n == name)
            .map(|(.., value)| *value)
    }

    /// Where the key itself stands, if it is there.
    pub(crate) fn key(&self, name: &str) -> Option<Span> {
        self.entries
            .iter()
            .find(|(n, ..)| *n == name)
            .map(|(_, key, _)| key.span)
    }

    /// The keys that are there, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.entries.iter().map(|(name, ..)| *name)
    }
}

/// What to write for a key that is missing.
fn example(key: &MapKey) -> String {
    let value = match key.name {
        "version" => "1",
        "name" if matches!(key.form, Form::Name) => "acme",
        "home" => "{ region: us-east-1 }",
        "region" => "us-east-1",
        "channels" => "{ security-mail: { email: security@example.com } }",
        "rules" => "[{ use: root/activity }]",
        "like" => "\"iam:CreateUser\"",
        "expect" => "match",
        _ => return key.doc.to_owned(),
    };
    format!("write `{}: {value}`", key.name)
}

/// The part of a map or list to underline for what is missing in it: its first key or item.
pub(crate) fn first_line(node: &Node) -> Span {
    match &node.value {
        Value::Map(entries) => entries.first().map_or(node.span, |(key, _)| key.span),
        Value::List(items) => items.first().map_or(node.span, first_line_shallow),
        _ => node.span,
    }
}

fn first_line_shallow(node: &Node) -> Span {
    match &node.value {
        Value::Map(entries) => entries.first().map_or(node.span, |(key, _)| key.span),
        _ => node.span,
    }
}

/// The entries of a map; anything else is reported.
pub(crate) fn map<'n>(
    node: &'n Node,
    what: &str,
    report: &mut Report,
) -> Option<&'n [(Node, Node)]> {
    match &node.value {
        Value::Map(entries) => Some(entries),
        Value::Refused => None,
        _ if is_null(node) => {
            empty(node.span, what, report);
            None
        }
        _ => {
            wrong_type(node, &format!("a map for {what}"), report);
            None
        }
    }
}

/// The items of a list; anything else is reported. A single scalar is not silently a list.
pub(crate) fn list<'n>(node: &'n Node, what: &str, report: &mut Report) -> Option<&'n [Node]> {
    match &node.value {
        Value::List(items) if items.is_empty() => {
            empty(node.span, what, report);
            None
        }
        Value::List(items) => Some(items),
        Value::Refused => None,
        _ if is_null(node) => {
            empty(node.span, what, report);
            None
        }
        Value::Scalar { text, .. } => {
            report
                .error(codes::WRONG_TYPE, node.span)
                .message(format!("expected a list of {what}, found {}", node.kind()))
                .label("expected a list")
                .help(format!("put it in brackets: [{}]", quoted(text)));
            None
        }
        Value::Map(_) => {
            wrong_type(node, &format!("a list of {what}"), report);
            None
        }
    }
}

/// A key's text; merge keys and keys that are lists or maps are reported.
pub(crate) fn key_text<'n>(key: &'n Node, report: &mut Report) -> Option<&'n str> {
    match &key.value {
        Value::Refused => None,
        Value::Scalar { text, plain: true } if text == "<<" => {
            report
                .error(codes::YAML_FEATURE, key.span)
                .message("a YAML merge key is not allowed in a rules file")
                .label("merge keys are refused")
                .help("write the keys out where they are needed");
            None
        }
        Value::Scalar { text, .. } => Some(text),
        _ => {
            report
                .error(codes::WRONG_TYPE, key.span)
                .message(format!("expected a key, found {}", key.kind()))
                .label("a key is a word")
                .help("put text that begins with `[`, `{` or `?` in quotes");
            None
        }
    }
}

/// Text that is not empty. Numbers, booleans and YAML 1.1's words need quotes.
pub(crate) fn text<'n>(node: &'n Node, what: &str, report: &mut Report) -> Option<&'n str> {
    let Some((text, meaning)) = node.scalar() else {
        if !matches!(node.value, Value::Refused) {
            wrong_type(node, what, report);
        }
        return None;
    };
    let plain = matches!(node.value, Value::Scalar { plain: true, .. });
    match meaning {
        Plain::Null => empty(node.span, what, report),
        Plain::Bool(_) => report
            .error(codes::WRONG_TYPE, node.span)
            .message(format!(
                "expected {what}, found the boolean {}",
                shown(text)
            ))
            .label("expected text")
            .help(format!("put it in quotes if it is text: {}", quoted(text)))
            .done(),
        Plain::Number => number_as_text(node.span, text, what, report),
        Plain::Text if plain && is_yaml_word(text) => yaml_word(node.span, text, what, report),
        Plain::Text if text.trim().is_empty() => empty(node.span, what, report),
        Plain::Text => return Some(text),
    }
    None
}

/// One printable line of at most `most` characters.
pub(crate) fn line<'n>(
    node: &'n Node,
    what: &str,
    most: usize,
    report: &mut Report,
) -> Option<&'n str> {
    let text = text(node, what, report)?;
    let count = text.chars().count();
    if let Some(c) = text.chars().find(|c| is_unprintable(*c)) {
        report
            .error(codes::TITLE, node.span)
            .message(format!(
                "{what} holds the character U+{:04X}, which cannot be printed",
                u32::from(c)
            ))
            .label("expected one printable line")
            .help("write it as one line of ordinary characters");
        None
    } else if count > most {
        report
            .error(codes::TITLE, node.span)
            .message(format!("{what} has {count} characters"))
            .label(format!("expected at most {most} characters"))
            .help("say the essential first; it is read on a phone");
        None
    } else {
        Some(text)
    }
}

/// Reads `true` or `false`. `what` names the value in messages.
pub(crate) fn boolean(node: &Node, what: &str, report: &mut Report) -> Option<bool> {
    match node.scalar() {
        Some((_, Plain::Bool(value))) => Some(value),
        Some((_, Plain::Null)) => {
            empty(node.span, what, report);
            None
        }
        Some((text, _)) => {
            let word = match text.to_lowercase().as_str() {
                "no" | "n" | "off" | "false" => Some("false"),
                "yes" | "y" | "on" | "true" => Some("true"),
                _ => None,
            };
            report
                .error(codes::WRONG_TYPE, node.span)
                .message(format!(
                    "expected `true` or `false` for {what}, found {}",
                    shown(text)
                ))
                .label("expected `true` or `false`")
                .maybe_help(word.map(|word| format!("write `{word}`, without quotes")));
            None
        }
        None => {
            if !matches!(node.value, Value::Refused) {
                wrong_type(node, &format!("`true` or `false` for {what}"), report);
            }
            None
        }
    }
}

/// One of some words.
pub(crate) fn word(
    node: &Node,
    what: &str,
    words: &[&'static str],
    report: &mut Report,
) -> Option<&'static str> {
    let text = match node.scalar() {
        Some((_, Plain::Null)) | None => text(node, what, report)?,
        // A number or boolean is as wrong as any other word: quotes would not help.
        Some((text, _)) => text,
    };
    let found = words.iter().copied().find(|w| *w == text);
    if found.is_none() {
        report
            .error(codes::NOT_ONE_OF, node.span)
            .message(format!("{} is not {what}", shown(text)))
            .label(format!("expected {what}"))
            .suggest(text, words.iter().copied());
    }
    found
}

/// Texts of a list.
pub(crate) fn texts(
    node: &Node,
    what: &str,
    each: &str,
    report: &mut Report,
) -> Option<Vec<Spanned<String>>> {
    let items = list(node, what, report)?;
    Some(
        items
            .iter()
            .filter_map(|item| {
                let value = text(item, each, report)?.to_owned();
                Some(Spanned {
                    value,
                    span: item.span,
                })
            })
            .collect(),
    )
}

/// A key that the map does not know.
pub(crate) fn unknown_key(
    span: Span,
    text: &str,
    what: &str,
    known: &[&'static str],
    report: &mut Report,
) {
    report
        .error(codes::UNKNOWN_KEY, span)
        .message(format!("{what} has no key {}", shown(text)))
        .label("unknown key")
        .suggest(text, known.iter().copied());
}

/// A key that stands twice.
pub(crate) fn duplicate(span: Span, text: &str, report: &mut Report) {
    report
        .error(codes::DUPLICATE_KEY, span)
        .message(format!("the key {} stands twice in this map", shown(text)))
        .label("the second one")
        .help("remove one of the two");
}

/// A value that must hold something and does not.
pub(crate) fn empty(span: Span, what: &str, report: &mut Report) {
    report
        .error(codes::EMPTY_VALUE, span)
        .message(format!("expected {what}, found nothing"))
        .label("nothing stands here")
        .help("give it a value, or remove the key");
}

/// A value of another kind than wanted.
pub(crate) fn wrong_type(node: &Node, expected: &str, report: &mut Report) {
    report
        .error(codes::WRONG_TYPE, node.span)
        .message(format!("expected {expected}, found {}", node.kind()))
        .label(format!("expected {expected}"));
}

/// Digits without quotes where text is wanted.
pub(crate) fn number_as_text(span: Span, text: &str, what: &str, report: &mut Report) {
    report
        .error(codes::NUMBER_AS_TEXT, span)
        .message(format!(
            "{} is a number to YAML, but {what} is text",
            shown(text)
        ))
        .label("quotes are missing")
        .help(format!("write {}", quoted(text)));
}

/// A YAML 1.1 boolean without quotes.
pub(crate) fn yaml_word(span: Span, text: &str, what: &str, report: &mut Report) {
    report
        .error(codes::YAML_WORD, span)
        .message(format!(
            "{} without quotes is a boolean to many YAML tools, but {what} is text",
            shown(text)
        ))
        .label("quotes are missing")
        .help(format!("write {}", quoted(text)));
}

/// The words that YAML 1.1 reads as booleans. Source: yaml.org/type/bool.html.
pub(crate) fn is_yaml_word(text: &str) -> bool {
    text.len() <= 3
        && matches!(
            text.to_ascii_lowercase().as_str(),
            "yes" | "no" | "on" | "off" | "y" | "n"
        )
}

fn is_null(node: &Node) -> bool {
    matches!(node.scalar(), Some((_, Plain::Null)))
}

/// The user's text as a YAML value in double quotes, cut for messages.
pub(crate) fn quoted(text: &str) -> String {
    let cut: String = text.chars().take(80).collect();
    serde_json::Value::String(cut).to_string()
}
