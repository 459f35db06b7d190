//! Expressions: what holds, and what is refused in AWS's words.

use serde_json::{Value, json};

use super::{Db, and};

fn item() -> Value {
    json!({"k": {"S": "a"}, "n": {"N": "10"}, "t": {"S": "hello"}, "b": {"B": "AAEC"},
        "f": {"BOOL": false}, "z": {"NULL": true}, "ss": {"SS": ["p", "q"]}, "ns": {"NS": ["1", "2.5"]},
        "l": {"L": [{"S": "x"}, {"M": {"d": {"N": "7"}}}]}, "m": {"M": {"d": {"S": "deep"}}}})
}

/// What a scan with a filter finds, or why AWS refuses it.
fn scan(db: &Db, filter: &str) -> Result<bool, String> {
    let all = json!({":ten": {"N": "10.0"}, ":nine": {"N": "9"}, ":eleven": {"N": "1.1e1"}, ":he": {"S": "he"},
        ":ll": {"S": "ll"}, ":p": {"S": "p"}, ":x": {"S": "x"}, ":no": {"BOOL": false}, ":null": {"NULL": true},
        ":b": {"B": "AAE="}, ":half": {"N": "2.50"}, ":qp": {"SS": ["q", "p"]}, ":S": {"S": "S"},
        ":odd": {"S": "STRING"}, ":deep": {"S": "deep"}, ":two": {"N": "2"}, ":five": {"N": "5"}});
    let used = |key: &String| {
        let mut rest = filter.split(key.as_str()).skip(1);
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric());
        rest.any(ends)
    };
    let values = all.as_object().unwrap().clone().into_iter();
    let values: Value = values.filter(|(key, _)| used(key)).collect();
    let mut scan = json!({"TableName": "seen", "FilterExpression": filter});
    if values != json!({}) {
        scan = and(scan, json!({"ExpressionAttributeValues": values}));
    }
    match db.ask("Scan", scan) {
        Ok(answer) => {
            assert_eq!(answer["ScannedCount"], 1);
            Ok(answer["Count"] == 1)
        }
        Err(refused) => {
            assert_eq!(refused.code, "ValidationException");
            Err(refused.message)
        }
    }
}

#[test]
fn conditions_hold_or_do_not() {
    let db = Db::with_table();
    db.put(item());
    for (filter, holds) in [
        ("n = :ten", true),
        ("n <> :ten", false),
        (
            "n < :eleven AND n > :nine AND n <= :ten AND n >= :ten",
            true,
        ),
        ("n between :nine and :eleven", true),
        ("n IN (:nine, :ten)", true),
        ("n IN (:nine)", false),
        // Values of different types are neither equal nor ordered.
        ("t = :ten", false),
        ("t <> :ten", true),
        ("t < :ten OR t > :ten", false),
        // What is not there is unequal to everything, and has no order.
        ("gone = :ten", false),
        ("gone <> :ten", true),
        ("gone < :ten OR gone >= :ten", false),
        ("attribute_exists(t) and attribute_not_exists(gone)", true),
        (
            "attribute_exists(m.d) AND attribute_not_exists(m.gone)",
            true,
        ),
        (
            "attribute_exists(l[1].d) AND attribute_not_exists(l[2])",
            true,
        ),
        ("attribute_type(t, :S)", true),
        ("attribute_type(n, :S)", false),
        ("begins_with(t, :he)", true),
        ("begins_with(b, :b)", true),
        ("begins_with(n, :he)", false),
        ("contains(t, :ll)", true),
        ("contains(ss, :p)", true),
        ("contains(ns, :half)", true),
        ("contains(l, :x)", true),
        ("contains(l, :p)", false),
        ("contains(n, :x)", false),
        ("size(t) = :five", true),
        (
            "size(ss) = :two AND size(l) = :two AND :two = size(ns)",
            true,
        ),
        ("size(n) = :two", false),
        ("ss = :qp", true),
        ("f = :no AND z = :null", true),
        ("m.d = :deep", true),
        ("NOT n = :ten", false),
        ("NOT (n = :nine OR n = :eleven)", true),
        // AND binds more strongly than OR.
        ("n = :ten OR n = :nine AND n = :eleven", true),
        ("(n = :ten OR n = :nine) AND n = :eleven", false),
    ] {
        assert_eq!(scan(&db, filter), Ok(holds), "{filter}");
    }
}

