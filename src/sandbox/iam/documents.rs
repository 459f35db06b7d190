//! The policies that IAM takes and hands out.

use serde_json::Value;

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
    check_resources(document)
}

/// Variables stand behind the fifth colon of an ARN only.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
fn check_resources(document: &str) -> Result<(), ApiError> {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) => statements.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    for field in ["Resource", "NotResource"] {
        let named = statements
            .iter()
            .filter_map(|statement| statement.get(field));
        let texts = named.flat_map(|named| match named {
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        });
        for text in texts.filter_map(Value::as_str) {
            let mut front = text.splitn(6, ':').take(5);
            if text.starts_with("arn:") && front.any(|part| part.contains("${")) {
                return Err(malformed(format!(
                    "The policy failed legacy parsing: {text}"
                )));
            }
        }
    }
    Ok(())
}
