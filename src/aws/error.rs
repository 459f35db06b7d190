//! What a failed call means, and what to do about it.

use std::error::Error as StdError;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::Serialize;

use super::{Call, calls, missing};
use crate::diagnostic::printable;

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallError {
    /// What was asked of AWS; in JSON `events:PutRule`.
    #[serde(rename = "operation")]
    pub call: &'static Call,
    /// What it was about: an ARN, or a name where there is none yet.
    pub resource: String,
    /// Whose fault it is.
    pub cause: Cause,
    /// AWS's code for the error, such as `LimitExceededException`; `None` where AWS gave none.
    pub code: Option<String>,
    /// AWS's words, or the connection's.
    pub message: String,
    /// The HTTP status of AWS's answer, if there was one.
    pub status: Option<u16>,
    /// The id of the request, which AWS support asks for; `None` where AWS gave none.
    pub request_id: Option<String>,
}

/// Whose fault a failure is: it decides the advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// No credentials anywhere in the default chain.
    NoCredentials,
    /// Credentials that were good once, SSO sessions included.
    Expired,
    /// Credentials that AWS does not know.
    UnknownCaller,
    /// A Region that is not enabled in the account.
    NotEnabled,
    /// The caller may not do this.
    Denied,
    /// The thing is not there.
    NotFound,
    /// Too many requests, after all retries.
    Throttled,
    /// Somebody else changes the same thing at the same moment.
    Conflict,
    /// A quota of the account is full.
    Quota,
    /// The name of something that was deleted a moment ago.
    TooSoon,
    /// This machine's clock is wrong.
    Clock,
    /// No connection, or none in time.
    Network,
    /// A failure that is none of the causes above.
    Other,
}

impl Cause {
    /// Whether the same call may well succeed in a while, without anybody doing anything.
    pub fn passes(self) -> bool {
        matches!(
            self,
            Self::Throttled | Self::Conflict | Self::TooSoon | Self::Network
        )
    }
}

impl CallError {
    /// Classifies what the SDK says.
    pub fn new<E>(call: &'static Call, resource: String, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let code = error.code().map(str::to_owned);
        let request_id = error
            .raw_response()
            .and_then(|response| {
                let headers = response.headers();
                // S3 has a name of its own for it.
                let own = headers.get("x-amzn-requestid");
                own.or_else(|| headers.get("x-amz-request-id"))
            })
            .map(str::to_owned);
        let message = match error.message() {
            Some(message) => message.to_owned(),
            None => chain(error),
        };
        let cause = match &code {
            Some(code) => of(call, code, &message),
            None => by_chain(error),
        };
        Self {
            call,
            resource,
            cause,
            code,
            message,
            status: error.raw_response().map(|r| r.status().as_u16()),
            request_id,
        }
    }

    /// An answer that makes no sense.
    pub fn unexpected(call: &'static Call, message: String) -> Self {
        Self {
            call,
            resource: "*".to_owned(),
            cause: Cause::Other,
            code: None,
            message,
            status: None,
            request_id: None,
        }
    }

    /// A failure that AWS reports inside a success, such as `FailedEntries`.
    pub fn inside_success(
        call: &'static Call,
        resource: String,
        code: &str,
        message: &str,
    ) -> Self {
        Self {
            cause: of(call, code, message),
            code: Some(code.to_owned()),
            resource,
            ..Self::unexpected(call, message.to_owned())
        }
    }

    /// Whether a service control policy forbids the call, as AWS says then.
    /// Source: IAM user guide, `troubleshoot_access-denied`.
    pub fn is_forbidden_by_organization(&self) -> bool {
        self.cause == Cause::Denied && self.message.contains("in a service control policy")
    }

    /// Whether a role was to be bound by a policy that is not there. A role that is not there is not found either.
    fn lacks_boundary(&self) -> bool {
        let binds = [&calls::CREATE_ROLE, &calls::PUT_ROLE_BOUNDARY];
        binds.contains(&self.call) && self.message.contains(":policy/")
    }

