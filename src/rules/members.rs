//! What calls ask for, to warn of conditions on parameters that none of a rule's calls has.
//!
//! `.ci/event-names` takes the parameters of some services from the public API models; CloudTrail writes them
//! with a lower-case first letter. Where a model is not known to say all, nothing is said.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::files::matches_star;
use super::model::{AllOf, EventGlob, Events};
use super::names::undated;
use super::slips::{self, Words};
use crate::diagnostic::Span;
use crate::diagnostic::codes;
use crate::diagnostic::{Problem, Report, nearest, shown};

const GENERATED: &str = include_str!("members.txt");
/// What CloudTrail writes beside the members of a call's input. Source: recorded events.
const BESIDE: &[(&str, &str)] = &[
    ("kms", "overridePendingWindowCheck"),
    ("lambda", "fullyQualifiedArn"),
    ("sts", "incomingTransitiveTags"),
    ("sts", "principalTags"),
    ("sts", "roleSessionName"),
    ("sts", "sAMLAssertionID"),
    ("sts", "transitiveTagKeys"),
];

pub(super) type Calls = BTreeMap<&'static str, &'static str>;

/// The calls of each service, and their members joined by commas.
pub(super) fn services() -> &'static BTreeMap<&'static str, Calls> {
    static SERVICES: OnceLock<BTreeMap<&'static str, Calls>> = OnceLock::new();
    SERVICES.get_or_init(|| {
        let lines = GENERATED.lines().filter(|line| !line.starts_with('#'));
        let services = lines.filter_map(|line| line.split_once(' '));
        let calls = |calls: &'static str| {
            calls
                .split(' ')
                .filter_map(|call| call.split_once(':'))
                .collect()
        };
        services.map(|(source, all)| (source, calls(all))).collect()
    })
}

/// How many parameters hold each word, those of all services together.
pub(super) fn words() -> &'static Words {
    static WORDS: OnceLock<Words> = OnceLock::new();
    WORDS.get_or_init(|| {
        let all = services().values().flat_map(|calls| calls.values());
        let names: BTreeSet<&'static str> = all.flat_map(|members| members.split(',')).collect();
        let mut words = Words::new();
        for word in names.into_iter().flat_map(slips::words) {
            *words.entry(word).or_default() += 1;
        }
        words
    })
}

/// Warns of conditions on parameters that no call of the rule takes, where one has nearly that name.
pub(super) fn warn(events: &Events, report: &mut Report) {
    let all = events.when.iter().chain(&events.unless);
    let parameters = Parameters::of(&events.globs);
    for field in all.flat_map(|AllOf { fields }| fields) {
        if let Some(problem) = parameters.problem(&field.path) {
            report.say(problem, None, field.span);
        }
    }
}

/// What some calls take; worked out when somebody asks.
pub(super) struct Parameters<'g> {
    globs: &'g [EventGlob],
    known: OnceCell<Option<BTreeSet<&'static str>>>,
}

impl<'g> Parameters<'g> {
    pub fn of(globs: &'g [EventGlob]) -> Self {
        Self {
            globs,
            known: OnceCell::new(),
        }
    }

    /// What is wrong with a path under `detail`, if it is that of a parameter which none of the calls takes and one
    /// takes one of nearly that name.
    pub fn problem(&self, path: &[impl AsRef<str>]) -> Option<Problem> {
        let mut steps = path.iter().map(AsRef::as_ref);
        let (Some("requestParameters"), Some(member)) = (steps.next(), steps.next()) else {
            return None;
        };
        let known = self.known.get_or_init(|| members(self.globs)).as_ref()?;
        if known.contains(member) {
            return None;
        }
        let near = nearest(member, known.iter().copied())?;
        let meant: Vec<&str> = ["requestParameters", near]
            .into_iter()
            .chain(steps)
            .collect();
        let message = match self.globs {
            [call] if !call.name.contains('*') => format!(
                "{} has no parameter {}",
                shown(&format!("{}:{}", call.service, call.name)),
                shown(member)
            ),
            _ => format!("none of the rule's calls has a parameter {}", shown(member)),
        };
        Some(Problem {
            code: codes::PARAMETER,
            message,
            label: "no event has it".to_owned(),
            help: format!("did you mean `{}`?", meant.join(".")),
            certain: slips::is_certain(member, near, words()),
        })
    }
}

/// The parameters of all calls that some globs stand for, if all are known.
fn members(globs: &[EventGlob]) -> Option<BTreeSet<&'static str>> {
    let mut known = BTreeSet::new();
    for glob in globs {
        let calls = services().get(glob.service.as_str())?;
        let name = undated(&glob.name).unwrap_or(&glob.name);
        let fits = |(call, _): &(&&str, &&str)| matches_star(name, call);
        let mut fits = calls.iter().filter(fits).peekable();
        // It stands for something that is no call.
        fits.peek()?;
        let members = fits.flat_map(|(_, members)| members.split(','));
        known.extend(members.filter(|member| !member.is_empty()));
        let beside = BESIDE
            .iter()
            .filter(|(service, _)| *service == glob.service);
        known.extend(beside.map(|(_, member)| *member));
    }
    Some(known)
}

/// Whether a record's parameters are such as its call takes, as far as that is known.
pub(crate) fn are_possible(record: &serde_json::Map<String, serde_json::Value>) -> bool {
    let text = |name: &str| record.get(name).and_then(|value| value.as_str());
    let asked = record
        .get("requestParameters")
        .and_then(|asked| asked.as_object());
    let (Some(source), Some(name), Some(asked)) = (text("eventSource"), text("eventName"), asked)
    else {
        return true;
    };
    let service = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    let call = EventGlob {
        service: service.to_owned(),
        name: name.to_owned(),
        span: Span::default(),
    };
    members(&[call]).is_none_or(|known| asked.keys().all(|member| known.contains(member.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_small() {
        assert!(GENERATED.len() < 150_000);
        assert!(services().len() > 10);
        let iam = &services()["iam"];
        assert_eq!(iam["AttachRolePolicy"], "policyArn,roleName");
    }

    #[test]
    fn the_parameters_of_the_events_that_we_make_are_known() {
        for (api, fields) in crate::cloudtrail::table() {
            let (service, name) = api.split_once(':').unwrap();
            let Some(calls) = services().get(service) else {
                continue;
            };
            let Some(members) = calls.get(undated(name).unwrap_or(name)) else {
                continue;
            };
            let asked = fields.get("requestParameters").and_then(|v| v.as_object());
            for member in asked.into_iter().flat_map(|asked| asked.keys()) {
                let known = members.split(',').any(|other| other == member)
                    || BESIDE.contains(&(service, member.as_str()));
                assert!(known, "{api}: {member}");
            }
        }
    }
}
