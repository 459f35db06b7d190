//! The policies that IAM takes and hands out.

use crate::sandbox::policy::Policy;
use crate::sandbox::wire::ApiError;

/// Percent-encoded, as IAM hands out every document (RFC 3986).
pub(super) fn encoded(document: &str) -> String {
    let mut text = String::new();
    for byte in document.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

fn malformed(reason: impl Into<String>) -> ApiError {
    ApiError::new("MalformedPolicyDocument", reason)
}

/// Reads a document; what the sandbox does not evaluate is not mistaken for a broken one.
fn parse(document: &str) -> Result<Policy, ApiError> {
    Policy::parse(document).map_err(|reason| {
        if reason.contains("the sandbox does not implement") {
            ApiError::unsupported(reason)
        } else {
            malformed(reason)
        }
    })
}

/// A trust policy names principals and, as it hangs on the role itself, no resource.
pub(super) fn check_trust(document: &str) -> Result<(), ApiError> {
    let policy = parse(document)?;
    if policy.names_resources() {
        return Err(malformed("Has prohibited field Resource"));
    }
    if !policy.names_principals() {
        return Err(malformed("Missing required field Principal"));
    }
    Ok(())
}

/// An identity policy names resources and no principal.
pub(super) fn check_inline(document: &str) -> Result<(), ApiError> {
    let policy = parse(document)?;
    if policy.names_principals() {
        return Err(malformed("Policy document should not specify a principal."));
    }
    Ok(())
}
