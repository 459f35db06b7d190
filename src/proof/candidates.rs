//! Which calls a test event can be about: those of its rule, of which CloudTrail's records are best known first.

use std::collections::BTreeSet;

use crate::cloudtrail::{api_names, table};
use crate::pattern::{Branch, EventPattern, Probe};

/// A sign-in to the console: its record is that of no API.
pub(super) const SIGN_IN: (&str, &str) = ("signin", "ConsoleLogin");

/// Calls that make a familiar picture, where a rule is about many.
const FAMILIAR: &[(&str, &str)] = &[
    SIGN_IN,
    ("iam", "CreateUser"),
    ("iam", "AttachRolePolicy"),
    ("iam", "PutUserPolicy"),
    ("iam", "CreateAccessKey"),
    ("iam", "DeactivateMFADevice"),
    ("iam", "UpdateAssumeRolePolicy"),
    ("sts", "AssumeRole"),
    ("cloudtrail", "StopLogging"),
    ("organizations", "LeaveOrganization"),
    ("kms", "ScheduleKeyDeletion"),
];

/// At most so many calls are tried.
const MOST: usize = 24;
/// And of one combination of tests so many.
const MOST_OF_A_BRANCH: usize = 4;

/// The calls that a pattern may be about, as service and name, in the order of trying.
pub(super) fn calls(pattern: &EventPattern) -> Vec<(String, String)> {
    let mut calls: Vec<(String, String)> = Vec::new();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let mut add = |service: &str, name: &str| {
        let call = (service.to_owned(), name.to_owned());
        if calls.len() < MOST && seen.insert(call.clone()) {
            calls.push(call);
        }
    };
    for (service, name) in FAMILIAR {
        let source = format!("{service}.amazonaws.com");
        let takes = |branch: &Branch<'_>| {
            accepts(branch, "detail.eventSource", &source)
                && accepts(branch, "detail.eventName", name)
        };
        if pattern.branches().any(|branch| takes(&branch)) {
            add(service, name);
        }
    }
    for branch in pattern.branches() {
        for service in services(&branch) {
            for name in names(&branch, service) {
                add(service, &name);
            }
        }
    }
    calls
}

/// The services that tests name: by the record, or else by the envelope.
fn services<'p>(branch: &Branch<'p>) -> Vec<&'p str> {
    let named = match branch.texts("detail.eventSource") {
        Some(sources) => strip(sources, |source| source.strip_suffix(".amazonaws.com")),
        None => strip(branch.texts("source").unwrap_or_default(), |source| {
            source.strip_prefix("aws.")
        }),
    };
    named.into_iter().take(MOST_OF_A_BRANCH).collect()
}

fn strip<'p>(texts: Vec<&'p str>, strip: fn(&'p str) -> Option<&'p str>) -> Vec<&'p str> {
    texts.into_iter().filter_map(strip).collect()
}

/// Names of events of a service that tests accept: those that they spell out, then those whose records are known, then
/// any.
fn names(branch: &Branch<'_>, service: &str) -> Vec<String> {
    if let Some(texts) = branch.texts("detail.eventName") {
        let mut names: Vec<String> = texts.into_iter().map(str::to_owned).collect();
        names.sort_by_key(|name| !table().contains_key(&format!("{service}:{name}")));
        names.truncate(MOST_OF_A_BRANCH);
        return names;
    }
    let prefix = format!("{service}:");
    let known = table().keys().filter_map(|key| key.strip_prefix(&prefix));
    let all = api_names::services().get(service);
    let others = all.map_or_else(Vec::new, |service| service.names());
    known
        .map(str::to_owned)
        .chain(others)
        .filter(|name| accepts(branch, "detail.eventName", name))
        .take(MOST_OF_A_BRANCH)
        .collect()
}

fn accepts(branch: &Branch<'_>, path: &str, text: &str) -> bool {
    Probe::text(text).is_some_and(|text| branch.accepts_text(path, &text))
}
