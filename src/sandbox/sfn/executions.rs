//! Executions: what can be asked of them, and how they are stopped.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::changes::{Told, forget};
use super::error::{no_execution, no_machine};
use super::history::aborted;
use super::names::{execution_arn, execution_in, machine_arn, machine_in};
use super::page::{page, seconds};
use super::state::{End, Execution, Status};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ByArn {
    execution_arn: String,
    // Nothing is encrypted here.
    #[serde(rename = "includedData")]
    _included_data: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Stop {
    execution_arn: String,
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct List {
    state_machine_arn: String,
    status_filter: Option<Status>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

/// The execution with that ARN, and the name of its state machine.
pub(super) fn execution<'w>(
    world: &'w mut World,
    site: &Site,
    arn: &str,
) -> Result<(String, &'w mut Execution), ApiError> {
    let (machine, name) = execution_in(site, arn)?;
    let missing = || no_execution(arn);
    let known = world.sfn.machines.at(site).get_mut(&machine);
    let executions = &mut known.ok_or_else(missing)?.executions;
    let mut executions = executions.iter_mut();
    let found = executions.find(|execution| execution.name == name);
    Ok((machine, found.ok_or_else(missing)?))
}

pub(super) fn describe(world: &mut World, site: &Site, asked: &ByArn) -> Result<Value, ApiError> {
    let now = world.now();
    let (machine, execution) = execution(world, site, &asked.execution_arn)?;
    let mut answer = listed(site, &machine, execution, now);
    answer.insert("input".to_owned(), json!(execution.input));
    answer.insert("inputDetails".to_owned(), json!({"included": true}));
    let status = execution.status(now);
    let redrivable = match status {
        Status::Failed | Status::TimedOut | Status::Aborted => "REDRIVABLE",
        Status::Running | Status::Succeeded => "NOT_REDRIVABLE",
    };
    answer.insert("redriveStatus".to_owned(), json!(redrivable));
    if status != Status::Running {
        let end = &execution.end;
        let said = [
            ("output", &end.output),
            ("error", &end.error),
            ("cause", &end.cause),
        ];
        for (name, text) in said {
            if let Some(text) = text {
                answer.insert(name.to_owned(), json!(text));
            }
        }
        if end.output.is_some() {
            answer.insert("outputDetails".to_owned(), json!({"included": true}));
        }
    }
    Ok(Value::Object(answer))
}

/// What lists show of an execution.
fn listed(site: &Site, machine: &str, execution: &Execution, now: i64) -> Map<String, Value> {
    let status = execution.status(now);
    let mut listed = Map::new();
    for (name, value) in [
        (
            "executionArn",
            json!(execution_arn(site, machine, &execution.name)),
        ),
        ("stateMachineArn", json!(machine_arn(site, machine))),
        ("name", json!(execution.name)),
        ("status", json!(status)),
        ("startDate", seconds(execution.began)),
        ("redriveCount", json!(0)),
    ] {
        listed.insert(name.to_owned(), value);
    }
    if status != Status::Running {
        listed.insert("stopDate".to_owned(), seconds(execution.ends));
    }
    listed
}

/// Stops an execution. What it did is done, also what it did behind a wait that the clock has not reached. One that is
/// over stays as it is: that this is no error is a reading of ours.
pub(super) fn stop(world: &mut World, site: &Site, asked: Stop) -> Result<Value, ApiError> {
    let now = world.now();
    let arn = &asked.execution_arn;
    let (machine, found) = execution(world, site, arn)?;
    if found.status(now) != Status::Running {
        return Ok(json!({"stopDate": seconds(found.ends)}));
    }
    found.history.retain(|past| past.at <= now);
    let before = found.history.len();
    let (error, cause) = (asked.error.as_deref(), asked.cause.as_deref());
    found.history.push(aborted(now, before, error, cause));
    found.ends = now;
    found.end = End {
        status: Status::Aborted,
        output: None,
        error: asked.error,
        cause: asked.cause,
    };
    let stopped = found.clone();
    forget(world, arn);
    let told = Told {
        site,
        machine: &machine_arn(site, &machine),
        arn,
        execution: &stopped,
    };
    told.ended(world);
    Ok(json!({"stopDate": seconds(now)}))
}

/// The latest executions of a state machine first.
pub(super) fn list(world: &mut World, site: &Site, list: &List) -> Result<Value, ApiError> {
    let now = world.now();
    let arn = &list.state_machine_arn;
    let name = machine_in(site, arn)?;
    let machine = world.sfn.machines.at(site).get(&name);
    let executions = &machine.ok_or_else(|| no_machine(arn))?.executions;
    let wanted = |execution: &&Execution| {
        let status = execution.status(now);
        list.status_filter.is_none_or(|wanted| wanted == status)
    };
    let latest = executions.iter().rev().filter(wanted);
    let all = latest.map(|execution| Value::Object(listed(site, &name, execution, now)));
    let all = all.collect();
    page(
        "executions",
        all,
        list.next_token.as_deref(),
        list.max_results,
    )
}
