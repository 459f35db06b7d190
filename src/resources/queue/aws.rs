//! How SQS reads and writes dead-letter queues of ours, and reads other people's queues that receive alerts.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName as Name;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use super::{LARGEST_MESSAGE, Queue};
use crate::aws::{CallError, Cause, Clients, all_pages, calls};
use crate::place::{Arn, Place, StackName};
use crate::resources::aws::creation::Creation;
use crate::resources::model::{Owner, STACK_TAG};
use crate::resources::resource::{Live, Resource};
use crate::resources::{names, policy};

/// How many queues are read at once.
const CONCURRENCY: usize = 8;

/// Reads the queues whose names are ours.
pub(crate) async fn read(
    client: &aws_sdk_sqs::Client,
    stack: &StackName,
    place: &Place,
) -> Result<Vec<Live>, CallError> {
    let urls = all_pages(|token| async move {
        // Without a limit SQS answers with the first 1,000 and no token.
        let request = client
            .list_queues()
            .queue_name_prefix(names::prefix(stack))
            .max_results(1000)
            .set_next_token(token);
        let page = calls::LIST_QUEUES.send("*", request.send()).await?;
        Ok((page.queue_urls.unwrap_or_default(), page.next_token))
    });
    let urls: Vec<String> = urls.await?;
    let queues: Vec<Option<Live>> = stream::iter(urls)
        .map(|url| one(client, stack, place, url))
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await?;
    Ok(queues.into_iter().flatten().collect())
}

/// Reads the dead-letter queue of a place, if it is there. It is asked for by its address, which is made of
/// what is known: one request less than a look at the list. Source: SQS, queue and message identifiers.
pub(crate) async fn read_dead_letters(
    client: &aws_sdk_sqs::Client,
    stack: &StackName,
    place: &Place,
) -> Result<Vec<Live>, CallError> {
    let Place::Regional { account, region } = place else {
        return Ok(Vec::new());
    };
    let domain = region.partition().dns_suffix();
    let name = names::dead_letters(stack);
    let url = format!("https://sqs.{region}.{domain}/{account}/{name}");
    let queue = one(client, stack, place, url).await?;
    Ok(queue.into_iter().collect())
}

