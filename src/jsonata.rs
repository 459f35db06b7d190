//! What does JSONata give, as AWS Step Functions evaluates it?
//!
//! Step Functions takes JSONata 2 without `$eval`, adds functions of its own, and calls an expression that gives nothing an
//! error. Source: Step Functions developer guide, "Transforming data with JSONata".

use std::collections::BTreeSet;
use std::fmt;

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::parser;
use jsonata_core::value::JValue;
use serde_json::Value;

/// Step Functions gives an expression a second. Source: measured on AWS by others; it is not in the quotas.
const MOST_MILLISECONDS: u64 = 5_000;

/// A parsed expression.
#[derive(Debug)]
pub struct Expression {
    tree: AstNode,
}

/// Why there is no expression, or no value of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoValue {
    /// The text is no expression.
    NotAnExpression(String),
    /// The evaluation failed.
    Failed(String),
    /// There is nothing at the end of it: no value, not even null.
    Nothing,
}

impl fmt::Display for NoValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnExpression(why) => write!(f, "it is no JSONata expression: {why}"),
            Self::Failed(why) => write!(f, "the JSONata expression failed: {why}"),
            Self::Nothing => f.write_str("the JSONata expression returned nothing (undefined)"),
        }
    }
}

impl std::error::Error for NoValue {}

/// What an expression names that a state machine may not have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// A field of the document, or the document itself as `$`: Step Functions gives expressions none.
    Bare(String),
    /// `$$`, which is the document wherever it stands.
    Document,
    /// A field of `$states`.
    States(String),
    /// An operator that JSONata 2.0.6, which is Step Functions', does not have.
    Newer(&'static str),
}

/// A constant as an expression: JSON is JSONata. What would end the expression in a state machine (`%}`) cannot stand in
/// it.
pub fn literal(constant: &Value) -> String {
    constant.to_string().replace('%', "\\u0025")
}

impl Expression {
    /// Reads an expression, without the `{%` and `%}` that state machines put around it.
    ///
    /// # Errors
    /// [`NoValue::NotAnExpression`], with what the parser says.
    pub fn parse(text: &str) -> Result<Self, NoValue> {
        let tree = parser::parse(text).map_err(|e| NoValue::NotAnExpression(e.to_string()))?;
        Ok(Self { tree })
    }

    /// What the expression names beside variables.
    pub fn references(&self) -> BTreeSet<Reference> {
        let mut found = BTreeSet::new();
        refer(&self.tree, false, &mut found);
        found
    }

    /// What the expression gives where these variables are set; a state machine sets `states` and its own.
    ///
    /// # Errors
    /// [`NoValue::Failed`] and [`NoValue::Nothing`].
    pub fn evaluate<'v>(
        &self,
        variables: impl IntoIterator<Item = (&'v str, &'v Value)>,
    ) -> Result<Value, NoValue> {
        self.evaluate_at(variables, None)
    }

    /// What the expression gives at a time, in milliseconds since 1970: `$millis()` and `$now()` tell it. Without one
    /// they tell the time of the machine.
    ///
    /// # Errors
    /// [`NoValue::Failed`] and [`NoValue::Nothing`].
    pub fn evaluate_at<'v>(
        &self,
        variables: impl IntoIterator<Item = (&'v str, &'v Value)>,
        now: Option<i64>,
    ) -> Result<Value, NoValue> {
        let mut context = Context::new();
        for (name, value) in variables {
            context.bind(name.to_owned(), JValue::from(value.clone()));
        }
        let options = EvaluatorOptions {
            timeout_ms: Some(MOST_MILLISECONDS),
            ..EvaluatorOptions::default()
        };
        let mut evaluator = Evaluator::with_options(context, options);
        let failed = |error: EvaluatorError| NoValue::Failed(error.to_string());
        evaluator.register_fn("parse", parse).map_err(failed)?;
        // The crate's own writes `-`, `.` and their like as `%2D`; JSONata does what JavaScript does.
        let encoded = evaluator.register_fn_override("encodeUrlComponent", encode_url_component);
        encoded.map_err(failed)?;
        let refused = evaluator.register_fn_override("eval", |_: &[JValue]| {
            let why = "$eval is not supported".to_owned();
            Err(EvaluatorError::EvaluationError(why))
        });
        refused.map_err(failed)?;
        if let Some(now) = now {
            tell_time(&mut evaluator, now).map_err(failed)?;
        }
        match evaluator
            .evaluate(&self.tree, &JValue::Null)
            .map_err(failed)?
        {
            JValue::Undefined => Err(NoValue::Nothing),
            value => {
                let text = value.to_json_string();
                let value = text.and_then(|text| serde_json::from_str(&text));
                value.map_err(|e| NoValue::Failed(e.to_string()))
            }
        }
    }
}

