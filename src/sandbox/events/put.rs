//! EventBridge: events that callers put, and patterns that they try.

use serde::Deserialize;
use serde_json::{Value, json};

use super::arrivals::dispatch;
use super::error::invalid;
use super::names::{bus_arn, bus_name};
use super::pattern::Event;
use super::rules::parse_pattern;
use crate::sandbox::clock::iso;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutEvents {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entry {
    time: Option<f64>,
    source: Option<String>,
    #[serde(default)]
    resources: Vec<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    event_bus_name: Option<String>,
    trace_header: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TestPattern {
    event_pattern: String,
    event: String,
}

pub(super) fn put_events(
    world: &mut World,
    site: &Site,
    put: PutEvents,
) -> Result<Value, ApiError> {
    if !(1..=10).contains(&put.entries.len()) {
        return Err(invalid(
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and 10",
        ));
    }
    // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
    let size = |e: &Entry| {
        let text = [&e.source, &e.detail_type, &e.detail, &e.trace_header];
        let text: usize = text.into_iter().flatten().map(String::len).sum();
        let resources: usize = e.resources.iter().map(String::len).sum();
        text + resources + e.time.map_or(0, |_| 14)
    };
    if put.entries.iter().map(size).sum::<usize>() > 256 * 1024 {
        return Err(invalid(
            "Total size of the entries in the request is over the limit.",
        ));
    }
    for entry in &put.entries {
        // An event for a bus that does not exist is taken and lost, as on AWS.
        let given = entry.event_bus_name.as_deref().unwrap_or_default();
        if given.starts_with("arn:") && given != bus_arn(site, bus_name(given)) {
            let what = format!("PutEvents to the bus `{given}` of another account or Region");
            return Err(ApiError::unsupported(what));
        }
    }
    let mut answers = Vec::new();
    let mut failed = 0;
    for entry in put.entries {
        match accept(world, site, entry) {
            Ok((bus, event)) => {
                answers.push(json!({"EventId": event.get("id")}));
                dispatch(world, site, &bus, event);
            }
            Err((code, message)) => {
                failed += 1;
                answers.push(json!({"ErrorCode": code, "ErrorMessage": message}));
            }
        }
    }
    Ok(json!({"FailedEntryCount": failed, "Entries": answers}))
}

/// The event that an entry becomes, or the error that stands in its place in the answer.
fn accept(
    world: &mut World,
    site: &Site,
    entry: Entry,
) -> Result<(String, Value), (&'static str, String)> {
    let required = |name: &str, value: Option<String>| {
        let message =
            format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
        value
            .filter(|v| !v.is_empty())
            .ok_or(("InvalidArgument", message))
    };
    let source = required("Source", entry.source)?;
    let detail_type = required("DetailType", entry.detail_type)?;
    let detail = required("Detail", entry.detail)?;
    if source.starts_with("aws.") {
        let message = "Not authorized for the source.".to_owned();
        return Err(("NotAuthorizedForSourceException", message));
    }
    let detail: Value = serde_json::from_str(&detail)
        .ok()
        .filter(Value::is_object)
        .ok_or(("MalformedDetail", "Detail is malformed.".to_owned()))?;
    let bus = bus_name(entry.event_bus_name.as_deref().unwrap_or_default()).to_owned();
    let time = match entry.time {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "times of callers are of our age"
        )]
        Some(seconds) => (seconds * 1000.0) as i64,
        None => world.now(),
    };
    let event = json!({
        "version": "0",
        "id": world.uuid(),
        "detail-type": detail_type,
        "source": source,
        "account": site.account,
        "time": iso(time),
        "region": site.region,
        "resources": entry.resources,
        "detail": detail,
    });
    Ok((bus, event))
}

pub(super) fn test_pattern(test: &TestPattern) -> Result<Value, ApiError> {
    let pattern = parse_pattern(&test.event_pattern)?;
    let event: Value =
        serde_json::from_str(&test.event).map_err(|_| invalid("Parameter Event is not valid."))?;
    // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html
    for field in [
        "id",
        "account",
        "source",
        "time",
        "region",
        "resources",
        "detail-type",
    ] {
        if event.get(field).is_none() {
            return Err(invalid(format!(
                "Parameter Event is not valid. Reason: {field} is a required argument."
            )));
        }
    }
    Ok(json!({"Result": pattern.matches(&Event::new(&event))}))
}
