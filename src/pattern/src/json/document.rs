//! A document as a flat list of nodes in reading order.

use serde_json::Value;

use super::error::{JsonError, MAX_DEPTH};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    False,
    True,
    Number,
    String,
    Array,
    Object,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
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

/// A JSON document that was read, as its nodes and their texts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Document {
    pub(super) text: String,
    nodes: Vec<Node>,
}

/// A node of a document. Numbered in reading order; the root is 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'d> {
    document: &'d Document,
    node: &'d Node,
    pub index: u32,
}

impl Document {
    /// An empty object, with room for one member whose source is so long, and for some that are added later.
    pub(super) fn for_member(length: usize) -> Self {
        let mut document = Self {
            text: String::with_capacity(length + 256),
            nodes: Vec::with_capacity(length / 16 + 16),
        };
        document.push(Kind::Object, Span::default(), Span::default(), 0, 0);
        document
    }

    /// Adds a text as the last member of the outermost object. Its place in the source is not known.
    pub(crate) fn append(&mut self, name: &str, text: &str) -> Result<(), JsonError> {
        let key = self.keep(name)?;
        let text = self.keep(text)?;
        self.push(Kind::String, key, text, 0, 0);
        self.close(0);
        Ok(())
    }

    /// Makes a document from a value in memory. All offsets are 0.
    pub(crate) fn from_value(value: &Value) -> Result<Self, JsonError> {
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

    pub(super) fn keep(&mut self, text: &str) -> Result<Span, JsonError> {
        let start = u32::try_from(self.text.len()).map_err(|_| JsonError::TooLarge)?;
        self.text.push_str(text);
        let end = u32::try_from(self.text.len()).map_err(|_| JsonError::TooLarge)?;
        Ok(Span { start, end })
    }

    pub(super) fn push(
        &mut self,
        kind: Kind,
        key: Span,
        text: Span,
        at: usize,
        key_at: usize,
    ) -> u32 {
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

    pub(super) fn close(&mut self, index: u32) {
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
    pub(crate) fn item(&self, index: u32) -> Option<Item<'_>> {
        let node = self.nodes.get(index as usize)?;
        Some(Item {
            document: self,
            node,
            index,
        })
    }

    /// The outermost value of the document; `None` where nothing was read.
    pub(crate) fn root(&self) -> Option<Item<'_>> {
        self.item(0)
    }
}

impl<'d> Item<'d> {
    pub(crate) fn kind(self) -> Kind {
        self.node.kind
    }

    /// The name of this field in its object; empty in arrays.
    pub(crate) fn key(self) -> &'d str {
        self.document.slice(self.node.key)
    }

    /// Whether this field has that name in its object. The length, which often decides, is asked first.
    pub(crate) fn is_called(self, name: &str) -> bool {
        let span = self.node.key;
        (span.end - span.start) as usize == name.len() && self.key() == name
    }

    /// What follows the name of this field in a path of names that are joined by dots, the dot included.
    pub(crate) fn behind_key(self, path: &str) -> Option<&str> {
        let length = (self.node.key.end - self.node.key.start) as usize;
        let goes_on = path
            .as_bytes()
            .get(length)
            .is_some_and(|byte| *byte == b'.');
        (goes_on || path.len() == length).then_some(())?;
        path.strip_prefix(self.key())
    }

    /// A string's text, or a number as it was written.
    pub(crate) fn text(self) -> &'d str {
        self.document.slice(self.node.text)
    }

    /// Where the value starts in the source, in bytes.
    pub(crate) fn at(self) -> usize {
        self.node.at as usize
    }

    /// Where its key starts.
    pub(crate) fn key_at(self) -> usize {
        self.node.key_at as usize
    }

    pub(crate) fn children(self) -> Children<'d> {
        Children {
            document: self.document,
            next: self.index + 1,
            end: self.node.end,
        }
    }

    /// Writes the value without white space.
    pub(crate) fn write(self, out: &mut String) {
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
pub(crate) struct Children<'d> {
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