/// Lets `$millis` and `$now` tell a time.
fn tell_time(evaluator: &mut Evaluator, now: i64) -> Result<(), EvaluatorError> {
    evaluator.register_fn_override("millis", move |_: &[JValue]| Ok(JValue::from(now)))?;
    evaluator.register_fn_override("now", move |arguments: &[JValue]| {
        if !arguments.is_empty() {
            let why = "$now with a picture is not supported where the time is given".to_owned();
            return Err(EvaluatorError::EvaluationError(why));
        }
        let time = jiff::Timestamp::from_millisecond(now).unwrap_or_default();
        Ok(JValue::from(format!("{time:.3}")))
    })
}

/// Gathers what a node names. `inside`: it is evaluated for a value within the expression, so that bare names are
/// fields of it. The body of a function has the document of the place where it is defined, as measured on AWS.
/// Source: <https://github.com/floci-io/floci/pull/2699>.
fn refer(node: &AstNode, inside: bool, found: &mut BTreeSet<Reference>) {
    let mut all = |nodes: &[&AstNode], inside: bool| {
        for node in nodes {
            refer(node, inside, found);
        }
    };
    let bare = match node {
        AstNode::Name(name) => name.as_str(),
        AstNode::Variable(name) if name.is_empty() => "$",
        AstNode::Wildcard => "*",
        AstNode::Descendant => "**",
        AstNode::Parent(_) => "%",
        AstNode::ParentVariable(_) => {
            found.insert(Reference::Document);
            return;
        }
        AstNode::Path { steps } => return refer_path(steps, inside, found),
        AstNode::Binary { op, lhs, rhs } => {
            all(&[lhs, rhs], inside);
            let newer = match op {
                BinaryOp::Coalesce => Some("??"),
                BinaryOp::Default => Some("?:"),
                _ => None,
            };
            return found.extend(newer.map(Reference::Newer));
        }
        AstNode::Unary { operand, .. } => return refer(operand, inside, found),
        AstNode::Lambda { body, .. } => return refer(body, inside, found),
        AstNode::FunctionApplication(inner) => return refer(inner, inside, found),
        AstNode::Call { procedure, args } => {
            all(&[procedure], inside);
            return all(&args.iter().collect::<Vec<_>>(), inside);
        }
        AstNode::Function { args: nodes, .. }
        | AstNode::Array(nodes)
        | AstNode::ArrayGroup(nodes)
        | AstNode::Block(nodes) => return all(&nodes.iter().collect::<Vec<_>>(), inside),
        AstNode::Object(pairs) => return pairs.iter().for_each(|(k, v)| all(&[k, v], inside)),
        AstNode::ObjectTransform { input, pattern } => {
            all(&[input], inside);
            return pattern.iter().for_each(|(k, v)| all(&[k, v], true));
        }
        AstNode::Conditional {
            condition,
            then_branch,
            else_branch,
        } => {
            all(&[condition, then_branch], inside);
            return else_branch.iter().for_each(|node| all(&[node], inside));
        }
        AstNode::Sort { input, terms } => {
            all(&[input], inside);
            return terms.iter().for_each(|(term, _)| all(&[term], true));
        }
        AstNode::Transform {
            location,
            update,
            delete,
        } => {
            all(&[location, update], true);
            return delete.iter().for_each(|node| all(&[node], true));
        }
        AstNode::Variable(_)
        | AstNode::String(_)
        | AstNode::Number(_)
        | AstNode::Boolean(_)
        | AstNode::Null
        | AstNode::Undefined
        | AstNode::Placeholder
        | AstNode::Regex { .. } => return,
    };
    if !inside {
        found.insert(Reference::Bare(bare.to_owned()));
    }
}

