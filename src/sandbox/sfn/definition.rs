//! Definitions: what of them Step Functions takes.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::sandbox::wire::ApiError;
use crate::states::{Fault, Machine};

/// The most diagnostics of an answer.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html>
const MOST: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Validate {
    definition: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    // All that is found here are errors.
    #[serde(rename = "severity")]
    _severity: Option<String>,
    max_results: Option<usize>,
}

/// What is wrong with a definition: AWS's code, the words, and the place.
struct Diagnostic {
    code: String,
    message: String,
    location: String,
}

/// Reads a definition.
pub(super) fn read(text: &str) -> Result<Machine, ApiError> {
    parse(text).map_err(|found| {
        let quoted = |d: &Diagnostic| match d.location.as_str() {
            "" => format!("{}: {}", d.code, d.message),
            at => format!("{}: {} at {at}", d.code, d.message),
        };
        // Of several each has quotes of its own.
        let why = match found.as_slice() {
            [one] => quoted(one),
            all => {
                let all = all.iter().map(|d| format!("'{}'", quoted(d)));
                all.collect::<Vec<_>>().join(", ")
            }
        };
        let message = format!("Invalid State Machine Definition: '{why}'");
        ApiError::new("InvalidDefinition", message)
    })
}

fn parse(text: &str) -> Result<Machine, Vec<Diagnostic>> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        vec![Diagnostic {
            code: "INVALID_JSON_DESCRIPTION".to_owned(),
            message: error.to_string(),
            location: String::new(),
        }]
    })?;
    Machine::parse(&value).map_err(|faults| faults.into_iter().map(diagnostic).collect())
}

fn diagnostic(fault: Fault) -> Diagnostic {
    let (code, message) = fault.what.split_once(": ").unwrap_or(("", &fault.what));
    Diagnostic {
        code: code.to_owned(),
        message: message.to_owned(),
        location: fault.at,
    }
}

/// Says what is wrong with a definition, and takes none in.
pub(super) fn validate(asked: &Validate) -> Result<Value, ApiError> {
    only_standard(asked.kind.as_deref())?;
    let found = match parse(&asked.definition) {
        Ok(_) => Vec::new(),
        Err(found) => found,
    };
    let most = asked.max_results.filter(|most| *most > 0);
    let most = most.unwrap_or(MOST).min(MOST);
    let shown = found.iter().take(most).map(|d| {
        json!({
            "severity": "ERROR",
            "code": d.code,
            "message": d.message,
            "location": d.location,
        })
    });
    let shown: Vec<Value> = shown.collect();
    let result = if found.is_empty() { "OK" } else { "FAIL" };
    Ok(json!({
        "result": result,
        "diagnostics": shown,
        "truncated": found.len() > most,
    }))
}

/// Express workflows are not part of the sandbox.
pub(super) fn only_standard(kind: Option<&str>) -> Result<(), ApiError> {
    match kind {
        None | Some("STANDARD") => Ok(()),
        Some(kind) => {
            let what = format!("state machines of type `{kind}`");
            Err(ApiError::unsupported(what))
        }
    }
}
