//! Values: what is one, and in which form it comes back.

use serde_json::{Value, json};

use super::Db;

#[test]
fn values_come_back_in_one_form() {
    let db = Db::with_table();
    for (given, kept) in [
        (json!({"N": "1.50"}), json!({"N": "1.5"})),
        (json!({"N": "-0"}), json!({"N": "0"})),
        (json!({"N": "1E3"}), json!({"N": "1000"})),
        (json!({"S": ""}), json!({"S": ""})),
        (json!({"SS": ["b", "a"]}), json!({"SS": ["a", "b"]})),
        (json!({"NS": ["10", "9.0"]}), json!({"NS": ["9", "10"]})),
        (json!({"L": []}), json!({"L": []})),
        (json!({"M": {}}), json!({"M": {}})),
    ] {
        db.put(json!({"k": {"S": "a"}, "v": given}));
        assert_eq!(db.get(json!({"k": {"S": "a"}}))["v"], kept);
    }
}

#[test]
fn what_is_no_value_is_refused() {
    let db = Db::with_table();
    let digits = "1".repeat(39);
    let mut deep = json!({"S": "x"});
    for _ in 0..33 {
        deep = json!({"L": [deep]});
    }
    for (value, reason) in [
        (
            json!({}),
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        ),
        (
            json!({"S": "a", "N": "1"}),
            "Supplied AttributeValue has more than one datatypes set",
        ),
        (
            json!({"N": "one"}),
            "The parameter cannot be converted to a numeric value: one",
        ),
        (
            json!({"N": ""}),
            "The parameter cannot be converted to a numeric value",
        ),
        (
            json!({"N": digits}),
            "Attempting to store more than 38 significant digits in a Number",
        ),
        (
            json!({"N": "1e126"}),
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        ),
        (
            json!({"N": "1e-131"}),
            "Number underflow. Attempting to store a number with magnitude smaller than supported range",
        ),
        (
            json!({"NULL": false}),
            "One or more parameter values were invalid: Null attribute value types must have the value of true",
        ),
        (
            json!({"SS": []}),
            "One or more parameter values were invalid: An string set  may not be empty",
        ),
        (
            json!({"NS": []}),
            "One or more parameter values were invalid: An number set  may not be empty",
        ),
        (
            json!({"BS": []}),
            "One or more parameter values were invalid: Binary sets should not be empty",
        ),
        (
            json!({"SS": ["a", "a"]}),
            "One or more parameter values were invalid: Input collection [a, a] contains duplicates.",
        ),
        (
            json!({"NS": ["1", "1.0"]}),
            "Input collection contains duplicates",
        ),
        (deep, "Nesting Levels have exceeded supported limits"),
    ] {
        let put = json!({"TableName": "seen", "Item": {"k": {"S": "a"}, "v": value}});
        let message = db.invalid("PutItem", put);
        assert!(message.starts_with(reason), "{message}");
    }
    assert_eq!(db.get(json!({"k": {"S": "a"}})), Value::Null);
}

#[test]
fn numbers_are_added_exactly() {
    let db = Db::with_table();
    let add = |n: &str| {
        json!({"TableName": "seen", "Key": {"k": {"S": "a"}}, "UpdateExpression": "ADD n :n",
            "ExpressionAttributeValues": {":n": {"N": n}}, "ReturnValues": "UPDATED_NEW"})
    };
    for (n, sum) in [
        ("0.1", "0.1"),
        ("0.2", "0.3"),
        (
            "99999999999999999999999999999999999",
            "99999999999999999999999999999999999.3",
        ),
        ("-99999999999999999999999999999999999", "0.3"),
        ("-0.3", "0"),
    ] {
        let answer = db.ok("UpdateItem", add(n));
        assert_eq!(answer["Attributes"]["n"]["N"], sum);
    }
    db.ok("UpdateItem", add("1e100"));
    let message = db.invalid("UpdateItem", add("1"));
    assert!(
        message.contains("more than 38 significant digits"),
        "{message}"
    );
}
