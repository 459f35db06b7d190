//! The four writes of a resource, each by the room of its kind.

use super::answers::gone_is_fine;
use crate::aws::{CallError, Clients};
use crate::place::StackName;
use crate::resources::kinds::kinds;
use crate::resources::resource::{Live, Pair, Resource};

pub use super::creation::Creation;

macro_rules! writes {
    ($($(#[$doc:meta])* $kind:ident $word:literal $room:ident::$type:ident;)*) => {
        /// Creates a resource.
        ///
        /// # Errors
        /// What AWS says.
        pub async fn create(at: &Creation<'_>, resource: &Resource) -> Result<(), CallError> {
            match resource {
                $(Resource::$kind(resource) => crate::resources::$room::aws::create(at, resource).await,)*
            }
        }

        /// Turns a live resource, which AWS calls `handle`, into what it should be.
        ///
        /// # Errors
        /// What AWS says.
        pub async fn update(
            clients: &Clients,
            handle: Option<&str>,
            pair: Pair<'_>,
        ) -> Result<(), CallError> {
            let handle = handle.unwrap_or_default();
            match pair {
                $(Pair::$kind(before, after) => {
                    crate::resources::$room::aws::update(clients, handle, before, after).await
                })*
            }
        }

        /// Deletes a live resource; one that is gone already is fine.
        ///
        /// # Errors
        /// What AWS says.
        pub async fn delete(clients: &Clients, live: &Live) -> Result<(), CallError> {
            let handle = live.handle.as_deref().unwrap_or_default();
            let deleted = match &live.resource {
                $(Resource::$kind(resource) => {
                    crate::resources::$room::aws::delete(clients, handle, resource).await
                })*
            };
            gone_is_fine(deleted)
        }

        /// Takes over a resource that somebody else has made: it gets our tag, and keeps all others.
        ///
        /// # Errors
        /// What AWS says.
        pub async fn adopt(
            clients: &Clients,
            stack: &StackName,
            live: &Live,
        ) -> Result<(), CallError> {
            let handle = live.handle.as_deref().unwrap_or_default();
            match &live.resource {
                $(Resource::$kind(resource) => {
                    crate::resources::$room::aws::adopt(clients, stack, handle, resource).await
                })*
            }
        }
    };
}
kinds!(writes);
