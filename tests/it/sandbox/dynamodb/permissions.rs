//! Who may do what to tables and items, and what CloudTrail writes down.

use serde_json::{Value, json};

use super::super::clients;
use super::{ACCOUNT, Db, and, on_demand, table_arn};

impl Db {
    /// Another caller, who may do these things to these resources.
    fn caller(&self, name: &str, statements: &[(&[&str], &str)]) -> Self {
        let statements: Vec<Value> = statements
            .iter()
            .map(|(actions, resource)| json!({"Effect": "Allow", "Action": actions, "Resource": resource}))
            .collect();
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        Self {
            sandbox: self.sandbox.clone(),
            caller: self.sandbox.caller(name, &policy.to_string()),
        }
    }
}

#[test]
fn each_call_needs_its_action_on_the_table() {
    let db = Db::with_table();
    let reader = db.caller(
        "reader",
        &[(&["dynamodb:GetItem", "dynamodb:Query"], &table_arn("seen"))],
    );
    let get = |name: &str| json!({"TableName": name, "Key": {"k": {"S": "a"}}});
    reader.ok("GetItem", get("seen"));
    reader.ok("GetItem", get(&table_arn("seen")));
    let refused = reader.refused("GetItem", get("other"));
    assert_eq!(refused.code, "AccessDeniedException");
    for (operation, input) in [
        ("Scan", json!({"TableName": "seen"})),
        (
            "PutItem",
            json!({"TableName": "seen", "Item": {"k": {"S": "a"}}}),
        ),
        ("UpdateItem", get("seen")),
        ("DeleteItem", get("seen")),
        ("DescribeTable", json!({"TableName": "seen"})),
    ] {
        let refused = reader.refused(operation, input);
        assert_eq!(refused.code, "AccessDeniedException", "{operation}");
        assert_eq!(
            refused.message,
            format!(
                "User: arn:aws:iam::{ACCOUNT}:user/reader is not authorized to perform: dynamodb:{operation} on resource: {} because no identity-based policy allows the dynamodb:{operation} action",
                table_arn("seen")
            )
        );
    }
}

#[test]
fn a_table_with_tags_needs_the_permission_to_tag() {
    let db = Db::new();
    let maker = db.caller("maker", &[(&["dynamodb:CreateTable"], "*")]);
    let tags = json!({"Tags": [{"Key": "a", "Value": "1"}]});
    let tagged = and(on_demand("memory", &[("k", "S")]), tags);
    let refused = maker.refused("CreateTable", tagged);
    assert!(
        refused.message.contains("dynamodb:TagResource"),
        "{refused:?}"
    );
    maker.ok("CreateTable", on_demand("memory", &[("k", "S")]));
}

#[tokio::test(start_paused = true)]
async fn a_table_with_a_key_needs_the_key() {
    let db = Db::new();
    let admin = clients(db.sandbox.clone(), db.caller.clone(), "us-east-1");
    let key = admin.kms.create_key().send().await.unwrap();
    let key = key.key_metadata.unwrap().arn.unwrap();
    let encrypted =
        json!({"SSESpecification": {"Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": key}});
    let encrypted = and(on_demand("seen", &[("k", "S")]), encrypted);
    let maker = db.caller("maker", &[(&["dynamodb:*"], "*")]);
    let refused = maker.refused("CreateTable", encrypted.clone());
    assert!(refused.message.contains("kms:DescribeKey"), "{refused:?}");
    db.ok("CreateTable", encrypted);
    db.settle();
    let shown = db.ok("DescribeTable", json!({"TableName": "seen"}));
    assert_eq!(shown["Table"]["SSEDescription"]["KMSMasterKeyArn"], key);
    let get = json!({"TableName": "seen", "Key": {"k": {"S": "a"}}});
    let refused = maker.refused("GetItem", get.clone());
    assert!(refused.message.contains("kms:Decrypt"), "{refused:?}");
    let reader = db.caller(
        "reader",
        &[
            (&["dynamodb:GetItem"], &table_arn("seen")),
            (&["kms:Decrypt"], &key),
        ],
    );
    reader.ok("GetItem", get);
    let missing = json!({"TableName": "seen", "SSESpecification": {"Enabled": true, "KMSMasterKeyId": "alias/none"}});
    db.invalid("UpdateTable", missing);
}

#[tokio::test(start_paused = true)]
async fn calls_about_tables_are_management_events_and_those_about_items_are_not() {
    let db = Db::with_table();
    db.put(json!({"k": {"S": "a"}}));
    db.get(json!({"k": {"S": "a"}}));
    db.settle();
    let admin = clients(db.sandbox.clone(), db.caller.clone(), "us-east-1");
    let events = admin.trail.lookup_events().send().await.unwrap();
    let names: Vec<&str> = events
        .events()
        .iter()
        .filter_map(|event| event.event_name())
        .collect();
    assert_eq!(names, ["CreateTable"]);
}
