//! YAML text to a tree of nodes that know where they stand, in bounded time and memory.
//!
//! Anchors, aliases, merge keys and tags are refused: a rules file has no need of them,
//! and without them no small file can grow into a large one.

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError};

use crate::diagnostic::{Report, SourceId, Span, codes, shown};

/// Most bytes of one file.
pub const MAX_BYTES: usize = 1 << 20;
/// Most values (scalars, lists, maps) of one file.
pub(crate) const MAX_NODES: usize = 100_000;
/// Most levels of nested lists and maps.
pub(crate) const MAX_DEPTH: usize = 48;

/// One value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub span: Span,
    pub value: Value,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Any scalar; `plain` when it stands without quotes and so may be a number, a boolean or nothing.
    Scalar { text: String, plain: bool },
    /// A list of nodes, in order.
    List(Vec<Node>),
    /// A map, in order, duplicates included.
    Map(Vec<(Node, Node)>),
    /// Something that has been reported already: nothing more is said about it.
    Refused,
}

/// What an unquoted scalar means in YAML 1.2's core schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plain {
    Null,
    Bool(bool),
    Number,
    Text,
}

impl Node {
    /// The scalar's text and what it means, if this is a scalar.
    pub(crate) fn scalar(&self) -> Option<(&str, Plain)> {
        match &self.value {
            Value::Scalar { text, plain: true } => Some((text, meaning(text))),
            Value::Scalar { text, plain: false } => Some((text, Plain::Text)),
            _ => None,
        }
    }

    /// The items, if this is a list.
    pub(crate) fn items(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// What this is, for "expected …, found …".
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Refused => "something refused",
            Value::Scalar { text, plain } => match (plain, meaning(text)) {
                (true, Plain::Null) => "nothing",
                (true, Plain::Bool(_)) => "a boolean",
                (true, Plain::Number) => "a number",
                _ => "text",
            },
        }
    }

    /// The value as JSON; `None` where something in it has been refused or a key is not text.
    pub(crate) fn to_json(&self) -> Option<serde_json::Value> {
        use serde_json::Value as Json;
        Some(match &self.value {
            Value::Refused => return None,
            Value::Scalar { text, plain } => match (plain, meaning(text)) {
                (true, Plain::Null) => Json::Null,
                (true, Plain::Bool(b)) => Json::Bool(b),
                (true, Plain::Number) => json_number(text)?,
                _ => Json::String(text.clone()),
            },
            Value::List(items) => {
                Json::Array(items.iter().map(Node::to_json).collect::<Option<_>>()?)
            }
            Value::Map(entries) => {
                let mut map = serde_json::Map::new();
                for (key, value) in entries {
                    let (text, _) = key.scalar()?;
                    map.insert(text.to_owned(), value.to_json()?);
                }
                Json::Object(map)
            }
        })
    }
}

/// The JSON number of a plain scalar that YAML reads as a number; `None` beyond what `f64` holds.
pub(crate) fn json_number(text: &str) -> Option<serde_json::Value> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if let Ok(n) = digits.parse::<i64>() {
        return Some(n.into());
    }
    let radix = |prefix: &str, radix: u32| {
        digits
            .strip_prefix(prefix)
            .and_then(|rest| i64::from_str_radix(rest, radix).ok())
    };
    if let Some(n) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Some(n.into());
    }
    serde_json::Number::from_f64(digits.parse().ok()?).map(serde_json::Value::Number)
}

/// YAML 1.2.2 section 10.3.2, the core schema's tag resolution.
fn meaning(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" | "True" | "TRUE" => return Plain::Bool(true),
        "false" | "False" | "FALSE" => return Plain::Bool(false),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let number = match unsigned {
        ".inf" | ".Inf" | ".INF" => true,
        _ if matches!(text, ".nan" | ".NaN" | ".NAN") => true,
        _ => {
            let hex = text
                .strip_prefix("0x")
                .is_some_and(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_hexdigit()));
            let octal = text
                .strip_prefix("0o")
                .is_some_and(|t| !t.is_empty() && t.bytes().all(|b| (b'0'..=b'7').contains(&b)));
            let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
                Some((m, e)) => (m, Some(e.strip_prefix(['-', '+']).unwrap_or(e))),
                None => (unsigned, None),
            };
            let mantissa = match mantissa.split_once('.') {
                Some(("", fraction)) => digits(fraction),
                Some((whole, fraction)) => {
                    digits(whole) && (fraction.is_empty() || digits(fraction))
                }
                None => digits(mantissa),
            };
            hex || octal || (mantissa && exponent.is_none_or(digits))
        }
    };
    if number { Plain::Number } else { Plain::Text }
}

