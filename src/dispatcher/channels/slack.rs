//! What does an alert look like in Slack?
//!
//! `chat.postMessage` with a bot's token. A header takes 150 characters, a section 3,000, or 10 fields of 2,000.
//! Values are `plain_text`, in which no character means anything and nobody can be mentioned; `text`, which
//! notifications show, is escaped as Slack asks (`&`, `<`, `>`). Slack refuses with status 200 and `ok: false`.
//! Source: docs.slack.dev, `chat.postMessage`, "Block Kit", "Formatting message text". Its limit of one message a
//! second is a 429.

use serde_json::json;

use crate::dispatcher::expressions::{TO_DO, constant, cut, expression};
use crate::dispatcher::task::Post;
use crate::place::Arn;

pub(super) fn post<'a>(connection: &'a Arn, channel: &str) -> Post<'a> {
    let escaped = "$replace($replace($replace($alert.subject, '&', '&amp;'), \
        '<', '&lt;'), '>', '&gt;')";
    let links = "'<' & $alert.link & '|Event in CloudTrail>' & ($alert.runbook = '' ? '' \
        : '   <' & $replace($replace($alert.runbook, /[<>|]/, ''), '&', '&amp;') & '|Runbook>')";
    let fields = "[$map($alert.fields, function($field) \
        {{'type': 'plain_text', 'text': $field.k & ': ' & $field.v, 'emoji': false}})]";
    let mark = "'Rule ' & $alert.rule & ', event ' & $alert.id";
    let plain =
        |text: &str| json!({ "type": "plain_text", "text": expression(text), "emoji": false });
    Post {
        service: "Slack",
        connection,
        url: "https://slack.com/api/chat.postMessage".to_owned(),
        headers: json!({}),
        query: json!(null),
        body: json!({
            "channel": constant(channel),
            "text": expression(escaped),
            "mrkdwn": false,
            "parse": "none",
            "unfurl_links": false,
            "blocks": [
                { "type": "header", "text": plain(&cut("$alert.subject", 150)) },
                { "type": "section", "text": plain("$alert.headline") },
                { "type": "section", "fields": expression(fields) },
                { "type": "section", "text": plain(&cut(TO_DO, 2_900)) },
                { "type": "context", "elements": [
                    { "type": "mrkdwn", "text": expression(links) },
                    plain(mark),
                ] },
            ],
        }),
        taken: "$body.ok = true",
        kept: "'ts ' & $string($body.ts)",
    }
}
