//! The calls that a raw pattern is about: which services, which events, which parameters. Each combination of its
//! `$or`s is looked at by itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::speaker::Speaker;
use super::{event_name, holds_fields, other_kind, parameter, two_services};
use crate::check::asks::Tested;
use crate::check::certainty::Certainty;
use crate::check::clause::{Clause, Dialect};
use crate::cloudtrail::api_names::{self, is_never_recorded, recorded_service};
use crate::cloudtrail::parameters::Parameters;
use crate::cloudtrail::shapes::Examples;
use crate::diagnostic::Span;
use crate::rules::decode::pattern_steps::{Step, place};
use crate::rules::syntax::yaml::Node;

/// More combinations than this are not looked at one by one.
const MOST_BRANCHES: usize = 100;

/// Warns of a pattern about records of CloudTrail. `certain`: it matches nothing else.
pub(super) fn look(
    pattern: &Map<String, Json>,
    certain: bool,
    node: &Node,
    speaker: &mut Speaker<'_>,
) {
    let mut branches = vec![BTreeMap::new()];
    expand(pattern, "", &mut Vec::new(), &mut branches);
    branches.truncate(MOST_BRANCHES);
    let alone = certain && branches.len() == 1;
    for branch in &branches {
        let services = Services::of(branch);
        services.warn_of_two(branch, node, speaker);
        services.warn_of_unknown(branch, node, speaker);
        names_of_events(branch, &services, alone, node, speaker);
        shapes(branch, node, speaker);
    }
    // Where some were left out, those may have the parameter.
    if branches.len() < MOST_BRANCHES {
        parameters(&branches, alone, node, speaker);
    }
}

/// The tests of one combination of branches, by path.
type Branch<'p> = BTreeMap<String, (&'p [Json], Vec<Step<'p>>)>;

fn expand<'p>(
    object: &'p Map<String, Json>,
    base: &str,
    steps: &mut Vec<Step<'p>>,
    branches: &mut Vec<Branch<'p>>,
) {
    for (key, value) in object {
        steps.push(Step::Key(key));
        let path = if base.is_empty() {
            key.clone()
        } else {
            format!("{base}.{key}")
        };
        match value {
            Json::Array(alternatives) if key == "$or" => {
                let before = std::mem::take(branches);
                for (index, alternative) in alternatives.iter().enumerate() {
                    let mut inside = before.clone();
                    steps.push(Step::Index(index));
                    if let Json::Object(alternative) = alternative {
                        expand(alternative, base, steps, &mut inside);
                    }
                    steps.pop();
                    inside.truncate(MOST_BRANCHES);
                    branches.append(&mut inside);
                    branches.truncate(MOST_BRANCHES);
                }
            }
            Json::Array(tests) => {
                for branch in branches.iter_mut() {
                    branch.insert(path.clone(), (tests, steps.clone()));
                }
            }
            Json::Object(inner) => expand(inner, &path, steps, branches),
            _ => {}
        }
        steps.pop();
    }
}

/// The services that a combination spells out, by the envelope and by the record.
struct Services<'p> {
    envelope: Option<Vec<&'p str>>,
    record: Option<Vec<&'p str>>,
}

impl<'p> Services<'p> {
    fn of(branch: &Branch<'p>) -> Self {
        let texts = |path: &str| -> Option<Vec<&'p str>> {
            let (tests, _) = branch.get(path)?;
            tests.iter().map(Json::as_str).collect()
        };
        let envelope = texts("source").map(|sources| {
            // A star in one has been said.
            let services = sources
                .iter()
                .filter(|source| !source.contains('*'))
                .filter_map(|source| source.strip_prefix("aws."));
            services.collect()
        });
        let record = texts("detail.eventSource").map(|sources| {
            let services = sources
                .iter()
                .filter_map(|source| source.strip_suffix(".amazonaws.com"));
            services.collect()
        });
        Self { envelope, record }
    }

    /// None where a service that is spelt out is no service, which has been reported.
    fn named(&self) -> Option<Vec<&'p str>> {
        let record = self.record.as_ref().filter(|services| !services.is_empty());
        match record.or(self.envelope.as_ref()) {
            Some(services) if !services.is_empty() => Some(services.clone()),
            Some(_) => None,
            // Any may be meant.
            None => Some(Vec::new()),
        }
    }

    /// Services that nobody knows. What is a service by another name is said of the value.
    fn warn_of_unknown(&self, branch: &Branch<'_>, node: &Node, speaker: &mut Speaker<'_>) {
        let unknown = self.named().into_iter().flatten().filter(|service| {
            !api_names::services().contains_key(service) && recorded_service(service).is_none()
        });
        for service in unknown {
            let at = branch.get("detail.eventSource").or(branch.get("source"));
            let span = at.map_or(node.span, |(_, steps)| place(node, steps));
            event_name::look(
                &[service],
                "*",
                Dialect::Raw,
                Certainty::Unlikely,
                span,
                speaker,
            );
        }
    }

    /// Envelope and record name the same services.
    fn warn_of_two(&self, branch: &Branch<'_>, node: &Node, speaker: &mut Speaker<'_>) {
        if let (Some(envelope), Some(record)) = (&self.envelope, &self.record)
            && let (Some(first), Some(service)) = (envelope.first(), record.first())
            && !envelope.iter().any(|service| record.contains(service))
            && let Some((_, steps)) = branch.get("detail.eventSource")
        {
            let finding = two_services::finding(first, service);
            speaker.warn(finding, place(node, steps));
        }
    }
}

