//! What calls of EventBridge need.
//!
//! Actions and resource types are those of the Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/>).

use std::collections::BTreeSet;

use serde_json::Value;

use super::names::{bus_arn, bus_name, rule_arn};
use crate::sandbox::access::{Access, Needs, is_tagged, text, unknown};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;

pub(super) fn needs(site: &Site, operation: &str, input: &Value) -> Result<Needs, ApiError> {
    use Access::{Read, Write};
    let text = |key: &str| text(input, key);
    let (access, resource) = match operation {
        "PutRule" | "DeleteRule" | "EnableRule" | "DisableRule" => {
            (Write, rule_arn(site, text("EventBusName"), text("Name")))
        }
        "DescribeRule" => (Read, rule_arn(site, text("EventBusName"), text("Name"))),
        "PutTargets" | "RemoveTargets" => {
            (Write, rule_arn(site, text("EventBusName"), text("Rule")))
        }
        "ListTargetsByRule" => (Read, rule_arn(site, text("EventBusName"), text("Rule"))),
        "ListRules" | "ListRuleNamesByTarget" => (Read, rule_arn(site, text("EventBusName"), "*")),
        "TestEventPattern" => (Read, "*".to_owned()),
        "TagResource" | "UntagResource" => (Write, text("ResourceARN").to_owned()),
        "ListTagsForResource" => (Read, text("ResourceARN").to_owned()),
        "CreateEventBus" | "UpdateEventBus" | "DeleteEventBus" => {
            (Write, bus_arn(site, bus_name(text("Name"))))
        }
        "DescribeEventBus" => (Read, bus_arn(site, bus_name(text("Name")))),
        // These name no resource at all.
        "ListEventBuses" => (Read, "*".to_owned()),
        "PutPermission" | "RemovePermission" => (Write, "*".to_owned()),
        "PutEvents" => return Ok(put_events(site, input)),
        _ => return Err(unknown("events", operation)),
    };
    let makes = matches!(
        operation,
        "PutRule"
            | "DeleteRule"
            | "EnableRule"
            | "DisableRule"
            | "CreateEventBus"
            | "UpdateEventBus"
            | "DeleteEventBus"
    );
    let targets = input.get("Targets").and_then(Value::as_array);
    let roles = std::iter::once(input).chain(targets.into_iter().flatten());
    let roles = roles.filter_map(|holder| holder.get("RoleArn").and_then(Value::as_str));
    let needs = Needs::one(access, format!("events:{operation}"), resource.clone()).and_if(
        makes && is_tagged(input),
        "events:TagResource",
        &resource,
    );
    Ok(needs.and_pass(roles))
}

/// The senders of the events of a call: policies see all of them.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html>
pub(super) fn lists(input: &Value) -> Vec<(&'static str, Vec<String>)> {
    let Some(entries) = input.get("Entries").and_then(Value::as_array) else {
        return Vec::new();
    };
    let sources = entries.iter().map(|entry| text(entry, "Source").to_owned());
    vec![("events:source", sources.collect())]
}

/// Every bus that gets an event of the call.
fn put_events(site: &Site, input: &Value) -> Needs {
    let entries = input.get("Entries").and_then(Value::as_array);
    let given = entries.into_iter().flatten().map(|entry| {
        let bus = entry.get("EventBusName").and_then(Value::as_str);
        bus.unwrap_or_default()
    });
    let buses: BTreeSet<String> = given
        .map(|given| match given.starts_with("arn:") {
            true => given.to_owned(),
            false => bus_arn(site, bus_name(given)),
        })
        .collect();
    let each = |needs: Needs, bus| needs.and("events:PutEvents".to_owned(), bus);
    buses
        .into_iter()
        .fold(Needs::nothing(Access::WriteData), each)
}
