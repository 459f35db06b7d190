//! Which exceptions of a rule hold for an event.

use serde_json::Value;

use super::conditions::{positive, render};
use super::insert;
use crate::pattern::{Event, EventPattern, FieldFailure};
use crate::rules::{AllOf, Rule, Trigger};

/// The maps of a rule's `unless` of which all holds for an event.
pub fn exceptions_met<'r>(rule: &'r Rule, event: &Event) -> Vec<&'r AllOf> {
    let holds = |(exception, pattern): (&'r AllOf, EventPattern)| {
        pattern.matches(event).then_some(exception)
    };
    exceptions(rule).filter_map(holds).collect()
}

/// The others, each with what keeps it from holding.
pub fn exceptions_missed<'r>(rule: &'r Rule, event: &Event) -> Vec<(&'r AllOf, Vec<FieldFailure>)> {
    let fails = |(exception, pattern): (&'r AllOf, EventPattern)| {
        let failures = pattern.explain(event).failures;
        (!failures.is_empty()).then_some((exception, failures))
    };
    exceptions(rule).filter_map(fails).collect()
}

/// The maps of a rule's `unless`, each as a pattern that says the same.
fn exceptions(rule: &Rule) -> impl Iterator<Item = (&AllOf, EventPattern)> {
    let unless = match &rule.trigger {
        Trigger::Events(events) => events.unless.as_slice(),
        Trigger::Raw { .. } => &[],
    };
    unless.iter().filter_map(|exception| {
        let mut detail = serde_json::Map::new();
        for (path, tests) in &positive(exception).ok()? {
            insert(&mut detail, path, &render(&tests.any_of));
        }
        let mut pattern = serde_json::Map::new();
        pattern.insert("detail".to_owned(), Value::Object(detail));
        let pattern = EventPattern::from_value(&Value::Object(pattern)).ok()?;
        Some((exception, pattern))
    })
}
