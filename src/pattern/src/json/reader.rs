//! From a text to a document, or to the place where it stops being JSON.

use super::document::{Document, Kind, Span};
use super::error::{JsonError, MAX_DEPTH};

/// The longest number in characters, as in Jackson.
const MAX_NUMBER: usize = 1000;

impl Document {
    /// Reads a whole text. An error comes with its byte offset.
    pub(crate) fn parse(source: &str) -> Result<Self, (JsonError, usize)> {
        if u32::try_from(source.len()).is_err() {
            return Err((JsonError::TooLarge, 0));
        }
        read(source, false)
    }

    /// Reads a whole text as the only member of an object. An error comes with its byte offset.
    pub(crate) fn parse_member(name: &str, source: &str) -> Result<Self, (JsonError, usize)> {
        if u32::try_from(source.len()).is_err() {
            return Err((JsonError::TooLarge, 0));
        }
        let mut document = Self::for_member(source.len());
        let key = document.keep(name).map_err(|error| (error, 0))?;
        let mut document = Reader::new(document, source, false)?.finish(key)?;
        document.close(0);
        Ok(document)
    }
}

/// Reads a whole text; `lenient`: only its structure matters. An error comes with its byte offset.
pub(super) fn read(source: &str, lenient: bool) -> Result<Document, (JsonError, usize)> {
    Reader::new(Document::default(), source, lenient)?.finish(Span::default())
}

struct Reader<'s> {
    source: &'s str,
    at: usize,
    /// Whether only the structure matters.
    lenient: bool,
    document: Document,
    /// Where the source stands in the document's text: what has no escapes is not copied again.
    base: usize,
}

impl<'s> Reader<'s> {
    fn new(
        mut document: Document,
        source: &'s str,
        lenient: bool,
    ) -> Result<Self, (JsonError, usize)> {
        let kept = document.keep(source).map_err(|error| (error, 0))?;
        Ok(Self {
            source,
            at: 0,
            lenient,
            document,
            base: kept.start as usize,
        })
    }

    fn finish(mut self, key: Span) -> Result<Document, (JsonError, usize)> {
        match self.value(key) {
            Ok(()) => Ok(self.document),
            Err(error) => Err((error, self.at)),
        }
    }
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
        Ok(self.written(start))
    }

    /// What the source has between a place and here.
    fn written(&self, start: usize) -> Span {
        // All of the source was kept, so that the places are known to fit.
        Span {
            start: (self.base + start) as u32,
            end: (self.base + self.at) as u32,
        }
    }

    fn string(&mut self) -> Result<Span, JsonError> {
        self.at += 1;
        let begin = self.at;
        self.skip_plain()?;
        if self.peek() == Some(b'"') {
            let span = self.written(begin);
            self.at += 1;
            return Ok(span);
        }
        let start = self.document.text.len() as u32;
        let mut from = begin;
        loop {
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
            from = self.at;
            self.skip_plain()?;
        }
    }

    /// Goes to the next quote, backslash or control character.
    fn skip_plain(&mut self) -> Result<(), JsonError> {
        let rest = self.source.as_bytes().get(self.at..).unwrap_or_default();
        match plain(rest) {
            Some(plain) => {
                self.at += plain;
                Ok(())
            }
            None => {
                self.at = self.source.len();
                Err(JsonError::Unfinished)
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

/// Where the first quote, backslash or control character stands. Most strings are short: eight bytes are looked at
/// at once, in a word of which the highest bit of each byte then tells.
fn plain(text: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
    let (words, rest) = text.as_chunks::<8>();
    for (n, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = below(word, 0x20)
            | below(word ^ (ONES * u64::from(b'"')), 1)
            | below(word ^ (ONES * u64::from(b'\\')), 1);
        if found != 0 {
            // A borrow can only make a byte tell falsely that stands behind one that tells truly.
            return Some(n * 8 + (found.trailing_zeros() / 8) as usize);
        }
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    let behind = rest.iter().position(special)?;
    Some(words.len() * 8 + behind)
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for length in 0..20 {
            let usual = vec![b'x'; length];
            assert_eq!(plain(&usual), None);
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    let mut text = usual.clone();
                    text[place] = byte;
                    let special = byte < 0x20 || byte == b'"' || byte == b'\\';
                    assert_eq!(plain(&text), special.then_some(place), "{text:?}");
                    // What stands behind one changes nothing.
                    if let Some(next) = text.get_mut(place + 1) {
                        *next = b'"';
                        let first = if special { place } else { place + 1 };
                        assert_eq!(plain(&text), Some(first), "{text:?}");
                    }
                }
            }
        }
    }
}
