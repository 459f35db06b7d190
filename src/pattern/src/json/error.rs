//! What can be wrong with a JSON text, and where.

use thiserror::Error;

/// The deepest nesting that is read; Jackson, which event-ruler reads with, stops at the same depth.
pub const MAX_DEPTH: usize = 1000;

/// A place in a text: both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line within the text.
    pub line: usize,
    /// The character within the line.
    pub column: usize,
}

impl Position {
    /// The place of the byte `at` in `text`.
    pub(crate) fn of(text: &str, at: usize) -> Self {
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
