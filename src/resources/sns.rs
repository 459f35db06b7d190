//! SNS: topics of ours and the subscriptions to them.

use aws_sdk_sns::types::Tag;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::{
    Kind, Live, Owner, Resource, ResourceKey, STACK_TAG, Subscription, Topic, names, policy,
};
use crate::aws::{CallError, Cause, calls};
use crate::place::{Arn, Place, StackName};

/// How many topics are read at once.
const CONCURRENCY: usize = 8;

/// What SNS lists instead of an ARN while the receiver has not agreed.
const PENDING: &str = "PendingConfirmation";

/// Reads the topics whose names are ours, and who subscribes to them.
pub(super) async fn read(
    client: &aws_sdk_sns::Client,
    stack: &StackName,
    place: &Place,
) -> Result<Vec<Live>, CallError> {
    let prefix = names::prefix(stack);
    let mut topics: Vec<Arn> = Vec::new();
    let mut token = None;
    loop {
        let request = client.list_topics().set_next_token(token);
        let page = calls::LIST_TOPICS.send("*", request.send()).await?;
        topics.extend(
            page.topics()
                .iter()
                .filter_map(|topic| topic.topic_arn()?.parse().ok())
                .filter(|arn: &Arn| arn.resource().starts_with(&prefix)),
        );
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
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
    let name = arn.resource().to_owned();
    let resource = Resource::Topic(Topic {
        name: name.clone(),
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
    let owner = Owner::by_tag(tag.map(Tag::value), stack.as_str());
    let mut live = vec![Live {
        key: ResourceKey {
            place: place.clone(),
            kind: Kind::Topic,
            name,
        },
        resource,
        owner: owner.clone(),
        handle: Some(arn.as_str().to_owned()),
        foreign: Vec::new(),
    }];
    let readers = subscriptions(client, stack, place, &arn, &owner).await;
    live.extend(super::seen(&owner, readers)?);
    Ok(live)
}

/// All subscriptions to a topic, pending ones included. They belong to whom it belongs.
async fn subscriptions(
    client: &aws_sdk_sns::Client,
    stack: &StackName,
    place: &Place,
    topic: &Arn,
    owner: &Owner,
) -> Result<Vec<Live>, CallError> {
    let mut live = Vec::new();
    let mut token = None;
    loop {
        let request = client
            .list_subscriptions_by_topic()
            .topic_arn(topic.as_str())
            .set_next_token(token);
        let page = calls::LIST_SUBSCRIPTIONS
            .send(topic.as_str(), request.send())
            .await?;
        for listed in page.subscriptions() {
            let arn = listed.subscription_arn().unwrap_or_default();
            let confirmed = arn.starts_with("arn:");
            // Deleted subscriptions stay listed for a while.
            if !confirmed && arn != PENDING {
                continue;
            }
            let endpoint = listed.endpoint().unwrap_or_default();
            if names::is_probe(stack, endpoint, topic) {
                continue;
            }
            let mut raw = false;
            let mut filter = None;
            if confirmed {
                let request = client.get_subscription_attributes().subscription_arn(arn);
                let answer = match calls::GET_SUBSCRIPTION.send(arn, request.send()).await {
                    Ok(answer) => answer,
                    Err(error) if error.cause == Cause::NotFound => continue,
                    Err(error) => return Err(error),
                };
                let attribute = |name: &str| answer.attributes().and_then(|all| all.get(name));
                raw = attribute("RawMessageDelivery").is_some_and(|raw| raw == "true");
                filter = attribute("FilterPolicy")
                    .and_then(|text| serde_json::from_str::<Value>(text).ok())
                    .filter(|filter| filter.as_object().is_none_or(|fields| !fields.is_empty()));
            }
            let resource = Resource::Subscription(Subscription {
                topic: topic.clone(),
                protocol: listed.protocol().unwrap_or_default().to_owned(),
                endpoint: endpoint.to_owned(),
                raw,
                filter,
                confirmed,
            });
            live.push(Live {
                key: resource.key(place),
                resource,
                owner: owner.clone(),
                handle: confirmed.then(|| arn.to_owned()),
                foreign: Vec::new(),
            });
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(live);
        }
    }
}

/// Creates a topic with everything it is.
pub(super) async fn create(
    client: &aws_sdk_sns::Client,
    stack: &StackName,
    topic: &Topic,
) -> Result<(), CallError> {
    // With a tag that differs, CreateTopic fails where a foreign topic has the name; without tags it
    // would adopt that topic in silence.
    let tag = Tag::builder().key(STACK_TAG).value(stack.as_str()).build();
    let mut request = client
        .create_topic()
        .name(&topic.name)
        .set_tags(tag.ok().map(|t| vec![t]));
    for (name, value) in wanted(topic)
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
    {
        request = request.attributes(name, value);
    }
    calls::CREATE_TOPIC
        .send(&topic.name, request.send())
        .await
        .map(drop)
}

/// Sets the attributes of a topic that is ours, one call each, as SNS wants it.
pub(super) async fn update(
    client: &aws_sdk_sns::Client,
    arn: &str,
    before: &Topic,
    topic: &Topic,
) -> Result<(), CallError> {
    let held = wanted(before);
    for (name, value) in wanted(topic) {
        if held.contains(&(name, value.clone())) {
            continue;
        }
        let request = client
            .set_topic_attributes()
            .topic_arn(arn)
            .attribute_name(name)
            .attribute_value(value);
        calls::SET_TOPIC.send(arn, request.send()).await?;
    }
    Ok(())
}

fn wanted(topic: &Topic) -> [(&'static str, String); 3] {
    [
        // Empty: no encryption of its own.
        ("KmsMasterKeyId", topic.kms_key.clone().unwrap_or_default()),
        ("DisplayName", topic.display_name.clone()),
        ("Policy", topic.policy.to_string()),
    ]
}

/// Deletes a topic and with it every subscription; one that is gone already is fine.
pub(super) async fn delete(client: &aws_sdk_sns::Client, arn: &str) -> Result<(), CallError> {
    let request = client.delete_topic().topic_arn(arn);
    super::gone_is_fine(
        calls::DELETE_TOPIC
            .send(arn, request.send())
            .await
            .map(drop),
    )
}

/// Subscribes; the receiver may have to agree.
pub(super) async fn subscribe(
    client: &aws_sdk_sns::Client,
    subscription: &Subscription,
) -> Result<(), CallError> {
    let mut request = client
        .subscribe()
        .topic_arn(subscription.topic.as_str())
        .protocol(&subscription.protocol)
        .endpoint(&subscription.endpoint)
        .return_subscription_arn(true);
    if subscription.raw {
        request = request.attributes("RawMessageDelivery", "true");
    }
    calls::SUBSCRIBE
        .send(subscription.topic.as_str(), request.send())
        .await
        .map(drop)
}

/// Sets what can be changed of a confirmed subscription, one call each, as SNS wants it.
pub(super) async fn update_subscription(
    client: &aws_sdk_sns::Client,
    arn: &str,
    before: &Subscription,
    after: &Subscription,
) -> Result<(), CallError> {
    // An empty object takes a filter away. Source: SNS, `SetSubscriptionAttributes`.
    let filter = after
        .filter
        .as_ref()
        .map_or("{}".to_owned(), Value::to_string);
    for (changed, name, value) in [
        (
            before.raw != after.raw,
            "RawMessageDelivery",
            after.raw.to_string(),
        ),
        (before.filter != after.filter, "FilterPolicy", filter),
    ] {
        if changed {
            let request = client
                .set_subscription_attributes()
                .subscription_arn(arn)
                .attribute_name(name)
                .attribute_value(value);
            calls::SET_SUBSCRIPTION.send(arn, request.send()).await?;
        }
    }
    Ok(())
}

/// Ends a confirmed subscription; one that is gone already is fine.
pub(super) async fn unsubscribe(client: &aws_sdk_sns::Client, arn: &str) -> Result<(), CallError> {
    let request = client.unsubscribe().subscription_arn(arn);
    super::gone_is_fine(calls::UNSUBSCRIBE.send(arn, request.send()).await.map(drop))
}