    /// What to do, where we know.
    pub fn remedy(&self) -> Option<String> {
        Some(match self.cause {
            Cause::NoCredentials => "give credentials: `aws configure sso` and `aws sso login`, `--profile NAME`, \
                 or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; or try `--sandbox`, which needs none"
                .to_owned(),
            Cause::Expired => "the session has expired: run `aws sso login` (with your `--profile`), or renew the credentials"
                .to_owned(),
            Cause::UnknownCaller => "AWS does not know these credentials: check the profile, or whether the key was deleted"
                .to_owned(),
            Cause::Denied if self.is_forbidden_by_organization() => {
                "a service control policy forbids this: ask whoever keeps the organization's policies to except the caller's \
                 role there"
                    .to_owned()
            }
            // AWS does not tell a role that is missing from one that trusts somebody else.
            Cause::Denied if std::ptr::eq(self.call, &raw const calls::ASSUME_ROLE) => {
                "either the role is missing in that account, or it does not trust the caller, or the caller may not take it \
                 on: `iamwatch permissions --for member` prints the role with its trust policy"
                    .to_owned()
            }
            Cause::NotEnabled => "this Region is probably not enabled in the account, since STS knows the caller: enable it under the \
                 account's settings (that takes minutes), or leave it out of `watch.regions`"
                .to_owned(),
            Cause::Denied if missing::is_forbidden(self) => {
                "a policy forbids this, such as a service control policy: ask whoever keeps it to except the caller"
                    .to_owned()
            }
            Cause::Denied => {
                let statement = missing::statement(self);
                let all = missing::phase(self).map(|phase| {
                    format!("; `iamwatch permissions --for {phase}` prints all that are needed")
                });
                format!(
                    "the caller needs this statement: {statement}{}",
                    all.unwrap_or_default()
                )
            }
            Cause::Throttled => "AWS is busy with this account's requests: run the same command again".to_owned(),
            Cause::Conflict => "somebody else changes the same thing at this moment: run the same command again when they are done"
                .to_owned(),
            Cause::Quota => "a quota of the account is full: remove what is not needed, or ask for more under Service Quotas"
                .to_owned(),
            Cause::Clock => "set this machine's clock: AWS refuses signatures that are minutes off".to_owned(),
            Cause::Network => "check the connection, proxy and AWS_ENDPOINT_URL, then run the same command again".to_owned(),
            Cause::TooSoon if std::ptr::eq(self.call, &raw const calls::UPDATE_TABLE_TTL) => {
                "AWS changes the attribute by which items of a table go once an hour at most: run the same command again \
                 in an hour; until then items may stay longer, and no alert is lost"
                    .to_owned()
            }
            Cause::TooSoon => {
                "SQS keeps a deleted queue's name for 60 seconds: run the same command again in a minute"
                    .to_owned()
            }
            Cause::Other if self.code.as_deref() == Some("BucketNotEmpty") => {
                "log files are never deleted: empty the bucket by hand, old versions too, and run the same command again; \
                 or keep it"
                    .to_owned()
            }
            Cause::NotFound if self.lacks_boundary() => {
                "the account needs that policy, the permissions boundary of our roles: `iamwatch permissions --for boundary` \
                 prints it; make it, and run the same command again"
                    .to_owned()
            }
            Cause::NotFound | Cause::Other => return None,
        })
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Code, words and id are whatever the other end sends.
        write!(f, "{}", self.call)?;
        if self.resource != "*" {
            write!(f, " on {}", printable(&self.resource))?;
        }
        write!(f, " failed: ")?;
        if let Some(code) = &self.code {
            write!(f, "{}: ", printable(code))?;
        }
        write!(f, "{}", printable(&self.message))?;
        if let Some(id) = &self.request_id {
            write!(f, " (request id {})", printable(id))?;
        }
        Ok(())
    }
}

impl StdError for CallError {}

/// What a code means for a call. Nothing is called before STS has accepted the caller, and a Region that is
/// not enabled does not know whom the others know. Source: users' reports on opt-in Regions.
fn of(call: &Call, code: &str, message: &str) -> Cause {
    match by_code(code, message) {
        Cause::UnknownCaller if call.service != "sts" && UNKNOWN_HERE.contains(&code) => {
            Cause::NotEnabled
        }
        cause => cause,
    }
}

const UNKNOWN_HERE: &[&str] = &[
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
];

