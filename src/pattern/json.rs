//! A JSON reader that keeps what patterns and events need and other readers lose: the place of
//! every value, duplicate keys in order, and numbers as they were written.
//!
//! A document is a flat list of nodes in reading order: no recursion to read or drop it, and a
//! container's children are found by skipping from one node's end to the next.

use serde_json::Value;
use thiserror::Error;

/// The deepest nesting that is read; Jackson, which event-ruler reads with, stops at the same depth.
pub const MAX_DEPTH: usize = 1000;
/// The longest number in characters, as in Jackson.
const MAX_NUMBER: usize = 1000;

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
        Self::read(source, false)
    }

    /// Reads a whole text as the only member of an object. An error comes with its byte offset.
    pub fn parse_member(name: &str, source: &str) -> Result<Self, (JsonError, usize)> {
        if u32::try_from(source.len()).is_err() {
            return Err((JsonError::TooLarge, 0));
        }
        let mut document = Self {
            text: String::with_capacity(source.len()),
            nodes: Vec::with_capacity(source.len() / 16),
        };
        document.push(Kind::Object, Span::default(), Span::default(), 0, 0);
        let key = document.keep(name).map_err(|error| (error, 0))?;
        let mut reader = Reader {
            source,
            at: 0,
            lenient: false,
            document,
        };
        match reader.value(key) {
            Ok(()) => {
                reader.document.close(0);
                Ok(reader.document)
            }
            Err(error) => Err((error, reader.at)),
        }
    }

    /// Adds a text as the last member of the outermost object. Its place in the source is not known.
    pub fn append(&mut self, name: &str, text: &str) -> Result<(), JsonError> {
        let key = self.keep(name)?;
        let text = self.keep(text)?;
        self.push(Kind::String, key, text, 0, 0);
        self.close(0);
        Ok(())
    }

    fn read(source: &str, lenient: bool) -> Result<Self, (JsonError, usize)> {
        let mut reader = Reader {
            source,
            at: 0,
            lenient,
            document: Self::default(),
        };
        match reader.value(Span::default()) {
            Ok(()) => Ok(reader.document),
            Err(error) => Err((error, reader.at)),
        }
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
    out.push_str(&Value::from(text).to_string());
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
    let document = Document::read(source, true).ok()?;
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

struct Reader<'s> {
    source: &'s str,
    at: usize,
    /// Whether only the structure matters.
    lenient: bool,
    document: Document,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn unexpected(&self, expected: &'static str) -> JsonError {
        match self.source.get(self.at..).and_then(|s| s.chars().next()) {
            Some(found) => JsonError::Unexpected { found, expected },
            None => JsonError::Unfinished,
        }
    }

    /// The whole text, which is one value, as what a key names.
    fn value(&mut self, key: Span) -> Result<(), JsonError> {
        let mut open: Vec<(u32, bool)> = Vec::new();
        let mut key = (key, 0);
        loop {
            self.skip_space();
            let at = self.at;
            let container = match self.peek() {
                Some(b'{') => Some(Kind::Object),
                Some(b'[') => Some(Kind::Array),
                _ => None,
            };
            if let Some(kind) = container {
                if open.len() >= MAX_DEPTH && !self.lenient {
                    return Err(JsonError::TooDeep);
                }
                self.at += 1;
                let index = self.document.push(kind, key.0, Span::default(), at, key.1);
                let object = kind == Kind::Object;
                self.skip_space();
                if self.peek() == Some(if object { b'}' } else { b']' }) {
                    self.at += 1;
                } else {
                    open.push((index, object));
                    key = self.next_key(object)?;
                    continue;
                }
            } else {
                self.scalar(key, at)?;
            }
            // A value is complete: close what it completes, or go on to its next sibling.
            loop {
                self.skip_space();
                let Some((index, object)) = open.last().copied() else {
                    return match self.peek() {
                        None => Ok(()),
                        Some(_) => Err(JsonError::Trailing),
                    };
                };
                match (self.peek(), object) {
                    (Some(b','), _) => {
                        self.at += 1;
                        self.skip_space();
                        key = self.next_key(object)?;
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        self.document.close(index);
                        open.pop();
                    }
                    (_, true) => return Err(self.unexpected("`,` or `}`")),
                    (_, false) => return Err(self.unexpected("`,` or `]`")),
                }
            }
        }
    }

    fn next_key(&mut self, object: bool) -> Result<(Span, usize), JsonError> {
        if !object {
            return Ok((Span::default(), self.at));
        }
        let at = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a field name in double quotes"));
        }
        let key = self.string()?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected("`:`"));
        }
        self.at += 1;
        Ok((key, at))
    }

    fn scalar(&mut self, key: (Span, usize), at: usize) -> Result<(), JsonError> {
        let (kind, text) = match self.peek() {
            Some(b'"') => (Kind::String, self.string()?),
            Some(b'-' | b'0'..=b'9') => (Kind::Number, self.number()?),
            Some(b't') => (Kind::True, self.word("true")?),
            Some(b'f') => (Kind::False, self.word("false")?),
            Some(b'n') => (Kind::Null, self.word("null")?),
            _ => return Err(self.unexpected("a JSON value")),
        };
        self.document.push(kind, key.0, text, at, key.1);
        Ok(())
    }

    fn word(&mut self, word: &'static str) -> Result<Span, JsonError> {
        let rest = self.source.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.unexpected("a JSON value"));
        }
        self.at += word.len();
        Ok(Span::default())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Result<Span, JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let leading_zero = self.peek() == Some(b'0');
        let whole = self.digits();
        if whole == 0 || (leading_zero && whole > 1) {
            return Err(JsonError::Number);
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(JsonError::Number);
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(JsonError::Number);
            }
        }
        if self.at - start > MAX_NUMBER && !self.lenient {
            return Err(JsonError::Number);
        }
        let text = self.source.get(start..self.at).unwrap_or_default();
        self.document.keep(text)
    }

    fn string(&mut self) -> Result<Span, JsonError> {
        self.at += 1;
        let start = self.document.text.len() as u32;
        loop {
            let from = self.at;
            let rest = self.source.as_bytes().get(from..).unwrap_or_default();
            let plain = rest
                .iter()
                .position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f));
            let Some(plain) = plain else {
                self.at = self.source.len();
                return Err(JsonError::Unfinished);
            };
            self.at = from + plain;
            let chunk = self.source.get(from..self.at).unwrap_or_default();
            self.document.text.push_str(chunk);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    let end =
                        u32::try_from(self.document.text.len()).map_err(|_| JsonError::TooLarge)?;
                    return Ok(Span { start, end });
                }
                Some(b'\\') => self.escape()?,
                _ => return Err(JsonError::Control),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        let code = self.source.as_bytes().get(self.at + 1).copied();
        let character = match code {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let (character, length) = self.unicode_escape()?;
                self.at += length - 2;
                character
            }
            Some(_) => return Err(JsonError::Escape),
            None => return Err(JsonError::Unfinished),
        };
        self.at += 2;
        self.document.text.push(character);
        Ok(())
    }

    /// The character of a `\u` escape or of a pair of them, and the length of all.
    fn unicode_escape(&self) -> Result<(char, usize), JsonError> {
        let high = self.hex(self.at + 2)?;
        if let Some(character) = char::from_u32(high) {
            return Ok((character, 6));
        }
        if high < 0xDC00 && self.source.get(self.at + 6..self.at + 8) == Some("\\u") {
            let low = self.hex(self.at + 8)?;
            if (0xDC00..0xE000).contains(&low) {
                let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                if let Some(character) = char::from_u32(code) {
                    return Ok((character, 12));
                }
            }
        }
        if self.lenient {
            return Ok((char::REPLACEMENT_CHARACTER, 6));
        }
        Err(JsonError::LoneSurrogate)
    }

    fn hex(&self, from: usize) -> Result<u32, JsonError> {
        let digits = self.source.get(from..from + 4).unwrap_or_default();
        if digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            u32::from_str_radix(digits, 16).map_err(|_| JsonError::Escape)
        } else {
            Err(JsonError::Escape)
        }
    }
}
