//! Rules that fire on calls which alerting itself makes. The compiler leaves those out of `events`; a raw
//! pattern is deployed as it is.

use serde_json::{Value, json};

use crate::check::checked_rule::{CheckedRule, hears_reads, is_recordable, like, services};
use crate::check::lint::Lint;
use crate::cloudtrail::Identity;
use crate::compile::{DISPATCHER_CALLS, OWN_CALLER, OWN_CALLS, OwnRoles};
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

/// A call that alerting itself makes.
struct Own {
    service: &'static str,
    name: &'static str,
    event: Value,
    /// Who makes it, in words.
    by: &'static str,
    /// The test that leaves it out, under `detail`.
    but: String,
}

/// The rules that a call on our behalf fires.
pub(in crate::check) fn warnings(rules: &[CheckedRule<'_>], file: &RulesFile) -> Vec<Diagnostic> {
    let calls = OWN_CALLS.into_iter().filter_map(|(source, name)| {
        let service = source.strip_suffix(".amazonaws.com")?;
        Some(Own {
            service,
            name,
            event: call(service, name, file)?,
            by: "EventBridge",
            but: format!(
                "userIdentity: {{ invokedBy: [{{ anything-but: {OWN_CALLER} }}, {{ exists: false }}] }}"
            ),
        })
    });
    let mut calls: Vec<Own> = calls.collect();
    if let Some(roles) = OwnRoles::of(file) {
        calls.extend(of_dispatcher(&roles, file));
    }
    let warnings = rules.iter().filter_map(|checked| warning(checked, &calls));
    warnings.collect()
}

fn warning(checked: &CheckedRule<'_>, calls: &[Own]) -> Option<Diagnostic> {
    let Own {
        service,
        name,
        by,
        but,
        ..
    } = calls.iter().find(|own| {
        let reads = own.event.pointer("/detail/readOnly") == Some(&json!(true));
        let parts = checked.parts.iter();
        let mut parts = parts.filter(|part| !reads || hears_reads(part));
        let named =
            |branch: &Branch<'_>| services(branch).is_none_or(|all| all.contains(&own.service));
        parts.any(|part| {
            part.branches().any(|branch| named(&branch)) && fires(part.pattern, &own.event)
        })
    })?;
    Some(checked.warning(
        FEEDBACK.code(),
        format!(
            "`{}` fires on calls that alerting itself makes, such as `{service}:{name}` by {by}",
            checked.rule.id
        ),
        "each alert can cause the next one",
        format!(
            "add `{but}` under `detail`, or write the rule with `events`, which leaves them out"
        ),
    ))
}

/// What the roles of the dispatcher do, as CloudTrail records it.
fn of_dispatcher(roles: &OwnRoles, file: &RulesFile) -> impl Iterator<Item = Own> {
    let but = format!(
        "userIdentity: {{ sessionContext: {{ sessionIssuer: {{ arn: [{{ anything-but: [\"{}\", \"{}\"] }}, {{ exists: false }}] }} }} }}",
        roles.dispatcher(),
        roles.starter()
    );
    DISPATCHER_CALLS
        .into_iter()
        .filter_map(move |(source, name)| {
            let service = source.strip_suffix(".amazonaws.com")?;
            let role = match name {
                "StartExecution" => roles.starter(),
                _ => roles.dispatcher(),
            };
            let mut event = like(service, name, Identity::AssumedRole, file)?;
            let issuer = event.pointer_mut("/detail/userIdentity/sessionContext/sessionIssuer")?;
            issuer
                .as_object_mut()?
                .insert("arn".to_owned(), json!(role));
            Some(Own {
                service,
                name,
                event,
                by: "the dispatcher",
                but: but.clone(),
            })
        })
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
