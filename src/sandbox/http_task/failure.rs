//! Why does a task fail?

/// The name of the error, and its cause.
pub(crate) type Failure = (String, String);

/// The most that a task takes and gives, in bytes.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
pub(super) const LARGEST: usize = 256 * 1024;

/// A failure with a name of AWS's.
pub(super) fn failure(error: &str, cause: impl Into<String>) -> Failure {
    (error.to_owned(), cause.into())
}