fn by_code(code: &str, message: &str) -> Cause {
    match code {
        // Most services have no code of their own for a clock that is off; these are their words.
        // Source: IAM user guide, troubleshooting Signature Version 4.
        "SignatureDoesNotMatch" | "InvalidSignatureException" | "AuthFailure"
            if ["Signature expired", "Signature not yet current"]
                .iter()
                .any(|words| message.contains(words)) =>
        {
            Cause::Clock
        }
        "AccessDenied"
        | "AccessDeniedException"
        | "AuthorizationError"
        | "UnauthorizedOperation"
        | "KMSAccessDenied"
        | "KMSAccessDeniedException"
        | "InsufficientDependencyServiceAccessPermissionException"
        | "NotAuthorizedForSourceException" => Cause::Denied,
        "ExpiredToken" | "ExpiredTokenException" => Cause::Expired,
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "AuthFailure"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature" => Cause::UnknownCaller,
        "OptInRequired" => Cause::NotEnabled,
        "ConcurrentModificationException"
        | "ConcurrentModification"
        | "ConcurrentAccess"
        | "ConcurrentAccessException"
        | "ConflictException"
        | "OperationAborted"
        // A table that is being made, changed or deleted.
        | "ResourceInUseException"
        // It was not there when it was looked for.
        | "AlreadyExistsException"
        | "EntityAlreadyExists"
        // Step Functions; one that is going keeps its name for a while.
        | "StateMachineAlreadyExists"
        | "StateMachineDeleting"
        | "ResourceAlreadyExistsException"
        | "TrailAlreadyExistsException" => Cause::Conflict,
        "SlowDown" | "RequestLimitExceeded" => Cause::Throttled,
        // Source: DynamoDB API, `UpdateTimeToLive`; the words are those that users report.
        "ValidationException" if message.contains("modified multiple times within a fixed interval") => {
            Cause::TooSoon
        }
        "QueueDeletedRecently" | "AWS.SimpleQueueService.QueueDeletedRecently" => Cause::TooSoon,
        // `RequestExpired`: more than 15 minutes after the request's date. Source: common errors of the
        // query services.
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => Cause::Clock,
        "NotFound"
        | "ResourceNotFound"
        | "NotFoundException"
        | "ResourceNotFoundException"
        | "NoSuchEntity"
        | "NoSuchBucket"
        | "TrailNotFoundException"
        | "AccountNotFoundException"
        | "ParentNotFoundException"
        | "OrganizationalUnitNotFoundException"
        | "QueueDoesNotExist"
        | "StateMachineDoesNotExist"
        | "ExecutionDoesNotExist"
        | "AWS.SimpleQueueService.NonExistentQueue" => Cause::NotFound,
        "LimitExceededException"
        | "TopicLimitExceeded"
        | "SubscriptionLimitExceeded"
        | "FilterPolicyLimitExceeded"
        | "LimitExceeded"
        | "MaximumNumberOfTrailsExceededException"
        | "TooManyBuckets"
        | "PolicyLengthExceededException"
        | "OverLimit" => Cause::Quota,
        code if code.contains("Throttl") || code == "TooManyRequestsException" => Cause::Throttled,
        _ => Cause::Other,
    }
}

/// Failures before AWS answered: credentials and connection.
fn by_chain(error: &(dyn StdError + 'static)) -> Cause {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(credentials) = error.downcast_ref::<CredentialsError>() {
            return match credentials {
                CredentialsError::CredentialsNotLoaded(_) => Cause::NoCredentials,
                _ if chain(error).contains("xpired") || chain(error).contains("sso") => {
                    Cause::Expired
                }
                _ => Cause::NoCredentials,
            };
        }
        next = error.source();
    }
    let text = chain(error);
    if [
        "dispatch",
        "io error",
        "timeout",
        "timed out",
        "connect",
        "dns",
    ]
    .iter()
    .any(|word| text.to_ascii_lowercase().contains(word))
    {
        Cause::Network
    } else {
        Cause::Other
    }
}

