//! Tables: their life, what is shown of them, and what is refused.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Db, and, on_demand, table_arn};

fn named(name: &str) -> Value {
    json!({"TableName": name})
}

fn status(db: &Db, name: &str) -> String {
    let shown = db.ok("DescribeTable", named(name));
    shown["Table"]["TableStatus"].as_str().unwrap().to_owned()
}

#[test]
fn a_table_is_created_and_deleted_after_a_while() {
    let db = Db::new();
    let made = db.ok("CreateTable", on_demand("memory", &[("k", "S")]));
    assert_eq!(made["TableDescription"]["TableStatus"], "CREATING");
    let early = json!({"TableName": "memory", "Key": {"k": {"S": "x"}}});
    let refused = db.refused("GetItem", early.clone());
    assert_eq!(refused.code, "ResourceNotFoundException");
    assert_eq!(refused.message, "Requested resource not found");
    let refused = db.refused("DeleteTable", named("memory"));
    assert_eq!(refused.code, "ResourceInUseException");
    assert_eq!(
        refused.message,
        "Attempt to change a resource which is still in use: Table is being created: memory"
    );
    db.settle();
    assert_eq!(status(&db, "memory"), "ACTIVE");
    db.ok("GetItem", early);
    let again = db.refused("CreateTable", on_demand("memory", &[("k", "S")]));
    assert_eq!(again.code, "ResourceInUseException");
    assert_eq!(again.message, "Table already exists: memory");

    db.ok("DeleteTable", named("memory"));
    assert_eq!(status(&db, "memory"), "DELETING");
    db.ok("DeleteTable", named("memory"));
    db.settle();
    for operation in ["DescribeTable", "DeleteTable"] {
        let refused = db.refused(operation, named("memory"));
        assert_eq!(refused.code, "ResourceNotFoundException");
        assert_eq!(
            refused.message,
            "Requested resource not found: Table: memory not found"
        );
    }
}

#[test]
fn a_table_shows_what_it_was_made_with() {
    let db = Db::with_sorted();
    db.put(json!({"k": {"S": "a"}, "r": {"N": "1"}}));
    let shown = db.ok("DescribeTable", named(&table_arn("seen")))["Table"].take();
    assert_eq!(shown["TableArn"], table_arn("seen"));
    assert_eq!(shown["TableId"].as_str().unwrap().len(), 36);
    assert_eq!(shown["ItemCount"], 1);
    assert_eq!(
        shown["BillingModeSummary"]["BillingMode"],
        "PAY_PER_REQUEST"
    );
    assert_eq!(shown["DeletionProtectionEnabled"], false);
    assert_eq!(shown["ProvisionedThroughput"]["ReadCapacityUnits"], 0);
    assert_eq!(shown["SSEDescription"], Value::Null);
    assert_eq!(
        shown["KeySchema"],
        json!([{"AttributeName": "k", "KeyType": "HASH"},
            {"AttributeName": "r", "KeyType": "RANGE"}])
    );
    assert!(shown["CreationDateTime"].as_i64().unwrap() > 1_700_000_000);
}

