//! Rules that no event can fire, for names and values that have been warned of: the warnings become errors.
//!
//! Where a rule asks for any of several things, all of them must be hopeless. An exception that never holds leaves
//! a rule that fires; there a warning stays one.

use super::arns;
use super::events::is_never_recorded;
use super::fields::is_nowhere;
use super::members::Parameters;
use super::model::{AllOf, Events, FieldCondition, Matcher, Rule, Trigger};
use super::values::{is_nowhere_written, misspelt_detail_type};
use crate::diagnostic::Report;
use crate::diagnostic::Span;
use crate::diagnostic::codes::{self, Code};

/// What is said of events.
const OF_EVENTS: [Code; 2] = [codes::EVENT_NAME, codes::RECORDED_AS];
/// What is said of conditions.
const OF_CONDITIONS: [Code; 3] = [codes::FIELD_NAME, codes::OTHER_VALUE, codes::PARAMETER];

/// Makes errors of what has been warned of, where nothing can fire the rule for it, and notes the rule then. `whole`:
/// where a rule of one's own stands.
pub(super) fn refuse(rule: &Rule, whole: Option<Span>, report: &mut Report) {
    // One that is off may wait for a correction.
    if !rule.enabled {
        return;
    }
    let before = report.errors();
    let id = &rule.id.0;
    let mut never = whole.is_some_and(|whole| report.has(codes::NEVER_MATCHES, whole));
    if let Trigger::Events(events) = &rule.trigger {
        let kinds = events.detail_types.as_ref();
        let others = |kind: &String| {
            !kind.ends_with("via CloudTrail") && misspelt_detail_type(kind).is_none()
        };
        // What is known is known of CloudTrail's events.
        if kinds.is_some_and(|kinds| kinds.iter().any(others)) {
            return;
        }
        let mut globs = events.globs.iter();
        if globs.all(|glob| is_never_heard(&glob.service, &glob.name)) {
            never = true;
            for glob in &events.globs {
                report.refuse(id, glob.span, &OF_EVENTS);
            }
        }
        if kinds.is_some_and(|kinds| kinds.iter().all(|k| misspelt_detail_type(k).is_some()))
            && let Some(whole) = whole
        {
            never = true;
            report.refuse(id, whole, &[codes::DETAIL_TYPE]);
        }
        for field in hopeless(events) {
            never = true;
            report.refuse(id, field.span, &OF_CONDITIONS);
        }
    }
    report.set_aside(before);
    if never {
        report.never.insert(rule.id.0.clone());
    }
}

fn is_never_heard(service: &str, name: &str) -> bool {
    let named = (service != "*").then_some(service);
    is_never_recorded(named.as_slice(), name)
}

/// The conditions that no event meets, where each alternative of `when` has one.
fn hopeless(events: &Events) -> Vec<&FieldCondition> {
    let parameters = Parameters::of(&events.globs);
    let mut all = Vec::new();
    for AllOf { fields } in &events.when {
        let before = all.len();
        all.extend(fields.iter().filter(|field| is_unmet(field, &parameters)));
        if all.len() == before {
            return Vec::new();
        }
    }
    all
}

fn is_unmet(field: &FieldCondition, parameters: &Parameters<'_>) -> bool {
    let steps: Vec<&str> = field.path.iter().map(String::as_str).collect();
    let path = field.path.join(".");
    let absent = |matcher: &Matcher| *matcher == Matcher::Exists(false);
    let of_parameters = parameters.problem(&steps);
    if is_nowhere(&steps) || of_parameters.is_some_and(|problem| problem.certain) {
        return !field.any_of.iter().any(absent);
    }
    field.any_of.iter().all(|matcher| {
        let value = matcher.literal();
        value.is_some_and(|value| is_nowhere_written(&path, &value))
            || arns::is_nowhere_met(&path, matcher)
    })
}
