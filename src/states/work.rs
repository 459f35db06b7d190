//! What do Task, Parallel and Map do, and what happens when they fail?

use serde_json::{Value, json};

use super::context::{Here, context, with_item};
use super::failure::{Failure, MOST_BYTES, TIMEOUT};
use super::machine::{Flow, Job, Work};
use super::retries::Retries;
use super::run::{Left, Runner, Stop, bytes};
use super::scope::{Scope, Seen};
use super::template::Template;

impl Runner<'_> {
    /// Does the work of a state, again where it failed and a retrier says so, and catches what fails at last.
    pub(super) fn work<'m>(
        &mut self,
        here: &mut Here<'_>,
        work: &'m Work,
        input: &Value,
        scope: &Scope,
    ) -> Result<Left<'m>, Stop> {
        let mut retries = Retries::new(&work.retry);
        loop {
            let failure = match self.attempt(here, work, input, scope) {
                Err(Stop::Failed(failure)) => failure,
                ended => return ended,
            };
            let Some(delay) = retries.after(&failure) else {
                return self.caught(here, work, input, scope, failure);
            };
            self.pause(delay)?;
            here.retries += 1;
            self.transitions += 1;
        }
    }

    /// Does the work once. An expression that fails, before or after the work itself, fails the attempt.
    fn attempt<'m>(
        &mut self,
        here: &Here<'_>,
        work: &'m Work,
        input: &Value,
        scope: &Scope,
    ) -> Result<Left<'m>, Stop> {
        let seen = self.seen(here, input, scope);
        let result = match &work.job {
            Job::Task {
                resource,
                arguments,
            } => {
                let arguments =
                    self.field_or(here, arguments.as_ref(), "Arguments", &seen, input)?;
                self.call(here, resource, &arguments)?
            }
            Job::Parallel {
                arguments,
                branches,
            } => {
                let arguments =
                    self.field_or(here, arguments.as_ref(), "Arguments", &seen, input)?;
                self.branches(here, branches, &arguments, scope)?
            }
            Job::Map {
                items,
                selector,
                processor,
            } => {
                let items = self.items(here, items.as_ref(), &seen, input)?;
                self.map(here, items, selector.as_ref(), processor, input, scope)?
            }
        };
        if bytes(&result) > MOST_BYTES {
            return Err(Failure::too_large(here.state, "a result").into());
        }
        let seen = seen.with("result", result.clone());
        self.leave(here, &work.exit, "", &seen, &result)
    }

    /// Goes where a catcher leads. What fails in a catcher is not caught again.
    fn caught<'m>(
        &mut self,
        here: &Here<'_>,
        work: &'m Work,
        input: &Value,
        scope: &Scope,
        failure: Failure,
    ) -> Result<Left<'m>, Stop> {
        let mut catchers = work.catch.iter().enumerate();
        let found = catchers.find(|(_, catcher)| failure.is_among(&catcher.errors));
        let Some((index, catcher)) = found else {
            return Err(failure.into());
        };
        let output = json!({ "Error": failure.error, "Cause": failure.cause });
        let seen = self.seen(here, input, scope);
        let seen = seen.with("errorOutput", output.clone());
        self.leave(
            here,
            &catcher.exit,
            &format!("Catch[{index}]/"),
            &seen,
            &output,
        )
    }

    fn call(&mut self, here: &Here<'_>, resource: &str, input: &Value) -> Result<Value, Stop> {
        self.note_call(here, "TaskScheduled", resource)?;
        self.note_call(here, "TaskStarted", resource)?;
        match self.tasks.call(resource, input) {
            Ok(result) => {
                self.note_call(here, "TaskSucceeded", resource)?;
                Ok(result)
            }
            Err(failure) if failure.error == TIMEOUT => {
                Err(self.failed(here, "TaskTimedOut", failure))
            }
            Err(failure) => Err(self.failed(here, "TaskFailed", failure)),
        }
    }

    /// Runs branches: each begins with the same input, and one that fails fails all.
    fn branches(
        &mut self,
        here: &Here<'_>,
        branches: &[Flow],
        input: &Value,
        scope: &Scope,
    ) -> Result<Value, Stop> {
        self.note(Some(here), "ParallelStateStarted")?;
        let mut results = Vec::with_capacity(branches.len());
        for branch in branches {
            match self.flow(branch, input.clone(), scope.clone()) {
                Ok(result) => results.push(result),
                Err(stop) => return Err(self.passed_on(here, "ParallelStateFailed", stop)),
            }
        }
        self.note(Some(here), "ParallelStateSucceeded")?;
        Ok(Value::Array(results))
    }

    /// What a Map goes through.
    fn items(
        &mut self,
        here: &Here<'_>,
        items: Option<&Template>,
        seen: &Seen<'_>,
        input: &Value,
    ) -> Result<Vec<Value>, Stop> {
        let value = match items {
            Some(template) => self.value(here, template, "Items", seen)?,
            None => input.clone(),
        };
        match value {
            Value::Array(items) => Ok(items),
            other => {
                let literal = Template::Literal(Value::Null);
                let template = items.unwrap_or(&literal);
                let why = template.unexpected("Items", "array", &other);
                Err(self.unevaluated(here, &why))
            }
        }
    }

    /// Runs the processor for each item, in order; an item that fails fails the Map.
    fn map(
        &mut self,
        here: &Here<'_>,
        items: Vec<Value>,
        selector: Option<&Template>,
        processor: &Flow,
        input: &Value,
        scope: &Scope,
    ) -> Result<Value, Stop> {
        self.note(Some(here), "MapStateStarted")?;
        let mut results = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            self.note(Some(here), "MapIterationStarted")?;
            let item = match selector {
                Some(template) => {
                    let context = with_item(context(self.execution, here), index, &item);
                    let seen = Seen::new(scope, input, context, self.tasks.now_millis());
                    self.value(here, template, "ItemSelector", &seen)?
                }
                None => item,
            };
            match self.flow(processor, item, scope.clone()) {
                Ok(result) => results.push(result),
                Err(stop) => {
                    let stop = self.passed_on(here, "MapIterationFailed", stop);
                    return Err(self.passed_on(here, "MapStateFailed", stop));
                }
            }
            self.note(Some(here), "MapIterationSucceeded")?;
        }
        self.note(Some(here), "MapStateSucceeded")?;
        Ok(Value::Array(results))
    }

    /// What a field gives; where it is not there, the input.
    fn field_or(
        &mut self,
        here: &Here<'_>,
        template: Option<&Template>,
        field: &str,
        seen: &Seen<'_>,
        input: &Value,
    ) -> Result<Value, Stop> {
        match template {
            Some(template) => self.value(here, template, field, seen),
            None => Ok(input.clone()),
        }
    }

    /// Tells that a state ends with what stopped something inside it.
    fn passed_on(&mut self, here: &Here<'_>, kind: &str, stop: Stop) -> Stop {
        match stop {
            Stop::Failed(failure) => self.failed(here, kind, failure),
            Stop::TimedOut => Stop::TimedOut,
        }
    }
}
