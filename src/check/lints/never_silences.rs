//! Exceptions that never apply (W0718): they contradict the rule or themselves.

use serde_json::Value as Json;

use super::other_event::is_misnomer;
use super::speaker::Speaker;
use crate::check::lint::{Finding, Lint};
use crate::cloudtrail::record_fields::{OF_ISSUERS, is_nameless, is_roleless};
use crate::diagnostic::Span;
use crate::rules::{AllOf, Events, FieldCondition, Matcher, RuleId};
use crate::wildcard::matches_star;

pub(in crate::check) const NEVER_SILENCES: Lint = Lint {
    id: "W0718",
    explanation: "The exception can never apply to an event that the rule hears of, so that it silences nothing.",
    wrong: r#"- id: a
  events: ["iam:*"]
  unless: { userIdentity.type: AssumedRole, userIdentity.userName: deployer }"#,
    right: r#"- id: a
  events: ["iam:*"]
  unless: { userIdentity.arn: "arn:aws:sts::111122223333:assumed-role/deployer/*" }"#,
    is_fatal: false,
};

/// Warns of the exceptions of one rule.
pub(super) fn look(rule: &RuleId, events: &Events, speaker: &mut Speaker<'_>) {
    for exception in &events.unless {
        let Some((field, why)) = never_applies(exception, events) else {
            continue;
        };
        // Two keys about the caller are mostly meant as two exceptions.
        let callers = exception.fields.iter().filter(|field| about_caller(field));
        let help = if callers.count() > 1 {
            "an exception silences an event only if all of its map holds: make a list of two maps if either is enough, `unless: [{ … }, { … }]`"
        } else {
            "an exception silences an event only if all of its map holds: correct it, or remove it"
        };
        let finding = Finding {
            lint: &NEVER_SILENCES,
            message: format!("this exception of `{rule}` never applies"),
            label: why,
            help: help.to_owned(),
            certain: false,
        };
        speaker.warn(finding, field);
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
            [field @ ("eventName" | "eventSource")] if is_misnomer(events, field, value) => true,
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
        if let Some(other) = another_caller(exception, &path, &values) {
            return Some((field.span, other));
        }
        if path == ["userIdentity", "type"]
            && values.iter().all(|kind| is_roleless(kind))
            && let Some(issuer) = named_issuer(exception)
        {
            let why = format!(
                "callers of type {} come through no role, and `{issuer}` names one",
                values.join(" or ")
            );
            return Some((field.span, why));
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

const ISSUER: [&str; 3] = ["userIdentity", "sessionContext", "sessionIssuer"];

/// Whether a condition says who acts.
fn about_caller(field: &FieldCondition) -> bool {
    let path: Vec<&str> = field.path.iter().map(String::as_str).collect();
    matches!(
        path.as_slice(),
        ["userIdentity", "arn" | "principalId" | "userName"]
    ) || (path.starts_with(&ISSUER) && path.len() > 3)
}

/// Why a condition on an IAM user and another one of the same map, on the role that issued a session, do not hold
/// together. Source: CloudTrail user guide, "CloudTrail userIdentity element": sessions of roles have no
/// `userName` of their own, and IAM users, the root user among them, no issuer.
fn another_caller(exception: &AllOf, path: &[&str], values: &[&str]) -> Option<String> {
    let by_name = path == ["userIdentity", "userName"];
    let of_user = |arn: &&str| {
        let mut parts = arn.splitn(6, ':').skip(2);
        let service = parts.next();
        let resource = parts.nth(2).unwrap_or_default();
        service == Some("iam") && (resource.starts_with("user/") || resource == "root")
    };
    let by_arn = path == ["userIdentity", "arn"] && values.iter().all(of_user);
    if !by_name && !by_arn {
        return None;
    }
    let issuer = named_issuer(exception)?;
    Some(format!(
        "an IAM user acts, and `{issuer}` is there only where a role does"
    ))
}

/// The path of a condition of a map that needs an issuer of the session.
fn named_issuer(exception: &AllOf) -> Option<String> {
    let role = exception.fields.iter().find(|other| {
        let path: Vec<&str> = other.path.iter().map(String::as_str).collect();
        let named = path.strip_prefix(&ISSUER);
        let named = named.is_some_and(|rest| matches!(rest, [field] if OF_ISSUERS.contains(field)));
        named && !other.any_of.contains(&Matcher::Exists(false))
    });
    Some(role?.path.join("."))
}

/// The texts that a condition accepts, where it accepts nothing else.
pub(super) fn literals(field: &FieldCondition) -> Option<Vec<&str>> {
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