#[test]
fn a_table_is_refused_that_is_none() {
    let db = Db::new();
    let plain = || on_demand("good", &[("k", "S")]);
    let units = json!({"ReadCapacityUnits": 1, "WriteCapacityUnits": 1});
    let two = json!([{"AttributeName": "k", "AttributeType": "S"},
        {"AttributeName": "other", "AttributeType": "S"}]);
    let other = json!([{"AttributeName": "other", "KeyType": "HASH"}]);
    let range = json!([{"AttributeName": "k", "KeyType": "RANGE"}]);
    let twice = json!([{"AttributeName": "k", "KeyType": "HASH"},
        {"AttributeName": "k", "KeyType": "RANGE"}]);
    for (table, reason) in [
        (
            on_demand("ab", &[("k", "S")]),
            "TableName must be at least 3 characters long",
        ),
        (
            on_demand(&"a".repeat(256), &[("k", "S")]),
            "at most 255 characters long",
        ),
        (
            on_demand("a;b", &[("k", "S")]),
            "Value 'a;b' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
        ),
        (
            on_demand("good", &[("k", "BOOL")]),
            "Member must satisfy enum value set: [B, N, S]",
        ),
        (
            and(plain(), json!({"AttributeDefinitions": two})),
            "Number of attributes in KeySchema does not exactly match",
        ),
        (
            and(plain(), json!({"KeySchema": other})),
            "Some index key attributes are not defined",
        ),
        (
            and(plain(), json!({"KeySchema": range})),
            "The first KeySchemaElement is not a HASH key type",
        ),
        (
            and(plain(), json!({"KeySchema": twice})),
            "have the same name",
        ),
        (
            and(plain(), json!({"ProvisionedThroughput": units})),
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified",
        ),
        (
            and(plain(), json!({"BillingMode": "PROVISIONED"})),
            "must both be specified when BillingMode is PROVISIONED",
        ),
        (
            and(plain(), json!({"BillingMode": "FREE"})),
            "[PROVISIONED, PAY_PER_REQUEST]",
        ),
    ] {
        let message = db.invalid("CreateTable", table);
        assert!(message.contains(reason), "{message}");
    }
    let streams = and(
        plain(),
        json!({"StreamSpecification": {"StreamEnabled": true}}),
    );
    assert_eq!(
        db.refused("CreateTable", streams).code,
        "SandboxUnsupported"
    );
    db.ok(
        "CreateTable",
        and(
            plain(),
            json!({"BillingMode": "PROVISIONED", "ProvisionedThroughput": units}),
        ),
    );
    let shown = db.ok("DescribeTable", named("good"))["Table"].take();
    assert_eq!(shown["ProvisionedThroughput"]["WriteCapacityUnits"], 1);
    assert_eq!(shown["BillingModeSummary"], Value::Null);
}

#[test]
fn a_protected_table_is_not_deleted() {
    let db = Db::new();
    let protected = json!({"DeletionProtectionEnabled": true});
    db.ok(
        "CreateTable",
        and(on_demand("memory", &[("k", "S")]), protected),
    );
    db.settle();
    assert_eq!(
        db.invalid("DeleteTable", named("memory")),
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
    );
    let open = json!({"TableName": "memory", "DeletionProtectionEnabled": false});
    let made = db.ok("UpdateTable", open.clone());
    assert_eq!(made["TableDescription"]["TableStatus"], "UPDATING");
    for (operation, input) in [("UpdateTable", open), ("DeleteTable", named("memory"))] {
        let refused = db.refused(operation, input);
        assert_eq!(refused.code, "ResourceInUseException");
        assert!(refused.message.ends_with("Table is being updated: memory"));
    }
    db.settle();
    db.ok("DeleteTable", named("memory"));
}

#[test]
fn a_table_is_changed_as_it_is_used() {
    let db = Db::with_table();
    assert!(
        db.invalid("UpdateTable", named("seen"))
            .starts_with("At least one of")
    );
    let change = json!({"TableName": "seen", "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": {"ReadCapacityUnits": 2, "WriteCapacityUnits": 3},
        "SSESpecification": {"Enabled": true, "SSEType": "KMS"}});
    db.ok("UpdateTable", change);
    db.put(json!({"k": {"S": "used while it changes"}}));
    db.settle();
    let shown = db.ok("DescribeTable", named("seen"))["Table"].take();
    assert_eq!(shown["BillingModeSummary"]["BillingMode"], "PROVISIONED");
    assert_eq!(shown["ProvisionedThroughput"]["ReadCapacityUnits"], 2);
    assert_eq!(shown["SSEDescription"]["Status"], "ENABLED");
    let key = shown["SSEDescription"]["KMSMasterKeyArn"].as_str().unwrap();
    assert!(key.starts_with("arn:aws:kms:us-east-1:"));
}

#[test]
fn tables_are_listed_in_pages_of_a_hundred() {
    let db = Db::new();
    for at in 0..103 {
        db.ok(
            "CreateTable",
            on_demand(&format!("table-{at:03}"), &[("k", "S")]),
        );
    }
    let first = db.ok("ListTables", json!({}));
    assert_eq!(first["TableNames"].as_array().unwrap().len(), 100);
    assert_eq!(first["LastEvaluatedTableName"], "table-099");
    let next = json!({"ExclusiveStartTableName": "table-099"});
    let rest = json!({"TableNames": ["table-100", "table-101", "table-102"]});
    assert_eq!(db.ok("ListTables", next), rest);
    let small = db.ok("ListTables", json!({"Limit": 1}));
    assert_eq!(small["TableNames"], json!(["table-000"]));
    assert!(
        db.invalid("ListTables", json!({"Limit": 101}))
            .contains("less than or equal to 100")
    );
}

