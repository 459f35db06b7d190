//! Where an object ends, and where its telling members stand, without parsing it.

use std::ops::Range;

/// An object of a text and what can be said of it from its outermost level alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// `eventTime`, `eventSource` and `eventName`.
    pub time: Slot,
    /// Likewise.
    pub source: Slot,
    /// Likewise.
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

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// A whole object.
    Object(Shape),
    /// An object that goes on behind the end of the text.
    Unfinished,
    /// A brace that closes what no brace opened, at this byte.
    Broken(usize),
}

/// Scans the object whose brace stands at `start`. Only braces, brackets and strings are looked at.
pub fn object(text: &[u8], start: usize) -> Scan {
    from(text, start, Vec::new())
}

/// Scans the rest of an object that was opened before `start`.
pub fn rest(text: &[u8], start: usize) -> Scan {
    from(text, start, vec![b'{'])
}

fn from(text: &[u8], start: usize, mut open: Vec<u8>) -> Scan {
    let mut shape = Shape {
        range: start..start,
        time: Slot::Missing,
        source: Slot::Missing,
        name: Slot::Missing,
        escapes: false,
    };
    let mut key: Option<Range<usize>> = None;
    let mut at = start;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                let Some(end) = string(text, at + 1, &mut shape.escapes) else {
                    return Scan::Unfinished;
                };
                if open.len() == 1 {
                    let inside = at + 1..end;
                    match key.take() {
                        None => key = Some(inside),
                        Some(key) => shape.member(text, &key, Slot::Text(inside)),
                    }
                }
                at = end;
            }
            b'{' | b'[' => open.push(*byte),
            b'}' | b']' => {
                let opened = if *byte == b'}' { b'{' } else { b'[' };
                if open.pop() != Some(opened) {
                    return Scan::Broken(at);
                }
                if open.is_empty() {
                    if let Some(key) = key.take() {
                        shape.member(text, &key, Slot::Strange);
                    }
                    shape.range.end = at + 1;
                    return Scan::Object(shape);
                }
            }
            b',' if open.len() == 1 => {
                // What the key named was no text.
                if let Some(key) = key.take() {
                    shape.member(text, &key, Slot::Strange);
                }
            }
            _ => {}
        }
        at += 1;
    }
    Scan::Unfinished
}

impl Shape {
    fn member(&mut self, text: &[u8], key: &Range<usize>, found: Slot) {
        let slot = match text.get(key.clone()) {
            Some(b"eventTime") => &mut self.time,
            Some(b"eventSource") => &mut self.source,
            Some(b"eventName") => &mut self.name,
            _ => return,
        };
        *slot = if *slot == Slot::Missing {
            found
        } else {
            Slot::Strange
        };
    }
}

/// The place of the quote that ends a string whose inside begins here.
fn string(text: &[u8], from: usize, escapes: &mut bool) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = text.get(at..)?;
        let found = memchr::memchr2(b'"', b'\\', rest)?;
        at += found;
        if text.get(at) == Some(&b'"') {
            return Some(at);
        }
        *escapes = true;
        at += 2;
    }
}
