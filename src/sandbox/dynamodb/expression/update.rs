//! What does an update expression say?
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html>

use super::parser::Parser;
use super::path::Path;
use super::placeholders::Placeholders;
use crate::sandbox::dynamodb::error::bad_value;
use crate::sandbox::dynamodb::state::Table;
use crate::sandbox::dynamodb::value::Attribute;
use crate::sandbox::wire::ApiError;

const FIELD: &str = "UpdateExpression";

/// What is done to an item.
#[derive(Debug, Default)]
pub(crate) struct Update {
    pub(crate) set: Vec<(Path, Term)>,
    pub(crate) remove: Vec<Path>,
    /// Numbers and sets that are added to what is there.
    pub(crate) add: Vec<(Path, Attribute)>,
    /// Sets that are taken from what is there.
    pub(crate) delete: Vec<(Path, Attribute)>,
}

/// What an attribute is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Term {
    Path(Path),
    Value(Attribute),
    IfNotExists(Path, Box<Term>),
    ListAppend(Box<Term>, Box<Term>),
    Plus(Box<Term>, Box<Term>),
    Minus(Box<Term>, Box<Term>),
}

impl Update {
    /// Reads the expression.
    pub(crate) fn parse(text: &str, placeholders: &mut Placeholders) -> Result<Self, ApiError> {
        let mut parser = Parser::new(FIELD, text, placeholders)?;
        let mut update = Self::default();
        let mut sections: Vec<&str> = Vec::new();
        while !parser.is_at_end() {
            let known = ["SET", "REMOVE", "ADD", "DELETE"];
            let found = known.into_iter().find(|word| parser.takes_word(word));
            let section = found.ok_or_else(|| parser.unexpected())?;
            if sections.contains(&section) {
                return Err(parser.fail(format_args!(
                    "The \"{section}\" section can only be used once in an update expression;"
                )));
            }
            sections.push(section);
            update.section(section, &mut parser)?;
            while parser.takes(",") {
                update.section(section, &mut parser)?;
            }
        }
        let paths: Vec<&Path> = update.paths().collect();
        for (at, one) in paths.iter().enumerate() {
            for other in paths.iter().skip(at + 1) {
                if let Some(clash) = one.clash(other) {
                    return Err(parser.fail(format_args!(
                        "Two document paths {clash} with each other; must remove or rewrite one of these paths; path one: {one}, path two: {other}"
                    )));
                }
            }
        }
        Ok(update)
    }

    /// Whatever it changes.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        let set = self.set.iter().map(|(path, _)| path);
        let others = self.add.iter().chain(&self.delete).map(|(path, _)| path);
        set.chain(&self.remove).chain(others)
    }

    /// The key of an item stays as it is.
    pub(crate) fn spares_key(&self, table: &Table) -> Result<(), ApiError> {
        let is_key = |path: &&Path| {
            let mut keys = table.key_attributes();
            keys.any(|key| key.name == path.attribute())
        };
        match self.paths().find(is_key) {
            None => Ok(()),
            Some(path) => Err(bad_value(format_args!(
                "Cannot update attribute {}. This attribute is part of the key",
                path.attribute()
            ))),
        }
    }

    /// Reads one action of a section.
    fn section(&mut self, section: &str, parser: &mut Parser<'_>) -> Result<(), ApiError> {
        let path = parser.path()?;
        match section {
            "SET" => {
                parser.expect("=")?;
                let term = sum(parser)?;
                self.set.push((path, term));
            }
            "REMOVE" => self.remove.push(path),
            "ADD" => self.add.push((path, amount(parser, section, true)?)),
            _ => self.delete.push((path, amount(parser, section, false)?)),
        }
        Ok(())
    }
}

/// The set, or the number if one is taken, of an action.
fn amount(parser: &mut Parser<'_>, section: &str, number: bool) -> Result<Attribute, ApiError> {
    let value = parser.value()?;
    let value = value.ok_or_else(|| parser.unexpected())?;
    match value {
        Attribute::Strings(_) | Attribute::Numbers(_) | Attribute::Binaries(_) => Ok(value),
        Attribute::N(_) if number => Ok(value),
        other => {
            let kind = other.long_kind();
            Err(parser.fail(format_args!(
                "Incorrect operand type for operator or function; operator: {section}, operand type: {kind}, typeSet: ALLOWED_FOR_{section}_OPERAND"
            )))
        }
    }
}

/// A term, or two with a sign between them.
fn sum(parser: &mut Parser<'_>) -> Result<Term, ApiError> {
    let one = term(parser)?;
    let sign = ["+", "-"].into_iter().find(|sign| parser.takes(sign));
    let Some(sign) = sign else {
        return Ok(one);
    };
    let other = term(parser)?;
    for operand in [&one, &other] {
        match operand {
            Term::Value(Attribute::N(_)) => {}
            Term::Value(value) => return Err(parser.wrong_type(sign, value.kind())),
            _ => {}
        }
    }
    let (one, other) = (Box::new(one), Box::new(other));
    Ok(match sign {
        "+" => Term::Plus(one, other),
        _ => Term::Minus(one, other),
    })
}

fn term(parser: &mut Parser<'_>) -> Result<Term, ApiError> {
    if let Some(value) = parser.value()? {
        return Ok(Term::Value(value));
    }
    let opened = parser.position();
    if parser.takes("(") {
        let inner = parser.nested(sum)?;
        parser.close(opened)?;
        return Ok(inner);
    }
    let Some(name) = parser.function() else {
        return parser.path().map(Term::Path);
    };
    match name.as_str() {
        "if_not_exists" | "list_append" => {}
        "attribute_exists"
        | "attribute_not_exists"
        | "attribute_type"
        | "begins_with"
        | "contains"
        | "size" => {
            return Err(parser.fail(format_args!(
                "The function is not allowed in an update expression; function: {name}"
            )));
        }
        _ => return Err(parser.fail(format_args!("Invalid function name; function: {name}"))),
    }
    let operands = parser.nested(|parser| parser.operands(&name, 2, term))?;
    let mut operands = operands.into_iter();
    let (Some(one), Some(other)) = (operands.next(), operands.next()) else {
        return Err(parser.unexpected());
    };
    if name == "if_not_exists" {
        let Term::Path(path) = one else {
            return Err(parser.fail(format_args!(
                "Operator or function requires a document path; operator or function: {name}"
            )));
        };
        return Ok(Term::IfNotExists(path, Box::new(other)));
    }
    for operand in [&one, &other] {
        match operand {
            Term::Value(Attribute::L(_)) => {}
            Term::Value(value) => return Err(parser.wrong_type(&name, value.kind())),
            _ => {}
        }
    }
    Ok(Term::ListAppend(Box::new(one), Box::new(other)))
}
