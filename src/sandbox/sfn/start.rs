//! From a request to an execution that is over.
//!
//! An execution does all that it does inside the request or the delivery that starts it, one after the other. Its waits
//! count in its own time alone: it is `RUNNING` until the clock of the sandbox reaches its end, and only then the bus
//! is told of that.

use serde::Deserialize;
use serde_json::{Value, json};

use super::changes;
use super::definition;
use super::error::{execution_exists, invalid, invalid_input, machine_deleting};
use super::history;
use super::machines::machine;
use super::names::{check_name, execution_arn};
use super::page::seconds;
use super::state::{End, Execution, Status};
use super::tasks::Calls;
use crate::sandbox::clock::iso_millis;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;
use crate::states;

/// The largest input, in characters and in bytes.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
const MOST: usize = 262_144;

/// For how long after its end an execution keeps its name, in milliseconds: 90 days.
const KEEPS_NAME: i64 = 90 * 86_400_000;

/// How many executions of a state machine are kept, and how many of them with their history: a sandbox, and its file,
/// must stay small. AWS keeps all for 90 days.
const EXECUTIONS: usize = 1_000;
const HISTORIES: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Start {
    state_machine_arn: String,
    name: Option<String>,
    input: Option<String>,
    #[serde(rename = "traceHeader")]
    _trace_header: Option<String>,
}

pub(super) fn start(world: &mut World, site: &Site, asked: Start) -> Result<Value, ApiError> {
    let now = world.now();
    let name = asked.name.unwrap_or_else(|| world.uuid());
    check_name(&name)?;
    let text = asked.input.unwrap_or_else(|| "{}".to_owned());
    let input = read(&text)?;
    let machine_arn = asked.state_machine_arn;
    let (machine_name, machine) = machine(world, site, &machine_arn)?;
    if machine.deleting {
        return Err(machine_deleting(&machine_arn));
    }
    let arn = execution_arn(site, &machine_name, &name);
    machine
        .executions
        .retain(|known| known.name != name || known.ends.saturating_add(KEEPS_NAME) > now);
    if let Some(known) = machine.execution(&name) {
        if known.status(now) != Status::Running || known.input != text {
            return Err(execution_exists(&arn));
        }
        return Ok(json!({"executionArn": arn, "startDate": seconds(known.began)}));
    }
    let plan = machine.in_force(now).clone();
    let parsed = definition::read(&plan.definition)?;
    let execution = states::Execution {
        id: arn.clone(),
        name: name.clone(),
        role_arn: plan.role.clone(),
        start_time: iso_millis(now),
        input,
        state_machine_id: machine_arn.clone(),
        state_machine_name: machine_name.clone(),
    };
    let mut calls = Calls::new(world, site, &machine_arn, &plan.role);
    let outcome = states::run(&parsed, &execution, &mut calls);
    let (ends, made) = calls.end();
    let end = end(outcome.status);
    let about = history::About {
        region: site.region.as_str(),
        role: &plan.role,
        input: &text,
        output: end.output.as_deref(),
    };
    let past = history::written(&about, &outcome.history, &made);
    let done = Execution {
        name,
        input: text,
        began: now,
        ends,
        end,
        history: past,
    };
    let told = changes::Told {
        site,
        machine: &machine_arn,
        arn: &arn,
        execution: &done,
    };
    told.begun(world);
    told.ended(world);
    if let Some(machines) = world.sfn.machines.look_mut(site)
        && let Some(machine) = machines.get_mut(&machine_name)
    {
        keep(&mut machine.executions, done);
    }
    Ok(json!({"executionArn": arn, "startDate": seconds(now)}))
}

/// The value of an input.
fn read(text: &str) -> Result<Value, ApiError> {
    if text.chars().count() > MOST {
        return Err(invalid(format!(
            "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to {MOST}"
        )));
    }
    if text.len() > MOST {
        return Err(invalid_input(format_args!("it has more than {MOST} bytes")));
    }
    serde_json::from_str(text).map_err(invalid_input)
}

fn end(status: states::Status) -> End {
    let said = |text: String| Some(text).filter(|text| !text.is_empty());
    let (status, output, error, cause) = match status {
        states::Status::Succeeded(output) => {
            (Status::Succeeded, Some(output.to_string()), None, None)
        }
        states::Status::Failed(failure) => {
            let (error, cause) = (said(failure.error), said(failure.cause));
            (Status::Failed, None, error, cause)
        }
        states::Status::TimedOut => {
            let error = "States.Timeout".to_owned();
            (Status::TimedOut, None, Some(error), None)
        }
    };
    End {
        status,
        output,
        error,
        cause,
    }
}

fn keep(executions: &mut Vec<Execution>, done: Execution) {
    executions.push(done);
    let over = executions.len().saturating_sub(EXECUTIONS);
    executions.drain(..over);
    let old = executions.len().saturating_sub(HISTORIES);
    for execution in executions.iter_mut().take(old) {
        execution.history = Vec::new();
    }
}
