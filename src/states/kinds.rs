//! Is a state such as Step Functions takes?

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::checked::Moment;
use super::fields::{self, TYPES, unknown, unknown_of_state};
use super::machine::{Choice, Flow, Job, State, Then, Work};
use super::parse::{MOST_SECONDS, Names, Parser};
use super::template::Template;

impl Parser {
    /// A state. `outer`: the variables of the flows around its own; `variables`: those of its own flow as well.
    pub(super) fn state(
        &mut self,
        value: &Value,
        at: &str,
        outer: &Names,
        variables: &Names,
    ) -> Option<State> {
        let Some(object) = value.as_object() else {
            self.schema(at, "Expected value of type [OBJECT]");
            return None;
        };
        let kind = self.text(object, at, "Type");
        let Some((_, takes)) = TYPES.iter().find(|(known, _)| *known == kind) else {
            let known = TYPES.map(|(known, _)| known).join(", ");
            let what = format!("Value should be one of the following: [{known}]");
            self.schema(&format!("{at}/Type"), &what);
            return None;
        };
        self.faults.extend(unknown_of_state(object, at, takes));
        self.query_language(object, at);
        let state = match kind.as_str() {
            "Pass" => {
                let then = self.then(object, at);
                let exit = self.exit(object, at, Moment::Before, outer, then);
                State::Pass { exit }
            }
            "Succeed" => {
                let exit = self.exit(object, at, Moment::Before, outer, Then::End);
                State::Succeed { exit }
            }
            "Fail" => State::Fail {
                error: self.optional(object, at, "Error", Moment::Before),
                cause: self.optional(object, at, "Cause", Moment::Before),
            },
            "Wait" => {
                let seconds = self.seconds(object, at);
                let then = self.then(object, at);
                let exit = self.exit(object, at, Moment::Before, outer, then);
                State::Wait { seconds, exit }
            }
            "Choice" => self.choice(object, at, outer),
            "Parallel" => {
                let job = self.parallel(object, at, variables);
                self.work(object, at, outer, job)
            }
            "Map" => {
                let job = self.map(object, at, variables);
                self.work(object, at, outer, job)
            }
            _ => {
                let job = self.task(object, at);
                self.work(object, at, outer, job)
            }
        };
        Some(state)
    }

    /// A state of a JSONata machine cannot be one of JSONPath.
    /// Source: <https://github.com/floci-io/floci/issues/2968>, measured on AWS.
    fn query_language(&mut self, object: &Map<String, Value>, at: &str) {
        match object.get("QueryLanguage").map(Value::as_str) {
            None | Some(Some("JSONata")) => {}
            Some(Some("JSONPath")) => self.schema(
                at,
                "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
            ),
            Some(_) => self.schema(
                &format!("{at}/QueryLanguage"),
                "Value should be one of the following: [JSONPath, JSONata]",
            ),
        }
    }

    /// Where a state leads that has `Next` or `End`.
    fn then(&mut self, object: &Map<String, Value>, at: &str) -> Then {
        match (object.get("Next"), object.get("End")) {
            (Some(Value::String(next)), None) => return Then::Next(next.clone()),
            (None, Some(Value::Bool(true))) => {}
            _ => self.schema(at, "Exactly one is required of: [Next, End]"),
        }
        Then::End
    }

    fn work(&mut self, object: &Map<String, Value>, at: &str, outer: &Names, job: Job) -> State {
        let retry = self.retry(object, at);
        let catch = self.catch(object, at, outer);
        let then = self.then(object, at);
        let exit = self.exit(object, at, Moment::After, outer, then);
        State::Work(Box::new(Work {
            job,
            retry,
            catch,
            exit,
        }))
    }

    fn task(&mut self, object: &Map<String, Value>, at: &str) -> Job {
        let resource = self.text(object, at, "Resource");
        let is_arn = resource.starts_with("arn:") && resource.split(':').count() >= 6;
        if object.contains_key("Resource") && !is_arn {
            self.schema(
                &format!("{at}/Resource"),
                "Value is not a valid resource ARN",
            );
        }
        // It is checked and not kept: whoever makes the calls knows how long they take.
        self.whole_or_expression(object, at, "TimeoutSeconds", 1..=MOST_SECONDS);
        Job::Task {
            resource,
            arguments: self.optional(object, at, "Arguments", Moment::Before),
        }
    }

