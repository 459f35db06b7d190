//! STS: who am I, and who may I become. Sessions are principals of the world.

mod assume;
mod needs;

use serde_json::{Value, json};

use super::access::{Access, Needs};
use super::principal::Principal;
use super::service::{Errors, Facts, Limit, Reach, Service};
use super::site::Site;
use super::wire::{ApiError, Protocol, input};
use super::world::World;

/// The Security Token Service.
pub(crate) struct Sts;

static LIMIT: Limit = Limit {
    name: "sts",
    rate: 600.0,
    burst: 600.0,
    regional: true,
};

impl Service for Sts {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "sts",
            protocol: Protocol::Query("https://sts.amazonaws.com/doc/2011-06-15/"),
            reach: Reach::Regional,
            errors: Errors::QUERY,
        }
    }

    fn needs(
        &self,
        _: &World,
        _: &Site,
        operation: &str,
        input: &Value,
    ) -> Result<Needs, ApiError> {
        needs::needs(operation, input)
    }

    fn handle(
        &self,
        world: &mut World,
        _: &Site,
        caller: &Principal,
        operation: &str,
        value: Value,
    ) -> Result<Value, ApiError> {
        match operation {
            "GetCallerIdentity" => Ok(json!({
                "Arn": caller.arn(),
                "UserId": caller.user_id(),
                "Account": caller.account,
            })),
            "AssumeRole" => assume::assume(world, caller, input(operation, value)?),
            _ => Err(ApiError::unsupported(operation)),
        }
    }

    fn limit(&self, _: &str, _: Access) -> Option<&'static Limit> {
        Some(&LIMIT)
    }

    fn context(&self, _: &World, _: &Site, input: &Value) -> Vec<(&'static str, String)> {
        needs::context(input)
    }

    fn assumes<'i>(&self, operation: &str, input: &'i Value) -> Option<&'i str> {
        let role = input.get("RoleArn")?.as_str();
        role.filter(|_| operation == "AssumeRole")
    }
}
