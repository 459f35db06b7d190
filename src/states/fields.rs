//! Which fields does each part of a definition take?

use serde_json::{Map, Value};

use super::fault::Fault;

pub(super) const MACHINE: &[&str] = &[
    "Comment",
    "QueryLanguage",
    "StartAt",
    "States",
    "TimeoutSeconds",
    "Version",
];
pub(super) const BRANCH: &[&str] = &["Comment", "StartAt", "States"];
pub(super) const PROCESSOR: &[&str] = &["Comment", "ProcessorConfig", "StartAt", "States"];
pub(super) const CHOICE: &[&str] = &["Assign", "Comment", "Condition", "Next", "Output"];
pub(super) const CATCHER: &[&str] = &["Assign", "Comment", "ErrorEquals", "Next", "Output"];
pub(super) const RETRIER: &[&str] = &[
    "BackoffRate",
    "Comment",
    "ErrorEquals",
    "IntervalSeconds",
    "JitterStrategy",
    "MaxAttempts",
    "MaxDelaySeconds",
];

/// What every state takes.
const STATE: [&str; 3] = ["Comment", "QueryLanguage", "Type"];

/// The types of states, with what each takes beside that. Only a Task takes `TimeoutSeconds`, and a Pass, a Choice and
/// a Wait take no `Catch`. Source: <https://github.com/floci-io/floci/issues/2735>, measured on AWS.
pub(super) const TYPES: [(&str, &[&str]); 8] = [
    ("Choice", &["Assign", "Choices", "Default", "Output"]),
    ("Fail", &["Cause", "Error"]),
    (
        "Map",
        &[
            "Assign",
            "Catch",
            "End",
            "ItemProcessor",
            "ItemSelector",
            "Items",
            "MaxConcurrency",
            "Next",
            "Output",
            "Retry",
        ],
    ),
    (
        "Parallel",
        &[
            "Arguments",
            "Assign",
            "Branches",
            "Catch",
            "End",
            "Next",
            "Output",
            "Retry",
        ],
    ),
    ("Pass", &["Assign", "End", "Next", "Output"]),
    ("Succeed", &["Output"]),
    (
        "Task",
        &[
            "Arguments",
            "Assign",
            "Catch",
            "End",
            "Next",
            "Output",
            "Resource",
            "Retry",
            "TimeoutSeconds",
        ],
    ),
    ("Wait", &["Assign", "End", "Next", "Output", "Seconds"]),
];

/// What Step Functions takes in a state of its type, but this interpreter does not run.
const BEYOND: [&str; 9] = [
    "Credentials",
    "HeartbeatSeconds",
    "ItemBatcher",
    "ItemReader",
    "Label",
    "ResultWriter",
    "Timestamp",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
];

/// The fields of an object that are not among those it takes. AWS tells of them at the object.
pub(super) fn unknown(object: &Map<String, Value>, at: &str, takes: &[&str]) -> Vec<Fault> {
    let fields = object.keys().map(String::as_str);
    let unknown = fields.filter(|field| !takes.contains(field));
    unknown
        .map(|field| {
            let here = if BEYOND.contains(&field) { " here" } else { "" };
            let what = format!("SCHEMA_VALIDATION_FAILED: Field '{field}' is not supported{here}");
            Fault::new(at, what)
        })
        .collect()
}

/// The fields of a state that it does not take; `takes`: those of its type.
pub(super) fn unknown_of_state(
    object: &Map<String, Value>,
    at: &str,
    takes: &[&str],
) -> Vec<Fault> {
    unknown(object, at, &[STATE.as_slice(), takes].concat())
}
