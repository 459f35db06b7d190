//! How is what happens in an execution written down?

use super::context::Here;
use super::failure::Failure;
use super::history::Event;
use super::run::{Runner, Stop};

impl Runner<'_> {
    /// Adds to the history, and gives the event's id.
    pub(super) fn note(&mut self, here: Option<&Here<'_>>, kind: &str) -> Result<usize, Stop> {
        let event = self.event(here, kind);
        Ok(self.history.add(event)?)
    }

    pub(super) fn note_call(
        &mut self,
        here: &Here<'_>,
        kind: &str,
        resource: &str,
    ) -> Result<(), Stop> {
        let mut event = self.event(Some(here), kind);
        event.resource = Some(resource.to_owned());
        self.history.add(event)?;
        Ok(())
    }

    /// Adds a failure to the history, and gives it back to be caught.
    pub(super) fn failed(&mut self, here: &Here<'_>, kind: &str, failure: Failure) -> Stop {
        let mut event = self.event(Some(here), kind);
        event.failure = Some(failure.clone());
        match self.history.add(event) {
            Ok(_) => Stop::Failed(failure),
            Err(too_long) => Stop::Failed(too_long),
        }
    }

    pub(super) fn event(&self, here: Option<&Here<'_>>, kind: &str) -> Event {
        Event {
            id: 0,
            time: self.tasks.now_millis(),
            kind: kind.to_owned(),
            state: here.map(|here| here.state.to_owned()),
            resource: None,
            failure: None,
        }
    }

    /// The failure of an expression. Source of the words: <https://github.com/floci-io/floci/issues/2665>.
    pub(super) fn unevaluated(&mut self, here: &Here<'_>, why: &str) -> Stop {
        let (state, id) = (here.state, here.entered);
        let cause = format!(
            "An error occurred while executing the state '{state}' (entered at the event id \
             #{id}). {why}"
        );
        self.failed(here, "EvaluationFailed", Failure::query(cause))
    }
}
