//! Which exceptions of a rule hold for an event.

use serde_json::Value;

use super::conditions::{positive, render};
use super::insert;
use crate::pattern::{Event, EventPattern};
use crate::rules::{AllOf, Rule, Trigger};

/// The maps of a rule's `unless` of which all holds for an event.
pub fn exceptions_met<'r>(rule: &'r Rule, event: &Event) -> Vec<&'r AllOf> {
    let Trigger::Events(events) = &rule.trigger else {
        return Vec::new();
    };
    let holds = |exception: &&AllOf| {
        let mut detail = serde_json::Map::new();
        let Ok(conjunction) = positive(exception) else {
            return false;
        };
        for (path, tests) in &conjunction {
            insert(&mut detail, path, &render(&tests.any_of));
        }
        let mut pattern = serde_json::Map::new();
        pattern.insert("detail".to_owned(), Value::Object(detail));
        EventPattern::from_value(&Value::Object(pattern))
            .is_ok_and(|pattern| pattern.matches(event))
    };
    events.unless.iter().filter(holds).collect()
}
