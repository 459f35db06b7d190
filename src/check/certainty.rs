//! Whether nothing can fire a rule for a name or a value that no event has, decided before lints speak of it.
//!
//! Where a rule asks for any of several things, all of them must be hopeless. An exception that never holds leaves
//! a rule that fires; there a warning stays one.

use std::collections::BTreeSet;

use super::clause::Clause;
use crate::check::lint::Lint;
use crate::cloudtrail::api_names::is_never_recorded;
use crate::cloudtrail::arns;
use crate::cloudtrail::parameters::Parameters;
use crate::cloudtrail::record_fields::is_nowhere;
use crate::cloudtrail::values::{is_nowhere_written, misspelt_detail_type, no_region};
use crate::diagnostic::Span;
use crate::rules::{AllOf, Events, FieldCondition, Matcher, Parsed, Rule, RuleId, Trigger};

pub(in crate::check) const CANNOT_FIRE: Lint = Lint {
    id: "E0807",
    explanation: "By what CloudTrail writes into every record no event can satisfy this rule, although the pattern is valid: all of its events, or a condition in each alternative of `when`, have a name or a value that no event has. W0704, W0710, W0712, W0716, W0719, W0723 and W0726 say the same of what may still fire.",
    wrong: r#"- id: a
  events: ["iam:*"]
  when: { eventID: { exists: false } }"#,
    right: r#"- id: a
  events: ["iam:*"]"#,
    is_fatal: false,
};

pub(in crate::check) const NEVER_MATCHES: Lint = Lint {
    id: "E0419",
    explanation: "The raw pattern can match nothing: every alternative of a field is a name or a value that no event has, or holds a `*` that is an ordinary character outside `wildcard`, or a field is tested where no event has it. W0704, W0710, W0713, W0714, W0716, W0719, W0723 and W0726 say the same of what may still match.",
    wrong: r#"- id: a
  pattern: { source: [aws.iam], eventName: ["Create*"] }"#,
    right: r#"- id: a
  pattern: { source: [aws.iam], detail: { eventName: [{ prefix: Create }] } }"#,
    is_fatal: false,
};

/// What comes of something that no event has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certainty<'r> {
    /// Nothing can match the raw pattern that it stands in.
    NeverMatches,
    /// Nothing can fire the rule.
    CannotFire(&'r RuleId),
    /// Something may fire the rule all the same.
    Unlikely,
}

impl Certainty<'_> {
    /// Nothing can match, or else something may.
    pub(crate) fn never_matches(never: bool) -> Self {
        if never {
            Self::NeverMatches
        } else {
            Self::Unlikely
        }
    }
}

/// The rules that nothing can fire, by what is wrong with them.
#[derive(Debug, Default)]
pub(crate) struct Impossible<'r> {
    /// Events none of which is ever recorded.
    events: Vec<(Span, &'r RuleId)>,
    /// Conditions that no event meets.
    conditions: Vec<(Span, &'r RuleId)>,
    /// Rules all of whose detail types are misspelt.
    detail_types: Vec<(Span, &'r RuleId)>,
    /// All of these rules.
    pub(crate) rules: BTreeSet<&'r RuleId>,
}

impl<'r> Impossible<'r> {
    /// Looks at every rule that is whole.
    pub(crate) fn of(parsed: &'r Parsed) -> Self {
        let mut impossible = Self::default();
        for rule in parsed.resolved.rules() {
            // One that is off may wait for a correction.
            if rule.enabled {
                impossible.add(rule, parsed.resolved.whole.get(&rule.id).copied());
            }
        }
        impossible
    }

    fn add(&mut self, rule: &'r Rule, whole: Option<Span>) {
        let Trigger::Events(events) = &rule.trigger else {
            return;
        };
        let kinds = events.detail_types.as_ref();
        let others = |kind: &String| {
            !kind.ends_with("via CloudTrail") && misspelt_detail_type(kind).is_none()
        };
        // What is known is known of CloudTrail's events.
        if kinds.is_some_and(|kinds| kinds.iter().any(others)) {
            return;
        }
        let id = &rule.id;
        let mut globs = events.globs.iter();
        if globs.all(|glob| is_never_heard(&glob.service, &glob.name)) {
            self.rules.insert(id);
            let spans = events.globs.iter().map(|glob| glob.span);
            self.events.extend(spans.map(|span| (span, id)));
        }
        if kinds.is_some_and(|kinds| kinds.iter().all(|k| misspelt_detail_type(k).is_some()))
            && let Some(whole) = whole
        {
            self.rules.insert(id);
            self.detail_types.push((whole, id));
        }
        for field in hopeless(events) {
            self.rules.insert(id);
            self.conditions.push((field.span, id));
        }
    }

    /// What comes of an event that is never recorded.
    pub(crate) fn of_event(&self, span: Span) -> Certainty<'r> {
        found(&self.events, span)
    }

    /// What comes of a condition, or a part of one, that no event meets.
    pub(crate) fn of_condition(&self, span: Span) -> Certainty<'r> {
        found(&self.conditions, span)
    }

    /// What comes of a condition of one rule that no event meets.
    pub(crate) fn of_condition_of(&self, rule: &RuleId, span: Span) -> Certainty<'r> {
        let mut all = self.conditions.iter();
        let found = all.find(|(outer, id)| *id == rule && span.is_inside(*outer));
        found.map_or(Certainty::Unlikely, |(_, rule)| Certainty::CannotFire(rule))
    }

    /// What comes of a detail type that no event has.
    pub(crate) fn of_detail_type(&self, span: Span) -> Certainty<'r> {
        found(&self.detail_types, span)
    }
}

