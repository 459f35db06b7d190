//! The services that take what others send.

use super::parcel::{Parcel, Refusal};
use crate::sandbox::world::World;

/// A service whose resources take what other services send.
pub(crate) trait Deliver: Sync {
    /// Whether the resource of this ARN is of a kind that takes anything.
    fn takes(&self, _arn: &str) -> bool {
        true
    }

    /// Gives a parcel to the resource of an ARN, if it exists and its policy lets the sender in.
    fn deliver(&self, world: &mut World, to: &str, parcel: Parcel<'_>) -> Result<(), Refusal>;
}

/// Gives a parcel to whatever an ARN names.
pub(crate) fn deliver(world: &mut World, to: &str, parcel: Parcel<'_>) -> Result<(), Refusal> {
    let service = world.services.of_arn(to);
    match service.and_then(|service| service.receiver()) {
        Some(receiver) => receiver.deliver(world, to, parcel),
        None => {
            let service = to.split(':').nth(2).unwrap_or_default();
            let message = format!("the sandbox does not implement targets of service `{service}`");
            Err(("NO_RESOURCE", message))
        }
    }
}

/// Whether anything can be sent to the kind of resource that an ARN names.
pub(crate) fn takes(world: &World, arn: &str) -> bool {
    let receiver = world.services.of_arn(arn).and_then(|s| s.receiver());
    receiver.is_some_and(|receiver| receiver.takes(arn))
}
