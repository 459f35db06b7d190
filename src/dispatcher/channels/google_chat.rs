//! What does an alert look like in Google Chat?
//!
//! A message of text has 32,000 bytes; `requestId` makes a repeated request the same message. Source: Google Chat
//! API, `spaces.messages.create`. The alert stands in a code block, in which no character means anything; `<` is
//! replaced all the same, for mentions begin with it. Links stand behind it: in code they are none.

use serde_json::json;

use crate::dispatcher::expressions::{cut, expression, key, without_markup};
use crate::dispatcher::task::Post;
use crate::place::Arn;

pub(super) fn post<'a>(connection: &'a Arn, url: &str) -> Post<'a> {
    // A character has at most four bytes.
    let text = cut(&without_markup("$alert.text"), 7_000);
    let subject = format!(
        "$replace({}, /[*~]/, ' ')",
        without_markup("$alert.subject")
    );
    let runbook = without_markup("$alert.runbook");
    let message = format!(
        "$join([{subject}, '\\n```\\n', {text}, '\\n```\\nEvent: ', $alert.link, \
         $alert.runbook = '' ? '' : '\\nRunbook: ' & {runbook}])"
    );
    Post {
        service: "Google Chat",
        connection,
        url: url.to_owned(),
        headers: json!({}),
        query: json!({ "requestId": expression(&key("$alert.dedup")) }),
        body: json!({ "text": expression(&message) }),
        taken: "$type($body.name) = 'string'",
        kept: "$body.name",
    }
}
