//! What happened in an execution?

use super::failure::Failure;

/// Step Functions ends an execution whose history has as many events.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const MOST_EVENTS: usize = 25_000;

/// One event of the history of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Events are numbered from one.
    pub id: usize,
    /// Milliseconds since 1970.
    pub time: i64,
    /// AWS's type, for example `PassStateEntered` or `TaskFailed`.
    pub kind: String,
    /// The state that it is about, if it is not about the whole execution.
    pub state: Option<String>,
    /// What a Task calls, where it calls.
    pub resource: Option<String>,
    /// What went wrong, where something did.
    pub failure: Option<Failure>,
}

/// The history while it is written.
#[derive(Debug, Default)]
pub(super) struct History {
    events: Vec<Event>,
}

impl History {
    /// Adds an event, and gives its id. The failure of one too many is one that nothing catches, so that a machine that
    /// goes round in circles comes to an end.
    pub(super) fn add(&mut self, event: Event) -> Result<usize, Failure> {
        // The last event is that of the end.
        if self.events.len() + 1 >= MOST_EVENTS {
            return Err(Failure::runtime(format!(
                "The execution reached the maximum number of history events ({MOST_EVENTS})."
            )));
        }
        Ok(self.push(event))
    }

    /// The whole history, with the event of the end.
    pub(super) fn end(mut self, event: Event) -> Vec<Event> {
        self.push(event);
        self.events
    }

    fn push(&mut self, event: Event) -> usize {
        let id = self.events.len() + 1;
        self.events.push(Event { id, ..event });
        id
    }
}
