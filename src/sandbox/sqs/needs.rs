//! What calls of SQS need.
//!
//! Actions and resource types are those of the Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/>).

use serde_json::Value;

use super::queue::queue_name;
use crate::sandbox::access::{Access, Needs, is_tagged, text, unknown};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;

pub(super) fn needs(site: &Site, operation: &str, input: &Value) -> Result<Needs, ApiError> {
    use Access::{Read, ReadData, Write, WriteData};
    let named = || site.arn("sqs", text(input, "QueueName"));
    let at_url = || site.arn("sqs", queue_name(text(input, "QueueUrl")));
    let (access, resource) = match operation {
        "CreateQueue" => (Write, named()),
        "GetQueueUrl" => (Read, named()),
        "GetQueueAttributes" | "ListQueueTags" => (Read, at_url()),
        "SetQueueAttributes" | "DeleteQueue" | "TagQueue" | "UntagQueue" | "PurgeQueue" => {
            (Write, at_url())
        }
        // AWS names no queue at all here: the refusals end with the account.
        "ListQueues" => (Read, site.arn("sqs", "")),
        "ReceiveMessage" => (ReadData, at_url()),
        "SendMessage" | "DeleteMessage" | "ChangeMessageVisibilityBatch" => (WriteData, at_url()),
        _ => return Err(unknown("sqs", operation)),
    };
    // Batches have no actions of their own.
    let action = operation.strip_suffix("Batch").unwrap_or(operation);
    let tags = operation == "CreateQueue" && is_tagged(input);
    let needs = Needs::one(access, format!("sqs:{action}"), resource.clone());
    Ok(needs.and_if(tags, "sqs:TagQueue", &resource))
}
