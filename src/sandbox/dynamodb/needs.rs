//! What calls of DynamoDB need.
//!
//! Actions and resource types are those of the Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/>).

use serde_json::Value;

use super::find::{arn_of, name_of};
use crate::sandbox::access::{Access, Needs, is_tagged, text, unknown};
use crate::sandbox::kms::using;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

pub(super) fn needs(
    world: &World,
    site: &Site,
    operation: &str,
    input: &Value,
) -> Result<Needs, ApiError> {
    use Access::{Read, ReadData, Write, WriteData};
    let access = match operation {
        "DescribeTable"
        | "ListTables"
        | "DescribeTimeToLive"
        | "DescribeContinuousBackups"
        | "ListTagsOfResource" => Read,
        "CreateTable"
        | "UpdateTable"
        | "DeleteTable"
        | "UpdateTimeToLive"
        | "UpdateContinuousBackups"
        | "TagResource"
        | "UntagResource" => Write,
        "GetItem" | "Query" | "Scan" => ReadData,
        "PutItem" | "UpdateItem" | "DeleteItem" => WriteData,
        _ => return Err(unknown("dynamodb", operation)),
    };
    let resource = match operation {
        "ListTables" => "*".to_owned(),
        "TagResource" | "UntagResource" | "ListTagsOfResource" => {
            text(input, "ResourceArn").to_owned()
        }
        _ => arn_of(site, text(input, "TableName")),
    };
    let tags = operation == "CreateTable" && is_tagged(input);
    let needs = Needs::one(access, format!("dynamodb:{operation}"), resource.clone());
    let needs = needs.and_if(tags, "dynamodb:TagResource", &resource);
    Ok(with_key(world, site, input, needs))
}

/// Who uses a table that a customer-managed key encrypts needs that key too, and who gives one to a table must be able
/// to let DynamoDB use it.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html>
fn with_key(world: &World, site: &Site, input: &Value, needs: Needs) -> Needs {
    let given = input.get("SSESpecification");
    let given = given.map_or("", |encryption| text(encryption, "KMSMasterKeyId"));
    if !given.is_empty() {
        let key = using::arn_of(world, site, given);
        let key = key.unwrap_or_else(|| given.to_owned());
        let needs = needs.and("kms:DescribeKey".to_owned(), key.clone());
        return needs.and("kms:CreateGrant".to_owned(), key);
    }
    if !needs.access.is_data() {
        return needs;
    }
    let name = name_of(site, text(input, "TableName")).ok();
    let tables = world.dynamodb.tables.look(site);
    let table = name.and_then(|name| tables?.get(&name));
    let key = table.and_then(|table| table.key.as_deref());
    // A key of AWS's in this account lets everybody in.
    match key.and_then(|key| using::arn_of(world, site, key)) {
        Some(key) => needs.and("kms:Decrypt".to_owned(), key),
        None => needs,
    }
}
