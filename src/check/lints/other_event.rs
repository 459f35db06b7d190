//! Names of events and services in conditions: those that no event has (W0710, W0705), and those that none of the rule's
//! events has (W0725).

use super::never_silences::literals;
use super::speaker::Speaker;
use super::{event_name, service_name};
use crate::check::certainty::{Certainty, Impossible, named_services};
use crate::check::clause::Clause;
use crate::check::lint::{Finding, Lint};
use crate::cloudtrail::api_names::{misnomer, recorded_service, services, without_domain};
use crate::diagnostic::{nearest, shown};
use crate::rules::{AllOf, EventGlob, Events, FieldCondition, RuleId};
use crate::wildcard::matches_star;

pub(in crate::check) const OTHER_EVENT: Lint = Lint {
    id: "W0725",
    explanation: "A condition names an event or a service that is none of the rule's: `events` says which the rule hears of, and `when`, `unless` and `not` only choose among those. This part of the condition decides nothing.",
    wrong: r#"- id: a
  events: ["iam:CreateGroup", "iam:CreateRole", "iam:CreateUser"]
  unless: { eventName: [CreateRole, DeleteRole] }"#,
    right: r#"- id: a
  events: ["iam:CreateGroup", "iam:CreateRole", "iam:CreateUser"]
  unless: { eventName: CreateRole }"#,
    is_fatal: false,
};

/// Warns of names in the conditions of a rule.
pub(super) fn look(
    rule: &RuleId,
    events: &Events,
    impossible: &Impossible<'_>,
    speaker: &mut Speaker<'_>,
) {
    for (all, is_exception) in [(&events.when, false), (&events.unless, true)] {
        for field in all.iter().flat_map(|AllOf { fields }| fields) {
            match field.path.as_slice() {
                [path] if path == "eventName" => {
                    let certainty = impossible.of_condition_of(rule, field.span);
                    names(field, events, is_exception, certainty, speaker);
                }
                [path] if path == "eventSource" => {
                    sources(field, events, is_exception, speaker);
                }
                _ => {}
            }
        }
    }
}

/// What is said of a name that decides nothing.
fn nothing(is_exception: bool) -> &'static str {
    if is_exception {
        "this excepts nothing"
    } else {
        "this is never met"
    }
}

fn names(
    field: &FieldCondition,
    events: &Events,
    is_exception: bool,
    certainty: Certainty<'_>,
    speaker: &mut Speaker<'_>,
) {
    let services = named_services(events);
    let clauses = Clause::of_condition("eventName", field, field.span, certainty);
    let unheard = |clause: &Clause<'_>| {
        let glob = clause.glob.as_deref();
        glob.is_some_and(|glob| !events.globs.iter().any(|event| meets(event, glob)))
    };
    // Where nothing of an exception is heard, that is said of the exception.
    let all_unheard = is_exception && literals(field).is_some() && clauses.iter().all(unheard);
    for clause in &clauses {
        let plain = |glob: &&str| !glob.contains('\\') && !clause.folds_case;
        let Some(glob) = clause.glob.as_deref().filter(plain) else {
            continue;
        };
        let excepts = is_exception || clause.is_negated;
        if let Some(mut finding) = event_name::in_condition(&services, glob) {
            finding.label = nothing(excepts).to_owned();
            let certainty = if excepts {
                Certainty::Unlikely
            } else {
                clause.certainty
            };
            speaker.say(finding, certainty, field.span);
        } else if unheard(clause) && !all_unheard {
            let finding = Finding {
                lint: &OTHER_EVENT,
                message: format!("none of the rule's events is {}", shown(glob)),
                label: nothing(excepts).to_owned(),
                help: heard(events, "eventName"),
                certain: false,
            };
            speaker.warn(finding, field.span);
        }
    }
}

/// Whether an event of the rule may have a name, in which `*` stands for any text.
fn meets(event: &EventGlob, glob: &str) -> bool {
    if !glob.contains('*') {
        return matches_star(&event.name, glob);
    }
    let Some(service) = services().get(event.service.as_str()) else {
        return true;
    };
    if service.open || !event.name.contains('*') {
        return service.open || matches_star(glob, &event.name);
    }
    let names = service.names();
    names
        .iter()
        .any(|name| matches_star(glob, name) && matches_star(&event.name, name))
}

fn sources(field: &FieldCondition, events: &Events, is_exception: bool, speaker: &mut Speaker<'_>) {
    let clauses = Clause::of_condition("eventSource", field, field.span, Certainty::Unlikely);
    let of_rule = named_services(events);
    let fits = |clause: &Clause<'_>, service: &str| {
        let source = format!("{service}.amazonaws.com");
        let glob = clause.glob.as_deref();
        glob.is_none_or(|glob| matches_star(glob, &source))
    };
    let unheard = |clause: &Clause<'_>| {
        !of_rule.is_empty() && !of_rule.iter().any(|service| fits(clause, service))
    };
    let all_unheard = is_exception && literals(field).is_some() && clauses.iter().all(unheard);
    for clause in &clauses {
        let Some(glob) = clause.glob.as_deref().filter(|_| !clause.folds_case) else {
            continue;
        };
        let excepts = is_exception || clause.is_negated;
        let known = services().keys().any(|service| fits(clause, service));
        if !known {
            if let Some(finding) = unknown_source(glob, excepts) {
                speaker.warn(finding, field.span);
            }
        } else if unheard(clause) && !all_unheard {
            let finding = Finding {
                lint: &OTHER_EVENT,
                message: format!("none of the rule's events is of {}", shown(glob)),
                label: nothing(excepts).to_owned(),
                help: heard(events, "eventSource"),
                certain: false,
            };
            speaker.warn(finding, field.span);
        }
    }
}

/// A source that no service has. What is a service by another name, or without its domain, is said of the value.
fn unknown_source(glob: &str, excepts: bool) -> Option<Finding> {
    let service = without_domain(glob).unwrap_or(glob);
    if services().contains_key(service) || recorded_service(service).is_some() {
        return None;
    }
    let known = services().keys().copied().filter(|known| known.len() > 3);
    let near = nearest(service, known).filter(|_| service.len() > 3);
    Some(Finding {
        lint: &service_name::SERVICE_NAME,
        message: format!("no event source {} is known", shown(glob)),
        label: if excepts {
            "this probably excepts nothing"
        } else {
            "the event may never come"
        }
        .to_owned(),
        help: near.map_or_else(
            || "sources are called as `iam.amazonaws.com` is".to_owned(),
            |near| format!("did you mean `{near}.amazonaws.com`?"),
        ),
        certain: false,
    })
}

/// Which events the rule hears of.
fn heard(events: &Events, field: &str) -> String {
    const MOST: usize = 4;
    let globs = events.globs.iter().take(MOST);
    let mut listed: Vec<String> = globs
        .map(|glob| shown(&format!("{}:{}", glob.service, glob.name)))
        .collect();
    if events.globs.len() > MOST {
        listed.push("…".to_owned());
    }
    format!(
        "`events` hears of {} only: correct `{field}`, or add the event there",
        listed.join(", ")
    )
}

/// Whether a name in a condition is none of an event, or a source none of a service, so that this is said of it.
pub(super) fn is_misnomer(events: &Events, field: &str, name: &str) -> bool {
    match field {
        "eventName" => misnomer(&named_services(events), name).is_some(),
        _ => without_domain(name).is_none_or(|service| !services().contains_key(service)),
    }
}
