//! What does an alert look like in ServiceNow?
//!
//! Event Management takes `{"records": […]}` at `/api/global/em/jsonv2`: severity "1" (critical) to "5", equal
//! `message_key`s are one alert, `additional_info` is the text of an object. The table of incidents answers 201 with
//! the incident, and knows no equal ones: a request whose answer got lost opens a second. Source: ServiceNow's
//! product documentation, "Push events", "Table API". `short_description` has 160 characters, `description` 4,000 and
//! `correlation_id` 100 where nobody changed the table; that is not documented. An instance that sleeps answers 200
//! with a page of HTML.

use serde_json::json;

use crate::dispatcher::expressions::{by_severity, cut, expression};
use crate::dispatcher::task::Post;
use crate::place::Arn;

/// An event of Event Management.
pub(super) fn event<'a>(connection: &'a Arn, url: &str) -> Post<'a> {
    let additional = "$string({'headline': $alert.headline, 'title': $alert.title, \
        'outcome': $alert.outcome, 'event': $alert.id, 'time': $alert.time, \
        'link': $alert.link, 'runbook': $alert.runbook})";
    Post {
        service: "ServiceNow",
        connection,
        url: format!("{url}/api/global/em/jsonv2"),
        headers: json!({ "Accept": "application/json" }),
        query: json!(null),
        body: json!({ "records": [{
            "source": "iamwatch",
            "event_class": "iamwatch",
            "node": expression("$alert.account"),
            "resource": expression("$alert.region"),
            "type": expression("$alert.rule"),
            "metric_name": expression("$alert.title"),
            "severity": expression(&by_severity(["1", "2", "3", "4", "4"])),
            "message_key": expression("$alert.dedup"),
            "description": expression(&cut("$alert.text", 4_000)),
            "additional_info": expression(additional),
        }] }),
        taken: "$type($body) = 'object' and $not($exists($body.error))",
        kept: "$string($body)",
    }
}

/// An incident.
pub(super) fn incident<'a>(connection: &'a Arn, url: &str) -> Post<'a> {
    // The end of it tells events apart.
    let correlation = "($length($alert.dedup) > 100 \
        ? $substring($alert.dedup, $length($alert.dedup) - 100) : $alert.dedup)";
    let rank = by_severity(["1", "2", "3", "3", "3"]);
    Post {
        service: "ServiceNow",
        connection,
        url: format!("{url}/api/now/table/incident"),
        headers: json!({ "Accept": "application/json" }),
        query: json!(null),
        body: json!({
            "short_description": expression(&cut("$alert.subject", 160)),
            "description": expression(&cut("$alert.text", 4_000)),
            "correlation_id": expression(correlation),
            "urgency": expression(&rank),
            "impact": expression(&rank),
        }),
        taken: "$type($body.result.number) = 'string'",
        kept: "$body.result.number",
    }
}
