//! The names and ARNs of state machines and executions.

use super::error::{invalid_arn, invalid_name};
use crate::sandbox::site::{Site, locate};
use crate::sandbox::wire::ApiError;

/// The most characters of a name.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html>
const MOST: usize = 80;
/// What names may not have, beside spaces and control characters.
const REFUSED: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";

pub(super) fn machine_arn(site: &Site, name: &str) -> String {
    site.arn("states", &format!("stateMachine:{name}"))
}

pub(super) fn execution_arn(site: &Site, machine: &str, name: &str) -> String {
    site.arn("states", &format!("execution:{machine}:{name}"))
}

/// The name of the state machine with that ARN, which must be one of here. Versions and aliases, whose ARNs have one
/// part more, are unknown here.
pub(super) fn machine_in(site: &Site, arn: &str) -> Result<String, ApiError> {
    let bad = || invalid_arn(arn);
    let (at, resource) = locate(arn).ok_or_else(bad)?;
    let name = resource.strip_prefix("stateMachine:").ok_or_else(bad)?;
    if at != *site || !arn.contains(":states:") {
        return Err(bad());
    }
    if name.contains(':') {
        let what = format!("the version or alias `{arn}`");
        return Err(ApiError::unsupported(what));
    }
    Ok(name.to_owned())
}

/// The names of the state machine and of the execution with that ARN, which must be one of here.
pub(super) fn execution_in(site: &Site, arn: &str) -> Result<(String, String), ApiError> {
    let bad = || invalid_arn(arn);
    let (at, resource) = locate(arn).ok_or_else(bad)?;
    let names = resource.strip_prefix("execution:").ok_or_else(bad)?;
    let (machine, name) = names.split_once(':').ok_or_else(bad)?;
    if at != *site || !arn.contains(":states:") {
        return Err(bad());
    }
    Ok((machine.to_owned(), name.to_owned()))
}

/// Refuses a name that is too long or has characters which names may not have.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || REFUSED.contains(c);
    let fits = (1..=MOST).contains(&name.chars().count()) && !name.contains(bad);
    fits.then_some(()).ok_or_else(|| invalid_name(name))
}