#[test]
fn conditions_are_refused_that_say_nothing() {
    let db = Db::with_table();
    db.put(item());
    for (filter, reason) in [
        ("", "The expression can not be empty;"),
        ("n", "Syntax error; token: \"<EOF>\", near: \"n\""),
        ("n = ", "Syntax error; token: \"<EOF>\", near: \"=\""),
        ("n = 10", "Syntax error; token: \"10\", near: \"= 10\""),
        ("n = :ten n", "Syntax error; token: \"n\", near: \":ten n\""),
        ("n ! :ten", "Syntax error; token: \"!\", near: \"n ! :ten\""),
        ("_n = :ten", "Syntax error; token: \"_\", near: \"_n\""),
        (
            "(n = :ten",
            "Syntax error; token: \"<EOF>\", near: \":ten\"",
        ),
        ("((n = :ten))", "The expression has redundant parentheses;"),
        (
            "name = :ten",
            "Attribute name is a reserved keyword; reserved keyword: name",
        ),
        (
            "n = :never",
            "An expression attribute value used in expression is not defined; attribute value: :never",
        ),
        (
            "#never = :ten",
            "An expression attribute name used in the document path is not defined; attribute name: #never",
        ),
        ("exists(n)", "Invalid function name; function: exists"),
        (
            "n = contains(t, :ll)",
            "The function is not allowed to be used this way in an expression; function: contains",
        ),
        (
            "attribute_exists(n, t)",
            "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2",
        ),
        (
            "attribute_exists(:ten)",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "attribute_type(n, :odd)",
            "Invalid attribute type name found; type: STRING, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
        (
            "attribute_type(n, :ten)",
            "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N",
        ),
        (
            "begins_with(t, :ten)",
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        (
            "f < :no",
            "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
        ),
        (
            "n = n",
            "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [n]",
        ),
        (
            "n BETWEEN :ten AND :he",
            "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:10}, upper bound operand: AttributeValue: {S:he}",
        ),
        (
            "n BETWEEN :ten AND :nine",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:10}, upper bound operand: AttributeValue: {N:9}",
        ),
    ] {
        let message = format!("Invalid FilterExpression: {reason}");
        assert_eq!(scan(&db, filter), Err(message), "{filter}");
    }
    let long = format!("n = :ten{}", " OR n = :ten".repeat(400));
    assert!(
        scan(&db, &long)
            .unwrap_err()
            .contains("exceeded the maximum allowed size")
    );
    let deep = format!("{}n = :ten", "NOT ".repeat(900));
    let scan = json!({"TableName": "seen", "FilterExpression": deep,
        "ExpressionAttributeValues": {":ten": {"N": "1"}}});
    assert_eq!(db.refused("Scan", scan).code, "SandboxUnsupported");
}

#[test]
fn updates_are_refused_that_say_nothing() {
    let db = Db::with_table();
    for (expression, value, reason) in [
        ("", json!({"N": "1"}), "The expression can not be empty;"),
        (
            "PUT a = :v",
            json!({"N": "1"}),
            "Syntax error; token: \"PUT\", near: \"PUT a\"",
        ),
        (
            "SET a :v",
            json!({"N": "1"}),
            "Syntax error; token: \":v\", near: \"a :v\"",
        ),
        (
            "SET a = :v SET b = :v",
            json!({"N": "1"}),
            "The \"SET\" section can only be used once in an update expression;",
        ),
        (
            "SET a = :v, a = :v",
            json!({"N": "1"}),
            "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]",
        ),
        (
            "SET a.b = :v REMOVE a",
            json!({"N": "1"}),
            "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a]",
        ),
        (
            "SET a.b = :v, a[0] = :v",
            json!({"N": "1"}),
            "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [0]]",
        ),
        (
            "SET a = size(b) + :v",
            json!({"N": "1"}),
            "The function is not allowed in an update expression; function: size",
        ),
        (
            "SET a = plus(b, :v)",
            json!({"N": "1"}),
            "Invalid function name; function: plus",
        ),
        (
            "SET a = if_not_exists(:v, :v)",
            json!({"N": "1"}),
            "Operator or function requires a document path; operator or function: if_not_exists",
        ),
        (
            "SET a = if_not_exists(a)",
            json!({"N": "1"}),
            "Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 1",
        ),
        (
            "SET a = list_append(a, :v)",
            json!({"N": "1"}),
            "Incorrect operand type for operator or function; operator or function: list_append, operand type: N",
        ),
        (
            "SET a = b + :v",
            json!({"S": "1"}),
            "Incorrect operand type for operator or function; operator or function: +, operand type: S",
        ),
        (
            "ADD a :v",
            json!({"S": "1"}),
            "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND",
        ),
        (
            "DELETE a :v",
            json!({"N": "1"}),
            "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND",
        ),
    ] {
        let update = json!({"TableName": "seen", "Key": {"k": {"S": "a"}}, "UpdateExpression": expression,
            "ExpressionAttributeValues": {":v": value}});
        let message = db.invalid("UpdateItem", update);
        assert_eq!(
            message,
            format!("Invalid UpdateExpression: {reason}"),
            "{expression}"
        );
    }
}

#[test]
fn placeholders_are_given_for_what_uses_them() {
    let db = Db::with_table();
    let update = |more: Value| {
        let update = json!({"TableName": "seen", "Key": {"k": {"S": "a"}}});
        db.invalid("UpdateItem", and(update, more))
    };
    let expression = "SET a = :a";
    for (more, reason) in [
        (
            json!({"UpdateExpression": expression,
            "ExpressionAttributeValues": {":a": {"N": "1"}, ":x": {"N": "1"}, ":y": {"N": "1"}}}),
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:x, :y}",
        ),
        (
            json!({"UpdateExpression": expression, "ExpressionAttributeNames": {"#x": "x"},
            "ExpressionAttributeValues": {":a": {"N": "1"}}}),
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#x}",
        ),
        (
            json!({"ExpressionAttributeNames": {"#x": "x"}}),
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        (
            json!({"ExpressionAttributeValues": {":a": {"N": "1"}}}),
            "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and ConditionExpression are null",
        ),
        (
            json!({"UpdateExpression": expression, "ExpressionAttributeValues": {}}),
            "ExpressionAttributeValues must not be empty",
        ),
        (
            json!({"UpdateExpression": expression, "ExpressionAttributeValues": {"a": {"N": "1"}}}),
            "ExpressionAttributeValues contains invalid key: Syntax error; key: \"a\"",
        ),
        (
            json!({"UpdateExpression": expression, "ExpressionAttributeNames": {"#a-b": "x"}}),
            "ExpressionAttributeNames contains invalid key: Syntax error; key: \"#a-b\"",
        ),
        (
            json!({"UpdateExpression": expression, "ExpressionAttributeValues": {":a": {"SS": []}}}),
            "ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: An string set  may not be empty for key :a",
        ),
    ] {
        assert_eq!(update(more), reason);
    }
    // One value may serve two expressions.
    let both = json!({"TableName": "seen", "Key": {"k": {"S": "a"}}, "UpdateExpression": expression,
        "ConditionExpression": "attribute_not_exists(a) OR a <> :a",
        "ExpressionAttributeValues": {":a": {"N": "1"}}});
    db.ok("UpdateItem", both);
}
