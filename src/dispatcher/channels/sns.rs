//! What do subscribers of a topic read?
//!
//! Mail has the subject and the text, SMS one message of 160 characters. A subject has at most 99 characters, no line
//! break and no control character, which `alert` sees to. Source: SNS, `Publish`. `MessageStructure: json` wants the
//! message as the text of an object with a `default`.

use std::collections::BTreeMap;

use serde_json::json;

use crate::dispatcher::expressions::{expression, literal};
use crate::dispatcher::task::{Task, retry};
use crate::place::Arn;

/// The call that all channels share that are topics. `of_channels`: theirs, by the channels' names.
pub(super) fn topics(of_channels: &BTreeMap<&str, &Arn>) -> Task {
    let topics = literal(&json!(of_channels));
    let topic = format!("$lookup({topics}, $states.input.channel)");
    Task {
        integration: "sns:publish",
        arguments: json!({
            "TopicArn": expression(&topic),
            "Subject": expression("$alert.subject"),
            "MessageStructure": "json",
            "Message": expression("$string({'default': $alert.text, 'sms': $alert.sms})"),
        }),
        output: expression(PUBLISHED),
        retry: retry(),
    }
}

/// What the ledger keeps of a publication.
pub(super) const PUBLISHED: &str = "{'channel': $states.input.channel, \
    'answer': 'SNS message ' & $states.result.MessageId}";
