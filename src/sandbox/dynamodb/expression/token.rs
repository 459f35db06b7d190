//! Of which tokens is an expression made?

/// A piece of an expression, and where in its text it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word: an attribute's name, a function or an operator.
    Word,
    /// `#name`.
    Name,
    /// `:value`.
    Value,
    Digits,
    Sign,
    /// What belongs into no expression.
    Other,
    End,
}

/// The tokens of a text.
pub(crate) fn split(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(rest) = text.get(start..) {
        let blank = rest.len() - rest.trim_ascii_start().len();
        let rest = rest.trim_ascii_start();
        let Some(first) = rest.chars().next() else {
            break;
        };
        start += blank;
        let (kind, length) = first_of(first, rest);
        let end = start + length;
        tokens.push(Token {
            kind,
            text: text.get(start..end).unwrap_or_default().to_owned(),
            start,
            end,
        });
        start = end;
    }
    tokens
}

/// The kind and the length of the first token of a text.
fn first_of(first: char, text: &str) -> (Kind, usize) {
    let run = |within: fn(&char) -> bool| 1 + text.chars().skip(1).take_while(within).count();
    let word: fn(&char) -> bool = |c| c.is_ascii_alphanumeric() || *c == '_';
    match first {
        '#' => (Kind::Name, run(word)),
        ':' => (Kind::Value, run(word)),
        // A name that begins with anything else needs a placeholder.
        // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ExpressionAttributeNames.html
        'a'..='z' | 'A'..='Z' => (Kind::Word, run(word)),
        '0'..='9' => (Kind::Digits, run(char::is_ascii_digit)),
        '<' | '>' if text.starts_with("<>") => (Kind::Sign, 2),
        '<' | '>' if text.starts_with("<=") || text.starts_with(">=") => (Kind::Sign, 2),
        '(' | ')' | '[' | ']' | ',' | '.' | '=' | '<' | '>' | '+' | '-' => (Kind::Sign, 1),
        other => (Kind::Other, other.len_utf8()),
    }
}
