//! A JSON reader that keeps what patterns and events need and other readers lose: the place of
//! every value, duplicate keys in order, and numbers as they were written.
//!
//! A document is a flat list of nodes in reading order: no recursion to read or drop it, and a
//! container's children are found by skipping from one node's end to the next.

mod reader;

use serde_json::Value;
use thiserror::Error;

/// The deepest nesting that is read; Jackson, which event-ruler reads with, stops at the same depth.
pub const MAX_DEPTH: usize = 1000;

/// A place in a text: both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character within the line.
    pub column: usize,
}

impl Position {
    /// The place of the byte `at` in `text`.
    pub(super) fn of(text: &str, at: usize) -> Self {
        let mut end = at.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = text.get(..end).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.bytes().filter(|b| *b == b'\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        }
    }
}

/// Why a text is not JSON that can be worked with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JsonError {
    /// The text stops inside a value.
    #[error("the JSON ends too early")]
    Unfinished,
    /// Something else was expected here.
    #[error("unexpected `{found}`, expected {expected}")]
    Unexpected {
        /// The character that stands there.
        found: char,
        /// What could stand there.
        expected: &'static str,
    },
    /// Text behind the document.
    #[error("there is text behind the end of the JSON")]
    Trailing,
    /// A backslash followed by something that JSON does not know.
    #[error("unknown escape in a string")]
    Escape,
    /// A raw control character in a string.
    #[error("a control character in a string must be escaped")]
    Control,
    /// Half of a surrogate pair: no character.
    #[error("a `\\u` escape is half of a surrogate pair")]
    LoneSurrogate,
    /// Not a JSON number, or longer than 1,000 characters.
    #[error("malformed or overlong number")]
    Number,
    /// More than 1,000 levels.
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More text than offsets can address.
    #[error("the document is too large")]
    TooLarge,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    False,
    True,
    Number,
    String,
    Array,
    Object,
}

#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: u32,
    end: u32,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    kind: Kind,
    key: Span,
    /// Decoded text of a string, source text of a number.
    text: Span,
    /// The index behind this node's last descendant.
    end: u32,
    /// Byte offsets in the source.
    at: u32,
    key_at: u32,
}

/// A read document.
#[derive(Debug, Clone, Default)]
pub(super) struct Document {
    text: String,
    nodes: Vec<Node>,
}

/// A node of a document. Numbered in reading order; the root is 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'d> {
    document: &'d Document,
    node: &'d Node,
    pub index: u32,
}

impl Document {
    /// Reads a whole text. An error comes with its byte offset.
    pub fn parse(source: &str) -> Result<Self, (JsonError, usize)> {
        if u32::try_from(source.len()).is_err() {
            return Err((JsonError::TooLarge, 0));
        }
        reader::read(source, false)
    }

    /// Reads a whole text as the only member of an object. An error comes with its byte offset.
    pub fn parse_member(name: &str, source: &str) -> Result<Self, (JsonError, usize)> {
        if u32::try_from(source.len()).is_err() {
            return Err((JsonError::TooLarge, 0));
        }
        let mut document = Self {
            // Room for members that are added later.
            text: String::with_capacity(source.len() + 256),
            nodes: Vec::with_capacity(source.len() / 16 + 16),
        };
        document.push(Kind::Object, Span::default(), Span::default(), 0, 0);
        let key = document.keep(name).map_err(|error| (error, 0))?;
        let mut document = reader::read_into(document, key, source)?;
        document.close(0);
        Ok(document)
    }

    /// Adds a text as the last member of the outermost object. Its place in the source is not known.
    pub fn append(&mut self, name: &str, text: &str) -> Result<(), JsonError> {
        let key = self.keep(name)?;
        let text = self.keep(text)?;
        self.push(Kind::String, key, text, 0, 0);
        self.close(0);
        Ok(())
    }

    /// The same from a value in memory. All offsets are 0.
    pub fn from_value(value: &Value) -> Result<Self, JsonError> {
        let mut document = Self::default();
        document.push_value(Span::default(), value, 0)?;
        Ok(document)
    }

