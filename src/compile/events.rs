//! `service:EventName` globs to tests on `detail.eventSource` and `detail.eventName`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Names;
use super::conditions::{Conjunction, Tests};
use super::glob::Glob;
use super::sources;
use crate::diagnostic::Span;
use crate::rules::{Events, Matcher};

/// Every spelling that sign-in events have had in the envelope's `detail-type`: AWS's own pages differ.
const SIGN_IN: [&str; 2] = [
    "AWS Console Sign In via CloudTrail",
    "AWS Console Signin via CloudTrail",
];
const API_CALL: &str = "AWS API Call via CloudTrail";
const SERVICE_EVENT: &str = "AWS Service Event via CloudTrail";
const CONSOLE_ACTION: &str = "AWS Console Action via CloudTrail";

/// Every `detail-type` under which EventBridge delivers CloudTrail events.
pub(super) const ALL_TYPES: [&str; 5] = [
    API_CALL,
    SERVICE_EVENT,
    CONSOLE_ACTION,
    SIGN_IN[0],
    SIGN_IN[1],
];

/// Event names by service, each group firing on its own. Disjoint: an event is in one group at most.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Selection {
    /// Groups of services that share the same names.
    pub(super) groups: Vec<Group>,
    /// `detail-type` where the file overrides it.
    detail_types: Option<Vec<String>>,
}

/// Events by service and name: every name of the group with every service of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    /// Event sources without `.amazonaws.com`; empty: any.
    pub(super) services: Vec<String>,
    /// Name globs, none of which is covered by another; empty: any.
    pub(super) names: Vec<String>,
}

impl Selection {
    pub(super) fn new(events: &Events) -> Self {
        let mut by_service: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for glob in &events.globs {
            by_service
                .entry(&glob.service)
                .or_default()
                .push(&glob.name);
        }
        let everywhere = minimal(by_service.remove("*").unwrap_or_default());
        let mut groups: Vec<Group> = Vec::new();
        if everywhere.iter().any(|name| name == "*") {
            by_service.clear();
        }
        for (service, names) in by_service {
            // What every service is watched for anyway need not be said again.
            let mut names = names;
            names.retain(|name| !everywhere.iter().any(|wide| Glob::parse(wide).covers(name)));
            let names = minimal(names);
            if names.is_empty() {
                continue;
            }
            let names = if names.iter().any(|name| name == "*") {
                Vec::new()
            } else {
                names
            };
            match groups.iter_mut().find(|group| group.names == names) {
                Some(group) => group.services.push(service.to_owned()),
                None => groups.push(Group {
                    services: vec![service.to_owned()],
                    names,
                }),
            }
        }
        if !everywhere.is_empty() {
            let names = if everywhere.iter().any(|name| name == "*") {
                Vec::new()
            } else {
                everywhere
            };
            groups.push(Group {
                services: Vec::new(),
                names,
            });
        }
        Self {
            groups,
            detail_types: events.detail_types.clone(),
        }
    }

    /// This envelope around another set of groups.
    pub(super) fn with(&self, groups: Vec<Group>) -> Self {
        Self {
            groups,
            detail_types: self.detail_types.clone(),
        }
    }

    /// Who chooses the names in these events. STS records what SAML and OpenID providers assert, Identity
    /// Center the names of its directory, and sign-ins other than `ConsoleLogin` what somebody typed.
    pub(super) fn names(&self) -> Names {
        let console =
            |group: &Group| group.services == ["signin"] && group.names == ["ConsoleLogin"];
        let free = |service: Option<&str>| match service {
            None => true,
            Some(service) => {
                ["sts", "signin", "identitystore"].contains(&service)
                    || service.starts_with("sso")
                    || service.starts_with("cognito")
            }
        };
        if self.groups.iter().all(console) {
            Names::SignIn
        } else if self.services().any(free) {
            Names::Free
        } else {
            Names::Iam
        }
    }

    fn services(&self) -> impl Iterator<Item = Option<&str>> {
        self.groups.iter().flat_map(|group| {
            let any = group.services.is_empty().then_some(None);
            any.into_iter()
                .chain(group.services.iter().map(|service| Some(service.as_str())))
        })
    }

    /// The envelope's sources: those of the services, where all of them are named.
    pub(super) fn sources(&self) -> Vec<Value> {
        let named: Option<BTreeSet<&str>> = self.services().collect();
        match named {
            Some(services) => services.into_iter().map(sources::of_service).collect(),
            None => sources::any_service(),
        }
    }

    /// The envelope types in which these events can come. Insight events repeat the names of API calls
    /// but report a statistic, so they stay out unless the file asks for them.
    pub(super) fn detail_types(&self) -> Vec<String> {
        if let Some(own) = &self.detail_types {
            return own.clone();
        }
        let any = self.services().any(|service| service.is_none());
        let sign_in = self.services().any(|service| service == Some("signin"));
        let mut types = vec![API_CALL, SERVICE_EVENT];
        if any || sign_in {
            types.extend(SIGN_IN);
        }
        if any {
            types.push(CONSOLE_ACTION);
        }
        types.into_iter().map(str::to_owned).collect()
    }

    /// The tests of each group.
    pub(super) fn branches(&self) -> Vec<Conjunction> {
        self.groups
            .iter()
            .map(|group| {
                let sources = group.services.iter().map(|service| {
                    Matcher::Exact(Value::String(format!("{service}.amazonaws.com")))
                });
                let names = group.names.iter().cloned().map(Matcher::Glob);
                [
                    ("eventSource", sources.collect()),
                    ("eventName", names.collect()),
                ]
                .into_iter()
                .filter(|(_, any_of): &(_, Vec<Matcher>)| !any_of.is_empty())
                .map(|(field, any_of)| {
                    let span = Span::default();
                    (vec![field.to_owned()], Tests { any_of, span })
                })
                .collect()
            })
            .collect()
    }
}

/// Each name once, none covered by another glob of the list, sorted.
fn minimal(names: Vec<&str>) -> Vec<String> {
    let mut names: Vec<String> = names
        .iter()
        .map(|name| Glob::parse(name).to_string())
        .collect();
    names.sort_unstable();
    names.dedup();
    // Of two names that are not the same only a glob can cover the other.
    let globs: Vec<(String, Glob)> = names
        .iter()
        .filter(|name| name.contains('*'))
        .map(|name| (name.clone(), Glob::parse(name)))
        .collect();
    names.retain(|name| {
        !globs
            .iter()
            .any(|(wide, glob)| wide != name && glob.covers(name))
    });
    names
}
