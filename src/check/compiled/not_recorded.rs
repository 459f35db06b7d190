//! Rules about events that no trail records unless it is told to: data events, network activity and Insights (W0815).

use std::collections::BTreeSet;

use crate::check::checked_rule::CheckedRule;
use crate::check::lint::Lint;
use crate::cloudtrail::{Selected, Selection};
use crate::compile::{Beyond, Categories};
use crate::diagnostic::{Diagnostic, listed, shown};
use crate::rules::{RulesFile, Trail};

pub(in crate::check) const NOT_RECORDED: Lint = Lint {
    id: "W0815",
    explanation: "A trail records management events, and data events (of objects, messages, items, invocations), network activity events and Insights only where its event selectors name them, at CloudTrail's price. Without a trail that does, no alert of this rule can come.",
    wrong: r#"- id: a
  events: ["s3:GetObject"]
  when: { requestParameters.bucketName: secrets }"#,
    right: r#"trail: { data_events: ["arn:aws:s3:::secrets/"] }
rules:
  - id: a
    events: ["s3:GetObject"]
    when: { requestParameters.bucketName: secrets }"#,
    is_fatal: false,
};

/// So many names of events are said.
const MOST_NAMES: usize = 3;

/// A rule that wants events which no trail of the file's own is told to record.
pub(in crate::check) fn look(checked: &CheckedRule<'_>, file: &RulesFile) -> Option<Diagnostic> {
    let mut management = false;
    let mut beyond: BTreeSet<Beyond> = BTreeSet::new();
    for part in &checked.parts {
        let categories = Categories::of(part.pattern);
        management |= categories.management;
        beyond.extend(categories.beyond);
    }
    beyond.retain(|events| !is_asked_for(events, file));
    let first = beyond.first()?;
    let whose = if management {
        "some events"
    } else {
        "the events"
    };
    let what: BTreeSet<String> = beyond.iter().map(named).collect();
    let what: Vec<String> = what.into_iter().collect();
    Some(checked.warning(
        NOT_RECORDED.code(),
        format!(
            "no trail records {whose} of `{}` unless it is told to: {}",
            checked.rule.id,
            listed(&what)
        ),
        if management {
            "they do not alert unless a trail selects them"
        } else {
            "no alert can come unless a trail selects them"
        },
        first.remedy_beside(whole_list(&beyond, file)),
    ))
}

/// What to write so that a trail of ours records all of the events, beside those that it is told to record already.
fn whole_list(beyond: &BTreeSet<Beyond>, file: &RulesFile) -> Option<String> {
    let partition = file.home.region.partition().id();
    let each: Vec<(&Beyond, String)> = beyond
        .iter()
        .filter_map(|events| Some((events, events.as_asked(partition)?)))
        .collect();
    // Who asks for all of a type asks for each.
    let is_in_another = |events: &Beyond, item: &str| {
        let kind = events.known().map(|known| known.kind);
        kind.is_some_and(|kind| kind != item && each.iter().any(|(_, other)| other == kind))
    };
    let asked: BTreeSet<String> = each
        .iter()
        .filter(|(events, item)| !is_in_another(events, item))
        .map(|(_, item)| item.clone())
        .collect();
    if asked.is_empty() {
        return None;
    }
    let settings = file.trail.settings();
    let mut all: Vec<&str> = Vec::new();
    for (kind, begins) in &settings.data_events {
        match begins.is_empty() {
            true => all.push(kind),
            false if asked.contains(kind) => {}
            false => all.extend(begins.iter().map(String::as_str)),
        }
    }
    all.extend(asked.iter().map(String::as_str));
    let all: Vec<String> = all.iter().map(|item| format!("\"{item}\"")).collect();
    let key = format!("data_events: [{}]", all.join(", "));
    // What else stands under `trail` is to stay.
    Some(match &file.trail {
        Trail::Create(_) => format!("write `{key}` under `trail`"),
        Trail::None | Trail::ExistingOrCreate => format!("write `trail: {{ {key} }}`"),
    })
}

/// Whether the file's own trail is told to record all of the events.
fn is_asked_for(events: &Beyond, file: &RulesFile) -> bool {
    let Some(known) = events.known() else {
        return false;
    };
    let settings = file.trail.settings();
    let Some(begins) = settings.data_events.get(known.kind) else {
        return false;
    };
    let arns = events.arns(file.home.region.partition().id());
    let arns = arns.unwrap_or_default();
    begins.is_empty()
        || begins
            .iter()
            .any(|begin| Selection::StartsWith(begin).of_arns(&arns) > Selected::Nothing)
}

/// `data events of AWS::S3::Object (GetObject, PutObject and 2 more)`.
fn named(events: &Beyond) -> String {
    let Beyond::Data { names, .. } = events else {
        return events.to_string();
    };
    let first: Vec<String> = names
        .iter()
        .take(MOST_NAMES)
        .map(|name| shown(name))
        .collect();
    let more = names.len().saturating_sub(MOST_NAMES);
    match (first.as_slice(), more) {
        ([], _) => events.to_string(),
        (first, 0) => format!("{events} ({})", listed(first)),
        (first, more) => format!("{events} ({} and {more} more)", first.join(", ")),
    }
}
