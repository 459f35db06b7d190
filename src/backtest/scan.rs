//! Where an object ends, and where its telling members stand, without parsing it.
//!
//! The text is looked at in blocks of 64 bytes, each as masks: quotes, backslashes, what opens, what closes. Only
//! braces outside strings and, on the outermost level, strings that may be such a name are then visited one by one;
//! blocks that stay below that level are counted. The method is that of simdjson's first stage (Langdale and
//! Lemire, "Parsing Gigabytes of JSON per Second", 2019).

use std::ops::Range;

use super::block::{self, BLOCK, Masks};

/// An object of a text and what can be said of it from its outermost level alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// The value of `eventTime`.
    pub time: Slot,
    /// The value of `eventSource`.
    pub source: Slot,
    /// The value of `eventName`.
    pub name: Slot,
    /// The value of `eventType`.
    pub kind: Slot,
    /// The value of `eventCategory`.
    pub category: Slot,
    /// Whether there is a backslash anywhere.
    pub escapes: bool,
}

/// A member of the outermost level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Slot {
    /// There is none of that name, unless an escape hides it.
    #[default]
    Missing,
    /// A text without escapes: its bytes between the quotes.
    Text(Range<usize>),
    /// Something else, or several.
    Strange,
}

impl Slot {
    /// The text, if it is one.
    pub fn plain<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        match self {
            Self::Text(range) => text.get(range.clone()),
            Self::Missing | Self::Strange => None,
        }
    }
}

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scan {
    /// An object that ends within the text.
    Object(Shape),
    /// An object that goes on behind the end of the text.
    Unfinished,
}

/// Scans the object whose brace stands at `start`. Only braces, brackets and strings are looked at: whether what
/// closes is of the kind that opened, and everything else, is for those who parse.
pub(crate) fn object(text: &[u8], start: usize) -> Scan {
    from(text, start, 0)
}

/// Scans the rest of an object that was opened before `start`.
pub(crate) fn rest(text: &[u8], start: usize) -> Scan {
    from(text, start, 1)
}

fn from(text: &[u8], start: usize, mut depth: usize) -> Scan {
    let mut shape = Shape {
        range: start..start,
        time: Slot::Missing,
        source: Slot::Missing,
        name: Slot::Missing,
        kind: Slot::Missing,
        category: Slot::Missing,
        escapes: false,
    };
    let mut strings = Strings::default();
    let mut at = start;
    while at < text.len() {
        let masks = match text.get(at..at + BLOCK).and_then(<[u8]>::first_chunk) {
            Some(block) => block::masks(block),
            None => {
                let mut last = [0; BLOCK];
                let rest = text.get(at..).unwrap_or_default();
                for (to, byte) in last.iter_mut().zip(rest) {
                    *to = *byte;
                }
                block::masks(&last)
            }
        };
        shape.escapes |= masks.backslash != 0;
        let (quotes, inside) = strings.next(&masks);
        let (opens, closes) = (masks.open & !inside, masks.close & !inside);
        let closed = closes.count_ones() as usize;
        // Most blocks of what a record holds do not come back to its outermost level.
        if closed + 1 < depth {
            depth = depth + opens.count_ones() as usize - closed;
            at += BLOCK;
            continue;
        }
        // The next block is not known yet.
        let names = quotes & inside & (masks.letter >> 1 | 1 << 63);
        let mut braces = opens | closes;
        let mut passed = 0;
        loop {
            let brace = braces & braces.wrapping_neg();
            let before = brace.wrapping_sub(1);
            if depth == 1 {
                let mut here = names & before & !passed;
                while here != 0 {
                    shape.member(text, at + here.trailing_zeros() as usize);
                    here &= here - 1;
                }
            }
            if brace == 0 {
                break;
            }
            if brace & opens != 0 {
                depth += 1;
            } else {
                // The first byte is what opens, or something was opened before it.
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    shape.range.end = at + brace.trailing_zeros() as usize + 1;
                    return Scan::Object(shape);
                }
            }
            passed = before | brace;
            braces ^= brace;
        }
        at += BLOCK;
    }
    Scan::Unfinished
}

/// Which bytes lie in strings, from block to block.
#[derive(Default)]
struct Strings {
    /// Whether the first byte of the next block is escaped.
    escaped: bool,
    /// All ones if the next block begins in a string.
    inside: u64,
}

impl Strings {
    /// The quotes that begin or end strings, and the bytes from each opening quote up to the closing one.
    fn next(&mut self, masks: &Masks) -> (u64, u64) {
        let mut escaped = u64::from(self.escaped);
        self.escaped = false;
        // Few blocks have a backslash.
        let mut left = masks.backslash & !escaped;
        while left != 0 {
            let mark = left & left.wrapping_neg();
            let next = mark << 1;
            self.escaped = next == 0;
            escaped |= next;
            left &= !(mark | next);
        }
        let quotes = masks.quote & !escaped;
        let inside = parity(quotes) ^ self.inside;
        self.inside = if inside >> 63 == 1 { u64::MAX } else { 0 };
        (quotes, inside)
    }
}