/// An error and all that caused it, in one line.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        next = error.source();
    }
    // What the layers of the client call themselves tells a user nothing.
    let text = ["dispatch failure: ", "other: "]
        .iter()
        .fold(text.as_str(), |text, layer| {
            text.strip_prefix(layer).unwrap_or(text)
        });
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::calls;

    #[test]
    fn every_failure_that_a_user_can_mend_says_how() {
        for (code, cause, word) in [
            ("AccessDeniedException", Cause::Denied, "events:PutRule"),
            ("AuthorizationError", Cause::Denied, "Allow"),
            ("ExpiredTokenException", Cause::Expired, "aws sso login"),
            (
                "UnrecognizedClientException",
                Cause::NotEnabled,
                "not enabled in the account",
            ),
            ("InvalidClientTokenId", Cause::NotEnabled, "watch"),
            ("OptInRequired", Cause::NotEnabled, "enable it"),
            ("SlowDown", Cause::Throttled, "busy"),
            ("RequestLimitExceeded", Cause::Throttled, "busy"),
            (
                "ConcurrentModificationException",
                Cause::Conflict,
                "somebody else",
            ),
            ("RequestTimeTooSkewed", Cause::Clock, "clock"),
            ("LimitExceededException", Cause::Quota, "Service Quotas"),
            ("ThrottlingException", Cause::Throttled, "again"),
            (
                "AWS.SimpleQueueService.QueueDeletedRecently",
                Cause::TooSoon,
                "minute",
            ),
        ] {
            let error = CallError::inside_success(&calls::PUT_RULE, "r".to_owned(), code, "words");
            assert_eq!(error.cause, cause, "{code}");
            assert!(
                error.remedy().is_some_and(|remedy| remedy.contains(word)),
                "{code}"
            );
            assert!(
                error
                    .to_string()
                    .starts_with("events:PutRule on r failed: "),
                "{error}"
            );
        }
        for (code, words) in [
            (
                "InvalidSignatureException",
                "Signature expired: 20261122T080000Z is now earlier than 20261122T084500Z (20261122T090000Z - 15 min.)",
            ),
            (
                "SignatureDoesNotMatch",
                "Signature not yet current: 20261122T100000Z is still later than 20261122T091500Z (20261122T090000Z + 15 min.)",
            ),
            ("RequestExpired", "Request has expired."),
        ] {
            let error = CallError::inside_success(&calls::PUT_RULE, "r".to_owned(), code, words);
            assert_eq!(error.cause, Cause::Clock, "{code}");
        }
        let words =
            "The request signature we calculated does not match the signature you provided.";
        let key = CallError::inside_success(
            &calls::PUT_RULE,
            "r".to_owned(),
            "SignatureDoesNotMatch",
            words,
        );
        assert_eq!(key.cause, Cause::UnknownCaller);
        // Whom not even STS knows is in no Region known.
        let call = &calls::GET_CALLER_IDENTITY;
        let nobody =
            CallError::inside_success(call, "*".to_owned(), "InvalidClientTokenId", "words");
        assert_eq!(nobody.cause, Cause::UnknownCaller);
        let words =
            "Scope ARN: arn:aws:iam::111122223333:policy/b does not exist or is not attachable.";
        for (call, words, said) in [
            (&calls::CREATE_ROLE, words, true),
            (&calls::PUT_ROLE_BOUNDARY, words, true),
            (
                &calls::PUT_ROLE_BOUNDARY,
                "The role with name r cannot be found.",
                false,
            ),
        ] {
            let error = CallError::inside_success(call, "r".to_owned(), "NoSuchEntity", words);
            let remedy = error.remedy().unwrap_or_default();
            assert_eq!(remedy.contains("--for boundary"), said, "{error}: {remedy}");
        }
        let words = "Time to live has been modified multiple times within a fixed interval";
        let call = &calls::UPDATE_TABLE_TTL;
        let soon = CallError::inside_success(call, "t".to_owned(), "ValidationException", words);
        assert_eq!(soon.cause, Cause::TooSoon);
        assert!(soon.remedy().is_some_and(|remedy| remedy.contains("hour")));
        let other = CallError::inside_success(&calls::PUT_RULE, "r".to_owned(), "Odd", "words");
        assert_eq!((other.cause, other.remedy()), (Cause::Other, None));
    }
}
