//! What does an alert look like as a PagerDuty incident?
//!
//! Events API v2: `summary` has 1,024 characters, `dedup_key` 255, an event 512 KB; the answer is 202 with `status`
//! and `dedup_key`. Source: PagerDuty's developer documentation, "Send an Alert Event". Equal keys are one incident,
//! and who acknowledged it hears no more of them: so each event of CloudTrail has a key of its own.

use serde_json::json;

use crate::dispatcher::expressions::{FIELDS, by_severity, cut, expression};
use crate::dispatcher::task::Post;
use crate::place::Arn;

pub(super) fn post(connection: &Arn, eu: bool) -> Post<'_> {
    let host = if eu {
        "events.eu.pagerduty.com"
    } else {
        "events.pagerduty.com"
    };
    let summary = "$join([$alert.mode = 'real' ? '' : 'TEST ', $alert.late ? 'LATE ' : '', \
        $alert.headline, ' (', $alert.title, ')'])";
    let severity = by_severity(["critical", "error", "warning", "info", "info"]);
    // An event without a time happened now, as far as PagerDuty knows.
    let payload = format!(
        "$merge([{{'summary': {summary}, \
         'source': $join(['aws:', $alert.account, ':', $alert.region]), \
         'severity': {severity}, 'class': $alert.rule, 'group': $alert.account, \
         'custom_details': $merge([{FIELDS}, {{'Rule': $alert.title}}, \
         $alert.todo = '' ? {{}} : {{'What to do first': {to_do}}}])}}, \
         $alert.time = '' ? {{}} : {{'timestamp': $alert.time}}])",
        summary = cut(summary, 1_024),
        to_do = cut("$alert.todo", 4_000),
    );
    let links = "[{'href': $alert.link, 'text': 'Event in CloudTrail'}, \
        $alert.runbook = '' ? [] : {'href': $alert.runbook, 'text': 'Runbook'}]";
    Post {
        service: "PagerDuty",
        connection,
        url: format!("https://{host}/v2/enqueue"),
        headers: json!({}),
        query: json!(null),
        body: json!({
            "event_action": "trigger",
            "dedup_key": expression("$alert.dedup"),
            "client": "iamwatch",
            "client_url": expression("$alert.link"),
            "links": expression(links),
            "payload": expression(&payload),
        }),
        taken: "$body.status = 'success'",
        kept: "'dedup key ' & $string($body.dedup_key)",
    }
}
