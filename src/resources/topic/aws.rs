//! How SNS reads and writes topics of ours.

use aws_sdk_sns::types::Tag;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::{Topic, attributes, changed};
use crate::aws::{CallError, Cause, Clients, all_pages, calls};
use crate::place::{Arn, Place, StackName};
use crate::resources::aws::answers::seen;
use crate::resources::aws::creation::Creation;
use crate::resources::model::{Owner, STACK_TAG};
use crate::resources::resource::{Live, Resource};
use crate::resources::{names, policy, subscription};

/// How many topics are read at once.
const CONCURRENCY: usize = 8;

/// Reads the topics whose names are ours, and who subscribes to them.
pub(crate) async fn read(
    client: &aws_sdk_sns::Client,
    stack: &StackName,
    place: &Place,
) -> Result<Vec<Live>, CallError> {
    let listed = all_pages(|token| async move {
        let request = client.list_topics().set_next_token(token);
        let page = calls::LIST_TOPICS.send("*", request.send()).await?;
        Ok((page.topics.unwrap_or_default(), page.next_token))
    });
    let listed = listed.await?;
    let prefix = names::prefix(stack);
    let topics = listed
        .iter()
        .filter_map(|topic| topic.topic_arn()?.parse().ok())
        .filter(|arn: &Arn| arn.resource().starts_with(&prefix));
    let topics: Vec<Arn> = topics.collect();
    let live: Vec<Vec<Live>> = stream::iter(topics)
        .map(|arn| one(client, stack, place, arn))
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await?;
    Ok(live.into_iter().flatten().collect())
}

/// One topic with its subscriptions; nothing if it went away since it was listed.
async fn one(
    client: &aws_sdk_sns::Client,
    stack: &StackName,
    place: &Place,
    arn: Arn,
) -> Result<Vec<Live>, CallError> {
    let request = client.get_topic_attributes().topic_arn(arn.as_str());
    let answer = match calls::GET_TOPIC.send(arn.as_str(), request.send()).await {
        Ok(answer) => answer,
        Err(error) if error.cause == Cause::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let attribute = |name: &str| answer.attributes().and_then(|all| all.get(name));
    let stored = attribute("Policy").and_then(|text| serde_json::from_str(text).ok());
    let resource = Resource::Topic(Topic {
        name: arn.resource().to_owned(),
        display_name: attribute("DisplayName").cloned().unwrap_or_default(),
        policy: policy::canonical(&stored.unwrap_or(Value::Null)),
        kms_key: attribute("KmsMasterKeyId")
            .filter(|key| !key.is_empty())
            .cloned(),
    });
    let request = client.list_tags_for_resource().resource_arn(arn.as_str());
    let tags = match calls::LIST_TOPIC_TAGS
        .send(arn.as_str(), request.send())
        .await
    {
        Ok(tags) => tags,
        Err(error) if error.cause == Cause::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let tag = tags.tags().iter().find(|tag| tag.key() == STACK_TAG);
    let owner = Owner::of(
        tag.map(Tag::value),
        stack,
        names::is_topic(stack, arn.resource()),
    );
    let handle = Some(arn.as_str().to_owned());
    let mut live = vec![Live::new(place, resource, owner.clone(), handle)];
    let readers = subscription::aws::read(client, stack, place, &arn, &owner).await;
    live.extend(seen(&owner, readers)?);
    Ok(live)
}

pub(crate) async fn create(at: &Creation<'_>, topic: &Topic) -> Result<(), CallError> {
    // With a tag that differs, CreateTopic fails where a foreign topic has the name; without tags it
    // would adopt that topic in silence.
    let mut request = at
        .clients
        .sns
        .create_topic()
        .name(&topic.name)
        .set_tags(tag(at.stack).map(|tag| vec![tag]));
    let set = attributes(topic).into_iter();
    for (name, value) in set.filter(|(_, value)| !value.is_empty()) {
        request = request.attributes(name, value);
    }
    let created = calls::CREATE_TOPIC.send(&topic.name, request.send()).await;
    created.map(drop)
}

fn tag(stack: &StackName) -> Option<Tag> {
    let tag = Tag::builder().key(STACK_TAG).value(stack.as_str());
    tag.build().ok()
}

pub(crate) async fn update(
    clients: &Clients,
    arn: &str,
    before: &Topic,
    topic: &Topic,
) -> Result<(), CallError> {
    for (name, value) in changed(before, topic) {
        let request = clients
            .sns
            .set_topic_attributes()
            .topic_arn(arn)
            .attribute_name(name)
            .attribute_value(value);
        calls::SET_TOPIC.send(arn, request.send()).await?;
    }
    Ok(())
}

pub(crate) async fn delete(clients: &Clients, arn: &str, _: &Topic) -> Result<(), CallError> {
    let request = clients.sns.delete_topic().topic_arn(arn);
    let deleted = calls::DELETE_TOPIC.send(arn, request.send()).await;
    deleted.map(drop)
}

pub(crate) async fn adopt(
    clients: &Clients,
    stack: &StackName,
    arn: &str,
    _: &Topic,
) -> Result<(), CallError> {
    let request = clients.sns.tag_resource().resource_arn(arn);
    let request = request.set_tags(tag(stack).map(|tag| vec![tag]));
    let tagged = calls::TAG_TOPIC.send(arn, request.send()).await;
    tagged.map(drop)
}
