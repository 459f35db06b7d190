//! What happens when a state machine is executed?

use serde_json::{Map, Value};

use super::context::{Execution, Here, context};
use super::failure::{Failure, MOST_BYTES};
use super::history::History;
use super::machine::{Choice, Exit, Flow, Machine, State, Then};
use super::outcome::{Outcome, Status, Tasks};
use super::scope::{Scope, Seen};
use super::template::Template;

/// Executes a state machine.
pub fn run(machine: &Machine, execution: &Execution, tasks: &mut dyn Tasks) -> Outcome {
    let deadline = machine.timeout.map(|seconds| {
        let milliseconds = i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
        tasks.now_millis().saturating_add(milliseconds)
    });
    let mut runner = Runner {
        execution,
        tasks,
        deadline,
        history: History::default(),
        transitions: 0,
    };
    let ended = runner.start(&machine.flow);
    runner.end(ended)
}

/// Why a flow ends before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// For whatever catches it.
    Failed(Failure),
    /// For nobody.
    TimedOut,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A state that came to its end.
pub(super) struct Left<'m> {
    output: Value,
    assigned: Map<String, Value>,
    then: &'m Then,
}

pub(super) struct Runner<'a> {
    pub(super) execution: &'a Execution,
    pub(super) tasks: &'a mut dyn Tasks,
    /// Milliseconds since 1970.
    deadline: Option<i64>,
    pub(super) history: History,
    pub(super) transitions: usize,
}

