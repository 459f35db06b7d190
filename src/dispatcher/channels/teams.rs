//! What does an alert look like in Microsoft Teams?
//!
//! A flow of Workflows takes a message with an Adaptive Card, some flows the card alone; a message has some 28 KB.
//! Source: learn.microsoft.com, "Create an Incoming Webhook". The text of a `TextRun` is no Markdown, that of other
//! elements is. Source: adaptivecards.io, `TextRun`. The flow answers before it posts: what fails then, no answer
//! says.

use serde_json::json;

use crate::dispatcher::expressions::{TO_DO, cut, expression};
use crate::dispatcher::task::Post;
use crate::place::Arn;

pub(super) fn post<'a>(connection: &'a Arn, url: &str, bare_card: bool) -> Post<'a> {
    let to_do = cut(TO_DO, 2_000);
    let body = format!(
        "[{{'type': 'RichTextBlock', 'inlines': [\
         {{'type': 'TextRun', 'text': $alert.subject, 'weight': 'bolder', 'size': 'large'}}]}}, \
         {{'type': 'RichTextBlock', 'inlines': [{{'type': 'TextRun', 'text': $alert.headline}}]}}, \
         $map($alert.fields, function($field) {{{{\
         'type': 'RichTextBlock', 'spacing': 'none', 'inlines': [\
         {{'type': 'TextRun', 'text': $field.k & ': ', 'isSubtle': true}}, \
         {{'type': 'TextRun', 'text': $field.v}}]}}}}), \
         {{'type': 'RichTextBlock', 'inlines': [{{'type': 'TextRun', 'text': {to_do}}}]}}, \
         {{'type': 'RichTextBlock', 'inlines': [\
         {{'type': 'TextRun', 'isSubtle': true, 'size': 'small', \
         'text': 'Rule ' & $alert.rule & ', event ' & $alert.id}}]}}]"
    );
    let actions = "[{'type': 'Action.OpenUrl', 'title': 'Event in CloudTrail', \
        'url': $alert.link}, $alert.runbook = '' ? [] \
        : {'type': 'Action.OpenUrl', 'title': 'Runbook', 'url': $alert.runbook}]";
    let card = json!({
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": { "width": "Full" },
        "body": expression(&body),
        "actions": expression(actions),
    });
    let message = json!({
        "type": "message",
        "attachments": [
            { "contentType": "application/vnd.microsoft.card.adaptive", "content": card },
        ],
    });
    Post {
        service: "Teams",
        connection,
        url: url.to_owned(),
        headers: json!({}),
        query: json!(null),
        body: if bare_card { card } else { message },
        taken: "true",
        kept: "'HTTP ' & $string($states.result.StatusCode)",
    }
}
