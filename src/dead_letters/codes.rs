//! EventBridge's error codes in plain words.
//!
//! Source: the list under `ERROR_CODE` in `eb-rule-dlq`; what each means there is in its name only, and in
//! `ERROR_MESSAGE`, which is shown beside it.

/// What could not be reached: it decides who mends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The home bus, by a forwarder.
    HomeBus,
    /// The dispatcher, by a detector.
    Dispatcher,
    /// A topic of ours.
    OwnTopic,
    /// A topic of others, which apply never edits.
    GivenTopic,
}

const APPLY: &str = "`iamwatch status` names the link; `iamwatch apply` mends it";
const LATER: &str = "nothing to mend: it was a fault in passing";

/// What a code means, and what to do. A code that is not known here stands for itself.
pub(super) fn explained(code: &str, target: Target) -> (&'static str, &'static str) {
    const OTHERS: &str = "the topic is not iamwatch's, and apply never edits it: `iamwatch status` says what keeps \
         alerts out of it; let its owner mend that, or name another topic in the channel and run `iamwatch apply`";
    let status = match target {
        Target::HomeBus | Target::Dispatcher | Target::OwnTopic => APPLY,
        Target::GivenTopic => OTHERS,
    };
    if target == Target::Dispatcher
        && let Some(meaning) = of_dispatcher(code)
    {
        return meaning;
    }
    match code {
        "NO_PERMISSIONS" if target == Target::HomeBus => (
            "the home bus, or the forwarder's role, did not let the event through",
            status,
        ),
        "NO_PERMISSIONS" => (
            "the topic, or the key that encrypts it, did not let EventBridge publish",
            match target {
                // The key may be one of the user's own.
                Target::OwnTopic => {
                    "`iamwatch status` names the link; `iamwatch apply` mends it, unless it is a key of yours \
                     (`topics.kms_key`)"
                }
                _ => status,
            },
        ),
        "NO_RESOURCE" if target == Target::HomeBus => ("the home bus does not exist", status),
        "NO_RESOURCE" if target == Target::GivenTopic => (
            "the topic does not exist",
            "the topic is not iamwatch's, and apply never makes it: let its owner make it again, or name another topic \
             in the channel and run `iamwatch apply`",
        ),
        "NO_RESOURCE" => ("the topic does not exist", status),
        "FAILED_TO_ASSUME_ROLE" => ("EventBridge could not take on the forwarder's role", status),
        "TRANSIENT_ASSUME_ROLE" => (
            "EventBridge could not take on the forwarder's role for a while",
            LATER,
        ),
        "INVALID_JSON" => (
            "a value in the event broke the alert's text",
            "redrive it: iamwatch escapes the value; then run `iamwatch apply`, in case the message was changed",
        ),
        "INVALID_PARAMETER" => (
            "the target refused the message, for its size or form",
            status,
        ),
        "THIRD_ACCOUNT_HOP_DETECTED" | "THIRD_REGION_HOP_DETECTED" => (
            "an event that was forwarded once was to be forwarded again",
            "let no rule on the home bus send to another bus",
        ),
        "CROSS_ACCOUNT_INGESTION_FAILED" | "CROSS_REGION_INGESTION_FAILED" => {
            ("the home bus did not take the event from elsewhere", status)
        }
        "THROTTLING" => (
            "too many events at once",
            "raise the quota of EventBridge's invocations, or of SNS's Publish, in Service Quotas",
        ),
        "RESOURCE_LIMIT_EXCEEDED" => (
            "the target was over a quota",
            "raise the quota in Service Quotas",
        ),
        "TIMEOUT" | "CONNECTION_FAILURE" => ("the target did not answer", LATER),
        "INTERNAL_ERROR"
        | "EVENTS_IN_BATCH_REQUEST_REJECTED"
        | "RESOURCE_MODIFICATION_COLLISION" => ("a fault inside AWS", LATER),
        "SDK_CLIENT_ERROR" | "ERROR_FROM_TARGET" => (
            "the target, or the way to it, answered with an error",
            status,
        ),
        "RESOURCE_ALREADY_EXISTS" => ("the target says that it has this already", LATER),
        _ => ("EventBridge gives no reason that is known here", status),
    }
}

/// What a code means of the dispatcher, where that is not what it means of all targets.
fn of_dispatcher(code: &str) -> Option<(&'static str, &'static str)> {
    Some(match code {
        "NO_PERMISSIONS" => (
            "the role with which EventBridge starts the dispatcher may not do so",
            APPLY,
        ),
        "NO_RESOURCE" => ("the dispatcher does not exist", APPLY),
        "FAILED_TO_ASSUME_ROLE" => (
            "EventBridge could not take on the role that starts the dispatcher",
            APPLY,
        ),
        "TRANSIENT_ASSUME_ROLE" => (
            "EventBridge could not take on the role that starts the dispatcher for a while",
            LATER,
        ),
        "INVALID_PARAMETER" => (
            "Step Functions refused the event, which is too large or in a form that it does not take",
            "look at the event in CloudTrail: redriving it would be refused in the same way",
        ),
        "THROTTLING" => (
            "too many alerts at once",
            "raise the quota of EventBridge's invocations, or of Step Functions' StartExecution, in Service Quotas",
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_means_what_its_target_makes_of_it() {
        let (meaning, remedy) = explained("NO_PERMISSIONS", Target::Dispatcher);
        assert!(meaning.contains("starts the dispatcher"), "{meaning}");
        assert_eq!(remedy, APPLY);
        let (meaning, _) = explained("FAILED_TO_ASSUME_ROLE", Target::HomeBus);
        assert!(meaning.contains("forwarder's role"), "{meaning}");
        let (meaning, _) = explained("TIMEOUT", Target::Dispatcher);
        assert_eq!(meaning, "the target did not answer");
    }
}
