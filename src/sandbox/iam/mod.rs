//! IAM: users, and the roles that services act with.
//!
//! | question | room |
//! |---|---|
//! | what do users and roles have in common? | `identity`, `attached`, `documents` |
//! | what can be asked of them? | `users`, `roles`, `managed` |
//! | what do other services ask? | `policies` |

mod attached;
mod documents;
mod identity;
mod managed;
mod needs;
pub(crate) mod policies;
pub(crate) mod roles;
mod state;
mod users;

use serde_json::Value;

pub(crate) use state::State;

use super::access::{Access, Needs};
use super::common::Strings;
use super::principal::Principal;
use super::service::{Errors, Facts, Limit, Reach, Service};
use super::site::Site;
use super::wire::{ApiError, Protocol, input};
use super::world::World;

/// Identity and Access Management.
pub(crate) struct Iam;

/// The rates of IAM are not documented: what users report.
static READS: Limit = Limit {
    name: "iam reads",
    rate: 20.0,
    burst: 20.0,
    regional: false,
};
static WRITES: Limit = Limit {
    name: "iam writes",
    rate: 10.0,
    burst: 10.0,
    regional: false,
};

impl Service for Iam {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "iam",
            protocol: Protocol::Query("https://iam.amazonaws.com/doc/2010-05-08/"),
            reach: Reach::Global,
            errors: Errors::QUERY,
        }
    }

    fn needs(
        &self,
        world: &World,
        site: &Site,
        operation: &str,
        input: &Value,
    ) -> Result<Needs, ApiError> {
        needs::needs(world, site, operation, input)
    }

    fn handle(
        &self,
        world: &mut World,
        site: &Site,
        caller: &Principal,
        operation: &str,
        value: Value,
    ) -> Result<Value, ApiError> {
        match operation {
            "CreateUser" => users::create_user(world, site, input(operation, value)?),
            "GetUser" => users::get_user(world, site, caller, input(operation, value)?),
            "ListUsers" => users::list_users(world, site, &input(operation, value)?),
            "CreateAccessKey" => users::create_key(world, site, caller, input(operation, value)?),
            "PutUserPolicy" => users::put_inline(world, site, input(operation, value)?),
            "DeleteUserPolicy" => users::delete_inline(world, site, &input(operation, value)?),
            "AttachUserPolicy" | "AttachRolePolicy" => {
                attached::attach(world, site, input(operation, value)?)
            }
            "DetachUserPolicy" | "DetachRolePolicy" => {
                attached::detach(world, site, &input(operation, value)?)
            }
            "DeleteUser" | "DeleteRole" => attached::delete(world, site, &input(operation, value)?),
            "CreatePolicy" => managed::create(world, site, input(operation, value)?),
            "GetPolicy" => managed::get(world, &input(operation, value)?),
            "DeletePolicy" => managed::delete(world, site, &input(operation, value)?),
            "CreateRole" => roles::create(world, site, input(operation, value)?),
            "GetRole" => roles::get(world, site, &input(operation, value)?),
            "ListRoles" => roles::list(world, site, &input(operation, value)?),
            "UpdateRole" => roles::update(world, site, input(operation, value)?),
            "UpdateRoleDescription" => roles::describe(world, site, input(operation, value)?),
            "UpdateAssumeRolePolicy" => roles::update_trust(world, site, input(operation, value)?),
            "PutRolePermissionsBoundary" => roles::bound(world, site, input(operation, value)?),
            "DeleteRolePermissionsBoundary" => {
                roles::unbound(world, site, &input(operation, value)?)
            }
            "PutRolePolicy" => roles::put_policy(world, site, input(operation, value)?),
            "GetRolePolicy" => roles::get_policy(world, site, &input(operation, value)?),
            "DeleteRolePolicy" => roles::delete_policy(world, site, &input(operation, value)?),
            "ListRolePolicies" | "ListAttachedRolePolicies" | "ListRoleTags" => {
                roles::list_of(world, site, operation, &input(operation, value)?)
            }
            "TagRole" => roles::tag(world, site, input(operation, value)?),
            "UntagRole" => roles::untag(world, site, &input(operation, value)?),
            _ => Err(ApiError::unsupported(operation)),
        }
    }

    fn limit(&self, _: &str, access: Access) -> Option<&'static Limit> {
        Some(match access {
            Access::Write => &WRITES,
            _ => &READS,
        })
    }

    fn context(&self, world: &World, site: &Site, input: &Value) -> Vec<(&'static str, String)> {
        needs::context(world, site, input)
    }

    fn tags<'w>(&self, world: &'w World, arn: &str) -> Option<&'w Strings> {
        policies::tags_at(world, arn)
    }
}