/// Whether there are values where a combination tests some.
fn shapes(branch: &Branch<'_>, node: &Node, speaker: &mut Speaker<'_>) {
    let calls = calls(branch);
    let examples = match &calls {
        Some(calls) => Examples::of(
            calls
                .iter()
                .map(|(service, name)| (*service, name.as_str())),
        ),
        None => Examples::of_all(),
    };
    for (path, (tests, steps)) in branch {
        let Some(path) = path.strip_prefix("detail.") else {
            continue;
        };
        let tested = Tested::of_tests(path, tests, place(node, steps));
        if !holds_fields::look(&tested, &examples, speaker) {
            other_kind::look(&tested, &examples, speaker);
        }
    }
}

/// Whether the services of a combination have its events. `alone`: nothing else can match.
fn names_of_events(
    branch: &Branch<'_>,
    services: &Services<'_>,
    alone: bool,
    node: &Node,
    speaker: &mut Speaker<'_>,
) {
    let (Some((tests, steps)), Some(named)) = (branch.get("detail.eventName"), services.named())
    else {
        return;
    };
    let mut all = named.iter();
    if all.any(|service| !api_names::services().contains_key(service)) {
        return;
    }
    let never = |test: &Json| glob(test).is_some_and(|glob| is_never_recorded(&named, &glob));
    let certainty = Certainty::never_matches(alone && !named.is_empty() && tests.iter().all(never));
    for (index, test) in tests.iter().enumerate() {
        let mut steps = steps.clone();
        steps.push(Step::Index(index));
        let span = place(node, &steps);
        if let Some(glob) = glob(test) {
            event_name::look(&named, &glob, Dialect::Raw, certainty, span, speaker);
            continue;
        }
        let excepted = Clause::of_test("eventName", test, span, Certainty::Unlikely);
        let excepted = excepted
            .iter()
            .filter(|clause| clause.is_negated && !clause.folds_case);
        for clause in excepted {
            let name = clause.glob.as_deref();
            // A star in a text is an ordinary character, which has been said.
            let name = name.filter(|name| clause.value.is_none() || !name.contains('*'));
            let found = name.and_then(|name| event_name::in_condition(&named, name));
            if let Some(mut finding) = found {
                finding.label = "this excepts nothing".to_owned();
                speaker.warn(finding, span);
            }
        }
    }
}

/// A test as a text in which `*` stands for any text.
fn glob(test: &Json) -> Option<String> {
    let glob = match test {
        // A star is an ordinary character here, which has been said.
        Json::String(text) if !text.contains('*') => text.clone(),
        Json::Object(operators) => match operators.iter().next()? {
            (name, Json::String(text)) if name == "prefix" => format!("{text}*"),
            (name, Json::String(text)) if name == "suffix" => format!("*{text}"),
            (name, Json::String(text)) if name == "wildcard" => text.clone(),
            _ => return None,
        },
        _ => return None,
    };
    (!glob.contains('\\')).then_some(glob)
}

/// Parameters that none of the calls takes which a test of them stands beside.
fn parameters(branches: &[Branch<'_>], alone: bool, node: &Node, speaker: &mut Speaker<'_>) {
    let mut seen: BTreeSet<Span> = BTreeSet::new();
    for (path, (tests, steps)) in branches.iter().flatten() {
        let Some(path) = path.strip_prefix("detail.requestParameters.") else {
            continue;
        };
        let span = place(node, steps);
        // In JSON text all stand at one place.
        let pasted = span == node.span;
        if !pasted && !seen.insert(span) {
            continue;
        }
        let beside = branches.iter().filter(|branch| {
            let mut all = branch.values();
            all.any(|(_, other)| other == steps)
        });
        let Some(calls) = beside.map(calls).collect::<Option<Vec<_>>>() else {
            continue;
        };
        let calls: Vec<(&str, String)> = calls.into_iter().flatten().collect();
        let calls = calls
            .iter()
            .map(|(service, name)| (*service, name.as_str()));
        let whole: Vec<&str> = std::iter::once("requestParameters")
            .chain(path.split('.'))
            .collect();
        let absent = tests
            .iter()
            .any(|test| test.get("exists") == Some(&Json::Bool(false)));
        let certainty = Certainty::never_matches(alone && !absent && !tests.is_empty());
        parameter::look(&whole, &Parameters::of(calls), certainty, span, speaker);
    }
}

/// The calls that a combination is about, if it names their services.
fn calls<'p>(branch: &Branch<'p>) -> Option<Vec<(&'p str, String)>> {
    let services = Services::of(branch).named()?;
    let any = vec!["*".to_owned()];
    let names = match branch.get("detail.eventName") {
        // What is no glob may stand for any.
        Some((tests, _)) => tests.iter().map(glob).collect::<Option<_>>().unwrap_or(any),
        None => any,
    };
    let calls = services
        .iter()
        .flat_map(|service| names.iter().map(|name| (*service, name.clone())));
    let calls: Vec<(&str, String)> = calls.collect();
    (!calls.is_empty()).then_some(calls)
}
