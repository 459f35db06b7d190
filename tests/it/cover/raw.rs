//! Raw patterns of any form, and events near them.

use iamwatch::compile::{self, Compiled, Names, RuleState};
use iamwatch::rules::{RuleId, Severity};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::synthetic;

/// Patterns as people write them by hand: any source, no `detail`, `$or` at any level, tests of all kinds.
pub(crate) fn raw_pattern() -> impl Strategy<Value = Value> {
    let texts = || {
        select(
            &[
                "iam.amazonaws.com",
                "sts.amazonaws.com",
                "CreateUser",
                "GetUser",
                "Root",
                "x",
            ][..],
        )
    };
    let test = move || {
        prop_oneof![
            6 => texts().prop_map(|text| json!(text)),
            1 => select(&["C", "iam.", "Get", ""][..]).prop_map(|text| json!({ "prefix": text })),
            1 => select(&["User", ".com"][..]).prop_map(|text| json!({ "suffix": text })),
            1 => select(&["*e*r", "C*User"][..]).prop_map(|text| json!({ "wildcard": text })),
            2 => prop::collection::vec(texts(), 1..3).prop_map(|texts| json!({ "anything-but": texts })),
            1 => any::<bool>().prop_map(|there| json!({ "exists": there })),
            1 => Just(json!({ "numeric": [">", 1] })),
            1 => Just(json!({ "cidr": "10.0.0.0/8" })),
            1 => select(vec![json!(5), json!(null), json!(true), json!("10.0.0.1")]),
        ]
    };
    let path = || {
        select(
            &[
                "eventSource",
                "eventName",
                "eventName",
                "errorCode",
                "readOnly",
                "items.a",
                "items.b",
                "userIdentity.type",
                "userIdentity.invokedBy",
                "sourceIPAddress",
                "x.prefix",
                "a.b.c",
                "a.b",
            ][..],
        )
    };
    let fields =
        move || prop::collection::btree_map(path(), prop::collection::vec(test(), 1..4), 1..4);
    let detail = (fields(), prop::collection::vec(fields(), 0..4));
    let source = prop::option::of(select(vec![
        json!(["aws.iam"]),
        json!(["aws.sts", "aws.kms", "aws.iam"]),
        json!([{ "prefix": "aws." }]),
        json!([{ "anything-but": ["aws.iam"] }]),
    ]));
    let kind = prop::option::of(select(vec![
        json!(["AWS API Call via CloudTrail"]),
        json!(["AWS API Call via CloudTrail", { "prefix": "AWS Console" }]),
    ]));
    let nested = |fields: std::collections::BTreeMap<&str, Vec<Value>>| {
        let mut object = Map::new();
        for (path, tests) in fields {
            set(&mut object, path, json!(tests));
        }
        object
    };
    (source, kind, prop::option::weighted(0.9, detail), any::<bool>(), any::<bool>()).prop_map(
        move |(source, kind, detail, door, outside)| {
            let mut pattern = Map::new();
            match source {
                Some(source) if door => {
                    let test = json!({ "source": ["iamwatch.test.laws"], "detail": { "iamwatch": [compile::TEST_MARK] } });
                    pattern.insert("$or".to_owned(), json!([{ "source": source }, test]));
                }
                source => pattern.extend(source.map(|source| ("source".to_owned(), source))),
            }
            pattern.extend(kind.map(|kind| ("detail-type".to_owned(), kind)));
            if let Some((shared, alternatives)) = detail {
                let mut detail = nested(shared);
                if alternatives.len() > 1 {
                    let list: Vec<Value> = alternatives.into_iter().map(|f| json!(nested(f))).collect();
                    if outside && !pattern.contains_key("$or") {
                        let list: Vec<Value> = list.iter().map(|f| json!({ "detail": f })).collect();
                        pattern.insert("$or".to_owned(), json!(list));
                    } else {
                        detail.insert("$or".to_owned(), json!(list));
                    }
                }
                pattern.insert("detail".to_owned(), json!(detail));
            }
            json!(pattern)
        },
    )
}

fn set(object: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        Some((first, rest)) => {
            let inner = object.entry(first).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                set(inner, rest, value);
            }
        }
        None => {
            object.insert(path.to_owned(), value);
        }
    }
}

/// A detector made from a pattern.
pub(crate) fn detector(pattern: Value, state: RuleState) -> Compiled {
    Compiled {
        rule: RuleId("raw".to_owned()),
        title: "Raw".to_owned(),
        severity: Severity::Medium,
        part: None,
        pattern,
        state,
        names: Names::Free,
        apart: false,
    }
}

/// Events near raw patterns: fields may be absent, numbers, lists, or inside lists of objects; service and
/// name are single texts or absent, as in CloudTrail.
pub(crate) fn odd_event() -> impl Strategy<Value = Value> {
    let value = || {
        prop_oneof![
            4 => select(&["Root", "x", "CreateUser", "GetUser", "10.0.0.1", "", "events.amazonaws.com"][..])
                .prop_map(|text| json!(text)),
            1 => select(vec![json!(5), json!(0.5), json!(null), json!(true)]),
        ]
    };
    let values = move || prop_oneof![3 => value(), 1 => prop::collection::vec(value(), 0..3).prop_map(|v| json!(v))];
    let item = prop::collection::btree_map(select(&["a", "b"][..]), values(), 0..3);
    let items = prop::option::of(prop::collection::vec(item, 0..3));
    let service = prop::option::weighted(0.9, select(&["iam", "sts", "kms", "signin"][..]));
    let name = prop::option::weighted(
        0.9,
        select(
            &[
                "CreateUser",
                "GetUser",
                "x",
                "AssumeRole",
                "Decrypt",
                "ConsoleLogin",
            ][..],
        ),
    );
    let paths = &[
        "errorCode",
        "readOnly",
        "userIdentity.type",
        "userIdentity.invokedBy",
        "sourceIPAddress",
        "x.prefix",
        "a.b.c",
        "a.b",
    ];
    let fields = prop::collection::btree_map(select(&paths[..]), values(), 0..5);
    (service, name, items, fields, any::<bool>()).prop_map(
        |(service, name, items, fields, test)| {
            let mut detail = Map::new();
            detail.extend(service.map(|s| {
                (
                    "eventSource".to_owned(),
                    json!(format!("{s}.amazonaws.com")),
                )
            }));
            detail.extend(name.map(|name| ("eventName".to_owned(), json!(name))));
            detail.extend(items.map(|items| ("items".to_owned(), json!(items))));
            for (path, value) in fields {
                set(&mut detail, path, value);
            }
            let source = format!("aws.{}", service.unwrap_or("health"));
            let event = json!({
                "source": source, "detail-type": "AWS API Call via CloudTrail", "detail": detail,
            });
            if test {
                synthetic(&event, "iamwatch.test.laws")
            } else {
                event
            }
        },
    )
}
