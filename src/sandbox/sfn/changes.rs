//! What does the bus hear of an execution?
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html>

use serde_json::{Value, json};

use super::state::{Change, Execution, Status};
use crate::sandbox::clock::iso;
use crate::sandbox::site::Site;
use crate::sandbox::world::World;

/// Input and output are left out of an event where they have more bytes together, as they stand in it.
const MOST: usize = 248 * 1024;

/// An execution that there is something to tell of.
pub(super) struct Told<'a> {
    pub(super) site: &'a Site,
    /// The ARN of its state machine, and its own.
    pub(super) machine: &'a str,
    pub(super) arn: &'a str,
    pub(super) execution: &'a Execution,
}

impl Told<'_> {
    /// Tells that it runs.
    pub(super) fn begun(&self, world: &mut World) {
        self.tell(world, self.execution.began, Status::Running);
    }

    /// Tells how it ends, when it does.
    pub(super) fn ended(&self, world: &mut World) {
        self.tell(world, self.execution.ends, self.execution.end.status);
    }

    fn tell(&self, world: &mut World, due: i64, status: Status) {
        let event = json!({
            "detail-type": "Step Functions Execution Status Change",
            "source": "aws.states",
            "time": iso(due),
            "resources": [self.arn],
            "detail": self.detail(status),
        });
        world.sfn.changes.push(Change {
            due,
            account: self.site.account.clone(),
            region: self.site.region.clone(),
            execution: self.arn.to_owned(),
            event,
        });
    }

    fn detail(&self, status: Status) -> Value {
        let execution = self.execution;
        let over = status != Status::Running;
        let end = Some(&execution.end).filter(|_| over);
        let output = end.and_then(|end| end.output.as_ref());
        let size = |text: Option<&String>| text.map_or(0, |text| json!(text).to_string().len());
        let included = size(Some(&execution.input)) + size(output) <= MOST;
        let redrive = match status {
            Status::Failed | Status::TimedOut | Status::Aborted => "REDRIVABLE",
            Status::Running | Status::Succeeded => "NOT_REDRIVABLE",
        };
        json!({
            "executionArn": self.arn,
            "stateMachineArn": self.machine,
            "stateMachineVersionArn": null,
            "stateMachineAliasArn": null,
            "name": execution.name,
            "status": status,
            "startDate": execution.began,
            "stopDate": over.then_some(execution.ends),
            "redriveCount": 0,
            "redriveDate": null,
            "redriveStatus": redrive,
            "input": included.then_some(&execution.input),
            "inputDetails": {"included": included},
            "output": output.filter(|_| included),
            "outputDetails": output.map(|_| json!({"included": included})),
            "error": end.and_then(|end| end.error.as_ref()),
            "cause": end.and_then(|end| end.cause.as_ref()),
        })
    }
}

/// Takes back what an execution has yet to tell.
pub(super) fn forget(world: &mut World, execution: &str) {
    let changes = &mut world.sfn.changes;
    changes.retain(|change| change.execution != execution);
}
