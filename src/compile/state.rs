//! The rule state that lets every event through that a pattern wants.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The state of an EventBridge rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RuleState {
    /// The rule matches nothing.
    #[serde(rename = "DISABLED")]
    Disabled,
    /// Matches all but read-only management events.
    #[serde(rename = "ENABLED")]
    Enabled,
    /// Matches those too. Source: `eb-service-event-cloudtrail-management`.
    #[serde(rename = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")]
    EnabledWithAll,
}

impl RuleState {
    /// The state as the API of EventBridge spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "DISABLED",
            Self::Enabled => "ENABLED",
            Self::EnabledWithAll => "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
        }
    }
}

/// Verbs that change something. Everything else may be read-only: `Describe`, `Get` and `List` by AWS's
/// naming convention, but also `AssumeRole`, `Decrypt`, `BatchGet…`, `Download…`, `StartQuery`. A verb that is missing
/// here costs nothing but a wider state; a read-only verb in here would lose alerts.
const WRITE_VERBS: &[&str] = &[
    "Accept",
    "Add",
    "Allocate",
    "Associate",
    "Attach",
    "Authorize",
    "Change",
    "Close",
    "ConsoleLogin",
    "Copy",
    "Create",
    "Deactivate",
    "Delete",
    "Deregister",
    "Detach",
    "Disable",
    "Disassociate",
    "Enable",
    "Import",
    "Invite",
    "Leave",
    "Modify",
    "Move",
    "Password",
    "Put",
    "Register",
    "Reject",
    "Remove",
    "Replace",
    "Reset",
    "Restore",
    "Resync",
    "Revoke",
    "Rotate",
    "Schedule",
    "Set",
    "SwitchRole",
    "Tag",
    "Terminate",
    "Transfer",
    // Untag, Unsubscribe, Unassign …: whatever takes something back.
    "Un",
    "Update",
    "Upload",
];

/// The first two come without the wider state although their names say `Get`; the others change something
/// although other calls with their verb may only read.
/// Source: `eb-service-event-cloudtrail-management`, Service Authorization Reference.
const WRITE_IN_SPITE_OF_NAME: &[&str] = &[
    "GetFederationToken",
    "GetSessionToken",
    "CancelKeyDeletion",
    "ConfirmSubscription",
    "DeauthorizeConnection",
    "PurgeQueue",
    "StartExecution",
    "StartLogging",
    "StartMessageMoveTask",
    "StopExecution",
    "StopLogging",
    "Subscribe",
];

/// Calls that may be recorded as read-only although their names say that something is made.
/// Source: Service Authorization Reference, AWS Signin, access levels.
const MAY_READ: &[&str] = &["CreateBearerToken", "CreateOAuth2Token"];

/// The state that a pattern needs.
pub(crate) fn needed(pattern: &Value) -> RuleState {
    let detail = pattern.get("detail").unwrap_or(&Value::Null);
    if only_writes(detail) {
        RuleState::Enabled
    } else {
        RuleState::EnabledWithAll
    }
}

/// Whether no read-only event can pass these tests on `detail`.
fn only_writes(detail: &Value) -> bool {
    if detail
        .get("readOnly")
        .is_some_and(|only| only == &serde_json::json!([false]))
    {
        return true;
    }
    let by_name = detail
        .get("eventName")
        .and_then(Value::as_array)
        .is_some_and(|names| names.iter().all(is_write));
    let by_branch = detail
        .get("$or")
        .and_then(Value::as_array)
        .is_some_and(|branches| branches.iter().all(only_writes));
    by_name || by_branch
}

fn is_write(test: &Value) -> bool {
    let (text, whole) = match test {
        Value::String(text) => (text.as_str(), true),
        Value::Object(operator) => match (operator.get("prefix"), operator.get("wildcard")) {
            (Some(Value::String(prefix)), _) => (prefix.as_str(), false),
            (_, Some(Value::String(glob))) => (glob.split('*').next().unwrap_or_default(), false),
            _ => return false,
        },
        _ => return false,
    };
    let may_read = MAY_READ.iter().any(|name| text.starts_with(name));
    !may_read && ((whole && WRITE_IN_SPITE_OF_NAME.contains(&text)) || is_write_name(text))
}

/// Whether all events whose names begin so change something.
pub(crate) fn is_write_name(beginning: &str) -> bool {
    WRITE_VERBS.iter().any(|verb| beginning.starts_with(verb))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn read_only_events_get_the_state_that_lets_them_through() {
        for (detail, state) in [
            (
                json!({ "eventName": ["CreateUser", { "prefix": "Add" }] }),
                RuleState::Enabled,
            ),
            (
                json!({ "eventName": [{ "wildcard": "Put*Policy" }] }),
                RuleState::Enabled,
            ),
            (
                json!({ "eventName": ["GetSessionToken"] }),
                RuleState::Enabled,
            ),
            (
                json!({ "eventName": ["StartLogging", "Subscribe", { "prefix": "Untag" }] }),
                RuleState::Enabled,
            ),
            (
                json!({ "eventName": ["CreateUser", { "prefix": "CreateOAuth2Token" }] }),
                RuleState::EnabledWithAll,
            ),
            (
                json!({ "eventName": ["CreateUser", "ListUsers"] }),
                RuleState::EnabledWithAll,
            ),
            (
                json!({ "eventName": [{ "prefix": "" }] }),
                RuleState::EnabledWithAll,
            ),
            (
                json!({ "eventName": [{ "suffix": "Policy" }] }),
                RuleState::EnabledWithAll,
            ),
            (
                json!({ "eventSource": ["iam.amazonaws.com"] }),
                RuleState::EnabledWithAll,
            ),
            (json!({ "readOnly": [false] }), RuleState::Enabled),
            (
                json!({ "$or": [{ "eventName": ["CreateUser"] }, { "eventName": ["GetUser"] }] }),
                RuleState::EnabledWithAll,
            ),
        ] {
            assert_eq!(needed(&json!({ "detail": detail })), state, "{detail}");
        }
    }
}
