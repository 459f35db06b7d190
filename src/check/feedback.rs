//! Rules that fire on calls which alerting itself makes. The compiler leaves those out of `events`; a raw
//! pattern is deployed as it is.

use serde_json::{Value, json};

use super::subject::{Subject, hears_reads, like};
use crate::cloudtrail::Identity;
use crate::compile::{OWN_CALLER, OWN_CALLS};
use crate::pattern::EventPattern;
use crate::rules::{Diagnostic, RulesFile, codes};

/// The rule, if a call of EventBridge on our behalf fires it.
pub(super) fn warning(subject: &Subject<'_>, file: &RulesFile) -> Option<Diagnostic> {
    // They are all read-only events.
    let (service, name) = OWN_CALLS.into_iter().find_map(|(source, name)| {
        let service = source.strip_suffix(".amazonaws.com")?;
        let mut parts = subject.parts.iter().filter(|part| hears_reads(part));
        parts
            .any(|part| fires(&part.pattern, service, name, file).is_some())
            .then_some((service, name))
    })?;
    Some(subject.warning(
        codes::FEEDBACK,
        format!("`{}` fires on calls that alerting itself makes, such as `{service}:{name}` by EventBridge", subject.rule.id),
        "each alert can cause the next one",
        format!("add `userIdentity: {{ invokedBy: [{{ anything-but: {OWN_CALLER} }}, {{ exists: false }}] }}` under `detail`, or write the rule with `events`, which leaves them out"),
    ))
}

/// Such a call that the pattern matches.
fn fires(pattern: &EventPattern, service: &str, name: &str, file: &RulesFile) -> Option<Value> {
    let mut base = like(service, name, Identity::Service, file)?;
    let record = base.pointer_mut("/detail")?.as_object_mut()?;
    for field in ["sourceIPAddress", "userAgent"] {
        record.insert(field.to_owned(), json!(OWN_CALLER));
    }
    record.insert(
        "userIdentity".to_owned(),
        json!({ "type": "AWSService", "invokedBy": OWN_CALLER }),
    );
    let call = pattern.witness_over(&base)?;
    [
        "/source",
        "/detail-type",
        "/detail/eventName",
        "/detail/eventSource",
        "/detail/readOnly",
        "/detail/sourceIPAddress",
        "/detail/userIdentity",
    ]
    .iter()
    .all(|path| base.pointer(path) == call.pointer(path))
    .then_some(call)
}
