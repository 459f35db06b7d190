//! Is a definition one that Step Functions takes?

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::fault::Fault;
use super::fields::{self, unknown};
use super::graph;
use super::machine::{Flow, Machine};

/// The largest definition, in bytes. Source: Step Functions API, `CreateStateMachine`.
pub const LARGEST: usize = 1_048_576;
/// The longest name of a state and of a variable.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const MOST_CHARACTERS: usize = 80;
/// The longest time that a field may name, in seconds.
pub(super) const MOST_SECONDS: u64 = 99_999_999;

/// Names of variables.
pub(super) type Names = BTreeSet<String>;

impl Machine {
    /// Reads a definition.
    ///
    /// # Errors
    /// All for which `CreateStateMachine` would refuse it, as far as one fault does not hide another; and what this
    /// interpreter cannot run.
    pub fn parse(definition: &Value) -> Result<Self, Vec<Fault>> {
        let mut parser = Parser::default();
        let machine = parser.machine(definition);
        if parser.faults.is_empty() {
            Ok(machine)
        } else {
            Err(parser.faults)
        }
    }
}

/// Reads a definition, and gathers what is wrong with it. What cannot be read is replaced by anything, since a
/// definition with a fault is not used.
#[derive(Default)]
pub(super) struct Parser {
    pub(super) faults: Vec<Fault>,
    /// The states of all flows so far: no two of a machine may have one name.
    states: BTreeSet<String>,
}

impl Parser {
    fn machine(&mut self, definition: &Value) -> Machine {
        if definition.to_string().len() > LARGEST {
            let what = format!("The definition is longer than {LARGEST} bytes");
            self.schema("", &what);
        }
        let Some(object) = definition.as_object() else {
            self.schema("", "Expected value of type [OBJECT]");
            return Machine {
                flow: Flow::default(),
                timeout: None,
            };
        };
        self.faults.extend(unknown(object, "", fields::MACHINE));
        if object.get("QueryLanguage").and_then(Value::as_str) != Some("JSONata") {
            self.schema(
                "/QueryLanguage",
                "Value should be one of the following: [JSONata]",
            );
        }
        let timeout = self.whole(object, "", "TimeoutSeconds", 1..=MOST_SECONDS);
        let flow = self.flow(object, "", &Names::new());
        Machine { flow, timeout }
    }

    /// Reads states and how they lead to each other. `outer`: the variables of the flows around them.
    pub(super) fn flow(&mut self, object: &Map<String, Value>, at: &str, outer: &Names) -> Flow {
        let start_at = self.text(object, at, "StartAt");
        let states = match object.get("States") {
            Some(Value::Object(states)) if !states.is_empty() => states,
            _ => {
                self.required(at, "States");
                return Flow::default();
            }
        };
        let mut variables = outer.clone();
        variables.extend(states.values().flat_map(assigned).cloned());
        let faults = self.faults.len();
        let mut flow = Flow {
            start_at,
            ..Flow::default()
        };
        for (name, value) in states {
            let at = format!("{at}/States/{name}");
            self.name(name, &at);
            if let Some(state) = self.state(value, &at, outer, &variables) {
                flow.states.insert(name.clone(), state);
            }
        }
        // Where a state could not be read, nothing can be said of where it leads.
        if self.faults.len() == faults {
            self.faults.extend(graph::faults(&flow, at));
        }
        flow
    }

    fn name(&mut self, name: &str, at: &str) {
        if name.is_empty() || name.chars().count() > MOST_CHARACTERS {
            let what =
                format!("INVALID_STATE_NAME: A state's name has 1 to {MOST_CHARACTERS} characters");
            self.faults.push(Fault::new(at, what));
        }
        if !self.states.insert(name.to_owned()) {
            let what = format!("DUPLICATE_STATE_NAME: Duplicate state name: {name}");
            self.faults.push(Fault::new(at, what));
        }
    }

    /// Whether a variable may be assigned. An inner scope may not have a variable of an outer one.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>
    pub(super) fn variable(&mut self, name: &str, at: &str, outer: &Names) {
        let mut characters = name.chars();
        let begins = characters.next().is_some_and(char::is_alphabetic);
        let is_name = begins && characters.all(|c| c.is_alphanumeric() || c == '_');
        if !is_name || name.chars().count() > MOST_CHARACTERS {
            let what = format!(
                "A variable's name is an identifier of at most {MOST_CHARACTERS} characters"
            );
            self.schema(at, &what);
        }
        if name == "states" {
            self.schema(at, "The variable '$states' is reserved");
        }
        if outer.contains(name) {
            let what = format!("The variable '${name}' is already one of an outer scope");
            self.schema(at, &what);
        }
    }

    pub(super) fn schema(&mut self, at: &str, what: &str) {
        let what = format!("SCHEMA_VALIDATION_FAILED: {what}");
        self.faults.push(Fault::new(at, what));
    }

    /// Whether something was found wrong at a place.
    pub(super) fn is_told(&self, at: &str) -> bool {
        self.faults.iter().any(|fault| fault.at == at)
    }

    pub(super) fn required(&mut self, at: &str, field: &str) {
        self.schema(at, &format!("These fields are required: [{field}]"));
    }

    /// A field that must be there and be text.
    pub(super) fn text(&mut self, object: &Map<String, Value>, at: &str, field: &str) -> String {
        match object.get(field) {
            Some(Value::String(text)) => return text.clone(),
            Some(_) => self.schema(&format!("{at}/{field}"), "Expected value of type [STRING]"),
            None => self.required(at, field),
        }
        String::new()
    }

    /// A field that need not be there, but is a whole number in this range.
    pub(super) fn whole(
        &mut self,
        object: &Map<String, Value>,
        at: &str,
        field: &str,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let value = object.get(field)?;
        let number = value.as_u64().filter(|number| range.contains(number));
        if number.is_none() {
            let (least, most) = (range.start(), range.end());
            let what = format!("Expected a whole number from {least} to {most}");
            self.schema(&format!("{at}/{field}"), &what);
        }
        number
    }

    /// The objects of a field, with their places; the field must hold one at least.
    pub(super) fn objects<'v>(
        &mut self,
        object: &'v Map<String, Value>,
        at: &str,
        field: &str,
    ) -> Vec<(String, &'v Map<String, Value>)> {
        let values = match object.get(field) {
            Some(Value::Array(values)) if !values.is_empty() => values.as_slice(),
            Some(_) => {
                self.schema(
                    &format!("{at}/{field}"),
                    "Expected a list that is not empty",
                );
                &[]
            }
            None => {
                self.required(at, field);
                &[]
            }
        };
        let mut objects = Vec::new();
        for (index, value) in values.iter().enumerate() {
            let at = format!("{at}/{field}[{index}]");
            match value.as_object() {
                Some(object) => objects.push((at, object)),
                None => self.schema(&at, "Expected value of type [OBJECT]"),
            }
        }
        objects
    }
}

/// The variables that a state assigns, by whatever way it is left.
fn assigned(state: &Value) -> impl Iterator<Item = &String> {
    let ways = ["Choices", "Catch"].into_iter();
    let ways = ways.filter_map(move |field| state.get(field)?.as_array());
    let exits = std::iter::once(state).chain(ways.flatten());
    let assigns = exits.filter_map(|exit| exit.get("Assign")?.as_object());
    assigns.flat_map(|assign| assign.keys())
}
