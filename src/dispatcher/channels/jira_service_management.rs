//! What does an alert look like in Jira Service Management, or in Opsgenie, whose request it took over?
//!
//! `message` has 130 characters, `alias` 512, `description` 15,000, `details` 8,000 in all, `entity` 512, `source`
//! 100, a tag 50. An open alert of the same alias counts instead of opening another. The answer is 202 with a
//! `requestId`, before the alert is made. Source: Opsgenie's documentation, "Alert API", "Alerts and alert fields".

use serde_json::json;

use crate::dispatcher::expressions::{FIELDS, by_severity, cut, expression};
use crate::dispatcher::task::Post;
use crate::place::Arn;

/// The services that take one request. Opsgenie ends in April 2027. Source: its documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertApi {
    /// Operations of Jira Service Management.
    JiraServiceManagement,
    /// Opsgenie.
    Opsgenie,
    /// Opsgenie's service region of the European Union.
    OpsgenieEu,
}

impl AlertApi {
    fn url(self) -> &'static str {
        match self {
            Self::JiraServiceManagement => {
                "https://api.atlassian.com/jsm/ops/integration/v2/alerts"
            }
            Self::Opsgenie => "https://api.opsgenie.com/v2/alerts",
            Self::OpsgenieEu => "https://api.eu.opsgenie.com/v2/alerts",
        }
    }
}

pub(super) fn post(connection: &Arn, api: AlertApi) -> Post<'_> {
    Post {
        service: "Jira Service Management",
        connection,
        url: api.url().to_owned(),
        headers: json!({}),
        query: json!(null),
        body: json!({
            "message": expression(&cut("$alert.subject", 130)),
            "alias": expression("$alert.dedup"),
            "description": expression(&cut("$alert.text", 15_000)),
            "priority": expression(&by_severity(["P1", "P2", "P3", "P4", "P5"])),
            "source": "iamwatch",
            "entity": expression("$alert.account"),
            "tags": ["iamwatch", expression(&cut("$alert.severity", 50))],
            "details": expression(FIELDS),
        }),
        taken: "$type($body) = 'object'",
        kept: "'request ' & $string($body.requestId)",
    }
}
