//! How SQS reads and writes queues of ours, and reads other people's queues that receive alerts.

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
use crate::resources::{key, names, policy};

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
    let is_ours =
        names::holds_dead_letters(stack, &name) || name == names::probe_queue_of_dispatcher(stack);
    let text = |name: &Name| attributes.get(name).map(String::as_str);
    let resource = Resource::Queue(Queue {
        name,
        policy: match json_or_null(text(&Name::Policy)) {
            Value::Null => Value::Null,
            policy => policy::canonical(&policy),
        },
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
    let owner = Owner::of(tag.map(String::as_str), stack, is_ours);
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
        // A new queue takes larger ones still, and has no policy.
        let is_so = name == Name::MaximumMessageSize || value.is_empty();
        if !is_so {
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
        // An empty text takes the policy away.
        (
            Name::Policy,
            match &queue.policy {
                Value::Null => String::new(),
                policy => policy.to_string(),
            },
        ),
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

/// Why alerts do not get into somebody's queue or topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Obstacle {
    /// A clause about the queue or topic.
    pub problem: String,
    /// What its owner can do: iamwatch never edits a queue, topic or key of others.
    pub remedy: String,
    /// The statement that is missing, or the one that denies.
    pub document: Option<Value>,
    /// What becomes of alerts.
    pub verdict: Verdict,
}

/// What becomes of alerts that are sent to somebody's queue or topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// None gets in.
    Refused,
    /// They get in, and as far as AWS tells nobody reads them there.
    Unread,
    /// Nobody can tell from here.
    Unknown,
}

impl Obstacle {
    /// What cannot be looked at is not proved. `question`: what cannot be told.
    pub fn unseen(question: &str, error: &CallError) -> Self {
        Self {
            problem: format!("cannot tell {question}: {error}"),
            remedy: error.remedy().unwrap_or_default(),
            document: None,
            verdict: Verdict::Unknown,
        }
    }
}

/// What cannot be told of a queue that cannot be looked at.
pub const LETS_TOPIC_SEND: &str = "whether it lets our topic send";

/// Whether somebody's queue takes what our topic sends: it must exist, its policy must say so, and the key that encrypts
/// it, if there is one. `None` if all of that is so.
///
/// # Errors
/// What AWS says, except that the queue is not there or may not be looked at.
pub async fn obstacle(
    clients: &Clients,
    queue: &Arn,
    topic: &Arn,
) -> Result<Option<Obstacle>, CallError> {
    match of_policy_or_key(clients, queue, topic).await {
        Err(error) if error.cause == Cause::NotFound => Ok(Some(Obstacle {
            problem: "it does not exist".to_owned(),
            remedy: "create the queue, or correct the channel".to_owned(),
            document: None,
            verdict: Verdict::Refused,
        })),
        Err(error) if error.cause == Cause::Denied => {
            Ok(Some(Obstacle::unseen(LETS_TOPIC_SEND, &error)))
        }
        found => found,
    }
}

async fn of_policy_or_key(
    clients: &Clients,
    queue: &Arn,
    topic: &Arn,
) -> Result<Option<Obstacle>, CallError> {
    // A queue is known only in its own Region.
    let region = aws_sdk_sqs::config::Region::new(queue.region().to_owned());
    let config = clients.sqs.config().to_builder().region(region).build();
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
        .attribute_names(Name::Policy)
        .attribute_names(Name::KmsMasterKeyId);
    let answer = calls::GET_RECEIVER
        .send(queue.as_str(), request.send())
        .await?;
    let attributes = answer.attributes.unwrap_or_default();
    let policy = json_or_null(attributes.get(&Name::Policy).map(String::as_str));
    match policy::admits_topic(&policy, queue, topic) {
        policy::Admission::Granted => {}
        policy::Admission::Missing => {
            return Ok(Some(Obstacle {
                problem: "its policy does not let our topic send".to_owned(),
                remedy: "add this statement to its policy".to_owned(),
                document: Some(policy::queue_statement(queue, topic)),
                verdict: Verdict::Refused,
            }));
        }
        policy::Admission::Denied(statement) => {
            return Ok(Some(Obstacle {
                problem: "a statement of its policy denies our topic, or may do so".to_owned(),
                remedy: "leave our topic out of this statement: no other can outweigh it"
                    .to_owned(),
                document: Some(statement),
                verdict: Verdict::Refused,
            }));
        }
    }
    let key = attributes.get(&Name::KmsMasterKeyId);
    match key.filter(|key| !key.is_empty()) {
        Some(key) => Ok(key_obstacle(clients, queue, topic, key).await),
        None => Ok(None),
    }
}

/// What the key of a queue keeps out, which SQS names by id, ARN or alias. Nobody may read the policy of a key in another
/// account.
async fn key_obstacle(
    clients: &Clients,
    queue: &Arn,
    topic: &Arn,
    named: &str,
) -> Option<Obstacle> {
    let obstacle = |problem: &str, document: Option<Value>| Obstacle {
        problem: format!("it is encrypted with the key {named}: {problem}"),
        remedy: match document {
            Some(_) => "add this statement to the key's policy".to_owned(),
            None => {
                "encrypt it with a key that SNS can use, or with SQS's own (SSE-SQS)".to_owned()
            }
        },
        document,
        verdict: Verdict::Refused,
    };
    // Nobody can let another service use that key. Source: SQS, `sqs-key-management`.
    if named.rsplit(':').next() == Some("alias/aws/sqs") {
        return Some(obstacle("it is AWS's own, which SNS cannot use", None));
    }
    let region = aws_sdk_kms::config::Region::new(queue.region().to_owned());
    let config = clients.kms.config().to_builder().region(region).build();
    let client = aws_sdk_kms::Client::from_conf(config);
    let whole = key::aws::named_beside(named, queue);
    // For whom SNS sends it says, unlike EventBridge: the policies that the CDK writes for such queues ask for it.
    let sns = key::aws::User {
        name: "SNS",
        principal: "sns.amazonaws.com",
        meets: Some(json!({ "ArnEquals": { "aws:SourceArn": topic } })),
    };
    match key::aws::usable(&client, &whole, &sns).await {
        Ok(found) => found.map(|found| obstacle(&found.problem, found.statement)),
        Err(error) => Some(Obstacle {
            problem: format!(
                "it is encrypted with the key {named}, which cannot be looked at: {error}"
            ),
            remedy: error.remedy().unwrap_or_else(|| {
                "ask the key's owner whether sns.amazonaws.com may use it".to_owned()
            }),
            document: None,
            verdict: Verdict::Unknown,
        }),
    }
}
