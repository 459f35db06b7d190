//! What does DynamoDB show of a table?
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html>

use serde_json::{Value, json};

use super::state::{Change, Table};
use super::value::item_size;
use crate::sandbox::site::Site;

/// A time as DynamoDB writes it: seconds since 1970.
pub(super) fn seconds(milliseconds: i64) -> i64 {
    milliseconds.div_euclid(1000)
}

/// The description of a table. AWS counts items every six hours, here they are counted now.
pub(super) fn describe(site: &Site, name: &str, table: &Table, now: i64) -> Value {
    let types = table
        .key_attributes()
        .map(|key| json!({"AttributeName": key.name, "AttributeType": key.kind}));
    let schema = table
        .key_attributes()
        .zip(["HASH", "RANGE"])
        .map(|(key, kind)| json!({"AttributeName": key.name, "KeyType": kind}));
    let units = table.provisioned;
    let bytes: usize = table.rows.iter().map(|row| item_size(&row.item)).sum();
    let mut shown = json!({
        "TableName": name,
        "TableArn": site.arn("dynamodb", &format!("table/{name}")),
        "TableId": table.id,
        "TableStatus": table.status(now),
        "CreationDateTime": seconds(table.created),
        "AttributeDefinitions": types.collect::<Value>(),
        "KeySchema": schema.collect::<Value>(),
        "ProvisionedThroughput": {
            "NumberOfDecreasesToday": 0,
            "ReadCapacityUnits": units.map_or(0, |units| units.read),
            "WriteCapacityUnits": units.map_or(0, |units| units.write),
        },
        "ItemCount": table.rows.len(),
        "TableSizeBytes": bytes,
        "DeletionProtectionEnabled": table.protected,
    });
    let Some(fields) = shown.as_object_mut() else {
        return shown;
    };
    // It is there as soon as each request was paid once.
    if let Some(since) = table.on_demand {
        let mode = match units {
            Some(_) => "PROVISIONED",
            None => "PAY_PER_REQUEST",
        };
        let summary = json!({
            "BillingMode": mode,
            "LastUpdateToPayPerRequestDateTime": seconds(since),
        });
        fields.insert("BillingModeSummary".to_owned(), summary);
    }
    if let Some(key) = &table.key {
        let status = match table.change(now) {
            Some(Change::Create) => "ENABLING",
            Some(Change::Update) => "UPDATING",
            Some(Change::Delete) | None => "ENABLED",
        };
        let encryption = json!({"Status": status, "SSEType": "KMS", "KMSMasterKeyArn": key});
        fields.insert("SSEDescription".to_owned(), encryption);
    }
    shown
}
