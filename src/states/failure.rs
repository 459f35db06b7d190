//! How does a state fail, and which names stand for it in `Retry` and `Catch`?

/// Why a state failed: an error name for machines, and a cause for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// For example `States.QueryEvaluationError` or `SNS.NotFoundException`.
    pub error: String,
    /// What happened, in words.
    pub cause: String,
}

/// Stands for every error but two.
const ALL: &str = "States.ALL";
/// Stands for every error that [`ALL`] stands for, but for [`TIMEOUT`].
const TASK_FAILED: &str = "States.TaskFailed";
pub(super) const TIMEOUT: &str = "States.Timeout";
/// No name stands for it, not even its own.
const RUNTIME: &str = "States.Runtime";
/// Only its own name stands for it.
const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
const QUERY_EVALUATION_ERROR: &str = "States.QueryEvaluationError";
const NO_CHOICE_MATCHED: &str = "States.NoChoiceMatched";

/// Step Functions passes on and keeps no more than 256 KiB at once.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
pub(super) const MOST_BYTES: usize = 262_144;

impl Failure {
    /// A failure with AWS's name and words.
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            cause: cause.into(),
        }
    }

    pub(super) fn runtime(cause: impl Into<String>) -> Self {
        Self::new(RUNTIME, cause)
    }

    pub(super) fn query(cause: impl Into<String>) -> Self {
        Self::new(QUERY_EVALUATION_ERROR, cause)
    }

    pub(super) fn no_choice(state: &str) -> Self {
        let cause = format!("No choice of the state '{state}' matched, and it has no Default.");
        Self::new(NO_CHOICE_MATCHED, cause)
    }

    /// `what`: the field of the state that is too large.
    pub(super) fn too_large(state: &str, what: &str) -> Self {
        let cause = format!(
            "The state '{state}' has {what} with a size exceeding the maximum number of bytes \
             service limit."
        );
        Self::new(DATA_LIMIT_EXCEEDED, cause)
    }

    /// Whether one of these names, those of an `ErrorEquals`, stands for the failure. Source: "Handling errors" of the
    /// developer guide, which excepts two errors from `States.ALL`.
    pub(super) fn is_among(&self, names: &[String]) -> bool {
        let error = self.error.as_str();
        match error {
            RUNTIME => false,
            DATA_LIMIT_EXCEEDED => names.iter().any(|name| name == error),
            _ => names.iter().any(|name| match name.as_str() {
                ALL => true,
                TASK_FAILED => error != TIMEOUT,
                name => name == error,
            }),
        }
    }
}

/// Whether these names are a wildcard beside others, which AWS refuses.
pub(super) fn has_crowded_wildcard(names: &[String]) -> bool {
    names.len() > 1 && names.iter().any(|name| name == ALL)
}

/// Whether these names stand for all: nothing may follow then.
pub(super) fn is_wildcard(names: &[String]) -> bool {
    names.iter().any(|name| name == ALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_errors_as_the_developer_guide_says() {
        for (error, names, wanted) in [
            ("SNS.NotFoundException", ["States.ALL"], true),
            ("SNS.NotFoundException", ["SNS.NotFoundException"], true),
            ("SNS.NotFoundException", ["States.TaskFailed"], true),
            ("SNS.NotFoundException", ["SNS.Throttled"], false),
            ("States.Timeout", ["States.TaskFailed"], false),
            ("States.Timeout", ["States.ALL"], true),
            ("States.DataLimitExceeded", ["States.ALL"], false),
            ("States.DataLimitExceeded", ["States.TaskFailed"], false),
            (
                "States.DataLimitExceeded",
                ["States.DataLimitExceeded"],
                true,
            ),
            ("States.Runtime", ["States.Runtime"], false),
            ("States.Runtime", ["States.ALL"], false),
        ] {
            let names = names.map(str::to_owned);
            let failure = Failure::new(error, "");
            assert_eq!(failure.is_among(&names), wanted, "{error} {names:?}");
        }
    }
}
