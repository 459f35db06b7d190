//! What tests see of the traffic, and how they disturb it.

use super::wire::Call;
use crate::place::AccountId;

/// One call, as it was served. Retries of the SDK are calls of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// `events`, `sns`, `sqs`, `sts`, `iam`, `cloudtrail`, `kms`, `s3`, `account`.
    pub service: String,
    /// The operation, such as `PutRule`.
    pub operation: String,
    /// The Region that was called.
    pub region: String,
    /// The caller's account.
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
        /// The error code.
        code: String,
        /// The HTTP status.
        status: u16,
    },
    /// The call takes effect and the connection breaks before its answer.
    LoseResponseAfterEffect,
    /// Too many requests.
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
}

/// A fault, how much of it is left, and what it has stuck to.
#[derive(Debug)]
pub(crate) struct Armed {
    fault: Fault,
    stuck: Option<Call>,
}

impl Armed {
    pub fn new(fault: Fault) -> Self {
        Self { fault, stuck: None }
    }

    pub fn strike(&mut self, call: &Call) -> Option<FaultKind> {
        let fault = &mut self.fault;
        if let Some(stuck) = &self.stuck {
            return is_same(stuck, call).then(|| fault.kind.clone());
        }
        let meant = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w == is);
        if !meant(&fault.service, call.service.name()) || !meant(&fault.operation, &call.operation)
        {
            return None;
        }
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        fault.times = fault.times.checked_sub(1)?;
        if fault.sticks {
            self.stuck = Some(call.clone());
        }
        Some(fault.kind.clone())
    }
}

fn is_same(one: &Call, other: &Call) -> bool {
    let what = |call: &Call| (call.service, call.region.clone(), call.operation.clone());
    what(one) == what(other) && one.input == other.input
}