#[test]
fn time_to_live_is_changed_once_an_hour() {
    let db = Db::with_table();
    let set = |enabled: bool, attribute: &str| {
        json!({"TableName": "seen",
            "TimeToLiveSpecification": {"Enabled": enabled, "AttributeName": attribute}})
    };
    let shown = || db.ok("DescribeTimeToLive", named("seen"))["TimeToLiveDescription"].take();
    assert_eq!(shown(), json!({"TimeToLiveStatus": "DISABLED"}));
    let disabled = db.invalid("UpdateTimeToLive", set(false, "expires"));
    assert_eq!(disabled, "TimeToLive is already disabled");
    db.ok("UpdateTimeToLive", set(true, "expires"));
    assert_eq!(shown()["TimeToLiveStatus"], "ENABLING");
    db.settle();
    assert_eq!(
        shown(),
        json!({"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"})
    );
    let enabled = db.invalid("UpdateTimeToLive", set(true, "expires"));
    assert_eq!(enabled, "TimeToLive is already enabled");
    let soon = db.invalid("UpdateTimeToLive", set(false, "expires"));
    assert!(soon.contains("multiple times within a fixed interval"));
    db.sandbox.advance(Duration::from_secs(3600));
    let wrong = db.invalid("UpdateTimeToLive", set(false, "other"));
    assert!(
        wrong.ends_with("current AttributeName is expires"),
        "{wrong}"
    );
    db.ok("UpdateTimeToLive", set(false, "expires"));
    // Nothing is deleted because it is old.
    db.put(json!({"k": {"S": "old"}, "expires": {"N": "1"}}));
    db.sandbox.advance(Duration::from_secs(3600));
    assert_ne!(db.get(json!({"k": {"S": "old"}})), Value::Null);
}

#[test]
fn tables_have_tags_and_backups() {
    let db = Db::new();
    let tags = json!({"Tags": [{"Key": "a", "Value": "1"}]});
    db.ok(
        "CreateTable",
        and(on_demand("memory", &[("k", "S")]), tags.clone()),
    );
    let arn = table_arn("memory");
    let list = || db.ok("ListTagsOfResource", json!({"ResourceArn": arn}));
    assert_eq!(list(), tags);
    db.ok(
        "TagResource",
        json!({"ResourceArn": arn, "Tags": [{"Key": "b", "Value": "2"}]}),
    );
    db.ok(
        "UntagResource",
        json!({"ResourceArn": arn, "TagKeys": ["a"]}),
    );
    assert_eq!(list(), json!({"Tags": [{"Key": "b", "Value": "2"}]}));
    let missing = db.refused(
        "ListTagsOfResource",
        json!({"ResourceArn": table_arn("none")}),
    );
    assert_eq!(missing.code, "ResourceNotFoundException");

    let status = |shown: &Value| {
        let shown = &shown["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"];
        shown["PointInTimeRecoveryStatus"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let shown = db.ok("DescribeContinuousBackups", named("memory"));
    assert_eq!(status(&shown), "DISABLED");
    let on = json!({"TableName": "memory",
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}});
    assert_eq!(status(&db.ok("UpdateContinuousBackups", on)), "ENABLED");
    let missing = db.refused("DescribeContinuousBackups", named("none"));
    assert_eq!(missing.code, "TableNotFoundException");
}

#[test]
fn a_world_in_a_file_keeps_its_tables() {
    let db = Db::with_sorted();
    let item = json!({"k": {"S": "a"}, "r": {"N": "-1.50"}, "b": {"B": "AAE="},
        "set": {"NS": ["2", "1"]}, "list": {"L": [{"NULL": true}, {"M": {"x": {"BOOL": false}}}]}});
    db.put(item);
    let key = json!({"k": {"S": "a"}, "r": {"N": "-1.5"}});
    let kept = db.get(key.clone());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.json");
    db.sandbox.save(&file).unwrap();
    let sandbox = iamwatch::sandbox::Sandbox::load(&file).unwrap();
    let again = Db {
        caller: sandbox.admin(),
        sandbox,
    };
    assert_eq!(again.get(key), kept);
    assert_eq!(kept["r"], json!({"N": "-1.5"}));
}
