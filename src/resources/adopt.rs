//! Taking over a resource that somebody else has made: it gets our tag, and keeps all others.

use super::{Live, Resource, STACK_TAG, s3};
use crate::aws::{CallError, Clients, calls};
use crate::place::StackName;

/// Puts our tag on a resource.
///
/// # Errors
/// What AWS says.
pub async fn adopt(clients: &Clients, stack: &StackName, live: &Live) -> Result<(), CallError> {
    let handle = live.handle.as_deref().unwrap_or_default();
    let name = live.key.name.as_str();
    match &live.resource {
        Resource::EncryptionKey(_) => {
            let tag = aws_sdk_kms::types::Tag::builder()
                .tag_key(STACK_TAG)
                .tag_value(stack.as_str())
                .build();
            let request = clients.kms.tag_resource().key_id(handle);
            let request = request.set_tags(tag.ok().map(|tag| vec![tag]));
            calls::TAG_KEY.send(handle, request.send()).await.map(drop)
        }
        Resource::Bucket(_) => s3::tag(&clients.s3, stack, name).await,
        Resource::Trail(_) => {
            let tag = aws_sdk_cloudtrail::types::Tag::builder()
                .key(STACK_TAG)
                .value(stack.as_str())
                .build();
            let request = clients.cloudtrail.add_tags().resource_id(handle);
            let request = request.set_tags_list(tag.ok().map(|tag| vec![tag]));
            let tagged = calls::TAG_TRAIL.send(handle, request.send()).await;
            tagged.map(drop)
        }
        Resource::Role(_) => {
            let tag = aws_sdk_iam::types::Tag::builder()
                .key(STACK_TAG)
                .value(stack.as_str())
                .build();
            let request = clients.iam.tag_role().role_name(name);
            let request = request.set_tags(tag.ok().map(|tag| vec![tag]));
            calls::TAG_ROLE.send(name, request.send()).await.map(drop)
        }
        Resource::Queue(_) => {
            let request = clients.sqs.tag_queue().queue_url(handle);
            let request = request.tags(STACK_TAG, stack.as_str());
            calls::TAG_QUEUE.send(name, request.send()).await.map(drop)
        }
        Resource::Topic(_) => {
            let tag = aws_sdk_sns::types::Tag::builder()
                .key(STACK_TAG)
                .value(stack.as_str())
                .build();
            let request = clients.sns.tag_resource().resource_arn(handle);
            let request = request.set_tags(tag.ok().map(|tag| vec![tag]));
            let tagged = calls::TAG_TOPIC.send(handle, request.send()).await;
            tagged.map(drop)
        }
        Resource::Bus(_) | Resource::Rule(_) => {
            let tag = aws_sdk_eventbridge::types::Tag::builder()
                .key(STACK_TAG)
                .value(stack.as_str())
                .build();
            let request = clients.events.tag_resource().resource_arn(handle);
            let request = request.set_tags(tag.ok().map(|tag| vec![tag]));
            let tagged = calls::TAG_RULE_OR_BUS.send(handle, request.send()).await;
            tagged.map(drop)
        }
        // It belongs to whom its topic belongs.
        Resource::Subscription(_) => Ok(()),
    }
}
