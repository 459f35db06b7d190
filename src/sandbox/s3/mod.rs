//! S3: buckets.
//!
//! | question | room |
//! |---|---|
//! | which bucket is meant, and how is one made? | `buckets` |
//! | what is configured on it? | `settings` |
//! | what is in it? | `listing` |
//! | whom does its policy let in? | `policies` |

pub(crate) mod buckets;
mod error;
mod listing;
mod needs;
pub(crate) mod policies;
mod settings;
pub(crate) mod state;

use serde_json::{Value, json};

pub(crate) use state::State;

use self::error::{name_of, read};
use super::access::Needs;
use super::principal::Principal;
use super::service::{Errors, Facts, Reach, Service};
use super::site::Site;
use super::wire::{ApiError, Protocol};
use super::world::World;
use crate::place::AccountId;

/// The Simple Storage Service.
pub(crate) struct S3;

impl Service for S3 {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "s3",
            protocol: Protocol::RestXml,
            // It finds its buckets itself.
            reach: Reach::Anywhere,
            errors: Errors::REST_XML,
        }
    }

    fn needs(
        &self,
        _: &World,
        site: &Site,
        operation: &str,
        input: &Value,
    ) -> Result<Needs, ApiError> {
        needs::needs(operation, site.region.partition().id(), input)
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
            "ListBuckets" => return listing::buckets(world, site, &read(operation, value)?),
            "CreateBucket" => return buckets::create(world, site, read(operation, value)?),
            "DeleteBucket" => return buckets::delete(world, site, &value),
            _ => {}
        }
        let name = name_of(&value).to_owned();
        let bucket = buckets::bucket(world, site, operation, &value)?;
        match operation {
            "HeadBucket" => Ok(json!({"BucketRegion": bucket.region})),
            "GetBucketLocation" => Ok(buckets::place(bucket)),
            "ListObjectsV2" => listing::objects(bucket, &name, &read(operation, value)?),
            "ListObjectVersions" => listing::versions(bucket, &name, &read(operation, value)?),
            _ => settings::handle(bucket, &name, operation, value),
        }
    }

    /// Objects are named by what their ARNs begin with.
    fn data(&self, _: &str, arn: &str) -> Option<(&'static str, String)> {
        Some(("AWS::S3::Object", format!("{arn}/")))
    }

    fn event_name<'o>(&self, operation: &'o str) -> &'o str {
        needs::event_name(operation)
    }

    fn policy(&self, world: &World, arn: &str) -> Option<String> {
        policies::at_arn(world, arn)?.policy.clone()
    }

    /// A bucket can be created by whoever comes first, so its name alone belongs to nobody.
    fn owner(&self, world: &World, arn: &str) -> Option<AccountId> {
        policies::at_arn(world, arn).map(|bucket| bucket.account.clone())
    }
}
