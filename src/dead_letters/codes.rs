//! EventBridge's error codes in plain words.
//!
//! Source: the list under `ERROR_CODE` in `eb-rule-dlq`; what each means there is in its name only, and in
//! `ERROR_MESSAGE`, which is shown beside it.

/// What could not be reached: it decides who mends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The home bus, by a forwarder.
    HomeBus,
    /// A topic of ours.
    OwnTopic,
    /// A topic of others, which apply never edits.
    GivenTopic,
}

/// What a code means, and what to do. A code that is not known here stands for itself.
pub(super) fn explained(code: &str, target: Target) -> (&'static str, &'static str) {
    const APPLY: &str = "`iamwatch status` names the link; `iamwatch apply` mends it";
    const OTHERS: &str = "the topic is not iamwatch's, and apply never edits it: `iamwatch status` says what keeps \
         alerts out of it; let its owner mend that, or name another topic in the channel and run `iamwatch apply`";
    const LATER: &str = "nothing to mend: it was a fault in passing";
    let status = match target {
        Target::HomeBus | Target::OwnTopic => APPLY,
        Target::GivenTopic => OTHERS,
    };
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
