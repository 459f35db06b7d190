//! What single calls ask for and get back, from tables in `calls/`.
//!
//! An entry of a table holds the fields that the record of that API has beyond those of every record, or
//! in their place. `{account}`, `{partition}`, `{region}`, `{time}` and `{id}` stand for the setting's.

use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::setting::Setting;

/// The tables, in no order: each API is in one.
const TABLES: &[&str] = &[
    include_str!("calls/data.json"),
    include_str!("calls/iam.json"),
    include_str!("calls/logging.json"),
    include_str!("calls/network.json"),
    include_str!("calls/organizations.json"),
    include_str!("calls/signin.json"),
    include_str!("calls/sts.json"),
];

/// Every API of the tables, as `service:EventName`, and its fields.
pub fn table() -> &'static Map<String, Value> {
    static TABLE: OnceLock<Map<String, Value>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let tables = TABLES.iter();
        // A test reads each; a table that is not JSON would be left out.
        let parsed =
            tables.filter_map(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
        parsed.flatten().collect()
    })
}

/// The fields that the record of an API has of its own, if the API is one of the well-known ones.
pub(super) fn known(service: &str, name: &str) -> Option<&'static Map<String, Value>> {
    table().get(&format!("{service}:{name}"))?.as_object()
}

/// The fields with the setting's values in place.
pub(super) fn filled(fields: &Map<String, Value>, setting: &Setting<'_>) -> Map<String, Value> {
    let fill = |(key, value): (&String, &Value)| (key.clone(), with_setting(value, setting));
    fields.iter().map(fill).collect()
}

fn with_setting(value: &Value, setting: &Setting<'_>) -> Value {
    match value {
        Value::String(text) if text.contains('{') => Value::String(
            text.replace("{account}", setting.account.as_str())
                .replace("{partition}", setting.region.partition().id())
                .replace("{region}", setting.region.as_str())
                .replace("{time}", setting.time)
                .replace("{id}", setting.id),
        ),
        Value::Array(items) => items.iter().map(|v| with_setting(v, setting)).collect(),
        Value::Object(fields) => Value::Object(filled(fields, setting)),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_read_and_no_api_stands_twice() {
        let mut count = 0;
        for text in TABLES {
            let table: Map<String, Value> = serde_json::from_str(text).unwrap();
            count += table.len();
        }
        assert_eq!(table().len(), count);
        assert!(count > 5);
    }
}
