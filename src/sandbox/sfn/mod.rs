//! Step Functions: state machines, and what becomes of their executions. [`crate::states`] runs them.
//!
//! An execution does all that it does inside the request or the delivery that starts it, and its waits count in its own
//! time alone; see `start`. Standard workflows alone are here, without versions, aliases, activities and redrives.
//!
//! | question | room |
//! |---|---|
//! | what can be asked of state machines? | `machines`, `definition`, `tags` |
//! | what can be asked of executions? | `start`, `executions`, `history` |
//! | what do the Tasks of an execution do, and as whom? | `tasks`, `integration`, `http`; `role` |
//! | how does a rule start one, and what does the bus hear of it? | `deliver`, `changes` |
//! | how does all of it look on the wire? | `names`, `page`, `error` |

mod changes;
mod definition;
mod deliver;
mod error;
mod executions;
mod history;
mod http;
mod integration;
mod machines;
mod names;
mod needs;
mod page;
mod role;
mod start;
mod state;
mod tags;
mod tasks;

use serde_json::Value;

pub(crate) use state::{Change, State};

use super::access::Needs;
use super::common::Strings;
use super::delivery::{Deliver, Parcel, Refusal};
use super::principal::Principal;
use super::service::{Errors, Facts, Reach, Service};
use super::site::Site;
use super::wire::{ApiError, JSON_1_0, Protocol, input};
use super::world::World;

/// Step Functions.
pub(crate) struct Sfn;

impl Service for Sfn {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "states",
            protocol: Protocol::Json(JSON_1_0),
            reach: Reach::Regional,
            errors: Errors::JSON,
        }
    }

    fn needs(
        &self,
        _: &World,
        site: &Site,
        operation: &str,
        input: &Value,
    ) -> Result<Needs, ApiError> {
        needs::needs(site, operation, input)
    }

    fn handle(
        &self,
        world: &mut World,
        site: &Site,
        _: &Principal,
        operation: &str,
        value: Value,
    ) -> Result<Value, ApiError> {
        machines::expire(world, site);
        match operation {
            "CreateStateMachine" => machines::create(world, site, input(operation, value)?),
            "UpdateStateMachine" => machines::update(world, site, input(operation, value)?),
            "DescribeStateMachine" => machines::describe(world, site, &input(operation, value)?),
            "DeleteStateMachine" => machines::delete(world, site, &input(operation, value)?),
            "ListStateMachines" => machines::list(world, site, &input(operation, value)?),
            "ValidateStateMachineDefinition" => definition::validate(&input(operation, value)?),
            "TagResource" => tags::tag(world, site, input(operation, value)?),
            "UntagResource" => tags::untag(world, site, &input(operation, value)?),
            "ListTagsForResource" => tags::list(world, site, &input(operation, value)?),
            "StartExecution" => start::start(world, site, input(operation, value)?),
            "StopExecution" => executions::stop(world, site, input(operation, value)?),
            "DescribeExecution" => executions::describe(world, site, &input(operation, value)?),
            "ListExecutions" => executions::list(world, site, &input(operation, value)?),
            "GetExecutionHistory" => history::get(world, site, &input(operation, value)?),
            _ => Err(ApiError::unsupported(operation)),
        }
    }

    /// <https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cloud-trail.html>
    fn hides(&self) -> &'static [&'static str] {
        &["definition", "input", "error", "cause"]
    }

    fn tags<'w>(&self, world: &'w World, arn: &str) -> Option<&'w Strings> {
        tags::at(world, arn)
    }

    fn receiver(&self) -> Option<&'static dyn Deliver> {
        Some(&Self)
    }
}

impl Deliver for Sfn {
    fn takes(&self, arn: &str) -> bool {
        deliver::is_machine(arn)
    }

    fn deliver(&self, world: &mut World, to: &str, parcel: Parcel<'_>) -> Result<(), Refusal> {
        deliver::start(world, to, &parcel)
    }
}
