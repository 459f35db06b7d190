//! KMS: customer-managed keys.
//!
//! | question | room |
//! |---|---|
//! | which key is meant? | `find` |
//! | what can be asked of keys, aliases, tags? | `keys`, `aliases`, `tags` |
//! | what do other services do with keys? | `using` |

mod aliases;
pub(crate) mod find;
mod keys;
mod needs;
mod state;
mod tags;
pub(crate) mod using;

use serde_json::Value;

pub(crate) use state::State;

use super::access::Needs;
use super::common::Strings;
use super::principal::Principal;
use super::service::{Errors, Facts, Reach, Service};
use super::site::{Site, locate};
use super::wire::{ApiError, JSON_1_1, Protocol, input};
use super::world::World;

/// The Key Management Service.
pub(crate) struct Kms;

impl Service for Kms {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "kms",
            protocol: Protocol::Json(JSON_1_1),
            reach: Reach::Regional,
            errors: Errors::JSON,
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
        _: &Principal,
        operation: &str,
        value: Value,
    ) -> Result<Value, ApiError> {
        find::expire(world, site);
        match operation {
            "CreateKey" => keys::create(world, site, input(operation, value)?),
            "DescribeKey" => keys::describe(world, site, &input(operation, value)?),
            "ListKeys" => keys::list(world, site, &input(operation, value)?),
            "GetKeyPolicy" => keys::policy(world, site, &input(operation, value)?),
            "PutKeyPolicy" => keys::put_policy(world, site, input(operation, value)?),
            "EnableKey" => keys::enable(world, site, true, &input(operation, value)?),
            "DisableKey" => keys::enable(world, site, false, &input(operation, value)?),
            "EnableKeyRotation" => keys::rotate(world, site, true, &input(operation, value)?),
            "DisableKeyRotation" => keys::rotate(world, site, false, &input(operation, value)?),
            "GetKeyRotationStatus" => keys::rotation(world, site, &input(operation, value)?),
            "ScheduleKeyDeletion" => {
                keys::schedule_deletion(world, site, &input(operation, value)?)
            }
            "CancelKeyDeletion" => keys::cancel_deletion(world, site, &input(operation, value)?),
            "UpdateKeyDescription" => keys::set_description(world, site, input(operation, value)?),
            "CreateAlias" | "UpdateAlias" => {
                aliases::point(world, site, operation, input(operation, value)?)
            }
            "DeleteAlias" => aliases::delete(world, site, &input(operation, value)?),
            "ListAliases" => aliases::list(world, site, &input(operation, value)?),
            "TagResource" => tags::tag(world, site, input(operation, value)?),
            "UntagResource" => tags::untag(world, site, &input(operation, value)?),
            "ListResourceTags" => tags::list(world, site, &input(operation, value)?),
            _ => Err(ApiError::unsupported(operation)),
        }
    }

    fn policy(&self, world: &World, arn: &str) -> Option<String> {
        needs::policy_of(world, arn)
    }

    /// IAM decides about a key only if the key's policy hands over.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>
    fn is_ruled_by_policy(&self) -> bool {
        true
    }

    /// The tags of a key, by which policies can decide about it.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/tag-authorization.html>
    fn tags<'w>(&self, world: &'w World, arn: &str) -> Option<&'w Strings> {
        let (site, name) = locate(arn)?;
        let local = world.kms.local.look(&site)?;
        let key = local.keys.get(name.strip_prefix("key/")?);
        key.map(|key| &key.tags)
    }
}
