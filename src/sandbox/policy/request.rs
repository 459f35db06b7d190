//! What policies are asked, and what they say.

use std::collections::BTreeMap;

/// Who asks for something.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Who<'a> {
    /// The owner of the identity policy that is evaluated: it names no principal.
    Owner,
    /// An AWS service, such as `events.amazonaws.com`.
    Service(&'a str),
    /// An IAM principal: a user, a role, or the root of an account.
    Principal {
        arn: &'a str,
        /// The ARN of the session in which a role acts.
        session: Option<&'a str>,
        account: &'a str,
    },
}

/// What a policy is asked.
#[derive(Debug, Clone)]
pub(crate) struct Request<'a> {
    pub(crate) who: Who<'a>,
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    /// Condition keys in lower case, with their values.
    pub(crate) context: BTreeMap<&'static str, String>,
}

/// What a policy says to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Allow,
    Deny,
    /// No statement of the policy applies.
    Silent,
}

impl Who<'_> {
    pub(super) fn is_among<'n>(self, mut names: impl Iterator<Item = &'n str>) -> bool {
        match self {
            Who::Principal { arn, session, .. } => {
                names.any(|name| name == arn || session == Some(name))
            }
            Who::Owner | Who::Service(_) => false,
        }
    }
}
