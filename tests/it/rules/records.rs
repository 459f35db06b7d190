//! What CloudTrail really records can be written in the rule language without a warning.

use iamwatch::check;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::shared;

/// Events of these collections that AWS never records: their authors made them up, to be no match or by mistake.
const MADE_UP: &[&str] = &[
    "cloudtrail:DeleteRule",
    "cloudtrail:DescribeTrail",
    "ec2:DeleteBucketEncryption",
    "ec2:DeleteBucketPublicAccessBlock",
    "ec2:DeleteBucketReplication",
    "ec2:PutBucketLogging",
    "ec2:PutBucketVersioning",
    "ec2:RegisterManagedInstance",
    "iam:DescribePolicy",
    "iam:DetachUserGroup",
    "iam:NotCreateUser",
    "iam:PutPolicy",
    "lambda:DeleteFunction",
    "lambda:RemovePermission",
    "s3:CreateServiceLinkedRole",
    "s3:SetQueueAttributes",
];

/// Loads a rule with these events and conditions; what is said about it.
fn complaints(events: &BTreeSet<String>, fields: &BTreeSet<String>) -> Vec<String> {
    let quoted: Vec<String> = events.iter().map(|event| format!("{event:?}")).collect();
    let exists = |field: &String| format!("{field}: {{ exists: true }}");
    let fields: Vec<String> = fields.iter().map(exists).collect();
    let text = format!(
        "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\nchannels: {{ mail: {{ email: a@example.com }} }}\nnotify: {{ default: [mail] }}\nrules:\n  - id: all\n    events: [{}]\n    when: {{ {} }}\n",
        quoted.join(", "),
        fields.join(", ")
    );
    let loaded = check::load_text("rules.yaml", &text);
    // Some of the fields hold further ones, which is another question.
    let about_names = loaded.diagnostics.into_iter().filter(|d| d.code != "W0724");
    about_names
        .map(|d| format!("{} {}", d.message, d.help.unwrap_or_default()))
        .collect()
}

fn service(source: &str) -> Option<&str> {
    source.strip_suffix(".amazonaws.com")
}

#[test]
fn recorded_events_and_fields_are_accepted() {
    let Some(records) = shared::records() else {
        return;
    };
    let mut events = BTreeSet::new();
    let mut fields: BTreeMap<String, usize> = BTreeMap::new();
    for (_, text) in records {
        for line in text.lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| record[key].as_str().unwrap_or_default();
            if let Some(service) = service(text("eventSource")) {
                events.insert(format!("{service}:{}", text("eventName")));
            }
            for field in record.as_object().unwrap().keys() {
                *fields.entry(field.clone()).or_default() += 1;
            }
        }
    }
    assert!(events.len() > 200, "{}", events.len());
    for made_up in MADE_UP {
        assert!(events.remove(*made_up), "{made_up} is not among them");
    }
    // Some collections add fields of their own, with a mark; rare ones are made up.
    let common = fields.into_iter().filter(|(field, count)| {
        *count >= 20 && !field.starts_with("p_") && !field.starts_with('@')
    });
    let fields: BTreeSet<String> = common.map(|(field, _)| field).collect();
    assert!(fields.len() > 15, "{fields:?}");
    assert_eq!(complaints(&events, &fields), Vec::<String>::new());
}

/// What the authors of the collections put in place of values that they would not show.
const LEFT_OUT: [&str; 4] = ["", "...", "True", "arn"];

/// The texts and booleans of a record by path, as far as a condition can name the path.
fn values(prefix: &str, value: &Value, found: &mut BTreeMap<String, Value>) {
    let nameable = |key: &str| {
        let odd = |c: char| c.is_whitespace() || "*[]$.".contains(c);
        !key.is_empty() && !key.contains(odd)
    };
    for (key, value) in value.as_object().into_iter().flatten() {
        let path = format!("{prefix}{key}");
        match value {
            _ if !nameable(key) => {}
            Value::Object(_) => values(&format!("{path}."), value, found),
            Value::String(text) if text.len() > 200 || LEFT_OUT.contains(&text.as_str()) => {}
            Value::String(_) | Value::Bool(_) => {
                found.insert(path, value.clone());
            }
            _ => {}
        }
    }
}

/// What a lint says of names and values, in a file with one rule.
fn said_of(rule: &str) -> Vec<String> {
    let text = format!(
        "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\nchannels: {{ mail: {{ email: a@example.com }} }}\nnotify: {{ default: [mail] }}\nrules:\n  - {{ id: a, {rule} }}\n"
    );
    let of_values = [
        "E0104", "E0415", "E0419", "E0807", "W0714", "W0716", "W0723",
    ];
    let all = check::load_text("rules.yaml", &text).diagnostics;
    let all = all.into_iter().filter(|d| of_values.contains(&d.code));
    all.map(|d| format!("{} {}", d.code, d.message)).collect()
}