    fn push_value(&mut self, key: Span, value: &Value, depth: usize) -> Result<(), JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        let (kind, text) = match value {
            Value::Null => (Kind::Null, Span::default()),
            Value::Bool(false) => (Kind::False, Span::default()),
            Value::Bool(true) => (Kind::True, Span::default()),
            Value::Number(number) => (Kind::Number, self.keep(&number.to_string())?),
            Value::String(text) => (Kind::String, self.keep(text)?),
            Value::Array(_) => (Kind::Array, Span::default()),
            Value::Object(_) => (Kind::Object, Span::default()),
        };
        let index = self.push(kind, key, text, 0, 0);
        match value {
            Value::Array(items) => {
                for item in items {
                    self.push_value(Span::default(), item, depth + 1)?;
                }
            }
            Value::Object(fields) => {
                for (name, item) in fields {
                    let key = self.keep(name)?;
                    self.push_value(key, item, depth + 1)?;
                }
            }
            _ => {}
        }
        self.close(index);
        Ok(())
    }

    fn keep(&mut self, text: &str) -> Result<Span, JsonError> {
        let start = u32::try_from(self.text.len()).map_err(|_| JsonError::TooLarge)?;
        self.text.push_str(text);
        let end = u32::try_from(self.text.len()).map_err(|_| JsonError::TooLarge)?;
        Ok(Span { start, end })
    }

    fn push(&mut self, kind: Kind, key: Span, text: Span, at: usize, key_at: usize) -> u32 {
        let index = self.nodes.len() as u32;
        self.nodes.push(Node {
            kind,
            key,
            text,
            end: index + 1,
            at: at as u32,
            key_at: key_at as u32,
        });
        index
    }

    fn close(&mut self, index: u32) {
        let end = self.nodes.len() as u32;
        if let Some(node) = self.nodes.get_mut(index as usize) {
            node.end = end;
        }
    }

    fn slice(&self, span: Span) -> &str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }

    /// The node of that number.
    pub fn item(&self, index: u32) -> Option<Item<'_>> {
        let node = self.nodes.get(index as usize)?;
        Some(Item {
            document: self,
            node,
            index,
        })
    }

    /// The outermost value.
    pub fn root(&self) -> Option<Item<'_>> {
        self.item(0)
    }
}

impl<'d> Item<'d> {
    pub fn kind(self) -> Kind {
        self.node.kind
    }

    /// The name of this field in its object; empty in arrays.
    pub fn key(self) -> &'d str {
        self.document.slice(self.node.key)
    }

    /// Whether this field has that name in its object. The length, which often decides, is asked first.
    pub fn is_called(self, name: &str) -> bool {
        let span = self.node.key;
        (span.end - span.start) as usize == name.len() && self.key() == name
    }

    /// What follows the name of this field in a path of names that are joined by dots, the dot included.
    pub fn behind_key(self, path: &str) -> Option<&str> {
        let length = (self.node.key.end - self.node.key.start) as usize;
        let goes_on = path
            .as_bytes()
            .get(length)
            .is_some_and(|byte| *byte == b'.');
        (goes_on || path.len() == length).then_some(())?;
        path.strip_prefix(self.key())
    }

    /// A string's text, or a number as it was written.
    pub fn text(self) -> &'d str {
        self.document.slice(self.node.text)
    }

    /// Where the value starts in the source, in bytes.
    pub fn at(self) -> usize {
        self.node.at as usize
    }

    /// Where its key starts.
    pub fn key_at(self) -> usize {
        self.node.key_at as usize
    }

    pub fn children(self) -> Children<'d> {
        Children {
            document: self.document,
            next: self.index + 1,
            end: self.node.end,
        }
    }

    /// Writes the value without white space.
    pub fn write(self, out: &mut String) {
        match self.kind() {
            Kind::Null => out.push_str("null"),
            Kind::False => out.push_str("false"),
            Kind::True => out.push_str("true"),
            Kind::Number => out.push_str(self.text()),
            Kind::String => write_string(self.text(), out),
            Kind::Array => {
                out.push('[');
                for (n, child) in self.children().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    child.write(out);
                }
                out.push(']');
            }
            Kind::Object => {
                out.push('{');
                for (n, child) in self.children().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    write_string(child.key(), out);
                    out.push(':');
                    child.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_string(text: &str, out: &mut String) {
    let escaped = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    if text.bytes().any(escaped) {
        out.push_str(&Value::from(text).to_string());
    } else {
        out.push('"');
        out.push_str(text);
        out.push('"');
    }
}

/// The direct children of a container.
pub(super) struct Children<'d> {
    document: &'d Document,
    next: u32,
    end: u32,
}

impl<'d> Iterator for Children<'d> {
    type Item = Item<'d>;
    fn next(&mut self) -> Option<Item<'d>> {
        if self.next >= self.end {
            return None;
        }
        let item = self.document.item(self.next)?;
        self.next = item.node.end;
        Some(item)
    }
}

/// The fields of a JSON object with the source text of each value, in order. Only the structure is
/// checked: nesting, numbers' length and surrogates inside the values may be beyond what the readers
/// of patterns and events accept. `None` if the text is not one JSON object.
pub fn raw_fields(source: &str) -> Option<Vec<(String, &str)>> {
    let document = reader::read(source, true).ok()?;
    let root = document.root()?;
    if root.kind() != Kind::Object {
        return None;
    }
    let children: Vec<Item<'_>> = root.children().collect();
    let behind = children
        .iter()
        .skip(1)
        .map(|next| (next.key_at(), ','))
        .chain([(source.len(), '}')]);
    children
        .iter()
        .zip(behind)
        .map(|(child, (end, mark))| {
            let text = source.get(child.at()..end)?.trim_end();
            Some((child.key().to_owned(), text.strip_suffix(mark)?.trim_end()))
        })
        .collect()
}