/// One queue; `None` if it went away since it was listed.
async fn one(
    client: &aws_sdk_sqs::Client,
    stack: &StackName,
    place: &Place,
    url: String,
) -> Result<Option<Live>, CallError> {
    let name = url.rsplit('/').next().unwrap_or_default().to_owned();
    let Some(attributes) = attributes(client, &url).await? else {
        return Ok(None);
    };
    let request = client.list_queue_tags().queue_url(&url);
    let tags = match calls::LIST_QUEUE_TAGS.send(&name, request.send()).await {
        Ok(tags) => tags,
        Err(error) if error.cause == Cause::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let tag = tags.tags().and_then(|tags| tags.get(STACK_TAG));
    let text = |name: &Name| attributes.get(name).map(String::as_str);
    let resource = Resource::Queue(Queue {
        name,
        policy: policy::canonical(&json_or_null(text(&Name::Policy))),
        retention_seconds: text(&Name::MessageRetentionPeriod)
            .and_then(|seconds| seconds.parse().ok())
            .unwrap_or_default(),
        encrypted: text(&Name::SqsManagedSseEnabled) == Some("true"),
        max_message_bytes: text(&Name::MaximumMessageSize)
            .and_then(|bytes| bytes.parse().ok())
            .unwrap_or(LARGEST_MESSAGE)
            .min(LARGEST_MESSAGE),
        delay_seconds: text(&Name::DelaySeconds)
            .and_then(|seconds| seconds.parse().ok())
            .unwrap_or_default(),
    });
    let owner = Owner::by_tag(tag.map(String::as_str), stack.as_str());
    Ok(Some(Live::new(place, resource, owner, Some(url))))
}

async fn attributes(
    client: &aws_sdk_sqs::Client,
    url: &str,
) -> Result<Option<HashMap<Name, String>>, CallError> {
    let request = client
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(Name::All);
    match calls::GET_QUEUE.send(url, request.send()).await {
        Ok(answer) => Ok(Some(answer.attributes.unwrap_or_default())),
        Err(error) if error.cause == Cause::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn json_or_null(text: Option<&str>) -> Value {
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or(Value::Null)
}

pub(crate) async fn create(at: &Creation<'_>, queue: &Queue) -> Result<(), CallError> {
    let mut request = at
        .clients
        .sqs
        .create_queue()
        .queue_name(&queue.name)
        .tags(STACK_TAG, at.stack.as_str());
    for (name, value) in wanted(queue) {
        // A new queue takes larger ones still.
        if name != Name::MaximumMessageSize {
            request = request.attributes(name, value);
        }
    }
    let created = calls::CREATE_QUEUE.send(&queue.name, request.send()).await;
    created.map(drop)
}

/// Sets the attributes of a queue that is ours where they differ.
pub(crate) async fn update(
    clients: &Clients,
    url: &str,
    before: &Queue,
    queue: &Queue,
) -> Result<(), CallError> {
    if before == queue {
        return Ok(());
    }
    let mut request = clients.sqs.set_queue_attributes().queue_url(url);
    for ((name, value), (_, was)) in wanted(queue).into_iter().zip(wanted(before)) {
        if value != was {
            request = request.attributes(name, value);
        }
    }
    let set = calls::SET_QUEUE.send(&queue.name, request.send()).await;
    set.map(drop)
}

pub(crate) async fn delete(clients: &Clients, url: &str, _: &Queue) -> Result<(), CallError> {
    let request = clients.sqs.delete_queue().queue_url(url);
    let deleted = calls::DELETE_QUEUE.send(url, request.send()).await;
    deleted.map(drop)
}

pub(crate) async fn adopt(
    clients: &Clients,
    stack: &StackName,
    url: &str,
    queue: &Queue,
) -> Result<(), CallError> {
    let request = clients.sqs.tag_queue().queue_url(url);
    let request = request.tags(STACK_TAG, stack.as_str());
    let tagged = calls::TAG_QUEUE.send(&queue.name, request.send()).await;
    tagged.map(drop)
}

fn wanted(queue: &Queue) -> [(Name, String); 5] {
    [
        (Name::Policy, queue.policy.to_string()),
        (
            Name::MessageRetentionPeriod,
            queue.retention_seconds.to_string(),
        ),
        (Name::SqsManagedSseEnabled, queue.encrypted.to_string()),
        (
            Name::MaximumMessageSize,
            queue.max_message_bytes.to_string(),
        ),
        (Name::DelaySeconds, queue.delay_seconds.to_string()),
    ]
}

/// The statement that somebody else's queue lacks, so that `topic` could send to it; `None` if nothing
/// is missing.
///
/// # Errors
/// When the queue does not exist or may not be read.
pub async fn missing_statement(
    client: &aws_sdk_sqs::Client,
    queue: &Arn,
    topic: &Arn,
) -> Result<Option<Value>, CallError> {
    // A queue is known only in its own Region.
    let region = aws_sdk_sqs::config::Region::new(queue.region().to_owned());
    let config = client.config().to_builder().region(region).build();
    let client = aws_sdk_sqs::Client::from_conf(config);
    let request = client
        .get_queue_url()
        .queue_name(queue.resource())
        .queue_owner_aws_account_id(queue.account());
    let url = calls::GET_QUEUE_URL
        .send(queue.as_str(), request.send())
        .await?;
    let request = client
        .get_queue_attributes()
        .set_queue_url(url.queue_url)
        .attribute_names(Name::Policy);
    let answer = calls::GET_RECEIVER
        .send(queue.as_str(), request.send())
        .await?;
    let policy = answer.attributes().and_then(|a| a.get(&Name::Policy));
    let policy = json_or_null(policy.map(String::as_str));
    let missing = !policy::admits_topic(&policy, queue, topic);
    Ok(missing.then(|| json!(policy::queue_statement(queue, topic))))
}
