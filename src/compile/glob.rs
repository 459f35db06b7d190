//! Globs of the rules file, and the cheapest EventBridge operator that says the same.

use std::fmt::{self, Write};

use serde_json::{Value, json};

/// A text with `*` for any text; `\*` and `\\` are literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(Vec<Token>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Char(char),
    Star,
}

impl Glob {
    pub(super) fn parse(text: &str) -> Self {
        let mut tokens = Vec::with_capacity(text.len());
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                // EventBridge refuses consecutive wildcards, and one says the same.
                '*' if tokens.last() == Some(&Token::Star) => {}
                '*' => tokens.push(Token::Star),
                '\\' => tokens.push(Token::Char(chars.next().unwrap_or('\\'))),
                c => tokens.push(Token::Char(c)),
            }
        }
        Self(tokens)
    }

    /// Whether every text that `other` matches is matched by this one. Sound; a `false` may be wrong
    /// only where two stars of ours would have to share one of theirs.
    pub(super) fn covers(&self, other: &str) -> bool {
        let theirs = Glob::parse(other).0;
        if !self.0.contains(&Token::Star) {
            return self.0 == theirs;
        }
        if differ(self.0.iter(), theirs.iter()) || differ(self.0.iter().rev(), theirs.iter().rev())
        {
            return false;
        }
        // Which suffixes of `theirs` the rest of our tokens can take, from the last token backwards.
        let mut fits: Vec<bool> = theirs.iter().map(|_| false).chain([true]).collect();
        for ours in self.0.iter().rev() {
            let next = fits.clone();
            let mut later = false;
            for (at, fit) in fits.iter_mut().enumerate().rev() {
                later |= *fit;
                *fit = match ours {
                    Token::Star => later,
                    Token::Char(_) => {
                        theirs.get(at) == Some(ours) && next.get(at + 1).copied().unwrap_or(false)
                    }
                };
            }
        }
        fits.first().copied().unwrap_or(false)
    }

    /// The text, if there is no star in it.
    pub(super) fn literal(&self) -> Option<String> {
        chars(&self.0)
    }

    /// What it stands for, cheapest first: exact, prefix, suffix, only then wildcard.
    pub(super) fn shape(&self) -> Shape {
        if let Some(text) = self.literal() {
            return Shape::Exact(text);
        }
        match self.0.as_slice() {
            [Token::Star] => Shape::Anything,
            [head @ .., Token::Star] if chars(head).is_some() => {
                Shape::Prefix(chars(head).unwrap_or_default())
            }
            [Token::Star, tail @ ..] if chars(tail).is_some() => {
                Shape::Suffix(chars(tail).unwrap_or_default())
            }
            _ => Shape::Wildcard(self.to_string()),
        }
    }

    /// The match expression for a field under `detail`.
    pub(super) fn test(&self) -> Value {
        match self.shape() {
            Shape::Exact(text) => json!(text),
            Shape::Anything => json!({ "exists": true }),
            Shape::Prefix(text) => json!({ "prefix": text }),
            Shape::Suffix(text) => json!({ "suffix": text }),
            Shape::Wildcard(text) => json!({ "wildcard": text }),
        }
    }
}

/// Whether one of our characters stands, before any star of ours, where theirs is another or a star.
fn differ<'t>(
    ours: impl Iterator<Item = &'t Token>,
    theirs: impl Iterator<Item = &'t Token>,
) -> bool {
    let mut fixed = ours
        .zip(theirs)
        .take_while(|(ours, _)| **ours != Token::Star);
    fixed.any(|(ours, theirs)| ours != theirs)
}

/// EventBridge's spelling in `wildcard`: a literal `*` or `\` is escaped by `\`.
impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &self.0 {
            match token {
                Token::Star => f.write_char('*')?,
                Token::Char(c @ ('*' | '\\')) => write!(f, "\\{c}")?,
                Token::Char(c) => f.write_char(*c)?,
            }
        }
        Ok(())
    }
}

/// What a glob amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    Exact(String),
    Anything,
    Prefix(String),
    Suffix(String),
    Wildcard(String),
}

fn chars(tokens: &[Token]) -> Option<String> {
    tokens
        .iter()
        .map(|token| match token {
            Token::Char(c) => Some(*c),
            Token::Star => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_become_the_cheapest_operator() {
        for (glob, test) in [
            ("CreateUser", json!("CreateUser")),
            ("Add*", json!({ "prefix": "Add" })),
            ("*Policy", json!({ "suffix": "Policy" })),
            ("*", json!({ "exists": true })),
            ("**", json!({ "exists": true })),
            ("Put*Policy", json!({ "wildcard": "Put*Policy" })),
            ("*Role*", json!({ "wildcard": "*Role*" })),
            (r"a\*b", json!("a*b")),
            (r"a\*b*", json!({ "prefix": "a*b" })),
            (r"a\*b*c", json!({ "wildcard": r"a\*b*c" })),
            (r"C:\\*x*", json!({ "wildcard": r"C:\\*x*" })),
            ("", json!("")),
        ] {
            assert_eq!(Glob::parse(glob).test(), test, "{glob}");
        }
    }

    #[test]
    fn covering_is_set_inclusion() {
        for (wide, narrow, covers) in [
            ("a*c", "b*c", false),
            ("a*c", "a*d", false),
            ("a*", "*a", false),
            ("*a", "a*", false),
            ("a*", "*", false),
            ("ab*ba", "aba", false),
            ("ab*ba", "ab*x*ba", true),
            ("*a*", "b*ab*", true),
            ("*", "anything", true),
            ("Put*", "Put*Policy", true),
            ("Put*Policy", "Put*", false),
            ("Put*Policy", "PutRolePolicy", true),
            ("Put*Policy", "PutPolic", false),
            ("Create*", "CreateUser", true),
            ("CreateUser", "Create*", false),
            ("*a*b*", "xaxbx", true),
            ("*a*b*", "b*a", false),
            (r"a\*", "ab", false),
            ("a*", r"a\*", true),
        ] {
            assert_eq!(Glob::parse(wide).covers(narrow), covers, "{wide} {narrow}");
        }
    }
}
