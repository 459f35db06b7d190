//! How is an alert told again, by however many people, once?
//!
//! The dispatcher is started with the same input, marked as late, under a name that follows from that of the run before.
//! Step Functions lets a name be used once in 90 days, for which it also keeps the inputs of runs. Source: Step Functions
//! API, `StartExecution`.

use aws_sdk_sfn::types::ExecutionStatus;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::aws::{CallError, Clients, calls};
use crate::place::Arn;

/// What the name of a run ends with that tells an alert again: this, and the attempt.
const LATE: &str = "-late-";
/// So often an alert can be told again. One digit: the names that EventBridge gives runs have 73 characters, and 80 are
/// the most. Source: Step Functions API, `StartExecution`; users' lists of executions.
const MOST: u8 = 9;
/// The longest name behind which [`LATE`] and an attempt fit.
const LONGEST: usize = 73;

/// A run of the dispatcher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Its name.
    pub name: String,
    /// When it began, ISO 8601 in UTC.
    pub began: String,
    /// How it stands.
    pub state: RunState,
    /// What it was started with; `None` where Step Functions does not say.
    #[serde(skip)]
    pub input: Option<String>,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It has not ended.
    Running,
    /// It ended as it should: somebody was told.
    Succeeded,
    /// It failed, took too long, or was stopped: maybe nobody was told.
    Failed,
}

/// How often an alert was told again, and what the next run would be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeats {
    /// The runs that told it again, oldest first.
    pub earlier: Vec<Run>,
    /// The name of the next; `None` if no further one is possible.
    pub next: Option<String>,
}

/// A run by its name; `None` if there is none, or none any more.
///
/// # Errors
/// What AWS says.
pub async fn run(clients: &Clients, machine: &Arn, name: &str) -> Result<Option<Run>, CallError> {
    if !is_name(name) {
        return Ok(None);
    }
    let arn = execution_arn(machine, name);
    let request = clients.sfn.describe_execution().execution_arn(&arn);
    match calls::GET_EXECUTION.send(&arn, request.send()).await {
        Ok(found) => Ok(Some(Run {
            name: name.to_owned(),
            began: moment(found.start_date().secs()),
            state: match found.status() {
                ExecutionStatus::Succeeded => RunState::Succeeded,
                ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Aborted => {
                    RunState::Failed
                }
                _ => RunState::Running,
            },
            input: found.input,
        })),
        Err(error) if error.code.as_deref() == Some("ExecutionDoesNotExist") => Ok(None),
        Err(error) => Err(error),
    }
}

/// How often the alert of a run was told again.
///
/// # Errors
/// What AWS says.
pub async fn repeats(clients: &Clients, machine: &Arn, name: &str) -> Result<Repeats, CallError> {
    let mut earlier = Vec::new();
    for attempt in 1..=MOST {
        let next = late_name(name, attempt);
        match run(clients, machine, &next).await? {
            Some(run) => earlier.push(run),
            None => {
                return Ok(Repeats {
                    earlier,
                    next: Some(next),
                });
            }
        }
    }
    Ok(Repeats {
        earlier,
        next: None,
    })
}

/// Starts a run. `false`: there is one of that name already, which has ended or has another input.
///
/// # Errors
/// What AWS says.
pub async fn start(
    clients: &Clients,
    machine: &Arn,
    name: &str,
    input: &str,
) -> Result<bool, CallError> {
    let request = clients
        .sfn
        .start_execution()
        .state_machine_arn(machine.as_str())
        .name(name)
        .input(input);
    let started = calls::START_EXECUTION.send(machine.as_str(), request.send());
    match started.await {
        Ok(_) => Ok(true),
        Err(error) if error.code.as_deref() == Some("ExecutionAlreadyExists") => Ok(false),
        Err(error) => Err(error),
    }
}

/// Starts a run for something that is known by a name, unless an earlier one goes on or has told it; which run that is.
///
/// # Errors
/// What AWS says, and that all attempts have failed.
pub async fn start_once(
    clients: &Clients,
    machine: &Arn,
    name: &str,
    input: &str,
) -> Result<String, CallError> {
    for attempt in 1..=MOST {
        let name = late_name(name, attempt);
        if start(clients, machine, &name, input).await? {
            return Ok(name);
        }
        let found = run(clients, machine, &name).await?;
        if found.is_none_or(|found| found.state != RunState::Failed) {
            return Ok(name);
        }
    }
    let message = format!("all {MOST} runs of the dispatcher for this event have failed");
    Err(CallError {
        resource: machine.to_string(),
        ..CallError::unexpected(&calls::START_EXECUTION, message)
    })
}

