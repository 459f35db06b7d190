//! What does a condition say?
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html>

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::parser::Parser;
use super::path::Path;
use super::placeholders::Placeholders;
use crate::sandbox::dynamodb::value::Attribute;
use crate::sandbox::wire::ApiError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Compare(Operand, Comparison, Operand),
    Between(Operand, Operand, Operand),
    In(Operand, Vec<Operand>),
    Exists(Path),
    NotExists(Path),
    /// Whether the type of something has this name on the wire.
    Type(Path, String),
    BeginsWith(Operand, Operand),
    Contains(Operand, Operand),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operand {
    Path(Path),
    Value(Attribute),
    Size(Path),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

const COMPARISONS: [(&str, Comparison); 6] = [
    ("=", Comparison::Equal),
    ("<>", Comparison::NotEqual),
    ("<", Comparison::Less),
    ("<=", Comparison::LessOrEqual),
    (">", Comparison::Greater),
    (">=", Comparison::GreaterOrEqual),
];

/// The functions that are conditions.
const FUNCTIONS: [(&str, usize); 5] = [
    ("attribute_exists", 1),
    ("attribute_not_exists", 1),
    ("attribute_type", 2),
    ("begins_with", 2),
    ("contains", 2),
];

const TYPES: [&str; 10] = ["B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"];

/// What one of a list of values is compared with at most.
const MOST_VALUES: usize = 100;

/// A condition, and the attributes that it names.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) condition: Condition,
    pub(crate) attributes: BTreeSet<String>,
}

/// Reads the expression of a parameter.
pub(crate) fn parse(
    field: &'static str,
    text: &str,
    placeholders: &mut Placeholders,
) -> Result<Parsed, ApiError> {
    let mut parser = Parser::new(field, text, placeholders)?;
    let condition = any_of(&mut parser)?;
    if !parser.is_at_end() {
        return Err(parser.unexpected());
    }
    Ok(Parsed {
        condition,
        attributes: parser.attributes,
    })
}

fn any_of(parser: &mut Parser<'_>) -> Result<Condition, ApiError> {
    let mut condition = all_of(parser)?;
    while parser.takes_word("OR") {
        let other = all_of(parser)?;
        condition = Condition::Or(Box::new(condition), Box::new(other));
    }
    Ok(condition)
}

fn all_of(parser: &mut Parser<'_>) -> Result<Condition, ApiError> {
    let mut condition = one(parser)?;
    while parser.takes_word("AND") {
        let other = one(parser)?;
        condition = Condition::And(Box::new(condition), Box::new(other));
    }
    Ok(condition)
}

fn one(parser: &mut Parser<'_>) -> Result<Condition, ApiError> {
    if parser.takes_word("NOT") {
        let inner = parser.nested(one)?;
        return Ok(Condition::Not(Box::new(inner)));
    }
    let opened = parser.position();
    if parser.takes("(") {
        let inner = parser.nested(any_of)?;
        parser.close(opened)?;
        return Ok(inner);
    }
    let Some(name) = parser.function() else {
        let left = operand(parser)?;
        return compared(parser, left);
    };
    if name == "size" {
        let left = size(parser)?;
        return compared(parser, left);
    }
    let Some((_, wanted)) = FUNCTIONS.iter().find(|(function, _)| *function == name) else {
        return Err(match name.as_str() {
            "if_not_exists" | "list_append" => parser.fail(format_args!(
                "The function is not allowed in a condition expression; function: {name}"
            )),
            _ => parser.fail(format_args!("Invalid function name; function: {name}")),
        });
    };
    let mut operands = parser.operands(&name, *wanted, operand)?.into_iter();
    match (operands.next(), operands.next()) {
        (Some(one), None) => {
            let path = path_of(parser, &name, one)?;
            Ok(match name.as_str() {
                "attribute_exists" => Condition::Exists(path),
                _ => Condition::NotExists(path),
            })
        }
        (Some(one), Some(other)) => with_two(parser, &name, one, other),
        _ => Err(parser.unexpected()),
    }
}

fn path_of(parser: &Parser<'_>, function: &str, operand: Operand) -> Result<Path, ApiError> {
    match operand {
        Operand::Path(path) => Ok(path),
        Operand::Value(_) | Operand::Size(_) => Err(parser.fail(format_args!(
            "Operator or function requires a document path; operator or function: {function}"
        ))),
    }
}

