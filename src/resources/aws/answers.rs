//! What refusals mean to whoever reads or deletes.

use crate::aws::{CallError, Cause};
use crate::resources::model::Owner;

/// What a caller may not see of a resource that is not ours is as if there were nothing: its owner is
/// known, and only who adopts it must see it.
pub(crate) fn seen<T: Default>(owner: &Owner, found: Result<T, CallError>) -> Result<T, CallError> {
    match found {
        Err(error) if error.cause == Cause::Denied && *owner != Owner::Ours => Ok(T::default()),
        found => found,
    }
}

/// Deleting what is not there is done.
pub(crate) fn gone_is_fine(result: Result<(), CallError>) -> Result<(), CallError> {
    match result {
        Err(error) if error.cause == Cause::NotFound => Ok(()),
        other => other,
    }
}
