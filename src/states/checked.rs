//! Does a field hold expressions that Step Functions takes there?

use serde_json::{Map, Value};

use super::fault::Fault;
use super::machine::{Exit, Then};
use super::parse::{Names, Parser};
use super::template::Template;
use crate::jsonata::{Expression, NoValue, Reference};

/// When a field is evaluated, which decides what `$states` holds.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Before there is a result, or in a state that has none.
    Before,
    /// After the work of the state: there is `$states.result`.
    After,
    /// In a catcher: there is `$states.errorOutput`.
    Caught,
}

impl Moment {
    fn has(self, field: &str) -> bool {
        match field {
            "input" | "context" => true,
            "result" => self == Self::After,
            "errorOutput" => self == Self::Caught,
            _ => false,
        }
    }
}

impl Parser {
    /// A field that need not be there.
    pub(super) fn optional(
        &mut self,
        object: &Map<String, Value>,
        at: &str,
        field: &str,
        moment: Moment,
    ) -> Option<Template> {
        let value = object.get(field)?;
        Some(self.template(value, &format!("{at}/{field}"), moment))
    }

    /// A field's value, with its expressions.
    pub(super) fn template(&mut self, value: &Value, at: &str, moment: Moment) -> Template {
        match value {
            Value::String(text) => match expression_in(text) {
                Some(text) => self.expression(text, at, moment),
                None => Template::Literal(value.clone()),
            },
            Value::Array(items) => {
                let items = items.iter().enumerate();
                let items = items.map(|(index, item)| {
                    let at = format!("{at}[{index}]");
                    self.template(item, &at, moment)
                });
                Template::Array(items.collect())
            }
            Value::Object(members) => {
                let members = members.iter().map(|(name, member)| {
                    let at = format!("{at}/{name}");
                    (name.clone(), self.template(member, &at, moment))
                });
                Template::Object(members.collect())
            }
            literal => Template::Literal(literal.clone()),
        }
    }

    /// How a state is left: its `Output` and `Assign`. `outer`: variables that it must not assign.
    pub(super) fn exit(
        &mut self,
        object: &Map<String, Value>,
        at: &str,
        moment: Moment,
        outer: &Names,
        then: Then,
    ) -> Exit {
        let output = self.optional(object, at, "Output", moment);
        let mut assign = Vec::new();
        match object.get("Assign") {
            None => {}
            Some(Value::Object(variables)) => {
                for (name, value) in variables {
                    let at = format!("{at}/Assign/{name}");
                    self.variable(name, &at, outer);
                    assign.push((name.clone(), self.template(value, &at, moment)));
                }
            }
            Some(_) => self.schema(&format!("{at}/Assign"), "Expected value of type [OBJECT]"),
        }
        Exit {
            assign,
            output,
            then,
        }
    }

    fn expression(&mut self, text: &str, at: &str, moment: Moment) -> Template {
        let expression = match Expression::parse(text) {
            Ok(expression) => expression,
            Err(why) => {
                let why = match why {
                    NoValue::NotAnExpression(why) | NoValue::Failed(why) => why,
                    NoValue::Nothing => String::new(),
                };
                let what = format!("INVALID_JSONATA_EXPRESSION: {why}");
                self.faults.push(Fault::new(at, what));
                return Template::Literal(Value::Null);
            }
        };
        for reference in expression.references() {
            if let Some(what) = refused(&reference, moment) {
                self.faults.push(Fault::new(at, what));
            }
        }
        let text = text.to_owned();
        Template::Expression { text, expression }
    }
}

/// What stands between `{%` and `%}`, where a text is that as a whole.
fn expression_in(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("{%")?.strip_suffix("%}")?;
    Some(inner.trim())
}

/// Why AWS refuses what an expression names. Sources, measured on AWS: <https://github.com/floci-io/floci/issues/2670>
/// and <https://github.com/floci-io/floci/issues/2745>. That `$` is refused as bare names are stands in the Amazon
/// States Language only.
fn refused(reference: &Reference, moment: Moment) -> Option<String> {
    let unsupported = "UNSUPPORTED_JSONATA_EXPRESSION:";
    match reference {
        Reference::Bare(name) => Some(format!(
            "{unsupported} Reference to '{name}' at the top level is not supported."
        )),
        Reference::Document => Some(format!("{unsupported} Reference to '$$' is not supported.")),
        Reference::States(field) if moment.has(field) => None,
        Reference::States(field) => Some(format!(
            "{unsupported} Field '$states.{field}' does not exist."
        )),
        Reference::Newer(operator) => Some(format!(
            "INVALID_JSONATA_EXPRESSION: JSONata 2.0.6 has no operator '{operator}'"
        )),
    }
}