/// A function of two operands.
fn with_two(
    parser: &Parser<'_>,
    function: &str,
    one: Operand,
    other: Operand,
) -> Result<Condition, ApiError> {
    distinct(parser, function, &one, &other)?;
    match function {
        "attribute_type" => {
            let path = path_of(parser, function, one)?;
            match other {
                Operand::Value(Attribute::S(kind)) if TYPES.contains(&kind.as_str()) => {
                    Ok(Condition::Type(path, kind))
                }
                Operand::Value(Attribute::S(kind)) => {
                    let types = TYPES.join(",");
                    Err(parser.fail(format_args!(
                        "Invalid attribute type name found; type: {kind}, valid types: {{{types}}}"
                    )))
                }
                Operand::Value(value) => Err(parser.wrong_type(function, value.kind())),
                Operand::Path(_) | Operand::Size(_) => {
                    Err(parser.wrong_type(function, "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"))
                }
            }
        }
        "begins_with" => {
            for operand in [&one, &other] {
                match operand {
                    Operand::Value(Attribute::S(_) | Attribute::B(_)) | Operand::Path(_) => {}
                    Operand::Value(value) => {
                        return Err(parser.wrong_type(function, value.kind()));
                    }
                    Operand::Size(_) => return Err(parser.wrong_type(function, "N")),
                }
            }
            Ok(Condition::BeginsWith(one, other))
        }
        _ => Ok(Condition::Contains(one, other)),
    }
}

/// What follows the first operand of a comparison.
fn compared(parser: &mut Parser<'_>, left: Operand) -> Result<Condition, ApiError> {
    if parser.takes_word("BETWEEN") {
        let low = operand(parser)?;
        if !parser.takes_word("AND") {
            return Err(parser.unexpected());
        }
        let high = operand(parser)?;
        bounds(parser, &low, &high)?;
        return Ok(Condition::Between(left, low, high));
    }
    if parser.takes_word("IN") {
        parser.expect("(")?;
        let mut values = vec![operand(parser)?];
        while parser.takes(",") {
            values.push(operand(parser)?);
        }
        parser.expect(")")?;
        if values.len() > MOST_VALUES {
            return Err(parser.fail(format_args!(
                "Incorrect number of operands for operator or function; operator or function: IN, number of operands: {}",
                values.len() + 1
            )));
        }
        return Ok(Condition::In(left, values));
    }
    let found = COMPARISONS.iter().find(|(sign, _)| parser.is_at(sign));
    let Some((sign, comparison)) = found else {
        return Err(parser.unexpected());
    };
    parser.takes(sign);
    let right = operand(parser)?;
    distinct(parser, sign, &left, &right)?;
    if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
        for operand in [&left, &right] {
            ordered(parser, sign, operand)?;
        }
    }
    Ok(Condition::Compare(left, *comparison, right))
}

fn operand(parser: &mut Parser<'_>) -> Result<Operand, ApiError> {
    if let Some(value) = parser.value()? {
        return Ok(Operand::Value(value));
    }
    match parser.function() {
        None => parser.path().map(Operand::Path),
        Some(name) if name == "size" => size(parser),
        Some(name) => Err(match FUNCTIONS.iter().any(|(known, _)| *known == name) {
            true => parser.fail(format_args!(
                "The function is not allowed to be used this way in an expression; function: {name}"
            )),
            false => parser.fail(format_args!("Invalid function name; function: {name}")),
        }),
    }
}

/// The size of something, whose opening parenthesis is read already.
fn size(parser: &mut Parser<'_>) -> Result<Operand, ApiError> {
    let path = parser.operands("size", 1, Parser::path)?.pop();
    path.map(Operand::Size).ok_or_else(|| parser.unexpected())
}

/// AWS refuses to compare something with itself.
fn distinct(
    parser: &Parser<'_>,
    operator: &str,
    one: &Operand,
    other: &Operand,
) -> Result<(), ApiError> {
    match one {
        Operand::Path(path) if one == other => Err(parser.fail(format_args!(
            "The first operand must be distinct from the remaining operands for this operator or function; operator: {operator}, first operand: {path}"
        ))),
        _ => Ok(()),
    }
}

/// Refuses a value that has no order.
fn ordered(parser: &Parser<'_>, operator: &str, operand: &Operand) -> Result<(), ApiError> {
    match operand {
        Operand::Value(value) if !value.is_ordered() => {
            Err(parser.wrong_type(operator, value.kind()))
        }
        _ => Ok(()),
    }
}

/// Refuses bounds between which nothing is.
fn bounds(parser: &Parser<'_>, low: &Operand, high: &Operand) -> Result<(), ApiError> {
    for bound in [low, high] {
        ordered(parser, "BETWEEN", bound)?;
    }
    let (Operand::Value(low), Operand::Value(high)) = (low, high) else {
        return Ok(());
    };
    let why = match low.order(high) {
        None => "requires same data type for lower and upper bounds",
        Some(Ordering::Greater) => {
            "requires upper bound to be greater than or equal to lower bound"
        }
        Some(Ordering::Less | Ordering::Equal) => return Ok(()),
    };
    let show = |value: &Attribute| {
        let text = serde_json::json!(value).get(value.kind()).cloned();
        let text = text.unwrap_or_default();
        let text = text.as_str().unwrap_or_default().to_owned();
        format!("AttributeValue: {{{}:{text}}}", value.kind())
    };
    Err(parser.fail(format_args!(
        "The BETWEEN operator {why}; lower bound operand: {}, upper bound operand: {}",
        show(low),
        show(high)
    )))
}