/// Parses one document. `None` when the text is not YAML at all, which is then reported.
pub(crate) fn parse(source: SourceId, text: &str, report: &mut Report) -> Option<Node> {
    let options = granit_parser::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        emit_comments: false,
        simple_key_max_lookahead: 1024,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder {
        source,
        text,
        stack: Vec::new(),
        root: None,
        nodes: 0,
        documents: 0,
    };
    for next in Parser::new_from_str_with_options(text, options) {
        match next {
            Ok((event, span)) => {
                let range = builder.range(span);
                if !builder.event(event, range, report) {
                    return None;
                }
            }
            Err(error) => {
                builder.not_yaml(&error, report);
                return None;
            }
        }
    }
    if builder.root.is_none() {
        report
            .error(
                codes::EMPTY,
                Span {
                    source,
                    start: 0,
                    end: 0,
                },
            )
            .message("the file is empty")
            .label("expected `version`, `name`, `home`, `channels` and `rules`")
            .help("`iamwatch init` writes a file to start from");
    }
    builder.root
}

/// A list or map that is still open.
enum Frame {
    List(usize, Vec<Node>),
    Map(usize, Vec<(Node, Node)>, Option<Node>),
}

struct Builder<'t> {
    source: SourceId,
    text: &'t str,
    stack: Vec<Frame>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
}

impl Builder<'_> {
    /// The bytes of a parser span, inside the text, at character boundaries, without trailing blanks.
    fn range(&self, span: granit_parser::Span) -> Span {
        let bytes = span.byte_range().unwrap_or(0..0);
        let start = floor_boundary(self.text, bytes.start);
        let end = floor_boundary(self.text, bytes.end).max(start);
        let slice = self.text.get(start..end).unwrap_or_default();
        Span {
            source: self.source,
            start,
            end: start + slice.trim_end().len(),
        }
    }

    /// Takes one event; `false` ends the parse (reported).
    fn event(&mut self, event: Event<'_>, span: Span, report: &mut Report) -> bool {
        if event.is_node() {
            self.nodes += 1;
            if self.nodes > MAX_NODES {
                report
                    .error(codes::TOO_COMPLEX, span)
                    .message(format!("more than {MAX_NODES} values in one file"))
                    .label("the file is not read beyond this place")
                    .help("split the rules over several files and name them under `include:`");
                return false;
            }
        }
        if event.tag().is_some() {
            report
                .error(codes::YAML_FEATURE, span)
                .message("a YAML tag is not allowed in a rules file")
                .label("this value has a tag")
                .help("remove the tag; put text in quotes instead of writing `!!str`");
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    report
                        .error(codes::DOCUMENTS, span)
                        .message("a second YAML document begins here")
                        .label("expected one document in a file")
                        .help("remove the `---`, or move the second part to a file of its own and name it under `include:`");
                    return false;
                }
            }
            Event::Anchor(_, name) => report
                .error(codes::YAML_FEATURE, span)
                .message(format!("anchor {} is not allowed in a rules file", shown(&name)))
                .label("anchors and aliases are refused")
                .help("write the value out where it is needed; put it in quotes if the `&` belongs to it")
                .done(),
            Event::Alias(_) => {
                report
                    .error(codes::YAML_FEATURE, span)
                    .message("a YAML alias is not allowed in a rules file")
                    .label("anchors and aliases are refused")
                    .help("write the value out where it is needed; put it in quotes if the `*` is a wildcard");
                self.add(Node { span, value: Value::Refused });
            }
            Event::UnresolvedAlias(name) => {
                unquoted_star(span, &name, report);
                self.add(Node { span, value: Value::Refused });
            }
            Event::Scalar(text, style, ..) => self.add(Node {
                span,
                value: Value::Scalar {
                    // The parser says `~` where nothing stands; `~` itself is a written null.
                    text: if span.start == span.end {
                        String::new()
                    } else {
                        text.into_owned()
                    },
                    plain: style == ScalarStyle::Plain,
                },
            }),
            Event::SequenceStart(..) => self.stack.push(Frame::List(span.start, Vec::new())),
            Event::MappingStart(..) => self.stack.push(Frame::Map(span.start, Vec::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            _ => {}
        }
        true
    }

    fn close(&mut self, end_event: Span) {
        let (start, last_child, value) = match self.stack.pop() {
            Some(Frame::List(start, items)) => {
                let last = items.last().map(|n| n.span.end);
                (start, last, Value::List(items))
            }
            Some(Frame::Map(start, entries, _)) => {
                let last = entries.last().map(|(k, v)| k.span.end.max(v.span.end));
                (start, last, Value::Map(entries))
            }
            None => return,
        };
        // A flow collection ends at its bracket; a block collection's end event stands
        // at whatever comes next, so it ends with its last child.
        let closing = self
            .text
            .get(end_event.start..end_event.end)
            .unwrap_or_default();
        let end = if matches!(closing, "]" | "}") {
            end_event.end
        } else {
            last_child.unwrap_or(end_event.start)
        };
        self.add(Node {
            span: Span {
                source: self.source,
                start,
                end: end.max(start),
            },
            value,
        });
    }

    fn add(&mut self, mut node: Node) {
        match self.stack.last_mut() {
            None => {
                // An empty document has an empty scalar as its root.
                let empty =
                    matches!(&node.value, Value::Scalar { text, plain: true } if text.is_empty());
                if !empty {
                    self.root = Some(node);
                }
            }
            Some(Frame::List(_, items)) => items.push(node),
            Some(Frame::Map(_, entries, key)) => match key.take() {
                None => *key = Some(node),
                Some(key) => {
                    // `key:` with nothing behind it: the key is what can be pointed at.
                    if node.span.start == node.span.end {
                        node.span = key.span;
                    }
                    entries.push((key, node));
                }
            },
        }
    }

    fn not_yaml(&self, error: &ScanError, report: &mut Report) {
        let at = error.marker().byte_offset().unwrap_or(self.text.len());
        let start = floor_boundary(self.text, at);
        let next = self.text.get(start..).and_then(|rest| rest.chars().next());
        let end = start + next.filter(|c| *c != '\n').map_or(0, char::len_utf8);
        let span = Span {
            source: self.source,
            start,
            end,
        };
        match error.kind() {
            ErrorKind::MissingAnchorOrAliasName if next != Some('&') => {
                unquoted_star(span, "", report);
            }
            ErrorKind::RecursionLimitExceeded => report
                .error(codes::TOO_COMPLEX, span)
                .message(format!(
                    "lists and maps are nested more than {MAX_DEPTH} levels deep"
                ))
                .label("the file is not read beyond this place")
                .help("a rules file needs about six levels")
                .done(),
            kind => {
                let text = kind.to_string();
                let before = self.text.get(..start).unwrap_or_default();
                let begins = before.rfind('\n').map_or(0, |at| at + 1);
                let rest = self.text.get(begins..).unwrap_or_default();
                let line = rest.lines().next().unwrap_or_default();
                report
                    .error(codes::NOT_YAML, span)
                    .message(format!("this is not YAML: {text}"))
                    .label("the file is not read beyond this place")
                    .help(unexpanded(line).unwrap_or_else(|| syntax_help(kind)));
            }
        }
    }
}

