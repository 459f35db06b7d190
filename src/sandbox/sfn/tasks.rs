//! What do the Tasks of an execution do, and how long does it take?
//!
//! A call is made as the session of the state machine's role, with the permissions that the role has. A Wait, and what
//! goes by before a further attempt, count in the time of the execution alone: for all others the call that follows
//! happens at once.

use serde_json::{Value, json};

use super::http::http_invoke;
use super::integration::{INTEGRATIONS, Integration};
use super::role;
use super::state::Taken;
use crate::sandbox::perform::{OnBehalf, perform_on_behalf};
use crate::sandbox::site::Site;
use crate::sandbox::world::World;
use crate::states::{Failure, Tasks};

/// The principal that Step Functions is.
pub(super) const STATES: &str = "states.amazonaws.com";

/// The calls of an execution.
pub(super) struct Calls<'w> {
    world: &'w mut World,
    site: &'w Site,
    /// The ARN of the state machine, and that of its role.
    machine: &'w str,
    role: &'w str,
    /// Milliseconds.
    waited: i64,
    made: Vec<Made>,
}

/// A call that was made, with its result if it had one.
pub(super) struct Made {
    pub(super) resource: String,
    pub(super) arguments: Value,
    pub(super) result: Option<Value>,
}

impl<'w> Calls<'w> {
    pub(super) fn new(
        world: &'w mut World,
        site: &'w Site,
        machine: &'w str,
        role: &'w str,
    ) -> Self {
        Self {
            world,
            site,
            machine,
            role,
            waited: 0,
            made: Vec::new(),
        }
    }

    /// When the execution is where it is now, and the calls that it made, in their order.
    pub(super) fn end(self) -> (i64, Vec<Made>) {
        (self.now_millis(), self.made)
    }

    fn ask(&mut self, resource: &str, arguments: &Value) -> Result<Value, Failure> {
        let name = resource.split_once(":states:::");
        let name = name.map_or(resource, |(_, name)| name);
        let taken = role::take(self.world, self.site, STATES, self.role, self.machine);
        // That this is the name of the error is a reading of ours.
        let taken = taken.map_err(|why| Failure::new("States.Permissions", why))?;
        if name == "http:invoke" {
            return http_invoke(self.world, self.site, self.machine, self.role, arguments);
        }
        let known = INTEGRATIONS.iter().find(|known| known.name == name);
        let Some(integration) = known else {
            let why = format!("{resource} is not part of this sandbox");
            return Err(Failure::new("States.Runtime", why));
        };
        self.integrate(integration, &taken, arguments)
    }

    fn integrate(
        &mut self,
        integration: &Integration,
        taken: &Taken,
        arguments: &Value,
    ) -> Result<Value, Failure> {
        let id = self.world.uuid();
        let asked = OnBehalf {
            by: STATES,
            caller: &taken.principal,
            access_key: &taken.access_key,
            service: integration.service,
            operation: integration.operation,
            input: integration.input(arguments),
            id: &id,
        };
        let answer = perform_on_behalf(self.world, self.site, asked);
        let mut answer = answer.map_err(|error| integration.failure(&error, &id))?;
        // What the SDK that Step Functions uses tells of every answer.
        if let Some(fields) = answer.as_object_mut() {
            fields.insert("SdkHttpMetadata".to_owned(), json!({"HttpStatusCode": 200}));
            let response = json!({"RequestId": id});
            fields.insert("SdkResponseMetadata".to_owned(), response);
        }
        Ok(answer)
    }
}

impl Tasks for Calls<'_> {
    fn call(&mut self, resource: &str, arguments: &Value) -> Result<Value, Failure> {
        let answer = self.ask(resource, arguments);
        self.made.push(Made {
            resource: resource.to_owned(),
            arguments: arguments.clone(),
            result: answer.as_ref().ok().cloned(),
        });
        answer
    }

    fn wait(&mut self, seconds: u64) {
        let milliseconds = i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
        self.waited = self.waited.saturating_add(milliseconds);
    }

    fn now_millis(&self) -> i64 {
        self.world.now().saturating_add(self.waited)
    }
}
