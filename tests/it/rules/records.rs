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
    let fields: Vec<String> = fields.iter().map(|field| format!("{field}: x")).collect();
    let text = format!(
        "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\nchannels: {{ mail: {{ email: a@example.com }} }}\nnotify: {{ default: [mail] }}\nrules:\n  - id: all\n    events: [{}]\n    when: {{ {} }}\n",
        quoted.join(", "),
        fields.join(", ")
    );
    let loaded = check::load_text("rules.yaml", &text);
    loaded
        .diagnostics
        .into_iter()
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
