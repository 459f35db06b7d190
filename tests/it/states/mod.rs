//! State machines as Step Functions takes and runs them, one small definition for each thing.

mod expressions;
mod failing;
mod flow;
mod refused;
mod work;

use iamwatch::states::{Execution, Failure, Machine, Outcome, Status, Tasks, run};
use serde_json::{Map, Value, json};

/// When the tests happen.
const NOW: i64 = 1_796_082_481_000;

/// Services that do what a test says.
#[derive(Default)]
struct Told {
    /// The resource and the arguments of each call.
    calls: Vec<(String, Value)>,
    /// The seconds of each wait.
    waits: Vec<u64>,
    /// What the calls answer, in order; then each gives its arguments back.
    answers: Vec<Result<Value, Failure>>,
}

impl Tasks for Told {
    fn call(&mut self, resource: &str, arguments: &Value) -> Result<Value, Failure> {
        self.calls.push((resource.to_owned(), arguments.clone()));
        if self.answers.is_empty() {
            return Ok(arguments.clone());
        }
        self.answers.remove(0)
    }

    fn wait(&mut self, seconds: u64) {
        self.waits.push(seconds);
    }

    fn now_millis(&self) -> i64 {
        let waited: u64 = self.waits.iter().sum();
        NOW + i64::try_from(waited).unwrap() * 1000
    }
}

/// A definition: states in the order of their names' first appearance, the first one first.
fn definition(states: Value) -> Value {
    let first = states.as_object().unwrap().keys().next().unwrap().clone();
    json!({ "QueryLanguage": "JSONata", "StartAt": first, "States": states })
}

/// A branch, or what a Map does with an item.
fn inner(states: Value) -> Value {
    let mut flow = definition(states);
    flow.as_object_mut().unwrap().remove("QueryLanguage");
    flow
}

fn machine(states: Value) -> Machine {
    let machine = Machine::parse(&definition(states));
    machine.unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn execute(machine: &Machine, input: Value, told: &mut Told) -> Outcome {
    let execution = Execution {
        id: "arn:aws:states:us-east-1:111122223333:execution:acme:one".to_owned(),
        name: "one".to_owned(),
        role_arn: "arn:aws:iam::111122223333:role/acme".to_owned(),
        start_time: "2026-11-30T23:48:01.000Z".to_owned(),
        input,
        state_machine_id: "arn:aws:states:us-east-1:111122223333:stateMachine:acme".to_owned(),
        state_machine_name: "acme".to_owned(),
    };
    run(machine, &execution, told)
}

/// What states give for an input, where no service is asked anything of note.
fn outcome(states: Value, input: Value) -> Outcome {
    execute(&machine(states), input, &mut Told::default())
}

fn output(outcome: &Outcome) -> &Value {
    match &outcome.status {
        Status::Succeeded(output) => output,
        other => panic!("{other:?}"),
    }
}

fn failure(outcome: &Outcome) -> &Failure {
    match &outcome.status {
        Status::Failed(failure) => failure,
        other => panic!("{other:?}"),
    }
}

/// A state with more fields.
fn with(state: Value, more: Value) -> Value {
    let mut fields: Map<String, Value> = state.as_object().unwrap().clone();
    fields.extend(more.as_object().unwrap().clone());
    Value::Object(fields)
}

/// A Task that ends its flow.
fn task(more: Value) -> Value {
    let resource = "arn:aws:states:::sns:publish";
    with(
        json!({ "Type": "Task", "Resource": resource, "End": true }),
        more,
    )
}

/// A Pass that ends its flow.
fn pass(more: Value) -> Value {
    with(json!({ "Type": "Pass", "End": true }), more)
}

/// A text so long that no state may pass it on.
fn too_long() -> String {
    "a".repeat(262_144)
}
