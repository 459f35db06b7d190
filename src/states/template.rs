//! What does a field give that may hold expressions?

use serde_json::{Map, Value};

use super::scope::Seen;
use crate::jsonata::{Expression, NoValue};

/// The value of a field. Each text in it that is `{% … %}` as a whole is an expression.
#[derive(Debug)]
pub(super) enum Template {
    Literal(Value),
    Expression {
        /// What stands between `{%` and `%}`.
        text: String,
        expression: Expression,
    },
    Array(Vec<Template>),
    Object(Vec<(String, Template)>),
}

impl Template {
    /// What the field gives. `field`: how it is called in the state.
    ///
    /// An expression that gives nothing fails, while a member of a constructor inside an expression that gives nothing
    /// only vanishes. Source: <https://github.com/floci-io/floci/issues/2665>, measured on AWS.
    ///
    /// # Errors
    /// What is wrong, in AWS's words.
    pub(super) fn evaluate(&self, field: &str, seen: &Seen<'_>) -> Result<Value, String> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Expression { text, expression } => {
                let value = seen.evaluate(expression);
                value.map_err(|why| format!("{} {}", specified(text, field), problem(&why)))
            }
            Self::Array(items) => {
                let items = items.iter().enumerate();
                items
                    .map(|(index, item)| item.evaluate(&format!("{field}[{index}]"), seen))
                    .collect()
            }
            Self::Object(members) => {
                let members = members.iter().map(|(name, member)| {
                    let value = member.evaluate(&format!("{field}/{name}"), seen)?;
                    Ok::<_, String>((name.clone(), value))
                });
                let members: Map<String, Value> = members.collect::<Result<_, _>>()?;
                Ok(Value::Object(members))
            }
        }
    }

    /// That the field gave something of another type than it must.
    pub(super) fn unexpected(&self, field: &str, wanted: &str, value: &Value) -> String {
        let text = match self {
            Self::Expression { text, .. } => text,
            _ => "",
        };
        let (said, is) = (specified(text, field), type_of(value));
        format!(
            "{said} returned an unexpected result type. Expected '{wanted}', but was '{is}' for \
             value: {value}"
        )
    }
}

/// Which expression an error is about.
fn specified(text: &str, field: &str) -> String {
    format!("The JSONata expression '{text}' specified for the field '{field}'")
}

fn problem(why: &NoValue) -> String {
    match why {
        NoValue::Nothing => "returned nothing (undefined).".to_owned(),
        // Source: <https://github.com/floci-io/floci/issues/2736>.
        NoValue::Failed(why) | NoValue::NotAnExpression(why) => {
            format!("threw an error during evaluation: {why}")
        }
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
