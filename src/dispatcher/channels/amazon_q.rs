//! What does Amazon Q Developer post in a chat?
//!
//! It takes its own schema and drops everything else without a word: version 1.0, source `custom`, a description; the
//! text is Markdown of the chat that it posts to. Source: its administrator guide, "Custom notifications". Values
//! stand in a code block, where none of their characters means anything, and without `<`, which mentions begin with
//! in Slack. A section of a Slack message has 3,000 characters; whether Amazon Q cuts longer texts is not documented.

use serde_json::json;

use super::sns::PUBLISHED;
use crate::dispatcher::expressions::{TO_DO, cut, expression, without_markup};
use crate::dispatcher::task::{Task, retry};
use crate::place::Arn;

pub(super) fn task(topic: &Arn) -> Task {
    let title = format!(
        "$replace({}, /[*~]/, ' ')",
        without_markup("$alert.subject")
    );
    let text = cut(&without_markup("$alert.text"), 2_500);
    let to_do = cut(&without_markup(TO_DO), 1_000);
    let id = without_markup("$alert.dedup");
    let rule = without_markup("$alert.rule");
    let message = format!(
        "$string({{'version': '1.0', 'source': 'custom', 'id': {id}, \
         'content': {{'textType': 'client-markdown', 'title': {title}, \
         'description': $join(['```\\n', {text}, '\\n```']), \
         'nextSteps': [{to_do}, 'Event: ' & $alert.link, \
         $alert.runbook = '' ? [] : 'Runbook: ' & {runbook}]}}, \
         'metadata': {{'threadId': {id}, 'summary': {title}, 'eventType': {rule}, \
         'additionalContext': {{'rule': {rule}, 'account': {account}, 'event': $alert.link}}}}}})",
        account = without_markup("$alert.account"),
        runbook = without_markup("$alert.runbook"),
    );
    Task {
        integration: "sns:publish",
        arguments: json!({ "TopicArn": topic, "Message": expression(&message) }),
        output: expression(PUBLISHED),
        retry: retry(),
    }
}