impl Runner<'_> {
    fn start(&mut self, flow: &Flow) -> Result<Value, Stop> {
        self.note(None, "ExecutionStarted")?;
        let input = self.execution.input.clone();
        if bytes(&input) > MOST_BYTES {
            return Err(Failure::too_large(&flow.start_at, "an input").into());
        }
        self.flow(flow, input, Scope::default())
    }

    fn end(self, ended: Result<Value, Stop>) -> Outcome {
        let (kind, status) = match ended {
            Ok(output) => ("ExecutionSucceeded", Status::Succeeded(output)),
            Err(Stop::Failed(failure)) => ("ExecutionFailed", Status::Failed(failure)),
            Err(Stop::TimedOut) => ("ExecutionTimedOut", Status::TimedOut),
        };
        let mut last = self.event(None, kind);
        if let Status::Failed(failure) = &status {
            last.failure = Some(failure.clone());
        }
        Outcome {
            status,
            transitions: self.transitions,
            history: self.history.end(last),
        }
    }

    /// Goes from state to state, and gives the output of the last.
    pub(super) fn flow(
        &mut self,
        flow: &Flow,
        mut input: Value,
        mut scope: Scope,
    ) -> Result<Value, Stop> {
        let mut name = flow.start_at.as_str();
        loop {
            let Some(state) = flow.states.get(name) else {
                return Err(Failure::runtime(format!("There is no state '{name}'.")).into());
            };
            self.in_time()?;
            let mut here = Here {
                state: name,
                entered: 0,
                entered_at: self.tasks.now_millis(),
                retries: 0,
            };
            here.entered = self.note(Some(&here), &format!("{}StateEntered", state.kind()))?;
            self.transitions += 1;
            let left = self.state(&mut here, state, &input, &scope)?;
            self.in_time()?;
            self.note(Some(&here), &format!("{}StateExited", state.kind()))?;
            scope.assign(left.assigned);
            match left.then {
                Then::End => return Ok(left.output),
                Then::Next(next) => {
                    name = next;
                    input = left.output;
                }
            }
        }
    }

    fn state<'m>(
        &mut self,
        here: &mut Here<'_>,
        state: &'m State,
        input: &Value,
        scope: &Scope,
    ) -> Result<Left<'m>, Stop> {
        let seen = self.seen(here, input, scope);
        match state {
            State::Pass { exit } | State::Succeed { exit } => {
                self.leave(here, exit, "", &seen, input)
            }
            State::Fail { error, cause } => {
                let error = self.text(here, error.as_ref(), "Error", &seen)?;
                let cause = self.text(here, cause.as_ref(), "Cause", &seen)?;
                Err(Failure::new(error, cause).into())
            }
            State::Wait { seconds, exit } => {
                let value = self.value(here, seconds, "Seconds", &seen)?;
                let Some(whole) = value.as_u64() else {
                    let why = seconds.unexpected("Seconds", "number", &value);
                    return Err(self.unevaluated(here, &why));
                };
                self.pause(whole)?;
                self.leave(here, exit, "", &seen, input)
            }
            State::Choice { choices, default } => {
                self.choose(here, choices, default.as_ref(), input, &seen)
            }
            State::Work(work) => self.work(here, work, input, scope),
        }
    }

    fn choose<'m>(
        &mut self,
        here: &Here<'_>,
        choices: &'m [Choice],
        default: Option<&'m Exit>,
        input: &Value,
        seen: &Seen<'_>,
    ) -> Result<Left<'m>, Stop> {
        for (index, choice) in choices.iter().enumerate() {
            let field = format!("Choices[{index}]/Condition");
            match self.value(here, &choice.condition, &field, seen)? {
                Value::Bool(true) => {
                    let field = format!("Choices[{index}]/");
                    return self.leave(here, &choice.exit, &field, seen, input);
                }
                Value::Bool(false) => {}
                value => {
                    let why = choice.condition.unexpected(&field, "boolean", &value);
                    return Err(self.unevaluated(here, &why));
                }
            }
        }
        let Some(exit) = default else {
            return Err(Failure::no_choice(here.state).into());
        };
        self.leave(here, exit, "", seen, input)
    }

    /// Leaves a state. `before`: where the exit stands in the state. `otherwise`: the output where none is written.
    ///
    /// All expressions of a state see the variables as they were: the new ones count from the next state on.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>
    pub(super) fn leave<'m>(
        &mut self,
        here: &Here<'_>,
        exit: &'m Exit,
        before: &str,
        seen: &Seen<'_>,
        otherwise: &Value,
    ) -> Result<Left<'m>, Stop> {
        let output = match &exit.output {
            Some(template) => self.value(here, template, &format!("{before}Output"), seen)?,
            None => otherwise.clone(),
        };
        let mut assigned = Map::new();
        for (name, template) in &exit.assign {
            let value = self.value(here, template, &format!("{before}Assign/{name}"), seen)?;
            assigned.insert(name.clone(), value);
        }
        if assigned.values().map(bytes).sum::<usize>() > MOST_BYTES {
            return Err(Failure::too_large(here.state, "variables").into());
        }
        let then = &exit.then;
        Ok(Left {
            output,
            assigned,
            then,
        })
    }

    /// What a field gives; not more than a state may pass on.
    pub(super) fn value(
        &mut self,
        here: &Here<'_>,
        template: &Template,
        field: &str,
        seen: &Seen<'_>,
    ) -> Result<Value, Stop> {
        match template.evaluate(field, seen) {
            Ok(value) if bytes(&value) > MOST_BYTES => {
                Err(Failure::too_large(here.state, field).into())
            }
            Ok(value) => Ok(value),
            Err(why) => Err(self.unevaluated(here, &why)),
        }
    }

    /// The text of a field that need not be there.
    fn text(
        &mut self,
        here: &Here<'_>,
        template: Option<&Template>,
        field: &str,
        seen: &Seen<'_>,
    ) -> Result<String, Stop> {
        let Some(template) = template else {
            return Ok(String::new());
        };
        match self.value(here, template, field, seen)? {
            Value::String(text) => Ok(text),
            value => {
                let why = template.unexpected(field, "string", &value);
                Err(self.unevaluated(here, &why))
            }
        }
    }

    pub(super) fn seen<'s>(&self, here: &Here<'_>, input: &Value, scope: &'s Scope) -> Seen<'s> {
        let now = self.tasks.now_millis();
        Seen::new(scope, input, context(self.execution, here), now)
    }

    fn in_time(&self) -> Result<(), Stop> {
        match self.deadline {
            Some(end) if self.tasks.now_millis() >= end => Err(Stop::TimedOut),
            _ => Ok(()),
        }
    }

    /// Lets seconds go by, but not beyond the end of an execution that takes too long.
    pub(super) fn pause(&mut self, seconds: u64) -> Result<(), Stop> {
        let left = self.deadline.map(|end| {
            let left = end.saturating_sub(self.tasks.now_millis());
            u64::try_from(left / 1000).unwrap_or(0)
        });
        self.tasks
            .wait(left.map_or(seconds, |left| left.min(seconds)));
        match left {
            Some(left) if left < seconds => Err(Stop::TimedOut),
            _ => Ok(()),
        }
    }
}

/// How many bytes a value has as JSON.
pub(super) fn bytes(value: &Value) -> usize {
    value.to_string().len()
}
