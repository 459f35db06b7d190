//! Wildcard patterns: `*` stands for any characters, `\*` and `\\` for themselves.

use super::error::Cause;

/// A parsed wildcard pattern: the literal texts between its stars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wildcard {
    parts: Vec<String>,
}

impl Wildcard {
    /// Reads a pattern. Positions in errors count bytes from 1, as EventBridge's do: it counts the
    /// opening quote (`WildcardParser` sees the value quoted).
    pub(crate) fn parse(text: &str) -> Result<Self, Cause> {
        let mut parts = vec![String::new()];
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            let literal = match (character, next) {
                ('*', Some('*')) => return Err(Cause::ConsecutiveWildcards(at + 1)),
                ('*', _) => {
                    parts.push(String::new());
                    continue;
                }
                ('\\', Some(escaped @ ('*' | '\\'))) => {
                    characters.next();
                    escaped
                }
                ('\\', _) => return Err(Cause::WildcardEscape(at + 1)),
                (other, _) => other,
            };
            if let Some(part) = parts.last_mut() {
                part.push(literal);
            }
        }
        Ok(Self { parts })
    }

    /// Whether the whole text fits. Time grows with the length of the text only.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.parts.split_first() else {
            return false;
        };
        let Some((last, middle)) = rest.split_last() else {
            return text == first;
        };
        let Some(mut text) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        // The leftmost place for each part leaves the most text for those behind it.
        for part in middle {
            let Some((_, behind)) = text.split_once(part.as_str()) else {
                return false;
            };
            text = behind;
        }
        text.ends_with(last.as_str())
    }

    /// A short text that fits.
    pub(crate) fn sample(&self) -> String {
        self.parts.join("x")
    }

    /// The literal texts between the stars.
    pub(crate) fn parts(&self) -> &[String] {
        &self.parts
    }
}