/// For each bit, whether an odd number of bits up to it are set.
fn parity(mut bits: u64) -> u64 {
    for by in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << by;
    }
    bits
}

impl Shape {
    /// Notes what the string is that begins with the quote at `place`, if it is the name of a member that is looked
    /// for.
    #[inline]
    fn member(&mut self, text: &[u8], place: usize) {
        let rest = text.get(place..).unwrap_or_default();
        let Some(rest) = rest.strip_prefix(b"\"event") else {
            return;
        };
        let (slot, behind) = if let Some(behind) = rest.strip_prefix(b"Time\"") {
            (&mut self.time, behind)
        } else if let Some(behind) = rest.strip_prefix(b"Name\"") {
            (&mut self.name, behind)
        } else if let Some(behind) = rest.strip_prefix(b"Source\"") {
            (&mut self.source, behind)
        } else if let Some(behind) = rest.strip_prefix(b"Type\"") {
            (&mut self.kind, behind)
        } else if let Some(behind) = rest.strip_prefix(b"Category\"") {
            (&mut self.category, behind)
        } else {
            return;
        };
        // A value that reads like a name has no colon behind it.
        let Some(value) = behind.trim_ascii_start().strip_prefix(b":") else {
            return;
        };
        let value = value.trim_ascii_start().strip_prefix(b"\"");
        let found = value.and_then(|value| {
            let begin = text.len() - value.len();
            // Where an escape stands, the text is for those who read escapes.
            let length = memchr::memchr2(b'"', b'\\', value)?;
            (value.get(length) == Some(&b'"')).then_some(Slot::Text(begin..begin + length))
        });
        *slot = match (&*slot, found) {
            (Slot::Missing, Some(found)) => found,
            _ => Slot::Strange,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shape of the object that begins at the first brace, its members as texts.
    fn read(text: &str) -> Option<(&str, [&str; 3])> {
        let start = text.find('{').unwrap();
        let Scan::Object(shape) = object(text.as_bytes(), start) else {
            return None;
        };
        let member = |slot: &Slot| match slot {
            Slot::Missing => "missing",
            Slot::Strange => "strange",
            Slot::Text(range) => &text[range.clone()],
        };
        let members = [&shape.time, &shape.source, &shape.name].map(member);
        Some((&text[shape.range], members))
    }

    /// Nested deeper than a block is long.
    fn nested() -> String {
        let inside = "{\"eventTime\":1}";
        format!("{}{inside}{}", "{\"a\":".repeat(90), "}".repeat(90))
    }

    #[test]
    fn members_are_read_off_wherever_they_stand_in_their_blocks() {
        let deep = nested();
        for pad in 0..130 {
            let pad = " ".repeat(pad);
            let object = format!(
                r#"{{"eventTime":"T",{pad}"x":{{"eventName":"inner}}"}},"eventName" :{pad} "N","y":["eventSource",{deep}],"z":"eventSource","eventSource":"S","é":"\\\"}}"}}"#
            );
            for before in ["", &pad] {
                let text = format!("{before}{object}}}{{");
                let found = read(&text);
                assert_eq!(found, Some((object.as_str(), ["T", "S", "N"])), "{text}");
            }
        }
    }

    #[test]
    fn an_object_that_is_cut_anywhere_is_unfinished() {
        let deep = nested();
        let object =
            format!(r#"{{"a":"}}\"}}","eventTime":"T","b":[{{}},{deep}],"eventName":"N"}}"#);
        assert_eq!(
            read(&object),
            Some((object.as_str(), ["T", "missing", "N"]))
        );
        for end in 1..object.len() {
            assert_eq!(read(&object[..end]), None, "{end}");
        }
        // Without its first brace it is the rest of one.
        let rest = rest(object.as_bytes(), 1);
        assert!(matches!(rest, Scan::Object(shape) if shape.range.end == object.len()));
    }

    #[test]
    fn what_is_no_plain_text_or_comes_twice_is_strange() {
        for (object, name) in [
            (r#"{"eventName":"N"}"#, "N"),
            (r#"{"eventName":""}"#, ""),
            (r#"{"eventName":7}"#, "strange"),
            (r#"{"eventName":["N"]}"#, "strange"),
            (r#"{"eventName":"a\u0041"}"#, "strange"),
            (r#"{"eventName":"N","eventName":"N"}"#, "strange"),
            (r#"{"eventName":"N","eventName":7}"#, "strange"),
            (r#"{"eventName":7,"eventName":"N"}"#, "strange"),
            (r#"{"a":{"eventName":"N"}}"#, "missing"),
            (r#"{"a":"eventName"}"#, "missing"),
            (
                r#"{"eventNames":"N","event":"N","xeventName":"N"}"#,
                "missing",
            ),
            (r#"{"a":"eventName","b":"\"eventName\":\"N\""}"#, "missing"),
        ] {
            let (whole, [_, _, found]) = read(object).unwrap();
            assert_eq!((whole, found), (object, name));
        }
    }
}
