//! How SNS reads and writes the subscriptions to a topic.

use aws_sdk_sns::types;
use serde_json::Value;

use super::{Address, DEAD_LETTER_TARGET, REDRIVE_POLICY, Subscription, changed, redrive_policy};
use crate::aws::{CallError, Cause, Clients, all_pages, calls};
use crate::place::{Arn, Place, StackName};
use crate::resources::aws::creation::Creation;
use crate::resources::model::Owner;
use crate::resources::names;
use crate::resources::resource::{Live, Resource};

/// What SNS lists instead of an ARN while the receiver has not agreed.
const PENDING: &str = "PendingConfirmation";

/// Reads all subscriptions to a topic, pending ones included. They belong to whom it belongs.
pub(crate) async fn read(
    client: &aws_sdk_sns::Client,
    stack: &StackName,
    place: &Place,
    topic: &Arn,
    owner: &Owner,
) -> Result<Vec<Live>, CallError> {
    let listed = all_pages(|token| async move {
        let request = client.list_subscriptions_by_topic();
        let request = request.topic_arn(topic.as_str()).set_next_token(token);
        let page = calls::LIST_SUBSCRIPTIONS
            .send(topic.as_str(), request.send())
            .await?;
        Ok((page.subscriptions.unwrap_or_default(), page.next_token))
    });
    let mut live = Vec::new();
    for listed in &listed.await? {
        let endpoint = listed.endpoint().unwrap_or_default();
        if names::is_probe(stack, endpoint, topic) {
            continue;
        }
        if let Some(found) = one(client, topic, listed).await? {
            let arn = listed.subscription_arn().filter(|_| found.confirmed);
            let handle = arn.map(str::to_owned);
            let resource = Resource::Subscription(found);
            live.push(Live::new(place, resource, owner.clone(), handle));
        }
    }
    Ok(live)
}

/// One subscription; `None` if it went away.
async fn one(
    client: &aws_sdk_sns::Client,
    topic: &Arn,
    listed: &types::Subscription,
) -> Result<Option<Subscription>, CallError> {
    let arn = listed.subscription_arn().unwrap_or_default();
    let mut found = Subscription {
        topic: topic.clone(),
        protocol: listed.protocol().unwrap_or_default().to_owned(),
        endpoint: listed.endpoint().unwrap_or_default().into(),
        raw: false,
        filter: None,
        dead_letters: None,
        confirmed: arn.starts_with("arn:"),
    };
    if !found.confirmed {
        // Deleted subscriptions stay listed for a while.
        return Ok((arn == PENDING).then_some(found));
    }
    let request = client.get_subscription_attributes().subscription_arn(arn);
    let answer = match calls::GET_SUBSCRIPTION.send(arn, request.send()).await {
        Ok(answer) => answer,
        Err(error) if error.cause == Cause::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let attribute = |name: &str| answer.attributes().and_then(|all| all.get(name));
    found.raw = attribute("RawMessageDelivery").is_some_and(|raw| raw == "true");
    found.filter = attribute("FilterPolicy")
        .and_then(|text| serde_json::from_str::<Value>(text).ok())
        .filter(|filter| filter.as_object().is_none_or(|fields| !fields.is_empty()));
    found.dead_letters = attribute(REDRIVE_POLICY)
        .and_then(|text| serde_json::from_str::<Value>(text).ok())
        .and_then(|policy| policy.get(DEAD_LETTER_TARGET)?.as_str()?.parse().ok());
    Ok(Some(found))
}

/// Subscribes; the receiver may have to agree.
pub(crate) async fn create(
    at: &Creation<'_>,
    subscription: &Subscription,
) -> Result<(), CallError> {
    let mut request = at
        .clients
        .sns
        .subscribe()
        .topic_arn(subscription.topic.as_str())
        .protocol(&subscription.protocol)
        .endpoint(subscription.endpoint.revealed())
        .return_subscription_arn(true);
    if subscription.raw {
        request = request.attributes("RawMessageDelivery", "true");
    }
    if let Some(queue) = &subscription.dead_letters {
        request = request.attributes(REDRIVE_POLICY, redrive_policy(queue));
    }
    let made = calls::SUBSCRIBE
        .send(subscription.topic.as_str(), request.send())
        .await;
    made.map(drop)
        .map_err(|error| without(error, &subscription.endpoint))
}

/// A failure whose words do not repeat what an address hides.
fn without(error: CallError, endpoint: &Address) -> CallError {
    let message = error
        .message
        .replace(endpoint.revealed(), &endpoint.to_string());
    CallError { message, ..error }
}

/// Changes a confirmed subscription.
pub(crate) async fn update(
    clients: &Clients,
    arn: &str,
    before: &Subscription,
    after: &Subscription,
) -> Result<(), CallError> {
    for (name, value) in changed(before, after) {
        let request = clients
            .sns
            .set_subscription_attributes()
            .subscription_arn(arn)
            .attribute_name(name)
            .set_attribute_value(value);
        calls::SET_SUBSCRIPTION.send(arn, request.send()).await?;
    }
    Ok(())
}

/// Ends a confirmed subscription. SNS drops by itself what nobody confirms.
pub(crate) async fn delete(
    clients: &Clients,
    arn: &str,
    subscription: &Subscription,
) -> Result<(), CallError> {
    if !subscription.confirmed {
        return Ok(());
    }
    let request = clients.sns.unsubscribe().subscription_arn(arn);
    let ended = calls::UNSUBSCRIBE.send(arn, request.send()).await;
    ended.map(drop)
}

/// It belongs to whom its topic belongs.
pub(crate) async fn adopt(
    _: &Clients,
    _: &StackName,
    _: &str,
    _: &Subscription,
) -> Result<(), CallError> {
    Ok(())
}