/// The input of a run as that of one that tells the same again; `None` if it is no input of a detector's.
pub fn late(input: &str) -> Option<String> {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(input) else {
        return None;
    };
    let has_rule_and_event = ["rule", "event"].iter().all(|name| {
        let field = fields.get(*name);
        field.is_some_and(Value::is_object)
    });
    if !has_rule_and_event {
        return None;
    }
    if fields.get("late") == Some(&Value::Bool(true)) {
        return Some(input.to_owned());
    }
    if fields.contains_key("late") {
        fields.insert("late".to_owned(), Value::Bool(true));
        return Some(Value::Object(fields).to_string());
    }
    // The text stays as it came: numbers may have more digits than are kept here.
    let rest = input.trim_start().strip_prefix('{')?;
    Some(format!("{{\"late\":true,{rest}"))
}

/// The name of the run that told an alert first.
pub fn first_name(name: &str) -> &str {
    match name.rsplit_once(LATE) {
        Some((first, attempt)) if !first.is_empty() && is_attempt(attempt) => first,
        _ => name,
    }
}

fn is_attempt(text: &str) -> bool {
    text.parse::<u8>()
        .is_ok_and(|attempt| (1..=MOST).contains(&attempt) && text == attempt.to_string())
}

/// The name of a run that tells an alert again. Those of all attempts differ in the attempt alone, from whichever of them
/// they are made.
fn late_name(name: &str, attempt: u8) -> String {
    let first = first_name(name);
    if first.chars().count() <= LONGEST {
        return format!("{first}{LATE}{attempt}");
    }
    let digest = Sha256::digest(first.as_bytes());
    let digest: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let kept: String = first.chars().take(LONGEST - 1 - digest.len()).collect();
    format!("{kept}-{digest}{LATE}{attempt}")
}

/// Whether a run can be called so. Source: Step Functions API, `StartExecution`.
fn is_name(text: &str) -> bool {
    let refused =
        |c: char| c.is_whitespace() || c.is_control() || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c);
    (1..=80).contains(&text.chars().count()) && !text.contains(refused)
}

fn execution_arn(machine: &Arn, name: &str) -> String {
    let machine = machine.as_str();
    let runs = machine.replacen(":stateMachine:", ":execution:", 1);
    format!("{runs}:{name}")
}

fn moment(second: i64) -> String {
    jiff::Timestamp::from_second(second)
        .map_or_else(|_| second.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_attempts_follow_from_the_first_run() {
        let event = "4c0f4d5e-8a49-b4d4-5ad7-6f1a3c6f0b9d_0b9d4c0f-4d5e-8a49-b4d4-5ad76f1a3c6f";
        assert_eq!(event.len(), LONGEST);
        let long = "x".repeat(80);
        for first in [
            "a",
            "a-late-x",
            "a-late-10",
            "-late-1",
            event,
            long.as_str(),
        ] {
            let names: Vec<String> = (1..=MOST).map(|n| late_name(first, n)).collect();
            for (name, attempt) in names.iter().zip(1..) {
                assert!(is_name(name), "{name}");
                assert_ne!(first_name(name), name);
                // Whoever repeats a repetition repeats the first.
                assert_eq!(&late_name(name, attempt), name);
                assert_eq!(late_name(name, 1), names[0]);
            }
        }
        assert_eq!(late_name(event, 2), format!("{event}-late-2"));
        assert_eq!(first_name("a-late-2"), "a");
        assert_eq!(first_name("a-late-02"), "a-late-02");
        let other = format!("{}y", "x".repeat(79));
        assert_ne!(late_name(&long, 1), late_name(&other, 1));
    }

    #[test]
    fn an_input_is_marked_once_and_stays_what_it_is() {
        let input = r#" {"rule":{"id":"a"},"event":{"n":1.00000000000000000001}}"#;
        let marked = late(input).unwrap();
        assert_eq!(
            marked,
            r#"{"late":true,"rule":{"id":"a"},"event":{"n":1.00000000000000000001}}"#
        );
        assert_eq!(late(&marked).as_deref(), Some(marked.as_str()));
        assert_eq!(
            late(r#"{"rule":{},"event":{},"late":"no"}"#).as_deref(),
            Some(r#"{"rule":{},"event":{},"late":true}"#)
        );
        for none in [
            "",
            "[]",
            "{}",
            "{\"rule\":{}}",
            "{\"rule\":1,\"event\":{}}",
            "{",
        ] {
            assert_eq!(late(none), None, "{none}");
        }
    }

    #[test]
    fn only_names_that_step_functions_takes_are_asked_for() {
        for name in ["", "a b", "a:b", "a/b", "a\n", "x".repeat(81).as_str()] {
            assert!(!is_name(name), "{name}");
        }
        let machine: Arn = "arn:aws:states:us-east-1:111122223333:stateMachine:iamwatch-acme"
            .parse()
            .unwrap();
        assert_eq!(
            execution_arn(&machine, "a_b"),
            "arn:aws:states:us-east-1:111122223333:execution:iamwatch-acme:a_b"
        );
    }
}
