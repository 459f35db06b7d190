//! From a text to a document, or to the place where it stops being JSON.

use super::{Document, JsonError, Kind, MAX_DEPTH, Span};

/// The longest number in characters, as in Jackson.
const MAX_NUMBER: usize = 1000;

/// Reads a whole text; `lenient`: only its structure matters. An error comes with its byte offset.
pub(super) fn read(source: &str, lenient: bool) -> Result<Document, (JsonError, usize)> {
    let mut reader = Reader {
        source,
        at: 0,
        lenient,
        document: Document::default(),
    };
    match reader.value(Span::default()) {
        Ok(()) => Ok(reader.document),
        Err(error) => Err((error, reader.at)),
    }
}

/// Reads a whole text as what a key names in a document that is begun.
pub(super) fn read_into(
    document: Document,
    key: Span,
    source: &str,
) -> Result<Document, (JsonError, usize)> {
    let mut reader = Reader {
        source,
        at: 0,
        lenient: false,
        document,
    };
    match reader.value(key) {
        Ok(()) => Ok(reader.document),
        Err(error) => Err((error, reader.at)),
    }
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
