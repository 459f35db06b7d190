//! What does an alert look like as a Jira issue?
//!
//! Version 2 of the REST API takes the description as text with wiki markup; 201 answers with the key, 400 names the
//! fields that a project asks for besides. A summary is one line of at most 255 characters, a description has 32,767.
//! Source: Jira Cloud's REST API, "Create issue". Values stand in `{noformat}`, without the brace that could end it.
//! A request whose answer got lost opens a second issue: Jira takes no key against that.

use serde_json::json;

use crate::dispatcher::expressions::{constant, cut, expression};
use crate::dispatcher::task::Post;
use crate::place::Arn;

pub(super) fn post<'a>(
    connection: &'a Arn,
    url: &str,
    project: &str,
    issue_type: &str,
) -> Post<'a> {
    let text = cut(
        "$replace($replace($alert.text, '{', '('), '}', ')')",
        30_000,
    );
    let description =
        format!("$join(['{{noformat}}\\n', {text}, '\\n{{noformat}}\\n', $alert.link])");
    Post {
        service: "Jira",
        connection,
        url: format!("{url}/rest/api/2/issue"),
        headers: json!({}),
        query: json!(null),
        body: json!({ "fields": {
            "project": { "key": constant(project) },
            "issuetype": { "name": constant(issue_type) },
            "summary": expression(&cut("$alert.subject", 255)),
            "description": expression(&description),
            "labels": ["iamwatch"],
        } }),
        taken: "$type($body.key) = 'string'",
        kept: "$body.key",
    }
}
