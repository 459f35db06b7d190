//! What does an execution need, and how does it end?

use serde_json::Value;

use super::failure::Failure;
use super::history::Event;

/// The services that a state machine calls, and the time that it takes.
pub trait Tasks {
    /// Makes the call of a Task. `resource`: for example `arn:aws:states:::sns:publish`.
    ///
    /// # Errors
    /// The error as Step Functions would name it, for example `States.Permissions` or `SNS.NotFoundException`.
    fn call(&mut self, resource: &str, arguments: &Value) -> Result<Value, Failure>;

    /// Lets seconds go by: of a Wait, or before a further attempt.
    fn wait(&mut self, seconds: u64);

    /// The time, in milliseconds since 1970.
    fn now_millis(&self) -> i64;
}

/// How an execution went.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// What AWS charges for: states entered, and further attempts.
    pub transitions: usize,
    /// At most 25,000 events.
    pub history: Vec<Event>,
}

impl Outcome {
    /// The names of the states that were entered, in order.
    pub fn entered(&self) -> Vec<&str> {
        let entered = |event: &&Event| event.kind.ends_with("StateEntered");
        let events = self.history.iter().filter(entered);
        events.filter_map(|event| event.state.as_deref()).collect()
    }
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// `SUCCEEDED`, with what the last state gave.
    Succeeded(Value),
    /// `FAILED`, since no state caught this.
    Failed(Failure),
    /// `TIMED_OUT`: it took longer than the machine allows.
    TimedOut,
}
