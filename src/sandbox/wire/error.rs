//! An error, as a service answers it.

/// An error answer as a service words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// The code on the wire, such as `ResourceNotFoundException`.
    pub(crate) code: String,
    /// The message, for people.
    pub(crate) message: String,
    /// The status of the HTTP response.
    pub(crate) status: u16,
    /// Where the bucket is, when S3 sends a caller there.
    pub(crate) bucket_region: Option<String>,
    /// The item on which a condition of DynamoDB failed, where the caller wants to see it.
    pub(crate) item: Option<Box<serde_json::Value>>,
}

impl ApiError {
    /// The code of what the sandbox does not implement.
    pub(crate) const UNSUPPORTED: &str = "SandboxUnsupported";

    /// An error that is the caller's fault.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self::with_status(400, code, message)
    }

    /// An error with a status of its own.
    pub(crate) fn with_status(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            status,
            bucket_region: None,
            item: None,
        }
    }

    /// Something that AWS may know and the sandbox does not: never mistaken for an answer of AWS.
    pub(crate) fn unsupported(message: impl std::fmt::Display) -> Self {
        Self::new(
            Self::UNSUPPORTED,
            format!("the sandbox does not implement this: {message}"),
        )
    }
}
