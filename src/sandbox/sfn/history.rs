//! What happened in an execution, in the form of the wire.
//!
//! Of what a state is entered with and left with nothing is kept. Events follow each other in one line, also those of
//! branches, which run one after the other here.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::no_execution;
use super::executions::execution;
use super::page::{page, seconds};
use super::state::Past;
use super::tasks::Made;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;
use crate::states::{Event, Failure};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct History {
    execution_arn: String,
    max_results: Option<usize>,
    #[serde(default)]
    reverse_order: bool,
    next_token: Option<String>,
    include_execution_data: Option<bool>,
}

/// What the events of an execution tell that the interpreter does not.
pub(super) struct About<'a> {
    pub(super) region: &'a str,
    pub(super) role: &'a str,
    pub(super) input: &'a str,
    pub(super) output: Option<&'a str>,
}

pub(super) fn get(world: &mut World, site: &Site, asked: &History) -> Result<Value, ApiError> {
    let now = world.now();
    let (_, execution) = execution(world, site, &asked.execution_arn)?;
    if execution.history.is_empty() {
        return Err(no_execution(&asked.execution_arn));
    }
    let past = execution.history.iter().filter(|past| past.at <= now);
    let mut events: Vec<Value> = past.map(|past| past.event.clone()).collect();
    if asked.reverse_order {
        events.reverse();
    }
    if asked.include_execution_data == Some(false) {
        events.iter_mut().for_each(without_data);
    }
    page(
        "events",
        events,
        asked.next_token.as_deref(),
        asked.max_results,
    )
}

/// Takes out of an event what the execution worked on.
fn without_data(event: &mut Value) {
    let fields = event.as_object_mut().into_iter().flatten();
    for (_, details) in fields {
        if let Some(details) = details.as_object_mut() {
            details.retain(|name, _| !["input", "output", "parameters"].contains(&name.as_str()));
        }
    }
}

/// The events of an execution with the calls that it made, in their order.
pub(super) fn written(about: &About<'_>, events: &[Event], made: &[Made]) -> Vec<Past> {
    let mut calls = made.iter();
    let mut call = None;
    let written = events.iter().map(|event| {
        if event.kind == "TaskScheduled" {
            call = calls.next();
        }
        // The first state is entered from nowhere, as the recorded histories of AWS have it.
        let previous = match event.id {
            0..=2 => 0,
            id => id - 1,
        };
        let mut wire = json!({
            "timestamp": seconds(event.time),
            "type": event.kind,
            "id": event.id,
            "previousEventId": previous,
        });
        if let (Some((name, details)), Some(fields)) =
            (details(about, event, call), wire.as_object_mut())
        {
            fields.insert(format!("{name}EventDetails"), Value::Object(details));
        }
        Past {
            at: event.time,
            event: wire,
        }
    });
    written.collect()
}

/// The event of an execution that somebody stops.
pub(super) fn aborted(at: i64, before: usize, error: Option<&str>, cause: Option<&str>) -> Past {
    let mut details = Map::new();
    put(&mut details, "error", error);
    put(&mut details, "cause", cause);
    let event = json!({
        "timestamp": seconds(at),
        "type": "ExecutionAborted",
        "id": before.saturating_add(1),
        "previousEventId": before,
        "executionAbortedEventDetails": details,
    });
    Past { at, event }
}

/// The details of an event, and what they are called, if its type has any.
fn details(
    about: &About<'_>,
    event: &Event,
    call: Option<&Made>,
) -> Option<(String, Map<String, Value>)> {
    let kind = event.kind.as_str();
    let state = event.state.as_deref();
    let mut details = Map::new();
    if kind.ends_with("StateEntered") || kind.ends_with("StateExited") {
        put(&mut details, "name", state);
        let name = if kind.ends_with("Entered") {
            "stateEntered"
        } else {
            "stateExited"
        };
        return Some((name.to_owned(), details));
    }
    match kind {
        "ExecutionStarted" => {
            put(&mut details, "input", Some(about.input));
            details.insert("inputDetails".to_owned(), json!({"truncated": false}));
            put(&mut details, "roleArn", Some(about.role));
        }
        "ExecutionSucceeded" => {
            put(&mut details, "output", about.output);
            details.insert("outputDetails".to_owned(), json!({"truncated": false}));
        }
        "TaskScheduled" | "TaskStarted" | "TaskSucceeded" | "TaskFailed" | "TaskTimedOut" => {
            task(about, event, call, &mut details);
        }
        "EvaluationFailed" => put(&mut details, "state", state),
        "MapIterationStarted" | "MapIterationSucceeded" | "MapIterationFailed" => {
            put(&mut details, "name", state);
        }
        "ExecutionFailed" | "ExecutionTimedOut" => {}
        _ => return None,
    }
    // Of an iteration that fails AWS tells the name alone.
    if let Some(Failure { error, cause }) = &event.failure
        && !kind.starts_with("Map")
    {
        put(&mut details, "error", Some(error));
        put(&mut details, "cause", Some(cause));
    }
    let mut letters = kind.chars();
    let first = letters.next()?.to_ascii_lowercase();
    let name = std::iter::once(first).chain(letters).collect();
    Some((name, details))
}

/// What the events of a Task tell.
fn task(about: &About<'_>, event: &Event, call: Option<&Made>, details: &mut Map<String, Value>) {
    let resource = call.map_or("", |call| call.resource.as_str());
    let (_, called) = resource.split_once(":states:::").unwrap_or(("", resource));
    let (kind, operation) = called.split_once(':').unwrap_or(("", called));
    put(details, "resourceType", Some(kind));
    put(details, "resource", Some(operation));
    match (event.kind.as_str(), call) {
        ("TaskScheduled", Some(call)) => {
            put(details, "region", Some(about.region));
            let parameters = call.arguments.to_string();
            put(details, "parameters", Some(&parameters));
        }
        ("TaskSucceeded", Some(call)) => {
            let output = call.result.as_ref().map(Value::to_string);
            put(details, "output", output.as_deref());
            details.insert("outputDetails".to_owned(), json!({"truncated": false}));
        }
        _ => {}
    }
}

fn put(details: &mut Map<String, Value>, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        details.insert(name.to_owned(), json!(text));
    }
}
