//! How is an expression read, whichever it is: tokens, paths, values?

use std::collections::{BTreeMap, BTreeSet};

use super::path::{Part, Path};
use super::placeholders::Placeholders;
use super::token::{Kind, Token, split};
use crate::sandbox::dynamodb::error::invalid;
use crate::sandbox::dynamodb::value::Attribute;
use crate::sandbox::wire::ApiError;

/// The words that cannot be names of attributes without a placeholder, one a line.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html>
const RESERVED: &str = include_str!("reserved.txt");

/// The bytes that an expression has at most.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const LONGEST: usize = 4096;

/// How deep the sandbox follows parentheses and functions.
const DEEPEST: usize = 64;

/// An expression that is being read.
pub(crate) struct Parser<'a> {
    /// The name of the parameter.
    field: &'static str,
    text: &'a str,
    tokens: Vec<Token>,
    end: Token,
    at: usize,
    depth: usize,
    placeholders: &'a mut Placeholders,
    /// The attributes of the item that were named.
    pub(crate) attributes: BTreeSet<String>,
    /// Where parentheses open, where they close.
    closed: BTreeMap<usize, usize>,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(
        field: &'static str,
        text: &'a str,
        placeholders: &'a mut Placeholders,
    ) -> Result<Self, ApiError> {
        let length = text.trim_ascii_end().len();
        let end = Token {
            kind: Kind::End,
            text: "<EOF>".to_owned(),
            start: length,
            end: length,
        };
        let parser = Self {
            field,
            text,
            tokens: split(text),
            end,
            at: 0,
            depth: 0,
            placeholders,
            attributes: BTreeSet::new(),
            closed: BTreeMap::new(),
        };
        if text.trim().is_empty() {
            return Err(parser.fail("The expression can not be empty;"));
        }
        if text.len() > LONGEST {
            let size = text.len();
            return Err(parser.fail(format_args!(
                "Expression size has exceeded the maximum allowed size; expression size: {size}"
            )));
        }
        Ok(parser)
    }

    /// The refusal of the expression.
    pub(crate) fn fail(&self, reason: impl std::fmt::Display) -> ApiError {
        invalid(format!("Invalid {}: {reason}", self.field))
    }

    /// The refusal of the token that comes next. AWS shows its neighbours too.
    pub(crate) fn unexpected(&self) -> ApiError {
        let token = self.peek();
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let after = self.tokens.get(self.at + 1);
        let from = before.map_or(token.start, |before| before.start);
        let to = after.map_or(token.end, |after| after.end);
        let near = self.text.get(from..to).unwrap_or_default();
        let text = &token.text;
        self.fail(format_args!(
            "Syntax error; token: \"{text}\", near: \"{near}\""
        ))
    }

    /// The refusal of an operand whose type an operator does not take.
    pub(crate) fn wrong_type(&self, operator: &str, kind: &str) -> ApiError {
        self.fail(format_args!(
            "Incorrect operand type for operator or function; operator or function: {operator}, operand type: {kind}"
        ))
    }

    pub(crate) fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&self.end)
    }

    /// Where it is, counted in tokens.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.peek().kind == Kind::End
    }

    pub(crate) fn is_at(&self, sign: &str) -> bool {
        let token = self.peek();
        token.kind == Kind::Sign && token.text == sign
    }

    /// Steps over a sign, if it is the next.
    pub(crate) fn takes(&mut self, sign: &str) -> bool {
        let is = self.is_at(sign);
        self.at += usize::from(is);
        is
    }

    /// Steps over an operator that is a word, if it is the next.
    pub(crate) fn takes_word(&mut self, word: &str) -> bool {
        let token = self.peek();
        let is = token.kind == Kind::Word && token.text.eq_ignore_ascii_case(word);
        self.at += usize::from(is);
        is
    }

    pub(crate) fn expect(&mut self, sign: &str) -> Result<(), ApiError> {
        match self.takes(sign) {
            true => Ok(()),
            false => Err(self.unexpected()),
        }
    }

    /// The name of the function that is called next, if one is; it steps over its parenthesis.
    pub(crate) fn function(&mut self) -> Option<String> {
        let name = self.peek();
        let next = self.tokens.get(self.at + 1)?;
        if name.kind != Kind::Word || next.kind != Kind::Sign || next.text != "(" {
            return None;
        }
        let name = name.text.clone();
        self.at += 2;
        Some(name)
    }

    /// The operands of a function, whose opening parenthesis is read already.
    pub(crate) fn operands<T>(
        &mut self,
        function: &str,
        wanted: usize,
        read: impl Fn(&mut Self) -> Result<T, ApiError>,
    ) -> Result<Vec<T>, ApiError> {
        let mut operands = vec![read(self)?];
        while self.takes(",") {
            operands.push(read(self)?);
        }
        self.expect(")")?;
        if operands.len() == wanted {
            return Ok(operands);
        }
        Err(self.fail(format_args!(
            "Incorrect number of operands for operator or function; operator or function: {function}, number of operands: {}",
            operands.len()
        )))
    }

    /// A document path.
    pub(crate) fn path(&mut self) -> Result<Path, ApiError> {
        let first = self.name()?;
        self.attributes.insert(first.clone());
        let mut parts = vec![Part::Name(first)];
        loop {
            if self.takes(".") {
                parts.push(Part::Name(self.name()?));
            } else if self.takes("[") {
                let token = self.peek();
                let index = match token.kind {
                    Kind::Digits => token.text.parse().ok(),
                    _ => None,
                };
                parts.push(Part::Index(index.ok_or_else(|| self.unexpected())?));
                self.at += 1;
                self.expect("]")?;
            } else {
                return Ok(Path(parts));
            }
        }
    }

    fn name(&mut self) -> Result<String, ApiError> {
        let token = self.peek();
        let (kind, text) = (token.kind, token.text.clone());
        let name = match kind {
            Kind::Name => {
                let name = self.placeholders.name(&text);
                name.map_err(|reason| self.fail(reason))?
            }
            Kind::Word if is_reserved(&text) => {
                return Err(self.fail(format_args!(
                    "Attribute name is a reserved keyword; reserved keyword: {text}"
                )));
            }
            Kind::Word => text,
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(name)
    }

    /// The value of a placeholder, if one is next.
    pub(crate) fn value(&mut self) -> Result<Option<Attribute>, ApiError> {
        let token = self.peek();
        if token.kind != Kind::Value {
            return Ok(None);
        }
        let text = token.text.clone();
        let value = self.placeholders.value(&text);
        let value = value.map_err(|reason| self.fail(reason))?;
        self.at += 1;
        Ok(Some(value))
    }

    /// Reads what is nested, which is no deeper than the sandbox follows.
    pub(crate) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        if self.depth >= DEEPEST {
            return Err(ApiError::unsupported(format_args!(
                "an expression nested more than {DEEPEST} deep"
            )));
        }
        self.depth += 1;
        let inner = read(self);
        self.depth -= 1;
        inner
    }

    /// Reads the closing parenthesis of what opened there. AWS refuses parentheses right inside others.
    pub(crate) fn close(&mut self, opened: usize) -> Result<(), ApiError> {
        let closes = self.at;
        self.expect(")")?;
        self.closed.insert(opened, closes);
        match self.closed.get(&(opened + 1)) {
            Some(inner) if inner + 1 == closes => {
                Err(self.fail("The expression has redundant parentheses;"))
            }
            _ => Ok(()),
        }
    }
}

fn is_reserved(word: &str) -> bool {
    RESERVED.lines().any(|line| line.eq_ignore_ascii_case(word))
}