fn unquoted_star(span: Span, name: &str, report: &mut Report) {
    let example = if name.is_empty() { "*" } else { name };
    let value = if name.is_empty() {
        "\"*\"".to_owned()
    } else {
        format!("\"*{example}\"")
    };
    report
        .error(codes::UNQUOTED_STAR, span)
        .message("a value that begins with `*` is not in quotes")
        .label("YAML reads this as an alias")
        .help(format!("put the whole value in quotes: {}", shown(&value)));
}

/// What is said of a text in which somebody expects the value of a variable; nothing of others.
pub(crate) fn unexpanded(text: &str) -> Option<&'static str> {
    if text.contains("${env:") {
        return Some(
            "`${env:NAME}` stands for secrets of channels alone, and in quotes: write any other value itself",
        );
    }
    text.contains("${").then_some(
        "a rules file expands no variables: write the value itself, or let `envsubst` or the like put it in beforehand",
    )
}

fn syntax_help(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar => "YAML is indented with spaces: replace the tab",
        ErrorKind::UnclosedQuotedScalar => "close the quote that was opened before this place",
        ErrorKind::UnexpectedEof
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::UnclosedFlowCollection { .. } => "close the `[` or `{` that was opened",
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => {
            "separate the values with `,` and close the `[` or `{`"
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
            "a value that holds `: ` goes in quotes; a key stands on a line of its own"
        }
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape => {
            "in double quotes a `\\` is written `\\\\`; single quotes need no escapes"
        }
        ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate => {
            "half of a surrogate pair is no character: write the character itself"
        }
        ErrorKind::DirectiveDisallowed => {
            "a rules file begins with `version: 1`, not with a `%` directive"
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            "write `key: value`, with a blank after the colon"
        }
        _ => "check the indentation and the quotes of this line and of the one before",
    }
}

/// The greatest character boundary that is not behind `at`.
pub(crate) fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
