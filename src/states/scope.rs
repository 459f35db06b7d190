//! What can an expression see?

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::jsonata::{Expression, NoValue};

/// The variables of a flow. A branch or an item begins with those around it; what it assigns ends with it.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    variables: BTreeMap<String, Value>,
}

impl Scope {
    pub(super) fn assign(&mut self, values: Map<String, Value>) {
        self.variables.extend(values);
    }
}

/// What the expressions of a state see: its `$states`, and the variables as they were when it was entered.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    states: Map<String, Value>,
    scope: &'a Scope,
    /// The time, in milliseconds since 1970.
    now: i64,
}

impl<'a> Seen<'a> {
    pub(super) fn new(scope: &'a Scope, input: &Value, context: Value, now: i64) -> Self {
        let mut states = Map::new();
        states.insert("input".to_owned(), input.clone());
        states.insert("context".to_owned(), context);
        Self { states, scope, now }
    }

    /// With one more field of `$states`.
    pub(super) fn with(mut self, field: &str, value: Value) -> Self {
        self.states.insert(field.to_owned(), value);
        self
    }

    pub(super) fn evaluate(&self, expression: &Expression) -> Result<Value, NoValue> {
        let states = Value::Object(self.states.clone());
        let variables = self.scope.variables.iter();
        let variables = variables.map(|(name, value)| (name.as_str(), value));
        expression.evaluate_at(variables.chain([("states", &states)]), Some(self.now))
    }
}
