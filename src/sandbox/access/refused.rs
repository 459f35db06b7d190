//! The refusal of a caller who may not do something, in the words that all services share.

use crate::sandbox::wire::ApiError;

/// Why something is refused.
#[derive(Debug)]
pub(crate) enum Reason {
    /// A policy of this kind says no.
    Denied(&'static str),
    /// No policy of this kind says yes.
    Silent(&'static str),
    /// AWS does not say.
    Unsaid,
}

/// What is refused to whom, and why.
#[derive(Debug)]
pub(crate) struct Refused<'a> {
    /// The ARN of the caller.
    pub(crate) caller: &'a str,
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) why: Reason,
}

impl Refused<'_> {
    /// The error with a service's status and code, and with the action as that service spells it.
    pub(crate) fn error(&self, (status, code): (u16, &str), action: &str) -> ApiError {
        let why = match &self.why {
            Reason::Denied(policy) => format!(" with an explicit deny in {policy}"),
            Reason::Silent(kind) => format!(" because no {kind} policy allows the {action} action"),
            Reason::Unsaid => String::new(),
        };
        let (caller, resource) = (self.caller, self.resource);
        let message = format!(
            "User: {caller} is not authorized to perform: {action} on resource: {resource}{why}"
        );
        ApiError::with_status(status, code, message)
    }
}