/// Gathers what a path names: only its first step may be about the document.
fn refer_path(steps: &[PathStep], inside: bool, found: &mut BTreeSet<Reference>) {
    for (index, step) in steps.iter().enumerate() {
        refer(&step.node, inside || index > 0, found);
        for stage in &step.stages {
            if let Stage::Filter(filter) = stage {
                refer(filter, true, found);
            }
        }
    }
    if let [first, second, ..] = steps
        && let (AstNode::Variable(name), AstNode::Name(field)) = (&first.node, &second.node)
        && name == "states"
    {
        found.insert(Reference::States(field.clone()));
    }
}

/// The first argument, where it is text.
fn text(arguments: &[JValue]) -> Option<&str> {
    arguments.first().and_then(JValue::as_str)
}

/// `$parse(text)`: the value of a JSON text.
fn parse(arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    let Some(text) = text(arguments) else {
        return Ok(JValue::Undefined);
    };
    let parsed = JValue::from_json_str(text);
    parsed.map_err(|e| EvaluatorError::EvaluationError(format!("$parse: {e}")))
}

/// As JavaScript's `encodeURIComponent`.
fn encode_url_component(arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    let Some(text) = text(arguments) else {
        return Ok(JValue::Undefined);
    };
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' => {
                encoded.push(char::from(byte));
            }
            _ if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(JValue::from(encoded))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(text: &str) -> Result<Value, NoValue> {
        let states = json!({ "input": { "a": 1, "text": "a b/c-d'(ü)" } });
        Expression::parse(text)?.evaluate([("states", &states)])
    }

    #[test]
    fn it_is_what_step_functions_gives() {
        for (text, wanted) in [
            ("$states.input.a + 1", json!(2)),
            ("$parse('{\"b\": [1, null]}').b", json!([1, null])),
            (
                "$encodeUrlComponent($states.input.text)",
                json!("a%20b%2Fc-d'(%C3%BC)"),
            ),
            ("{'a': $states.input.none, 'b': 1}", json!({ "b": 1 })),
            ("null", json!(null)),
        ] {
            assert_eq!(value(text), Ok(wanted), "{text}");
        }
        assert_eq!(value("$states.input.none"), Err(NoValue::Nothing));
        for text in ["$eval('1')", "$error('no')", "1 + 'a'", "$parse('{')"] {
            assert!(matches!(value(text), Err(NoValue::Failed(_))), "{text}");
        }
        for text in ["(", "a ?? b", "1 +"] {
            assert!(
                matches!(value(text), Err(NoValue::NotAnExpression(_))) || text == "a ?? b",
                "{text}"
            );
        }
    }

    #[test]
    fn what_an_expression_names_is_found_where_it_is_about_no_value_of_its_own() {
        let bare = |name: &str| Reference::Bare(name.to_owned());
        let states = |name: &str| Reference::States(name.to_owned());
        for (text, wanted) in [
            ("$x.a[b = $].c^(d){e: f}", vec![]),
            ("$states.input.a.(b & $)", vec![states("input")]),
            ("$map($x, function($v) { b })", vec![bare("b")]),
            ("$x.$map(y, function($v) { b })", vec![]),
            ("[a.b, 'c', $]", vec![bare("$"), bare("a")]),
            (
                "$x ? $$.a : $states.result",
                vec![Reference::Document, states("result")],
            ),
            ("$x ~> |a|{'b': c}|", vec![]),
            ("$x ?? 1", vec![Reference::Newer("??")]),
            ("$x ?: 1", vec![Reference::Newer("?:")]),
        ] {
            let found = Expression::parse(text).unwrap().references();
            assert_eq!(found.into_iter().collect::<Vec<_>>(), wanted, "{text}");
        }
    }
}
