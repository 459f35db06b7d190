//! How SNS reads and writes topics of ours, and reads other people's topics that rules publish to.

use aws_sdk_sns::types::Tag;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::{GivenTopic, Topic, attributes, changed};
use crate::aws::{CallError, Cause, Clients, all_pages, calls};
use crate::place::{Arn, Place, StackName};
use crate::resources::aws::answers::seen;
use crate::resources::aws::creation::Creation;
use crate::resources::model::{Owner, STACK_TAG};
use crate::resources::queue::{Obstacle, Verdict};
use crate::resources::resource::{Live, Resource};
use crate::resources::{key, names, policy, subscription};

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

/// What cannot be told of a topic that cannot be looked at.
pub const LETS_RULES_PUBLISH: &str = "whether it lets our rules publish";

/// Whether a topic of somebody's takes what our rules publish: it must be there, its policy must say so, and the key that
/// encrypts it, if there is one; and somebody must have subscribed. `None` if all of that is so.
///
/// # Errors
/// What AWS says, except that the topic is not there or may not be looked at.
pub async fn obstacle(
    clients: &Clients,
    topic: &GivenTopic,
) -> Result<Option<Obstacle>, CallError> {
    let arn = &topic.arn;
    let certain = |problem: &str, remedy: &str, document: Option<Value>| {
        Ok(Some(Obstacle {
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
            document,
            verdict: Verdict::Refused,
        }))
    };
    // Source: EventBridge, `eb-service-cross-account`.
    if topic
        .rules
        .iter()
        .any(|rule| rule.account() != arn.account())
    {
        return certain(
            "it is in another account, into which rules publish only with a role that iamwatch does not make",
            "name a topic of the home account: its readers may be of any",
            None,
        );
    }
    let request = clients.sns.get_topic_attributes().topic_arn(arn.as_str());
    let answer = match calls::GET_GIVEN_TOPIC
        .send(arn.as_str(), request.send())
        .await
    {
        Ok(answer) => answer,
        Err(error) if error.cause == Cause::NotFound => {
            return certain(
                "it does not exist",
                "create the topic, or correct the channel",
                None,
            );
        }
        Err(error) if error.cause == Cause::Denied => {
            return Ok(Some(Obstacle::unseen(LETS_RULES_PUBLISH, &error)));
        }
        Err(error) => return Err(error),
    };
    let attribute = |name: &str| {
        let all = answer.attributes();
        let value = all.and_then(|all| all.get(name)).map(String::as_str);
        value.filter(|value| !value.is_empty())
    };
    let stored = attribute("Policy").and_then(|text| serde_json::from_str(text).ok());
    let stored = stored.unwrap_or(Value::Null);
    let judged =
        |organization: Option<&str>| policy::admits_rules(&stored, arn, &topic.rules, organization);
    let admission = judged(topic.organization.as_deref());
    if admission != policy::Admission::Granted && topic.organization.is_none() {
        let mut named = policy::named_organizations(&stored).into_iter();
        let only = named.find(|id| judged(Some(id)) == policy::Admission::Granted);
        if let Some(only) = only {
            return Ok(Some(Obstacle {
                problem: format!(
                    "its policy lets rules of the organization {only} publish, and whether home is in it is not known"
                ),
                remedy: "see that it is, or add this statement to its policy".to_owned(),
                document: Some(topic.statement.clone()),
                verdict: Verdict::Unknown,
            }));
        }
    }
    match admission {
        policy::Admission::Granted => {}
        policy::Admission::Missing => {
            return certain(
                "its policy does not let our rules publish",
                "add this statement to its policy",
                Some(topic.statement.clone()),
            );
        }
        policy::Admission::Denied(statement) => {
            return certain(
                "a statement of its policy denies our rules, or may do so",
                "leave our rules out of this statement: no other can outweigh it",
                Some(statement),
            );
        }
    }
    if let Some(named) = attribute("KmsMasterKeyId")
        && let Some(found) = key_obstacle(clients, arn, named).await
    {
        return Ok(Some(found));
    }
    if attribute("SubscriptionsConfirmed").unwrap_or("0") != "0" {
        return Ok(None);
    }
    let pending: u64 = attribute("SubscriptionsPending")
        .and_then(|count| count.parse().ok())
        .unwrap_or_default();
    let waiting = match pending {
        0 => String::new(),
        1 => ", and 1 subscription waits for that".to_owned(),
        waiting => format!(", and {waiting} subscriptions wait for that"),
    };
    Ok(Some(Obstacle {
        problem: format!("SNS knows of nobody who has confirmed a subscription to it{waiting}"),
        remedy: "subscribe whoever should read there, and let them confirm".to_owned(),
        document: None,
        verdict: Verdict::Unread,
    }))
}

/// What the key of a topic keeps out, which SNS names by id, ARN or alias. Nobody may read the policy of a key in another
/// account.
async fn key_obstacle(clients: &Clients, topic: &Arn, named: &str) -> Option<Obstacle> {
    // Nobody can let another service use that key. Source: SNS, `sns-key-management`.
    if named.rsplit(':').next() == Some("alias/aws/sns") {
        return Some(Obstacle {
            problem: format!(
                "it is encrypted with the key {named}: it is AWS's own, which EventBridge cannot use"
            ),
            remedy: "encrypt it with a key of yours that EventBridge can use, or not at all"
                .to_owned(),
            document: None,
            verdict: Verdict::Refused,
        });
    }
    let whole = key::aws::named_beside(named, topic);
    match key::aws::usable(&clients.kms, &whole, &key::aws::EVENTBRIDGE).await {
        Ok(found) => found.map(|found| Obstacle {
            problem: format!("it is encrypted with the key {named}: {}", found.problem),
            remedy: match found.statement {
                Some(_) => "add this statement to the key's policy",
                None => "encrypt it with a key of yours that EventBridge can use, or not at all",
            }
            .to_owned(),
            document: found.statement,
            verdict: Verdict::Refused,
        }),
        Err(error) => Some(Obstacle {
            problem: format!(
                "it is encrypted with the key {named}, which cannot be looked at: {error}"
            ),
            remedy: error.remedy().unwrap_or_else(|| {
                "ask the key's owner whether events.amazonaws.com may use it".to_owned()
            }),
            document: None,
            verdict: Verdict::Unknown,
        }),
    }
}
