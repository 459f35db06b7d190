//! DynamoDB: tables, and the items in them.
//!
//! | question | room |
//! |---|---|
//! | what can be asked of tables? | `tables`, `settings`, `tags`; what is shown is in `describe`, what may be one in `schema` |
//! | with which key is a table encrypted? | `encryption` |
//! | which table is meant? | `find` |
//! | what can be asked of items? | `items`, `update_item`, `query` |
//! | what do expressions say? | `expression` |
//! | where do items lie? | `rows` |
//! | what is a value, and a number? | `value`, `number` |

mod describe;
mod encryption;
mod error;
mod expression;
mod find;
mod items;
mod needs;
mod number;
mod query;
mod rows;
mod schema;
mod settings;
mod state;
mod tables;
mod tags;
mod update_item;
mod value;

use serde_json::Value;

pub(crate) use state::State;

use super::access::Needs;
use super::common::Strings;
use super::principal::Principal;
use super::service::{Errors, Facts, Reach, Service};
use super::site::Site;
use super::wire::{ApiError, JSON_1_0, Protocol, input};
use super::world::World;

/// DynamoDB.
pub(crate) struct DynamoDb;

impl Service for DynamoDb {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "dynamodb",
            protocol: Protocol::Json(JSON_1_0),
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
        find::settle(world, site);
        match operation {
            "CreateTable" => tables::create(world, site, input(operation, value)?),
            "DescribeTable" => tables::describe(world, site, &input(operation, value)?),
            "UpdateTable" => tables::update(world, site, &input(operation, value)?),
            "DeleteTable" => tables::delete(world, site, &input(operation, value)?),
            "ListTables" => tables::list(world, site, &input(operation, value)?),
            "UpdateTimeToLive" => settings::set_time_to_live(world, site, input(operation, value)?),
            "DescribeTimeToLive" => settings::time_to_live(world, site, &input(operation, value)?),
            "UpdateContinuousBackups" => {
                settings::set_backups(world, site, &input(operation, value)?)
            }
            "DescribeContinuousBackups" => {
                settings::backups(world, site, &input(operation, value)?)
            }
            "TagResource" => tags::tag(world, site, input(operation, value)?),
            "UntagResource" => tags::untag(world, site, &input(operation, value)?),
            "ListTagsOfResource" => tags::tags(world, site, &input(operation, value)?),
            "GetItem" => items::get(world, site, &input(operation, value)?),
            "PutItem" => items::put(world, site, input(operation, value)?),
            "UpdateItem" => update_item::update(world, site, input(operation, value)?),
            "DeleteItem" => items::delete(world, site, input(operation, value)?),
            "Query" => query::query(world, site, input(operation, value)?),
            "Scan" => query::scan(world, site, input(operation, value)?),
            _ => Err(ApiError::unsupported(operation)),
        }
    }

    /// With which service a key of KMS is used.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service>
    fn context(&self, _: &World, site: &Site, _: &Value) -> Vec<(&'static str, String)> {
        let (region, suffix) = (&site.region, site.region.partition().dns_suffix());
        vec![("kms:viaservice", format!("dynamodb.{region}.{suffix}"))]
    }

    /// What items hold is kept out of the records about them.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/logging-using-cloudtrail.html>
    fn hides(&self) -> &'static [&'static str] {
        &["item", "expressionAttributeValues"]
    }

    fn data(&self, _: &str, arn: &str) -> Option<(&'static str, String)> {
        Some(("AWS::DynamoDB::Table", arn.to_owned()))
    }

    fn tags<'w>(&self, world: &'w World, arn: &str) -> Option<&'w Strings> {
        tags::at(world, arn)
    }
}
