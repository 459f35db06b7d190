//! Which keys does a query want?
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html>

use super::condition::{Comparison, Condition, Operand, parse};
use super::path::Path;
use super::placeholders::Placeholders;
use crate::sandbox::dynamodb::error::{bad_value, invalid};
use crate::sandbox::dynamodb::state::{KeyAttribute, Table};
use crate::sandbox::dynamodb::value::Attribute;
use crate::sandbox::wire::ApiError;

const FIELD: &str = "KeyConditionExpression";

/// The conditions of an expression, each of which is about one attribute of the key.
#[derive(Debug)]
pub(crate) struct KeyCondition(Vec<(String, Condition)>);

impl KeyCondition {
    /// Reads the expression.
    pub(crate) fn parse(text: &str, placeholders: &mut Placeholders) -> Result<Self, ApiError> {
        let parsed = parse(FIELD, text, placeholders)?;
        let mut parts = Vec::new();
        flatten(parsed.condition, &mut parts)?;
        for (at, (name, _)) in parts.iter().enumerate() {
            if parts.iter().skip(at + 1).any(|(other, _)| other == name) {
                return Err(invalid(
                    "KeyConditionExpressions must only contain one condition per key",
                ));
            }
        }
        match parts.len() {
            1 | 2 => Ok(Self(parts)),
            _ => Err(invalid("Conditions can be of length 1 or 2 only")),
        }
    }

    /// The partition key that a query of a table wants, and the condition on its sort key.
    pub(crate) fn of(self, table: &Table) -> Result<(Attribute, Option<Condition>), ApiError> {
        let missed =
            |name: &str| invalid(format!("Query condition missed key schema element: {name}"));
        let (mut hash, mut range) = (None, None);
        for (name, condition) in self.0 {
            if name == table.hash.name {
                fits(&condition, &table.hash)?;
                hash = Some(condition);
                continue;
            }
            match &table.range {
                Some(attribute) if attribute.name == name => {
                    fits(&condition, attribute)?;
                    range = Some(condition);
                }
                Some(attribute) => return Err(missed(&attribute.name)),
                None if hash.is_none() => return Err(missed(&table.hash.name)),
                None => return Err(invalid("Query key condition not supported")),
            }
        }
        match hash {
            None => Err(missed(&table.hash.name)),
            Some(Condition::Compare(_, Comparison::Equal, Operand::Value(hash))) => {
                Ok((hash, range))
            }
            Some(_) => Err(invalid("Query key condition not supported")),
        }
    }
}

/// Takes conditions apart that must hold together.
fn flatten(condition: Condition, parts: &mut Vec<(String, Condition)>) -> Result<(), ApiError> {
    let refused = |what: &str| Err(invalid(format!("Invalid operator used in {FIELD}: {what}")));
    match condition {
        Condition::And(one, other) => {
            flatten(*one, parts)?;
            return flatten(*other, parts);
        }
        Condition::Or(..) => return refused("OR"),
        Condition::Not(_) => return refused("NOT"),
        Condition::In(..) => return refused("IN"),
        Condition::Compare(_, Comparison::NotEqual, _) => return refused("<>"),
        Condition::Exists(_) => return refused("attribute_exists"),
        Condition::NotExists(_) => return refused("attribute_not_exists"),
        Condition::Type(..) => return refused("attribute_type"),
        Condition::Contains(..) => return refused("contains"),
        Condition::Compare(..) | Condition::Between(..) | Condition::BeginsWith(..) => {}
    }
    let name = subject(&condition)?;
    parts.push((name, condition));
    Ok(())
}

/// The attribute that a condition compares with values.
fn subject(condition: &Condition) -> Result<String, ApiError> {
    let Some((operand, values)) = sides(condition) else {
        return Err(invalid("Query key condition not supported"));
    };
    if values
        .iter()
        .any(|value| !matches!(value, Operand::Value(_)))
    {
        let message = "Multiple attribute names used in one condition";
        return Err(invalid(format!("Invalid condition in {FIELD}: {message}")));
    }
    match operand {
        Operand::Path(path) => top(path),
        Operand::Size(_) => Err(invalid(
            "KeyConditionExpressions cannot contain nested operations",
        )),
        // AWS turns these round.
        Operand::Value(_) => Err(ApiError::unsupported(format_args!(
            "a {FIELD} with a value on the left"
        ))),
    }
}

fn top(path: &Path) -> Result<String, ApiError> {
    match path.is_top() {
        true => Ok(path.attribute().to_owned()),
        false => Err(invalid(
            "KeyConditionExpressions cannot have conditions on nested attributes",
        )),
    }
}

/// What is compared, and with what.
fn sides(condition: &Condition) -> Option<(&Operand, Vec<&Operand>)> {
    match condition {
        Condition::Between(operand, low, high) => Some((operand, vec![low, high])),
        Condition::Compare(operand, _, value) | Condition::BeginsWith(operand, value) => {
            Some((operand, vec![value]))
        }
        _ => None,
    }
}

/// Refuses values that cannot be those of a key attribute.
fn fits(condition: &Condition, attribute: &KeyAttribute) -> Result<(), ApiError> {
    let values = sides(condition).map(|(_, values)| values);
    for value in values.into_iter().flatten() {
        let Operand::Value(value) = value else {
            continue;
        };
        if value.kind() != attribute.kind {
            return Err(bad_value(
                "Condition parameter type does not match schema type",
            ));
        }
        if *value == Attribute::S(String::new()) {
            return Err(invalid(format!(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: {}",
                attribute.name
            )));
        }
    }
    Ok(())
}
