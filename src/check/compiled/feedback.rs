//! Rules that fire on calls which alerting itself makes. The compiler leaves those out of `events`; a raw
//! pattern is deployed as it is.

use serde_json::{Value, json};

use crate::check::checked_rule::{CheckedRule, hears_reads, is_recordable, like, services};
use crate::check::lint::Lint;
use crate::cloudtrail::Identity;
use crate::compile::{OWN_CALLER, OWN_CALLS};
use crate::diagnostic::Diagnostic;
use crate::pattern::{Branch, EventPattern};
use crate::rules::RulesFile;

pub(in crate::check) const FEEDBACK: Lint = Lint {
    id: "W0806",
    explanation: "The rule fires on calls that alerting itself makes, so that each alert can cause the next one: EventBridge assumes a role to forward an event, and asks for the key of an encrypted topic.",
    wrong: r#"- id: a
  pattern: { source: [aws.kms], detail: { eventSource: [kms.amazonaws.com] } }"#,
    right: r#"- id: a
  events: ["kms:*"]"#,
    is_fatal: false,
};

/// The rules that a call of EventBridge on our behalf fires.
pub(in crate::check) fn warnings(rules: &[CheckedRule<'_>], file: &RulesFile) -> Vec<Diagnostic> {
    let calls = OWN_CALLS.into_iter().filter_map(|(source, name)| {
        let service = source.strip_suffix(".amazonaws.com")?;
        Some((service, name, call(service, name, file)?))
    });
    let calls: Vec<(&str, &str, Value)> = calls.collect();
    rules
        .iter()
        .filter_map(|checked| warning(checked, &calls))
        .collect()
}

fn warning(checked: &CheckedRule<'_>, calls: &[(&str, &str, Value)]) -> Option<Diagnostic> {
    // They are all read-only events.
    let (service, name, _) = calls.iter().find(|(service, _, call)| {
        let mut parts = checked.parts.iter().filter(|part| hears_reads(part));
        let named = |branch: &Branch<'_>| services(branch).is_none_or(|all| all.contains(service));
        parts.any(|part| part.branches().any(|branch| named(&branch)) && fires(part.pattern, call))
    })?;
    Some(checked.warning(
        FEEDBACK.code(),
        format!("`{}` fires on calls that alerting itself makes, such as `{service}:{name}` by EventBridge", checked.rule.id),
        "each alert can cause the next one",
        format!("add `userIdentity: {{ invokedBy: [{{ anything-but: {OWN_CALLER} }}, {{ exists: false }}] }}` under `detail`, or write the rule with `events`, which leaves them out"),
    ))
}

/// The event of a call that alerting itself makes, as CloudTrail records it.
fn call(service: &str, name: &str, file: &RulesFile) -> Option<Value> {
    let mut call = like(service, name, Identity::Service, file)?;
    let record = call.pointer_mut("/detail")?.as_object_mut()?;
    for field in ["sourceIPAddress", "userAgent"] {
        record.insert(field.to_owned(), json!(OWN_CALLER));
    }
    record.insert(
        "userIdentity".to_owned(),
        json!({ "type": "AWSService", "invokedBy": OWN_CALLER }),
    );
    Some(call)
}

/// Whether the pattern matches the call, or one that differs in what it is about. One that is denied does not
/// happen again and again: alerting would not work.
fn fires(pattern: &EventPattern, call: &Value) -> bool {
    pattern.witness_over(call).is_some_and(|event| {
        let kept = [
            "/source",
            "/detail-type",
            "/detail/eventName",
            "/detail/eventSource",
            "/detail/errorCode",
            "/detail/errorMessage",
            "/detail/readOnly",
            "/detail/sourceIPAddress",
            "/detail/userIdentity",
        ]
        .iter()
        .all(|path| call.pointer(path) == event.pointer(path));
        kept && is_recordable(&event)
    })
}
