//! Items: put, get, update, delete; what is answered, and what is refused.

use serde_json::{Value, json};

use super::{Db, and};

fn key() -> Value {
    json!({"TableName": "seen", "Key": {"k": {"S": "a"}}})
}

/// What an update makes of the item `a`.
fn updated(db: &Db, expression: &str, values: Value) -> Value {
    let mut update = and(
        key(),
        json!({"UpdateExpression": expression, "ReturnValues": "ALL_NEW"}),
    );
    if values != json!({}) {
        update = and(update, json!({"ExpressionAttributeValues": values}));
    }
    db.ok("UpdateItem", update)["Attributes"].take()
}

#[test]
fn an_item_is_put_got_and_deleted() {
    let db = Db::with_table();
    let one = json!({"k": {"S": "a"}, "v": {"N": "1"}});
    let two = json!({"k": {"S": "a"}, "v": {"N": "2"}});
    let put = |item: &Value| json!({"TableName": "seen", "Item": item, "ReturnValues": "ALL_OLD"});
    assert_eq!(db.ok("PutItem", put(&one)), json!({}));
    assert_eq!(db.ok("PutItem", put(&two)), json!({"Attributes": one}));
    assert_eq!(db.ok("GetItem", key()), json!({"Item": two}));
    let delete = and(key(), json!({"ReturnValues": "ALL_OLD"}));
    assert_eq!(
        db.ok("DeleteItem", delete.clone()),
        json!({"Attributes": two})
    );
    assert_eq!(db.ok("DeleteItem", delete), json!({}));
    assert_eq!(db.ok("GetItem", key()), json!({}));
}

#[test]
fn a_failed_condition_shows_the_item_if_it_is_asked_for() {
    let db = Db::with_table();
    let item = json!({"k": {"S": "a"}, "v": {"N": "1"}});
    db.put(item.clone());
    let put = json!({"TableName": "seen", "Item": item, "ConditionExpression": "attribute_not_exists(k)"});
    let refused = db.refused("PutItem", put.clone());
    assert_eq!(refused.code, "ConditionalCheckFailedException");
    assert_eq!(refused.message, "The conditional request failed");
    assert_eq!(refused.body.get("Item"), None);
    let shows = json!({"ReturnValuesOnConditionCheckFailure": "ALL_OLD"});
    assert_eq!(
        db.refused("PutItem", and(put, shows.clone())).body["Item"],
        item
    );
    let condition = json!({"ConditionExpression": "v > :v",
        "ExpressionAttributeValues": {":v": {"N": "1"}}});
    for operation in ["DeleteItem", "UpdateItem"] {
        let refused = db.refused(operation, and(and(key(), condition.clone()), shows.clone()));
        assert_eq!(refused.body["Item"], item, "{operation}");
    }
    let nothing = json!({"TableName": "seen", "Key": {"k": {"S": "b"}}, "ConditionExpression": "attribute_exists(k)"});
    let refused = db.refused("UpdateItem", and(nothing, shows));
    assert_eq!(refused.body.get("Item"), None);
}

#[test]
fn keys_are_what_the_table_says() {
    let db = Db::with_sorted();
    let put = |item: Value| db.invalid("PutItem", json!({"TableName": "seen", "Item": item}));
    assert_eq!(
        put(json!({"k": {"S": "a"}})),
        "One or more parameter values were invalid: Missing the key r in the item"
    );
    assert_eq!(
        put(json!({"k": {"N": "1"}, "r": {"N": "1"}})),
        "One or more parameter values were invalid: Type mismatch for key k expected: S actual: N"
    );
    assert_eq!(
        put(json!({"k": {"S": ""}, "r": {"N": "1"}})),
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: k"
    );
    assert!(
        put(json!({"k": {"S": "a".repeat(2049)}, "r": {"N": "1"}})).contains("limit of2048 bytes")
    );
    let large = json!({"k": {"S": "a"}, "r": {"N": "1"}, "v": {"S": "x".repeat(400 * 1024)}});
    assert_eq!(
        put(large),
        "Item size has exceeded the maximum allowed size"
    );
    for key in [
        json!({"k": {"S": "a"}}),
        json!({"k": {"S": "a"}, "r": {"S": "1"}}),
        json!({"k": {"S": "a"}, "r": {"N": "1"}, "x": {"N": "1"}}),
    ] {
        let get = json!({"TableName": "seen", "Key": key});
        let message = db.invalid("GetItem", get);
        assert_eq!(
            message,
            "The provided key element does not match the schema"
        );
    }
    // Numbers are equal by value.
    db.put(json!({"k": {"S": "a"}, "r": {"N": "1.0"}}));
    assert_ne!(
        db.get(json!({"k": {"S": "a"}, "r": {"N": "10e-1"}})),
        Value::Null
    );
}

