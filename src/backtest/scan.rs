//! Where an object ends, and where its telling members stand, without parsing it.
//!
//! The text is looked at in blocks of 64 bytes, each as four masks: quotes, backslashes, what opens, what
//! closes. Only braces outside strings and, on the outermost level, quotes are then visited one by one. The
//! method is that of simdjson's first stage (Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019).

use std::ops::Range;

use super::block::{self, BLOCK, Masks};

/// An object of a text and what can be said of it from its outermost level alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// `eventTime`.
    pub time: Slot,
    /// `eventSource`.
    pub source: Slot,
    /// `eventName`.
    pub name: Slot,
    /// Whether there is a backslash anywhere.
    pub escapes: bool,
}

/// A member of the outermost level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Slot {
    /// There is none of that name, unless an escape hides it.
    #[default]
    Missing,
    /// A text: its bytes between the quotes.
    Text(Range<usize>),
    /// Something else, or several.
    Strange,
}

impl Slot {
    /// The text, if it is one and has no escapes.
    pub fn plain<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        match self {
            Self::Text(range) => text
                .get(range.clone())
                .filter(|text| memchr::memchr(b'\\', text).is_none()),
            Self::Missing | Self::Strange => None,
        }
    }
}

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// A whole object.
    Object(Shape),
    /// An object that goes on behind the end of the text.
    Unfinished,
}

/// Scans the object whose brace stands at `start`. Only braces, brackets and strings are looked at: whether what
/// closes is of the kind that opened, and everything else, is for those who parse.
pub fn object(text: &[u8], start: usize) -> Scan {
    from(text, start, 0)
}

/// Scans the rest of an object that was opened before `start`.
pub fn rest(text: &[u8], start: usize) -> Scan {
    from(text, start, 1)
}

fn from(text: &[u8], start: usize, mut depth: usize) -> Scan {
    let mut shape = Shape {
        range: start..start,
        time: Slot::Missing,
        source: Slot::Missing,
        name: Slot::Missing,
        escapes: false,
    };
    let mut strings = Strings::default();
    let mut level = Level::default();
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
        let braces = (masks.open | masks.close) & !inside;
        // What lies before the place in the block that was looked at last.
        let mut ahead = u64::MAX;
        loop {
            let wanted = if depth == 1 { braces | quotes } else { braces };
            let left = wanted & ahead;
            if left == 0 {
                break;
            }
            let bit = left.trailing_zeros();
            let mark = left & left.wrapping_neg();
            ahead = !(mark | (mark - 1));
            let place = at + bit as usize;
            if mark & quotes != 0 {
                level.quote(text, place, &mut shape);
            } else if mark & masks.open != 0 {
                depth += 1;
            } else {
                // The first byte is what opens, or something was opened before it.
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    shape.range.end = place + 1;
                    return Scan::Object(shape);
                }
            }
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

/// The strings of the outermost level.
#[derive(Default)]
struct Level {
    /// Where the string that is open began, behind its quote.
    open: Option<usize>,
    /// The member whose text is awaited.
    awaited: Option<Member>,
}

#[derive(Clone, Copy)]
enum Member {
    Time,
    Source,
    Name,
}

impl Level {
    #[inline]
    fn quote(&mut self, text: &[u8], place: usize, shape: &mut Shape) {
        let Some(begun) = self.open.take() else {
            self.open = Some(place + 1);
            return;
        };
        if let Some(member) = self.awaited.take() {
            shape.fill(member, Slot::Text(begun..place));
            return;
        }
        // The names that are looked for have 9 and 11 letters.
        let length = place - begun;
        if length != 9 && length != 11 {
            return;
        }
        let member = match text.get(begun..place) {
            Some(b"eventTime") => Member::Time,
            Some(b"eventName") => Member::Name,
            Some(b"eventSource") => Member::Source,
            _ => return,
        };
        let behind = text.get(place + 1..).unwrap_or_default();
        // A value that reads like a name has no colon behind it.
        let Some(value) = behind.trim_ascii_start().strip_prefix(b":") else {
            return;
        };
        if value.trim_ascii_start().first() == Some(&b'"') {
            self.awaited = Some(member);
        } else {
            shape.fill(member, Slot::Strange);
        }
    }
}

impl Shape {
    fn fill(&mut self, member: Member, found: Slot) {
        let slot = match member {
            Member::Time => &mut self.time,
            Member::Source => &mut self.source,
            Member::Name => &mut self.name,
        };
        *slot = if *slot == Slot::Missing {
            found
        } else {
            Slot::Strange
        };
    }
}
