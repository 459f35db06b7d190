//! The JSON Schema that is checked in is the one that the program prints.

use std::path::Path;

use serde_json::Value;

use crate::snapshot::BLESS;

#[test]
fn the_schema_that_is_checked_in_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules/schema.json");
    let made = format!("{:#}\n", iamwatch::rules::schema());
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "run the tests with {BLESS}=1 and look at what changed in src/rules/schema.json"
    );
}

#[test]
fn every_reference_of_the_schema_leads_somewhere() {
    let schema = iamwatch::rules::schema();
    let mut open = vec![&schema];
    let mut count = 0;
    while let Some(value) = open.pop() {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(schema.pointer(pointer).is_some(), "{reference}");
                    count += 1;
                }
                open.extend(map.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    assert!(count > 20);
}
