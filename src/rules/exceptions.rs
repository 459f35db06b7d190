//! Conditions that are valid and do something else than they seem to: `not` on a field that may be missing,
//! and exceptions that never apply.

use serde_json::Value as Json;

use super::codes;
use super::fields::{has_always, is_nameless};
use super::files::matches_star;
use super::model::{AllOf, Events, FieldCondition, Matcher, Rule, Trigger};
use super::report::{Report, shown};
use super::source::Span;

/// Warns of the conditions of one rule.
pub(super) fn warn(rule: &Rule, report: &mut Report) {
    let Trigger::Events(events) = &rule.trigger else {
        return;
    };
    for all_of in &events.when {
        presence(all_of, report);
    }
    for exception in &events.unless {
        if let Some((field, why)) = never_applies(exception, events) {
            report
                .warning(codes::NEVER_SILENCES, field)
                .message(format!("this exception of `{}` never applies", rule.id))
                .label(why)
                .help("an exception silences an event only if all of its map holds: correct it, or remove it");
        }
    }
}

/// `not` under `when` on a field that not every caller has.
fn presence(all_of: &AllOf, report: &mut Report) {
    let kinds = all_of
        .fields
        .iter()
        .find(|field| field.path == ["userIdentity", "type"])
        .and_then(literals);
    for field in &all_of.fields {
        let [first, second, ..] = field.path.as_slice() else {
            continue;
        };
        let negated = field
            .any_of
            .iter()
            .any(|matcher| matches!(matcher, Matcher::Not(_)));
        let absent = field.any_of.contains(&Matcher::Exists(false));
        let always = kinds
            .as_ref()
            .is_some_and(|kinds| kinds.iter().all(|kind| has_always(kind, second)));
        if first != "userIdentity" || second == "type" || !negated || absent || always {
            continue;
        }
        let path = field.path.join(".");
        report
            .warning(codes::NEEDS_PRESENCE, field.span)
            .message(format!("callers without {} never alert here", shown(&path)))
            .label("`not` under `when` needs the field to be there")
            .help(format!(
                "write what is excepted under `unless: {{ {path}: … }}`, or add `{{ exists: false }}` to the list"
            ));
    }
}

/// Where an exception contradicts the rule or itself, and how.
fn never_applies(exception: &AllOf, events: &Events) -> Option<(Span, String)> {
    let kinds = exception
        .fields
        .iter()
        .find(|field| field.path == ["userIdentity", "type"])
        .and_then(literals);
    exception.fields.iter().find_map(|field| {
        let values = literals(field)?;
        let path: Vec<&str> = field.path.iter().map(String::as_str).collect();
        let heard = |value: &str| match path.as_slice() {
            ["eventName"] => {
                let mut globs = events.globs.iter();
                globs.any(|glob| matches_star(&glob.name, value))
            }
            ["eventSource"] => events.globs.iter().any(|glob| {
                glob.service == "*" || value == format!("{}.amazonaws.com", glob.service)
            }),
            _ => true,
        };
        if !values.iter().any(|value| heard(value)) {
            return Some((field.span, "the rule hears of no such event anyway".to_owned()));
        }
        if path == ["userIdentity", "userName"]
            && kinds
                .as_ref()
                .is_some_and(|kinds| kinds.iter().all(|kind| is_nameless(kind)))
        {
            let why = "such callers have no `userName`; a role's stands in `userIdentity.sessionContext.sessionIssuer.userName`";
            return Some((field.span, why.to_owned()));
        }
        let excluded = !events.when.is_empty()
            && events.when.iter().all(|all_of| {
                let same = all_of.fields.iter().find(|other| other.path == field.path);
                let wanted = same.and_then(literals);
                wanted.is_some_and(|wanted| wanted.iter().all(|value| !values.contains(value)))
            });
        excluded.then(|| {
            let path = field.path.join(".");
            (field.span, format!("`when` asks for another `{path}`"))
        })
    })
}

/// The texts that a condition accepts, where it accepts nothing else.
fn literals(field: &FieldCondition) -> Option<Vec<&str>> {
    field
        .any_of
        .iter()
        .map(|matcher| match matcher {
            Matcher::Glob(text) if !text.contains(['*', '\\']) => Some(text.as_str()),
            Matcher::Exact(Json::String(text)) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}
