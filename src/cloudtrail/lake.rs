//! Rows of CloudTrail Lake as the records that they were: a row is columns, and the objects in them are JSON as text.
//! Source: CloudTrail user guide, "Supported SQL schemas for event data stores"; API reference, `GetQueryResults`.

use serde_json::{Map, Value};

use super::record_fields::{in_user_in_any_case, is_top, top_in_any_case};

/// The column that holds the whole record.
const WHOLE: &str = "eventJson";
/// Fields that are objects or lists.
const DEEP: &[&str] = &[
    "addendum",
    "additionalEventData",
    "edgeDeviceDetails",
    "eventContext",
    "insightDetails",
    "requestParameters",
    "resources",
    "responseElements",
    "serviceEventDetails",
    "tlsDetails",
    "userIdentity",
];
/// Fields that are `true` or `false`.
const TRUTHS: &[&str] = &["managementEvent", "readOnly"];
/// Fields that records have even where there is nothing in them.
const NULLABLE: &[&str] = &["requestParameters", "responseElements"];
/// So many fields with another case than CloudTrail's make a row.
const LEAST: usize = 2;

/// Whether some members are the columns of a row.
pub(super) fn is_row(members: &Map<String, Value>) -> bool {
    let others = members
        .keys()
        .filter(|name| !is_top(name) && top_in_any_case(name).is_some());
    whole(members).is_some() || others.count() >= LEAST
}

fn whole(members: &Map<String, Value>) -> Option<&Value> {
    let mut members = members.iter();
    let found = members.find(|(name, _)| name.eq_ignore_ascii_case(WHOLE))?;
    Some(found.1)
}

/// The record of a row.
///
/// # Errors
/// What the row is that no record can be made of.
pub(super) fn record(members: Map<String, Value>) -> Result<Value, String> {
    if let Some(whole) = whole(&members) {
        return match whole {
            Value::String(text) => serde_json::from_str(text).map_err(|error| {
                format!("a row of CloudTrail Lake whose `{WHOLE}` is not JSON: {error}")
            }),
            other => Ok(other.clone()),
        };
    }
    let mut record = Map::new();
    for (column, value) in members {
        let Some(name) = top_in_any_case(&column) else {
            record.insert(column, value);
            continue;
        };
        if let Some(value) = restored(name, value)? {
            record.insert(name.to_owned(), value);
        }
    }
    Ok(Value::Object(record))
}

/// What a record holds where a row holds this; nothing where the row has no value.
fn restored(name: &str, value: Value) -> Result<Option<Value>, String> {
    let Value::String(text) = value else {
        return Ok(Some(named_again(name, value)));
    };
    if text.is_empty() || text == "null" {
        return Ok(NULLABLE.contains(&name).then_some(Value::Null));
    }
    if DEEP.contains(&name) {
        return match serde_json::from_str::<Value>(&text) {
            Ok(deep @ (Value::Object(_) | Value::Array(_))) => Ok(Some(named_again(name, deep))),
            _ => Err(format!(
                "a row of CloudTrail Lake whose column `{name}` is not JSON: select `{WHOLE}`, which holds the whole record"
            )),
        };
    }
    Ok(Some(match text.as_str() {
        "true" if TRUTHS.contains(&name) => Value::Bool(true),
        "false" if TRUTHS.contains(&name) => Value::Bool(false),
        _ if name == "eventTime" => Value::String(moment(&text)),
        _ => Value::String(text),
    }))
}

/// An identity whose fields have their names of the record again.
fn named_again(name: &str, value: Value) -> Value {
    match value {
        Value::Object(members) if name == "userIdentity" => Value::Object(
            members
                .into_iter()
                .map(|(inner, value)| {
                    let known = in_user_in_any_case(&inner).map(str::to_owned);
                    (known.unwrap_or(inner), named_again(name, value))
                })
                .collect(),
        ),
        other => other,
    }
}

/// A moment such as `2026-05-21 17:52:32.000` as records have it.
fn moment(text: &str) -> String {
    match text.split_once(' ') {
        Some((day, clock)) if day.len() == 10 => {
            let clock = clock.split(['.', ' ']).next().unwrap_or(clock);
            format!("{day}T{clock}Z")
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(value: Value) -> Result<Value, String> {
        let Value::Object(members) = value else {
            panic!("a row is a map");
        };
        assert!(is_row(&members), "{members:?}");
        record(members)
    }

    #[test]
    fn a_row_is_the_record_that_it_was() {
        let row = json!({
            "eventversion": "1.11", "useridentity": "{\"type\":\"IAMUser\",\"sessioncontext\":{\"sessionissuer\":{\"username\":\"a\"}},\"accountid\":\"1\"}",
            "eventtime": "2026-05-21 17:52:32.000", "eventsource": "iam.amazonaws.com", "eventname": "CreateUser",
            "readonly": "false", "requestparameters": "{\"userName\":\"bob\"}", "responseelements": "null",
            "errorcode": "", "eventid": "e1",
        });
        assert_eq!(
            of(row).unwrap(),
            json!({
                "eventVersion": "1.11",
                "userIdentity": { "type": "IAMUser", "sessionContext": { "sessionIssuer": { "userName": "a" } }, "accountId": "1" },
                "eventTime": "2026-05-21T17:52:32Z", "eventSource": "iam.amazonaws.com", "eventName": "CreateUser",
                "readOnly": false, "requestParameters": { "userName": "bob" }, "responseElements": null,
                "eventID": "e1",
            })
        );
    }

    #[test]
    fn the_column_that_holds_the_whole_record_is_it() {
        for name in ["eventJson", "eventjson"] {
            let row = json!({ name: "{\"eventName\":\"CreateUser\"}", "eventid": "x" });
            assert_eq!(of(row).unwrap(), json!({ "eventName": "CreateUser" }));
        }
        let broken = of(json!({ "eventJson": "{" })).unwrap_err();
        assert!(broken.contains("`eventJson` is not JSON"), "{broken}");
    }

    #[test]
    fn what_cannot_be_read_of_a_row_is_no_guess() {
        let row = json!({ "eventsource": "iam.amazonaws.com", "eventname": "CreateUser", "useridentity": "{type=Root, arn=x}" });
        let said = of(row).unwrap_err();
        assert!(
            said.contains("`userIdentity`") && said.contains("select `eventJson`"),
            "{said}"
        );
    }

    #[test]
    fn a_record_is_no_row() {
        let record = json!({ "eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "username": "x" });
        assert!(!is_row(record.as_object().unwrap()));
    }
}