fn found<'r>(all: &[(Span, &'r RuleId)], span: Span) -> Certainty<'r> {
    let found = all.iter().find(|(outer, _)| span.is_inside(*outer));
    found.map_or(Certainty::Unlikely, |(_, rule)| Certainty::CannotFire(rule))
}

fn is_never_heard(service: &str, name: &str) -> bool {
    let named = (service != "*").then_some(service);
    is_never_recorded(named.as_slice(), name)
}

/// The conditions that no event meets, where each alternative of `when` has one.
fn hopeless(events: &Events) -> Vec<&FieldCondition> {
    let parameters = Parameters::of(calls(events));
    let services = named_services(events);
    let mut all = Vec::new();
    for AllOf { fields } in &events.when {
        let before = all.len();
        let unmet = |field: &&FieldCondition| is_unmet(field, &parameters, &services);
        all.extend(fields.iter().filter(unmet));
        if all.len() == before {
            return Vec::new();
        }
    }
    all
}

/// The calls that a rule is about.
pub(super) fn calls(events: &Events) -> impl Iterator<Item = (&str, &str)> {
    let globs = events.globs.iter();
    globs.map(|glob| (glob.service.as_str(), glob.name.as_str()))
}

/// The services of a rule's events, if all of them are named; else none.
pub(super) fn named_services(events: &Events) -> Vec<&str> {
    let services: Vec<&str> = calls(events).map(|(service, _)| service).collect();
    if services.contains(&"*") {
        Vec::new()
    } else {
        services
    }
}

fn is_unmet(field: &FieldCondition, parameters: &Parameters<'_>, services: &[&str]) -> bool {
    let steps: Vec<&str> = field.path.iter().map(String::as_str).collect();
    let path = field.path.join(".");
    let absent = |matcher: &Matcher| *matcher == Matcher::Exists(false);
    let of_parameters = parameters.misspelt(&steps);
    if is_nowhere(&steps) || of_parameters.is_some_and(|misspelt| misspelt.certain) {
        return !field.any_of.iter().any(absent);
    }
    let never_called_so = |clause: &Clause<'_>| {
        path == "eventName"
            && !clause.is_negated
            && !clause.folds_case
            && clause
                .glob
                .as_deref()
                .is_some_and(|glob| !glob.contains('\\') && is_never_recorded(services, glob))
    };
    Clause::of_condition(&path, field, field.span, Certainty::Unlikely)
        .iter()
        .all(|clause| is_clause_unmet(clause) || never_called_so(clause))
}

/// Whether no event meets a clause.
pub(super) fn is_clause_unmet(clause: &Clause<'_>) -> bool {
    let written = clause.value.as_ref();
    let arn = || arns::problem(clause.path, clause.glob.as_deref()?);
    let region = || match clause.path {
        "awsRegion" if !clause.folds_case => no_region(clause.glob.as_deref()?),
        _ => None,
    };
    !clause.is_negated
        && (written.is_some_and(|value| is_nowhere_written(clause.path, value))
            || arn().is_some_and(|problem| problem.is_certain())
            || region().is_some_and(|no_region| no_region.certain))
}
