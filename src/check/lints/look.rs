//! The walk over what was read: each part goes to the lints that it is about.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::needs_presence::Asked;
use super::never_silences::literals;
use super::open_exception::{self, Own};
use super::speaker::Speaker;
use super::{
    detail_type, event_name, field_name, holds_fields, literal_star, needs_presence,
    never_confirms, never_silences, other_event, other_kind, other_value, parameter, raw_pattern,
    region, role_arn, same_address,
};
use crate::check::asks::Tested;
use crate::check::certainty::{Certainty, Impossible, calls};
use crate::check::clause::{Clause, Dialect, glob_of};
use crate::cloudtrail::parameters::Parameters;
use crate::cloudtrail::shapes::Examples;
use crate::diagnostic::{Report, Span};
use crate::rules::decode::reading::Written;
use crate::rules::{AllOf, Change, Events, FieldCondition, Matcher, Parsed, RuleId, Trigger};

/// Says in a report what lints find. The rules of which it is said that nothing can fire them are the result.
pub(in crate::check) fn look(parsed: &Parsed, report: &mut Report) -> BTreeSet<RuleId> {
    let impossible = Impossible::of(parsed);
    let own = Own::of(parsed);
    let mut speaker = Speaker::new(report);
    let mut dead_patterns = Vec::new();
    for written in &parsed.written {
        if let Some(dead) = look_at(written, &impossible, &own, &mut speaker) {
            dead_patterns.push(dead);
        }
    }
    for rule in parsed.resolved.rules() {
        if let Trigger::Events(events) = &rule.trigger {
            look_at_rule(&rule.id, events, &impossible, &own, &mut speaker);
        }
    }
    if let Some(file) = &parsed.resolved.file {
        region::look_at_file(file, &mut speaker);
        never_confirms::look(file, &mut speaker);
        same_address::look(file, &mut speaker);
    }
    let mut never: BTreeSet<RuleId> = impossible.rules.iter().map(|id| (*id).clone()).collect();
    for rule in parsed.resolved.rules().iter().filter(|rule| rule.enabled) {
        let whole = parsed.resolved.whole.get(&rule.id);
        let is_dead = |whole: &Span| dead_patterns.iter().any(|dead| dead.is_inside(*whole));
        if whole.is_some_and(is_dead) {
            never.insert(rule.id.clone());
        }
    }
    never
}

/// Looks at one part. The place of a raw pattern that nothing matches is the result.
fn look_at(
    written: &Written,
    impossible: &Impossible<'_>,
    own: &Own,
    speaker: &mut Speaker<'_>,
) -> Option<Span> {
    match written {
        Written::Event { glob, in_test } => {
            let named = (glob.service != "*").then_some(glob.service.as_str());
            let (dialect, certainty) = if *in_test {
                (Dialect::Test, Certainty::Unlikely)
            } else {
                (Dialect::Rules, impossible.of_event(glob.span))
            };
            event_name::look(
                named.as_slice(),
                &glob.name,
                dialect,
                certainty,
                glob.span,
                speaker,
            );
        }
        Written::Path(path) => {
            let steps: Vec<&str> = path.value.iter().map(String::as_str).collect();
            let certainty = impossible.of_condition(path.span);
            field_name::look(&steps, certainty, path.span, speaker);
        }
        Written::Condition {
            condition,
            value,
            rootless,
        } => {
            let path = condition.path.join(".");
            let certainty = impossible.of_condition(condition.span);
            let clauses = Clause::of_condition(&path, condition, *value, certainty);
            other_value::look(&clauses, *rootless, speaker);
            role_arn::look(&clauses, speaker);
            if path == "awsRegion" {
                region::look(&clauses, speaker);
            }
        }
        Written::Affix { operator, text } => {
            literal_star::look_at_affix(operator, &text.value, text.span, speaker);
        }
        Written::DetailType(kind) => {
            let certainty = impossible.of_detail_type(kind.span);
            detail_type::look(&kind.value, certainty, kind.span, speaker);
        }
        Written::Pattern { pattern, node } => {
            raw_pattern::look(pattern, node, own, speaker);
            return speaker.take_never_matches().then_some(node.span);
        }
        Written::Test {
            caller,
            call,
            changes,
        } => {
            if let Some(caller) = caller {
                field_name::look_at_caller(*caller, changes, speaker);
            }
            let call = call
                .iter()
                .map(|(service, name)| (service.as_str(), name.as_str()));
            look_at_changes(changes, &Parameters::of(call), speaker);
        }
    }
    None
}

/// What a test writes into its event.
fn look_at_changes(changes: &[Change], parameters: &Parameters<'_>, speaker: &mut Speaker<'_>) {
    for change in changes {
        parameter::look(
            &change.path,
            parameters,
            Certainty::Unlikely,
            change.span,
            speaker,
        );
        if let Some(Json::String(text)) = &change.value {
            let path = change.path.join(".");
            role_arn::look(&[Clause::of_change(&path, text, change.span)], speaker);
        }
    }
}

/// What can be said of a rule only when its events and conditions are known together.
fn look_at_rule(
    rule: &RuleId,
    events: &Events,
    impossible: &Impossible<'_>,
    own: &Own,
    speaker: &mut Speaker<'_>,
) {
    for AllOf { fields } in &events.when {
        let asked: Vec<Asked<'_>> = fields.iter().map(asked).collect();
        needs_presence::look(&asked, own, speaker);
    }
    let parameters = Parameters::of(calls(events));
    let all = events.when.iter().chain(&events.unless);
    for field in all.flat_map(|AllOf { fields }| fields) {
        let certainty = impossible.of_condition_of(rule, field.span);
        parameter::look(&field.path, &parameters, certainty, field.span, speaker);
    }
    let examples = Examples::of(calls(events));
    for (all, is_exception) in [(&events.when, false), (&events.unless, true)] {
        for field in all.iter().flat_map(|AllOf { fields }| fields) {
            let tested = Tested::of_condition(field, is_exception);
            if !holds_fields::look(&tested, &examples, speaker) {
                other_kind::look(&tested, &examples, speaker);
            }
        }
    }
    other_event::look(rule, events, impossible, speaker);
    never_silences::look(rule, events, speaker);
    open_exception::look(events, own, speaker);
}

fn asked(field: &FieldCondition) -> Asked<'_> {
    let any_of = &field.any_of;
    let is_not = |matcher: &Matcher| matches!(matcher, Matcher::Not(_));
    let absent = Matcher::Exists(false);
    let excepted = any_of.iter().filter_map(|matcher| match matcher {
        Matcher::Not(none_of) => Some(none_of),
        _ => None,
    });
    Asked {
        path: field.path.iter().map(String::as_str).collect(),
        texts: literals(field),
        excepted: excepted.flatten().filter_map(glob_of).collect(),
        is_negated: any_of.iter().any(is_not),
        takes_absence: any_of.contains(&absent),
        needs_field: any_of
            .iter()
            .all(|matcher| !is_not(matcher) && *matcher != absent),
        dialect: Dialect::Rules,
        span: field.span,
    }
}