    fn parallel(&mut self, object: &Map<String, Value>, at: &str, variables: &Names) -> Job {
        let arguments = self.optional(object, at, "Arguments", Moment::Before);
        let mut branches = Vec::new();
        for (at, branch) in self.objects(object, at, "Branches") {
            self.faults.extend(unknown(branch, &at, fields::BRANCH));
            branches.push(self.flow(branch, &at, variables));
        }
        Job::Parallel {
            arguments,
            branches,
        }
    }

    fn map(&mut self, object: &Map<String, Value>, at: &str, variables: &Names) -> Job {
        let items = self.optional(object, at, "Items", Moment::Before);
        let place = format!("{at}/Items");
        if matches!(items, Some(Template::Literal(_))) && !self.is_told(&place) {
            self.schema(&place, "Expected a list or a JSONata expression");
        }
        let selector = self.optional(object, at, "ItemSelector", Moment::Before);
        // Items run one after the other whatever it says.
        self.whole_or_expression(object, at, "MaxConcurrency", 0..=MOST_SECONDS);
        let processor = match object.get("ItemProcessor") {
            Some(Value::Object(processor)) => {
                self.processor(processor, &format!("{at}/ItemProcessor"), variables)
            }
            _ => {
                self.required(at, "ItemProcessor");
                Flow::default()
            }
        };
        Job::Map {
            items,
            selector,
            processor,
        }
    }

    fn processor(&mut self, object: &Map<String, Value>, at: &str, variables: &Names) -> Flow {
        self.faults.extend(unknown(object, at, fields::PROCESSOR));
        if let Some(config) = object.get("ProcessorConfig") {
            let mode = config.get("Mode").map(Value::as_str);
            if !config.is_object() || !matches!(mode, None | Some(Some("INLINE"))) {
                self.schema(
                    &format!("{at}/ProcessorConfig"),
                    "Only the mode INLINE is supported here",
                );
            }
        }
        self.flow(object, at, variables)
    }

    fn choice(&mut self, object: &Map<String, Value>, at: &str, outer: &Names) -> State {
        let mut choices = Vec::new();
        for (at, choice) in self.objects(object, at, "Choices") {
            self.faults.extend(unknown(choice, &at, fields::CHOICE));
            let condition = self.condition(choice, &at);
            let then = Then::Next(self.text(choice, &at, "Next"));
            let exit = self.exit(choice, &at, Moment::Before, outer, then);
            choices.push(Choice { condition, exit });
        }
        // The Output and the Assign of the state itself are those of its Default.
        let then = match object.get("Default") {
            Some(_) => Then::Next(self.text(object, at, "Default")),
            None => Then::End,
        };
        let exit = self.exit(object, at, Moment::Before, outer, then);
        let default = object.contains_key("Default").then_some(exit);
        State::Choice { choices, default }
    }

    fn condition(&mut self, object: &Map<String, Value>, at: &str) -> Template {
        let condition = self.optional(object, at, "Condition", Moment::Before);
        let place = format!("{at}/Condition");
        match condition {
            Some(Template::Expression { .. } | Template::Literal(Value::Bool(_))) => {}
            Some(_) if self.is_told(&place) => {}
            Some(_) => self.schema(&place, "Expected a boolean or a JSONata expression"),
            None => self.required(at, "Condition"),
        }
        condition.unwrap_or(Template::Literal(Value::Null))
    }

    fn seconds(&mut self, object: &Map<String, Value>, at: &str) -> Template {
        if !object.contains_key("Seconds") {
            self.required(at, "Seconds");
        }
        self.whole_or_expression(object, at, "Seconds", 0..=MOST_SECONDS)
    }

    /// A whole number, or an expression for one. What is not there is null.
    fn whole_or_expression(
        &mut self,
        object: &Map<String, Value>,
        at: &str,
        field: &str,
        range: RangeInclusive<u64>,
    ) -> Template {
        match object.get(field) {
            Some(Value::String(_)) => self.number(object, at, field),
            value => {
                self.whole(object, at, field, range);
                Template::Literal(value.cloned().unwrap_or_default())
            }
        }
    }

    /// A number whose field holds text, which must be an expression.
    fn number(&mut self, object: &Map<String, Value>, at: &str, field: &str) -> Template {
        let template = self.optional(object, at, field, Moment::Before);
        let is_expression = matches!(template, Some(Template::Expression { .. }));
        let at = format!("{at}/{field}");
        if !is_expression && !self.is_told(&at) {
            self.schema(&at, "Expected a number or a JSONata expression");
        }
        template.unwrap_or(Template::Literal(Value::Null))
    }
}