#[test]
fn what_is_recorded_is_refused_neither_in_conditions_nor_in_patterns() {
    let Some(records) = shared::records() else {
        return;
    };
    let mut tried = BTreeSet::new();
    let mut said = BTreeSet::new();
    for (_, text) in records {
        for line in text.lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| record[key].as_str().unwrap_or_default();
            let folded = record.pointer("/userIdentity/accountid").is_some();
            let Some(service) = service(text("eventSource")).filter(|_| !folded) else {
                continue;
            };
            let name = text("eventName");
            let mut found = BTreeMap::new();
            values("", &record, &mut found);
            let mut detail = serde_json::Map::new();
            for (path, value) in found {
                // AWS writes numbers there; the text is a collection's.
                if path == "requestParameters.durationSeconds" {
                    assert_eq!(value, "900");
                    continue;
                }
                let parts: Vec<&str> = path.split('.').collect();
                let (last, way) = parts.split_last().unwrap();
                let mut here = &mut detail;
                for step in way {
                    let next = here.entry(*step).or_insert_with(|| json!({}));
                    here = next.as_object_mut().unwrap();
                }
                here.insert((*last).to_owned(), json!([value]));
                if tried.insert((name.to_owned(), path.clone(), value.to_string())) {
                    let rule = format!(
                        "events: [\"{service}:{name}\"], when: {{ {path:?}: {{ exact: {value} }} }}"
                    );
                    let about = said_of(&rule).into_iter();
                    said.extend(about.map(|said| format!("{path} {value}: {said}")));
                }
            }
            let pattern = json!({ "source": [format!("aws.{service}")], "detail": detail });
            let rule = format!("pattern: {:?}", pattern.to_string());
            said.extend(said_of(&rule));
        }
    }
    assert!(tried.len() > 5_000, "{}", tried.len());
    assert_eq!(said, BTreeSet::new());
}

/// What is said of records that are no calls of AWS's: a collection wrote policies and attributes in another form than
/// CloudTrail does, numbers as text, and a list of resources as the text of a program.
const OTHERWISE_WRITTEN: &[&str] = &[
    "ec2 W0724: `requestParameters.instanceType` holds text, and no fields",
    "kms W0724: `requestParameters.policy` holds text, and no fields",
    "s3 W0724: `requestParameters.bucketPolicy` holds further fields, and no value",
    "s3 W0724: `requestParameters.logging` holds text, and no fields",
    "secretsmanager W0724: `requestParameters.resourcePolicy` holds text, and no fields",
    "sts W0716: `requestParameters.durationSeconds` is a number, not text",
    "sts W0724: `resources` holds further fields, and no value",
];

/// Every value of a record by path, those in lists too, as far as a condition can name the path and compare the value.
fn leaves(prefix: &str, value: &Value, found: &mut BTreeSet<(String, String)>) {
    let odd = |c: char| c.is_whitespace() || "*[]$.".contains(c);
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if !key.is_empty() && !key.contains(odd) {
                    let path = if prefix.is_empty() {
                        key.clone()
                    } else {
                        format!("{prefix}.{key}")
                    };
                    leaves(&path, value, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(prefix, item, found)),
        Value::String(text) if text.len() > 200 || LEFT_OUT.contains(&text.as_str()) => {}
        Value::Number(number) if number.as_f64().is_none_or(|n| n.abs() > 4.0e9) => {}
        value => {
            found.insert((prefix.to_owned(), value.to_string()));
        }
    }
}

#[test]
fn what_is_recorded_is_where_lints_think_that_it_is() {
    let Some(records) = shared::records() else {
        return;
    };
    let (mut tried, mut said) = (0, BTreeSet::new());
    for (_, text) in records {
        for line in text.lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| record[key].as_str().unwrap_or_default();
            let folded = record.pointer("/userIdentity/accountid").is_some();
            let Some(service) = service(text("eventSource")).filter(|_| !folded) else {
                continue;
            };
            let mut found = BTreeSet::new();
            leaves("", &record, &mut found);
            tried += found.len();
            let equal = |(path, value): &(String, String)| {
                format!("      - {{ {path:?}: {{ exact: {value} }} }}\n")
            };
            let equal: String = found.iter().map(equal).collect();
            // Where there is `null` there may be an object in other records.
            let values = found.iter().filter(|(_, value)| value != "null");
            let there = |(path, _): &(String, String)| {
                format!("      - {{ {path:?}: {{ exists: true }} }}\n")
            };
            let there: String = values.map(there).collect();
            for conditions in [equal, there] {
                let text = format!(
                    "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\nchannels: {{ mail: {{ email: a@example.com }} }}\nnotify: {{ default: [mail] }}\nrules:\n  - id: a\n    events: [\"{service}:{}\"]\n    when:\n{conditions}",
                    record["eventName"].as_str().unwrap()
                );
                let all = check::load_text("rules.yaml", &text).diagnostics;
                let of_shapes = ["W0716", "W0724", "W0725"];
                let all = all.into_iter().filter(|d| of_shapes.contains(&d.code));
                said.extend(all.map(|d| format!("{service} {}: {}", d.code, d.message)));
            }
        }
    }
    assert!(tried > 10_000, "{tried}");
    let otherwise = OTHERWISE_WRITTEN.iter().map(|said| (*said).to_owned());
    assert_eq!(said, otherwise.collect());
}

#[test]
fn the_events_of_known_alerts_are_accepted() {
    let Some(data) = shared::data() else { return };
    let text = std::fs::read_to_string(data.join("catalogue.json")).unwrap();
    let catalogue: Value = serde_json::from_str(&text).unwrap();
    let mut count = 0;
    for alert in catalogue["alerts"].as_array().unwrap() {
        let list = |key: &str| alert[key].as_array().cloned().unwrap_or_default();
        for name in list("eventNames") {
            // The lists do not say which source has which name: one of them must.
            let said: Vec<Vec<String>> = list("eventSource")
                .iter()
                .filter_map(|source| {
                    let event = format!("{}:{}", service(source.as_str()?)?, name.as_str()?);
                    let fields = BTreeSet::from(["errorCode".to_owned()]);
                    Some(complaints(&BTreeSet::from([event]), &fields))
                })
                .collect();
            count += 1;
            let known = said.is_empty() || said.iter().any(Vec::is_empty);
            assert!(known, "{}: {said:?}", alert["id"]);
        }
    }
    assert!(count > 50, "{count}");
}
