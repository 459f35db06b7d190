//! The calls that alerting itself causes, which must not alert: each alert would cause the next.
//!
//! EventBridge assumes a role to send an event to another bus, and asks for the key of an encrypted
//! topic. Such calls are recorded with `userIdentity.invokedBy` = `events.amazonaws.com`, which is what
//! is left out: the same calls by anybody else still alert.

use serde_json::{Value, json};

use super::conditions::{Conjunction, Tests, and, holds};
use crate::diagnostic::{Diagnostic, Span};
use crate::rules::Matcher;

/// Service and name of each.
pub(crate) const CALLS: [(&str, &str); 3] = [
    ("sts.amazonaws.com", "AssumeRole"),
    ("kms.amazonaws.com", "Decrypt"),
    ("kms.amazonaws.com", "GenerateDataKey"),
];
/// The service that makes these calls, as CloudTrail names it.
pub(crate) const CALLER: &str = "events.amazonaws.com";
/// Where the caller stands. CloudTrail repeats it as the address, which serves where a rule has a test of
/// the first field that leaves no room. Source: CloudTrail, `sourceIPAddress` of calls by AWS services.
const CALLER_FIELDS: [&[&str]; 2] = [&["userIdentity", "invokedBy"], &["sourceIPAddress"]];

/// Takes them out of a conjunction that passes one of them; `false` if nothing else is left of it.
pub(super) fn leave_out(conjunction: &mut Conjunction) -> Result<bool, Box<Diagnostic>> {
    let passes = |conjunction: &Conjunction, path: &[&str], text: &str| {
        let path: Vec<String> = path.iter().map(|step| (*step).to_owned()).collect();
        conjunction
            .get(&path)
            .is_none_or(|tests| holds(&tests.any_of, &json!(text)) != Some(false))
    };
    let wanted = CALLS.iter().any(|(service, name)| {
        passes(conjunction, &["eventSource"], service) && passes(conjunction, &["eventName"], name)
    });
    let by_caller = CALLER_FIELDS
        .iter()
        .all(|path| passes(conjunction, path, CALLER));
    if !wanted || !by_caller {
        return Ok(true);
    }
    let others = Tests {
        any_of: vec![
            Matcher::Not(vec![Matcher::Exact(Value::String(CALLER.to_owned()))]),
            Matcher::Exists(false),
        ],
        span: Span::default(),
    };
    let mut refused = None;
    for path in CALLER_FIELDS {
        let path: Vec<String> = path.iter().map(|step| (*step).to_owned()).collect();
        match and(conjunction, &path, &others) {
            Ok(possible) => return Ok(possible),
            // The rule's own condition is what the user can change: point there.
            Err(mut problem) => {
                if let Some(own) = conjunction.get(&path) {
                    problem.span = own.span;
                }
                refused = refused.or(Some(problem));
            }
        }
    }
    refused.map_or(Ok(true), Err)
}
