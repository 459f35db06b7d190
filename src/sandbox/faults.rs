//! What tests see of the traffic, and how they disturb it.

use super::call::Call;
use crate::place::AccountId;

/// One call, as it was served. Retries of the SDK are calls of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// `events`, `sns`, `sqs`, `sts`, `iam`, `cloudtrail`, `kms`, `s3`, `account`,
    /// `organizations`, `states`, `dynamodb`, `secretsmanager`.
    pub service: String,
    /// The operation, such as `PutRule`.
    pub operation: String,
    /// The Region that was called.
    pub region: String,
    /// The account of the caller.
    pub account: AccountId,
    /// Whether the operation can change anything.
    pub write: bool,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Success, entries that failed inside it included.
    Done,
    /// An error with this code.
    Refused(String),
    /// Cut off by a fault before it took effect.
    Stopped,
}

/// A disturbance of calls.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Only calls of this service; `None` means any.
    pub service: Option<String>,
    /// Only calls of this operation; `None` means any.
    pub operation: Option<String>,
    /// Only calls that concern this account: those of its principals, and those that become one of
    /// its roles. `None` means any.
    pub account: Option<AccountId>,
    /// How many of these calls pass first.
    pub after: usize,
    /// How many are then struck.
    pub times: usize,
    /// Only the first of them, and every repetition of the same call: all attempts of one call fail.
    pub sticks: bool,
    /// What happens to them.
    pub kind: FaultKind,
}

/// What happens to a disturbed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// An error answer; nothing takes effect.
    Refuse {
        /// The code of the error.
        code: String,
        /// The status of the HTTP response.
        status: u16,
    },
    /// The call takes effect and the connection breaks before its answer.
    LoseResponseAfterEffect,
    /// AWS says that there were too many requests.
    Throttle,
    /// As if the process had been killed at this moment: no effect, no retry.
    Stop,
}

impl Fault {
    /// Strikes the first call of that operation.
    pub fn on(service: &str, operation: &str, kind: FaultKind) -> Self {
        Self {
            service: Some(service.to_owned()),
            operation: Some(operation.to_owned()),
            account: None,
            after: 0,
            times: 1,
            sticks: false,
            kind,
        }
    }

    /// Strikes the call after `after` others, whatever it is, and all that follow.
    pub fn from_call(after: usize, kind: FaultKind) -> Self {
        Self {
            service: None,
            operation: None,
            account: None,
            after,
            times: usize::MAX,
            sticks: false,
            kind,
        }
    }

    /// Strikes the call after `after` others, whatever it is, and every later attempt of the same call
    /// (same service, Region, operation and input); all other calls pass.
    pub fn of_call(after: usize, kind: FaultKind) -> Self {
        Self {
            sticks: true,
            ..Self::from_call(after, kind)
        }
    }

    /// Strikes among the calls of one account alone, which are then counted for themselves.
    pub fn in_account(self, account: &AccountId) -> Self {
        Self {
            account: Some(account.clone()),
            ..self
        }
    }
}

/// A fault, how much of it is left, and what it has stuck to.
#[derive(Debug)]
pub(crate) struct Armed {
    fault: Fault,
    stuck: Option<(AccountId, Call)>,
}

impl Armed {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, stuck: None }
    }

    /// What happens to a call of that account.
    pub(crate) fn strike(&mut self, call: &Call, account: &AccountId) -> Option<FaultKind> {
        let fault = &mut self.fault;
        if let Some((by, stuck)) = &self.stuck {
            return (by == account && is_same(stuck, call)).then(|| fault.kind.clone());
        }
        let meant = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w == is);
        let concerns = |wanted: &AccountId| wanted == account || becomes(call, wanted);
        if !meant(&fault.service, call.name())
            || !meant(&fault.operation, &call.operation)
            || !fault.account.as_ref().is_none_or(concerns)
        {
            return None;
        }
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        fault.times = fault.times.checked_sub(1)?;
        if fault.sticks {
            self.stuck = Some((account.clone(), call.clone()));
        }
        Some(fault.kind.clone())
    }
}

/// Whether the call assumes a role of the account.
fn becomes(call: &Call, account: &AccountId) -> bool {
    let role = call
        .input
        .get("RoleArn")
        .and_then(serde_json::Value::as_str);
    let whose = role.and_then(|role| role.split(':').nth(4));
    call.operation == "AssumeRole" && whose == Some(account.as_str())
}

fn is_same(one: &Call, other: &Call) -> bool {
    let what = |call: &Call| (call.name(), call.region.clone(), call.operation.clone());
    what(one) == what(other) && one.input == other.input
}
