//! Queries and scans: which items, in which order, in which pages.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Db, and};

/// Items `1` to `9` of two partition keys; odd ones say so.
fn filled() -> Db {
    let db = Db::with_sorted();
    for key in ["a", "b"] {
        for r in 1..10 {
            db.put(
                json!({"k": {"S": key}, "r": {"N": r.to_string()}, "odd": {"BOOL": r % 2 == 1}}),
            );
        }
    }
    db
}

fn query(condition: &str, values: Value) -> Value {
    let values = and(json!({":k": {"S": "a"}}), values);
    json!({"TableName": "seen", "KeyConditionExpression": condition, "ExpressionAttributeValues": values})
}

/// The sort keys of the items that were found.
fn found(answer: &Value) -> Vec<i32> {
    let items = answer["Items"].as_array().unwrap().iter();
    items
        .map(|item| item["r"]["N"].as_str().unwrap().parse().unwrap())
        .collect()
}

#[test]
fn a_query_finds_the_items_of_a_key_in_order() {
    let db = filled();
    let n = |n: i32| json!({"N": n.to_string()});
    for (condition, values, wanted) in [
        ("k = :k", json!({}), vec![1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("k = :k AND r = :r", json!({":r": n(4)}), vec![4]),
        ("r > :r AND k = :k", json!({":r": n(7)}), vec![8, 9]),
        ("k = :k AND r <= :r", json!({":r": n(2)}), vec![1, 2]),
        (
            "(k = :k) AND (r BETWEEN :r AND :s)",
            json!({":r": n(3), ":s": n(5)}),
            vec![3, 4, 5],
        ),
    ] {
        assert_eq!(
            found(&db.ok("Query", query(condition, values))),
            wanted,
            "{condition}"
        );
    }
    let back = and(
        query("k = :k", json!({})),
        json!({"ScanIndexForward": false, "Limit": 2}),
    );
    assert_eq!(found(&db.ok("Query", back)), [9, 8]);
    let odd = and(
        query("k = :k", json!({":odd": {"BOOL": true}})),
        json!({"FilterExpression": "odd = :odd"}),
    );
    let answer = db.ok("Query", odd);
    assert_eq!(found(&answer), [1, 3, 5, 7, 9]);
    assert_eq!(
        (&answer["Count"], &answer["ScannedCount"]),
        (&json!(5), &json!(9))
    );
}

#[test]
fn a_query_of_text_takes_a_prefix() {
    let db = Db::new();
    db.ok(
        "CreateTable",
        super::on_demand("seen", &[("k", "S"), ("r", "S")]),
    );
    db.settle();
    for day in ["2026-03-01#b", "2026-03-01#a", "2026-03-02#c"] {
        db.put(json!({"k": {"S": "a"}, "r": {"S": day}}));
    }
    let answer = db.ok(
        "Query",
        query(
            "k = :k AND begins_with(r, :day)",
            json!({":day": {"S": "2026-03-01"}}),
        ),
    );
    let days: Vec<&str> = answer["Items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["r"]["S"].as_str().unwrap())
        .collect();
    assert_eq!(days, ["2026-03-01#a", "2026-03-01#b"]);
}

#[test]
fn queries_are_refused_that_no_key_answers() {
    let db = filled();
    let r = json!({":r": {"N": "1"}});
    for (condition, values, reason) in [
        (
            "r = :r",
            json!({":r": {"N": "1"}}),
            "Query condition missed key schema element: k",
        ),
        ("k > :k", json!({}), "Query key condition not supported"),
        (
            "k = :k AND odd = :r",
            r.clone(),
            "Query condition missed key schema element: r",
        ),
        (
            "k = :k AND k = :k",
            json!({}),
            "KeyConditionExpressions must only contain one condition per key",
        ),
        (
            "k = :k OR r = :r",
            r.clone(),
            "Invalid operator used in KeyConditionExpression: OR",
        ),
        (
            "k = :k AND r <> :r",
            r.clone(),
            "Invalid operator used in KeyConditionExpression: <>",
        ),
        (
            "k = :k AND attribute_exists(r)",
            json!({}),
            "Invalid operator used in KeyConditionExpression: attribute_exists",
        ),
        (
            "k = :k AND r = :r",
            json!({":r": {"S": "1"}}),
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
    ] {
        let mut query = query(condition, values);
        if !condition.contains(":k") {
            query["ExpressionAttributeValues"]
                .as_object_mut()
                .unwrap()
                .remove(":k");
        }
        assert_eq!(db.invalid("Query", query), reason, "{condition}");
    }
    let by_key = and(query("k = :k", r), json!({"FilterExpression": "r = :r"}));
    assert_eq!(
        db.invalid("Query", by_key),
        "Filter Expression can only contain non-primary key attributes: Primary key attribute: r"
    );
    let none = json!({"TableName": "seen"});
    assert!(
        db.invalid("Query", none)
            .starts_with("Either the KeyConditions or KeyConditionExpression")
    );
    let zero = and(query("k = :k", json!({})), json!({"Limit": 0}));
    assert!(
        db.invalid("Query", zero)
            .contains("greater than or equal to 1")
    );
    let start = json!({"ExclusiveStartKey": {"k": {"S": "b"}, "r": {"N": "1"}}});
    let outside = and(query("k = :k", json!({})), start);
    assert!(
        db.invalid("Query", outside)
            .contains("outside query boundaries")
    );
}

/// The answers of a request, page by page.
fn pages(db: &Db, operation: &str, request: Value) -> Vec<Value> {
    let mut pages = Vec::new();
    let mut next = request.clone();
    loop {
        let page = db.ok(operation, next);
        let last = page["LastEvaluatedKey"].clone();
        pages.push(page);
        if last.is_null() {
            return pages;
        }
        assert!(pages.len() < 100);
        next = and(request.clone(), json!({"ExclusiveStartKey": last}));
    }
}

#[test]
fn pages_hold_every_item_once() {
    let db = filled();
    for (forward, limit) in [(true, 2), (true, 9), (false, 4), (false, 100)] {
        let more = json!({"ScanIndexForward": forward, "Limit": limit});
        let all = pages(&db, "Query", and(query("k = :k", json!({})), more));
        let mut seen: Vec<i32> = all.iter().flat_map(found).collect();
        // A limit that is reached with the last item makes one more page, an empty one.
        assert_eq!(all.len(), 9 / limit + 1, "{limit}");
        if !forward {
            seen.reverse();
        }
        assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    let filter = json!({"TableName": "seen", "Limit": 5, "FilterExpression": "odd = :odd",
        "ExpressionAttributeValues": {":odd": {"BOOL": true}}});
    let all = pages(&db, "Scan", filter);
    let items = all
        .iter()
        .flat_map(|page| page["Items"].as_array().unwrap());
    let seen: BTreeSet<String> = items
        .map(|item| format!("{}{}", item["k"]["S"], item["r"]["N"]))
        .collect();
    assert_eq!(seen.len(), 10);
    assert!(
        all.iter()
            .all(|page| page["ScannedCount"].as_u64().unwrap() <= 5)
    );
}

#[test]
fn a_page_reads_a_megabyte_before_its_filter() {
    let db = Db::with_table();
    let large = "x".repeat(300 * 1024);
    for key in ["a", "b", "c", "d", "e"] {
        db.put(json!({"k": {"S": key}, "v": {"S": large}}));
    }
    let all = pages(&db, "Scan", json!({"TableName": "seen"}));
    let counts: Vec<u64> = all
        .iter()
        .map(|page| page["Count"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [3, 2]);
    let none = json!({"TableName": "seen", "FilterExpression": "attribute_not_exists(v)"});
    let all = pages(&db, "Scan", none);
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|page| page["Count"] == 0));
}

#[test]
fn a_scan_has_an_order_that_means_nothing() {
    let db = Db::with_table();
    let keys: Vec<String> = (0..20).map(|at| format!("alert#{at:02}")).collect();
    for key in &keys {
        db.put(json!({"k": {"S": key}}));
    }
    let answer = db.ok("Scan", json!({"TableName": "seen"}));
    let mut seen: Vec<&str> = answer["Items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["k"]["S"].as_str().unwrap())
        .collect();
    assert_ne!(seen, keys);
    seen.sort_unstable();
    assert_eq!(seen, keys);
}
