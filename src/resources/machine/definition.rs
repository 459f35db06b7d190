//! How does a definition name connections, whose ids only AWS knows?
//!
//! The definition that is wanted has no ids: `…:connection/NAME`. AWS's has that of the connection which stood when it
//! was written: `…:connection/NAME/ID`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::place::Arn;

/// The field that names a connection. Source: Step Functions, "Call HTTPS APIs".
const CONNECTION: &str = "ConnectionArn";

/// What stands behind the ARN of a definition of AWS's that has no id, where its connection has one.
const NO_ID: &str = "/(no id)";

/// The names of the connections of a definition.
pub(super) fn connections(definition: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut definition = definition.clone();
    each(&mut definition, &mut |arn| {
        found.extend(name(arn).map(str::to_owned));
    });
    found
}

/// A definition as AWS takes it. `known`: the ARNs of connections by their names, ids and all.
pub(super) fn with_ids(definition: &Value, known: &BTreeMap<String, Arn>) -> Value {
    let mut definition = definition.clone();
    each(&mut definition, &mut |arn| {
        if let Some(known) = name(arn).and_then(|name| known.get(name)) {
            *arn = known.to_string();
        }
    });
    definition
}

/// A definition of AWS's as it is wanted, where it names the connections that stand: another id is that of a connection
/// that is gone, and stays.
pub(super) fn without_ids(definition: &Value, known: &BTreeMap<String, Arn>) -> Value {
    let mut definition = definition.clone();
    each(&mut definition, &mut |arn| {
        let Some(known) = name(arn).and_then(|name| known.get(name)) else {
            return;
        };
        let (found, wanted) = (arn.clone(), without_id(known.as_str()));
        if found == known.as_str() {
            *arn = wanted.to_owned();
        } else if found == wanted {
            arn.push_str(NO_ID);
        }
    });
    definition
}

/// Each connection's ARN in a definition.
fn each(value: &mut Value, work: &mut impl FnMut(&mut String)) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                match field {
                    Value::String(arn) if key == CONNECTION => work(arn),
                    _ => each(field, work),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, work)),
        _ => {}
    }
}

fn name(arn: &str) -> Option<&str> {
    let (_, resource) = arn.split_once(":connection/")?;
    resource.split('/').next()
}

/// An ARN up to the name of its connection.
fn without_id(arn: &str) -> &str {
    let Some((before, resource)) = arn.split_once(":connection/") else {
        return arn;
    };
    let name = resource.split('/').next().unwrap_or_default();
    let length = before.len() + ":connection/".len() + name.len();
    arn.get(..length).unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:events:us-east-1:111122223333:connection/iamwatch-acme-channel_soc";

    fn definition(arn: &str) -> Value {
        json!({ "States": { "A": { "Arguments": {
            "Authentication": { "ConnectionArn": arn }, "Other": [{ "x": arn }],
        } } } })
    }

    #[test]
    fn ids_come_and_go() {
        let whole: Arn = format!("{ARN}/0a1b").parse().unwrap();
        let known = BTreeMap::from([("iamwatch-acme-channel_soc".to_owned(), whole.clone())]);
        let wanted = definition(ARN);
        assert_eq!(connections(&wanted).len(), 1);
        let written = with_ids(&wanted, &known);
        let authentication = written.pointer("/States/A/Arguments/Authentication/ConnectionArn");
        assert_eq!(authentication, Some(&json!(whole)));
        assert_eq!(without_ids(&written, &known), wanted);
        for other in [format!("{ARN}/9999"), ARN.to_owned()] {
            assert_ne!(without_ids(&definition(&other), &known), wanted, "{other}");
        }
        // An emulator whose connections have no ids.
        let plain =
            BTreeMap::from([("iamwatch-acme-channel_soc".to_owned(), ARN.parse().unwrap())]);
        assert_eq!(without_ids(&wanted, &plain), wanted);
    }
}
