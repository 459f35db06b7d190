//! The Account service: which Regions an account has.
//!
//! | question | room |
//! |---|---|
//! | which Regions work? | `regions` |
//! | what do lists of them show? | `list` |

mod list;
mod needs;
pub(crate) mod regions;
mod state;

use serde_json::Value;

pub(crate) use state::State;

use super::access::Needs;
use super::principal::Principal;
use super::service::{Errors, Facts, Reach, Service};
use super::site::Site;
use super::wire::{ApiError, Protocol, input};
use super::world::World;

/// The Account service: Regions.
pub(crate) struct Account;

impl Service for Account {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "account",
            protocol: Protocol::RestJson,
            reach: Reach::Anywhere,
            errors: Errors::REST_JSON,
        }
    }

    fn needs(&self, _: &World, site: &Site, operation: &str, _: &Value) -> Result<Needs, ApiError> {
        needs::needs(site, operation)
    }

    fn handle(
        &self,
        world: &mut World,
        site: &Site,
        _: &Principal,
        operation: &str,
        value: Value,
    ) -> Result<Value, ApiError> {
        match operation {
            "ListRegions" => list::list(world, site, &input(operation, value)?),
            "GetRegionOptStatus" => list::status(world, site, &input(operation, value)?),
            _ => Err(ApiError::unsupported(operation)),
        }
    }
}
