//! What calls ask for.
//!
//! `.ci/event-names` takes the parameters of some services from the public API models; CloudTrail writes them
//! with a lower-case first letter. Where a model is not known to say all, there is no answer.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::api_names::undated;
use super::typos::{self, Words};
use crate::diagnostic::nearest;
use crate::wildcard::matches_star;

const GENERATED: &str = include_str!("parameters.txt");
/// Which parameters are no text.
const KINDS: &str = include_str!("parameter_kinds.txt");
/// What CloudTrail writes in place of parameters that are too large. Source: as for the compiler's `omitted`.
const IN_PLACE: [&str; 3] = ["omitted", "originalSize", "reason"];
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

/// What a parameter is that is no text, by the API models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoText {
    Number,
    Boolean,
    /// Further fields, with the path below it of one that holds a value.
    Fields(Option<&'static str>),
}

/// What a parameter of some calls is, if it is no text in any of them.
pub(super) fn no_text(calls: &[Call<'_>], parameter: &str) -> Option<NoText> {
    let mut found = None;
    for (service, _) in calls {
        let line = KINDS.lines().find_map(|line| {
            let (source, kinds) = line.split_once(' ')?;
            (source == *service).then_some(kinds)
        })?;
        let kind = line.split(' ').find_map(|word| {
            let (name, kind) = word.split_once(':')?;
            (name == parameter).then_some(kind)
        });
        let kind = match kind {
            Some("n") => NoText::Number,
            Some("b") => NoText::Boolean,
            Some("o") => NoText::Fields(None),
            Some(fields) => NoText::Fields(fields.strip_prefix("o.")),
            // Another service has no such parameter, or it is text there.
            None if knows(service, parameter) => return None,
            None => continue,
        };
        match found {
            None => found = Some(kind),
            Some(other) if other == kind => {}
            Some(NoText::Fields(_)) if matches!(kind, NoText::Fields(_)) => {}
            Some(_) => return None,
        }
    }
    found
}

/// Whether a call of a service has a parameter of that name.
fn knows(service: &str, parameter: &str) -> bool {
    let calls = services().get(service);
    let mut all = calls.into_iter().flat_map(|calls| calls.values());
    all.any(|members| members.split(',').any(|member| member == parameter))
}

/// How many parameters hold each word, those of all services together.
pub(super) fn words() -> &'static Words {
    static WORDS: OnceLock<Words> = OnceLock::new();
    WORDS.get_or_init(|| {
        let all = services().values().flat_map(|calls| calls.values());
        let names: BTreeSet<&'static str> = all.flat_map(|members| members.split(',')).collect();
        let mut words = Words::new();
        for word in names.into_iter().flat_map(typos::words) {
            *words.entry(word).or_default() += 1;
        }
        words
    })
}

/// A call, or several: its service, and its name, in which `*` stands for any text.
pub(crate) type Call<'c> = (&'c str, &'c str);

/// What some calls take; worked out when somebody asks.
pub(crate) struct Parameters<'c> {
    calls: Vec<Call<'c>>,
    known: OnceCell<Option<BTreeSet<&'static str>>>,
}

/// A parameter that no call takes, beside one of nearly that name which one takes.
pub(crate) struct Misspelt<'p> {
    /// The name of the parameter, as it is written.
    pub(crate) parameter: &'p str,
    /// The path under `detail` that was probably meant.
    pub(crate) meant: String,
    /// Whether it is a typo; else AWS may have come to know it since.
    pub(crate) certain: bool,
}

impl<'c> Parameters<'c> {
    pub(crate) fn of(calls: impl IntoIterator<Item = Call<'c>>) -> Self {
        Self {
            calls: calls.into_iter().collect(),
            known: OnceCell::new(),
        }
    }

    /// The call, where there is one only.
    pub(crate) fn only_call(&self) -> Option<Call<'c>> {
        match self.calls.as_slice() {
            [call] if !call.1.contains('*') => Some(*call),
            _ => None,
        }
    }

    /// What is wrong with a path under `detail`, if it is that of a parameter which none of the calls takes and one
    /// takes one of nearly that name.
    pub(crate) fn misspelt<'p>(&self, path: &'p [impl AsRef<str>]) -> Option<Misspelt<'p>> {
        let mut steps = path.iter().map(AsRef::as_ref);
        let (Some("requestParameters"), Some(parameter)) = (steps.next(), steps.next()) else {
            return None;
        };
        let known = self.known.get_or_init(|| members(&self.calls)).as_ref()?;
        if known.contains(parameter) || IN_PLACE.contains(&parameter) {
            return None;
        }
        let near = nearest(parameter, known.iter().copied())?;
        let meant: Vec<&str> = ["requestParameters", near]
            .into_iter()
            .chain(steps)
            .collect();
        Some(Misspelt {
            parameter,
            meant: meant.join("."),
            certain: typos::is_certain(parameter, near, words()),
        })
    }
}

/// The parameters of all calls that some names stand for, if all are known.
fn members(asked: &[Call<'_>]) -> Option<BTreeSet<&'static str>> {
    let mut known = BTreeSet::new();
    for (service, name) in asked {
        let calls = services().get(service)?;
        let name = undated(name).unwrap_or(name);
        let fits = |(call, _): &(&&str, &&str)| matches_star(name, call);
        let mut fits = calls.iter().filter(fits).peekable();
        // It stands for something that is no call.
        fits.peek()?;
        let members = fits.flat_map(|(_, members)| members.split(','));
        known.extend(members.filter(|member| !member.is_empty()));
        let beside = BESIDE.iter().filter(|(of, _)| of == service);
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
    members(&[(service, name)])
        .is_none_or(|known| asked.keys().all(|member| known.contains(member.as_str())))
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
    fn what_is_no_text_is_told_of_the_services_that_agree() {
        assert!(KINDS.len() < 50_000);
        let iam = [("iam", "*")];
        assert_eq!(no_text(&iam, "maxItems"), Some(NoText::Number));
        assert_eq!(no_text(&iam, "setAsDefault"), Some(NoText::Boolean));
        assert_eq!(no_text(&iam, "tags"), Some(NoText::Fields(Some("key"))));
        assert_eq!(no_text(&iam, "policyDocument"), None);
        assert_eq!(no_text(&[("ec2", "*")], "tags"), None);
        // One does not know it, the other has it as text.
        assert_eq!(
            no_text(&[("iam", "*"), ("sts", "*")], "maxItems"),
            Some(NoText::Number)
        );
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
