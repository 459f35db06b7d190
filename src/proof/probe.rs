//! A temporary queue that listens on our topics, so that arrival is seen and not assumed.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName as Name;
use serde_json::json;

use crate::aws::{CallError, Clients, calls};
use crate::place::{Arn, Place, StackName};
use crate::resources::{Kind, Live, Owner, gone_is_fine, names};

/// Says until when a probe is in use, in Unix seconds; later it is a leftover of a killed run.
const UNTIL_TAG: &str = "iamwatch:probe-until";

/// Says to which rules file a probe belongs. Not the tag of deployed things: plans leave probes alone.
const PROBE_TAG: &str = "iamwatch:probe";

/// The temporary queue with its subscriptions.
#[derive(Debug)]
pub(super) struct Probe {
    url: String,
    subscriptions: Vec<String>,
}

impl Probe {
    /// Creates the queue, lets `topics` and nobody else send to it, and subscribes it to them.
    ///
    /// # Errors
    /// What AWS says; what was made before is removed.
    pub(super) async fn open(
        clients: &Clients,
        stack: &StackName,
        place: &Place,
        topics: &[Arn],
        id: &str,
        until: i64,
    ) -> Result<Self, CallError> {
        let name = format!("{}{id}", names::probe_prefix(stack));
        let arn = names::arn_at("sqs", place, &name).ok_or_else(|| {
            CallError::unexpected(&calls::CREATE_QUEUE, format!("no queue can be at {place}"))
        })?;
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": { "Service": "sns.amazonaws.com" },
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": { "ArnEquals": { "aws:SourceArn": topics } },
            }],
        });
        let request = clients
            .sqs
            .create_queue()
            .queue_name(&name)
            .attributes(Name::Policy, policy.to_string())
            .attributes(Name::MessageRetentionPeriod, "3600")
            .tags(UNTIL_TAG, until.to_string())
            .tags(PROBE_TAG, stack.as_str());
        let created = calls::CREATE_QUEUE.send(&name, request.send()).await?;
        let mut probe = Self {
            url: created.queue_url().unwrap_or_default().to_owned(),
            subscriptions: Vec::new(),
        };
        for topic in topics {
            let request = clients
                .sns
                .subscribe()
                .topic_arn(topic.as_str())
                .protocol("sqs")
                .endpoint(arn.as_str())
                .attributes("RawMessageDelivery", "true")
                .return_subscription_arn(true);
            match calls::SUBSCRIBE.send(topic.as_str(), request.send()).await {
                Ok(answer) => probe
                    .subscriptions
                    .extend(answer.subscription_arn().map(str::to_owned)),
                Err(error) => {
                    // The reason is the error that counts; what is left is swept.
                    let _ = probe.close(clients).await;
                    return Err(error);
                }
            }
        }
        Ok(probe)
    }

    /// The alerts that have arrived since the last look, waiting for up to `wait_seconds`.
    ///
    /// # Errors
    /// What AWS says.
    pub(super) async fn receive(
        &self,
        clients: &Clients,
        wait_seconds: i32,
    ) -> Result<Vec<String>, CallError> {
        let request = clients
            .sqs
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(10)
            .wait_time_seconds(wait_seconds);
        let answer = calls::RECEIVE.send(&self.url, request.send()).await?;
        let mut bodies = Vec::new();
        for message in answer.messages() {
            bodies.extend(message.body().map(str::to_owned));
            if let Some(receipt) = message.receipt_handle() {
                let request = clients
                    .sqs
                    .delete_message()
                    .queue_url(&self.url)
                    .receipt_handle(receipt);
                calls::DELETE_MESSAGE
                    .send(&self.url, request.send())
                    .await?;
            }
        }
        Ok(bodies)
    }

    /// Removes subscriptions and queue, as far as it goes; what is left is swept by a later run.
    ///
    /// # Errors
    /// The first thing that AWS refused, after all else was tried.
    pub(super) async fn close(self, clients: &Clients) -> Result<(), CallError> {
        let mut result = Ok(());
        for arn in &self.subscriptions {
            let request = clients.sns.unsubscribe().subscription_arn(arn);
            let done = calls::UNSUBSCRIBE.send(arn, request.send()).await;
            result = result.and(gone_is_fine(done.map(drop)));
        }
        let request = clients.sqs.delete_queue().queue_url(&self.url);
        let done = calls::DELETE_QUEUE.send(&self.url, request.send()).await;
        result.and(gone_is_fine(done.map(drop)))
    }
}

/// Removes the probes of runs that were killed: queues past their time, and their subscriptions.
/// Returns how many queues went.
///
/// # Errors
/// What AWS says.
pub(super) async fn sweep(
    clients: &Clients,
    stack: &StackName,
    place: &Place,
    live: &[Live],
    now: i64,
) -> Result<usize, CallError> {
    let request = clients
        .sqs
        .list_queues()
        .queue_name_prefix(names::probe_prefix(stack))
        .max_results(1000);
    let page = calls::LIST_QUEUES.send("*", request.send()).await?;
    let mut stale: HashMap<String, String> = HashMap::new();
    for url in page.queue_urls() {
        let request = clients.sqs.list_queue_tags().queue_url(url);
        let tags = calls::LIST_QUEUE_TAGS.send(url, request.send()).await?;
        let tag = |name: &str| tags.tags().and_then(|tags| tags.get(name));
        let ours = tag(PROBE_TAG).is_some_and(|name| name == stack.as_str());
        let until = tag(UNTIL_TAG).filter(|_| ours);
        let until = until.and_then(|until| until.parse::<i64>().ok());
        // A queue without the tag is not a probe of ours, whatever its name.
        if until.is_some_and(|until| until < now) {
            let name = url.rsplit('/').next().unwrap_or_default();
            if let Some(arn) = names::arn_at("sqs", place, name) {
                stale.insert(arn.to_string(), url.clone());
            }
        }
    }
    if stale.is_empty() {
        return Ok(0);
    }
    let topics = live
        .iter()
        .filter(|live| live.key.kind == Kind::Topic && live.owner == Owner::Ours);
    for topic in topics.filter_map(|live| live.handle.as_deref()) {
        let mut token = None;
        loop {
            let request = clients
                .sns
                .list_subscriptions_by_topic()
                .topic_arn(topic)
                .set_next_token(token);
            let page = calls::LIST_SUBSCRIPTIONS
                .send(topic, request.send())
                .await?;
            for subscription in page.subscriptions() {
                let ours = subscription
                    .endpoint()
                    .is_some_and(|e| stale.contains_key(e));
                let arn = subscription.subscription_arn().unwrap_or_default();
                if ours && arn.starts_with("arn:") {
                    let request = clients.sns.unsubscribe().subscription_arn(arn);
                    calls::UNSUBSCRIBE.send(arn, request.send()).await?;
                }
            }
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
    }
    for url in stale.values() {
        let request = clients.sqs.delete_queue().queue_url(url);
        calls::DELETE_QUEUE.send(url, request.send()).await?;
    }
    Ok(stale.len())
}