#[test]
fn an_update_is_computed_of_the_old_item() {
    let db = Db::with_table();
    // What is not there yet begins with its key.
    assert_eq!(db.ok("UpdateItem", key()), json!({}));
    let item = updated(
        &db,
        "SET a = :one, b = if_not_exists(b, :two), l = :list ADD n :two, tags :tags",
        json!({":one": {"N": "1"}, ":two": {"N": "2"}, ":list": {"L": [{"S": "x"}, {"S": "y"}, {"S": "z"}]},
            ":tags": {"SS": ["p", "q"]}}),
    );
    assert_eq!(
        item,
        json!({"k": {"S": "a"}, "a": {"N": "1"}, "b": {"N": "2"}, "n": {"N": "2"},
            "l": {"L": [{"S": "x"}, {"S": "y"}, {"S": "z"}]}, "tags": {"SS": ["p", "q"]}})
    );
    let item = updated(
        &db,
        "SET a = b, b = a - :half, l[9] = :new REMOVE l[0], l[1] ADD n :half DELETE tags :p",
        json!({":half": {"N": "0.5"}, ":new": {"S": "w"}, ":p": {"SS": ["p", "unknown"]}}),
    );
    assert_eq!(
        item,
        json!({"k": {"S": "a"}, "a": {"N": "2"}, "b": {"N": "0.5"}, "n": {"N": "2.5"},
            "l": {"L": [{"S": "z"}, {"S": "w"}]}, "tags": {"SS": ["q"]}})
    );
    let item = updated(
        &db,
        "SET m = :m, l = list_append(:more, l) REMOVE n DELETE tags :q",
        json!({":m": {"M": {"in": {"M": {}}}}, ":more": {"L": [{"N": "0"}]}, ":q": {"SS": ["q"]}}),
    );
    assert_eq!(
        item["l"],
        json!({"L": [{"N": "0"}, {"S": "z"}, {"S": "w"}]})
    );
    assert_eq!((&item["tags"], &item["n"]), (&Value::Null, &Value::Null));
    let deep = and(
        key(),
        json!({"UpdateExpression": "SET m.#in.#x = :v",
        "ExpressionAttributeNames": {"#in": "in", "#x": "x.y"},
        "ExpressionAttributeValues": {":v": {"BOOL": true}}, "ReturnValues": "UPDATED_NEW"}),
    );
    let made = json!({"m": {"M": {"in": {"M": {"x.y": {"BOOL": true}}}}}});
    assert_eq!(db.ok("UpdateItem", deep), json!({"Attributes": made}));
}

#[test]
fn an_update_answers_what_is_wanted() {
    let db = Db::with_table();
    db.put(json!({"k": {"S": "a"}, "v": {"N": "1"}, "w": {"N": "5"}}));
    let update = |wanted: &str| {
        let update = json!({"UpdateExpression": "ADD v :one", "ReturnValues": wanted,
            "ExpressionAttributeValues": {":one": {"N": "1"}}});
        db.ok("UpdateItem", and(key(), update))
    };
    assert_eq!(update("NONE"), json!({}));
    assert_eq!(
        update("UPDATED_OLD"),
        json!({"Attributes": {"v": {"N": "2"}}})
    );
    assert_eq!(
        update("UPDATED_NEW"),
        json!({"Attributes": {"v": {"N": "4"}}})
    );
    let all = |v: &str| json!({"Attributes": {"k": {"S": "a"}, "v": {"N": v}, "w": {"N": "5"}}});
    assert_eq!(update("ALL_OLD"), all("4"));
    assert_eq!(update("ALL_NEW"), all("6"));
    let put = json!({"TableName": "seen", "Item": {"k": {"S": "a"}}, "ReturnValues": "ALL_NEW"});
    let message = db.invalid("PutItem", put);
    assert_eq!(message, "ReturnValues can only be ALL_OLD or NONE");
}

#[test]
fn an_update_that_does_not_fit_the_item_changes_nothing() {
    let db = Db::with_table();
    let item = json!({"k": {"S": "a"}, "t": {"S": "text"}, "s": {"SS": ["x"]}, "l": {"L": []}});
    db.put(item.clone());
    let wrong = "An operand in the update expression has an incorrect data type";
    let missing = "The provided expression refers to an attribute that does not exist in the item";
    let nowhere = "The document path provided in the update expression is invalid for update";
    let part = "One or more parameter values were invalid: Cannot update attribute k. This attribute is part of the key";
    for (expression, value, reason) in [
        ("SET v = t + :v", json!({"N": "1"}), wrong),
        ("SET v = v + :v", json!({"N": "1"}), missing),
        ("SET v = list_append(t, :v)", json!({"L": []}), wrong),
        ("ADD t :v", json!({"N": "1"}), wrong),
        ("ADD s :v", json!({"NS": ["1"]}), wrong),
        ("DELETE t :v", json!({"SS": ["x"]}), wrong),
        ("SET t.x = :v", json!({"N": "1"}), nowhere),
        ("SET gone.x = :v", json!({"N": "1"}), nowhere),
        ("SET s[0] = :v", json!({"N": "1"}), nowhere),
        ("SET k = :v", json!({"S": "b"}), part),
    ] {
        let update =
            json!({"UpdateExpression": expression, "ExpressionAttributeValues": {":v": value}});
        assert_eq!(
            db.invalid("UpdateItem", and(key(), update)),
            reason,
            "{expression}"
        );
    }
    let large = json!({"UpdateExpression": "SET v = :v",
        "ExpressionAttributeValues": {":v": {"S": "x".repeat(400 * 1024)}}});
    let message = db.invalid("UpdateItem", and(key(), large));
    assert_eq!(
        message,
        "Item size to update has exceeded the maximum allowed size"
    );
    assert_eq!(db.get(json!({"k": {"S": "a"}})), item);
}
