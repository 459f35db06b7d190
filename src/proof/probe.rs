//! A temporary queue that listens on our topics and on a bus, so that arrival is seen and not assumed.

use std::collections::HashMap;

use aws_sdk_eventbridge::types::{Tag, Target};
use aws_sdk_sqs::types::QueueAttributeName as Name;
use aws_smithy_types::error::operation::BuildError;
use serde_json::{Value, json};

use crate::aws::{CallError, Cause, Clients, calls};
use crate::place::{Arn, Place, StackName};
use crate::resources::{Kind, Live, Owner, gone_is_fine, names, rule};

/// Says until when a probe is in use, in Unix seconds; later it is a leftover of a killed run.
const UNTIL_TAG: &str = "iamwatch:probe-until";

/// Says to which rules file a probe belongs. Not the tag of deployed things: plans leave probes alone.
const PROBE_TAG: &str = "iamwatch:probe";

/// The id of the only target of a temporary rule.
const TARGET: &str = "probe";

/// What a probe listens to.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources<'a> {
    /// The topics of ours that the queue subscribes to.
    pub(super) topics: &'a [Arn],
    /// A bus of the place, and the pattern of the events that are wanted from it.
    pub(super) bus: Option<(&'a str, Value)>,
}

/// Which probe: its name in AWS is made of these.
#[derive(Debug, Clone, Copy)]
pub(super) struct Naming<'a> {
    pub(super) stack: &'a StackName,
    pub(super) place: &'a Place,
    /// The id of the probe, a UUID.
    pub(super) id: &'a str,
    /// Until when it is in use, in Unix seconds.
    pub(super) until: i64,
}

/// The temporary queue with its subscriptions, and the temporary rule.
#[derive(Debug)]
pub(super) struct Probe {
    url: String,
    subscriptions: Vec<String>,
    /// The temporary rule: its bus and its name.
    rule: Option<(String, String)>,
}

/// Something that a probe has received.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arrival {
    /// The topic that it came by; `None`: straight from the bus.
    pub(super) topic: Option<Arn>,
    /// The alert, or the event.
    pub(super) body: String,
}

impl Arrival {
    /// SNS puts what it delivers into an envelope. Source: SNS, `sns-message-and-json-formats`.
    fn of(message: &str) -> Self {
        let opened = || {
            let envelope: Value = serde_json::from_str(message).ok()?;
            let text = |field: &str| envelope.get(field).and_then(Value::as_str);
            let topic = text("TopicArn")?.parse().ok()?;
            (text("Type") == Some("Notification")).then_some(())?;
            Some(Self {
                topic: Some(topic),
                body: text("Message")?.to_owned(),
            })
        };
        opened().unwrap_or_else(|| Self {
            topic: None,
            body: message.to_owned(),
        })
    }
}

impl Probe {
    /// Creates the queue, lets the sources and nobody else send to it, and connects it to them.
    ///
    /// # Errors
    /// What AWS says; what was made before is removed.
    pub(super) async fn open(
        clients: &Clients,
        naming: Naming<'_>,
        sources: Sources<'_>,
    ) -> Result<Self, CallError> {
        let name = format!("{}{}", names::probe_prefix(naming.stack), short(naming.id));
        let nowhere = || {
            let place = naming.place;
            CallError::unexpected(&calls::CREATE_QUEUE, format!("no queue can be at {place}"))
        };
        let arn = names::arn_at("sqs", naming.place, &name).ok_or_else(nowhere)?;
        let mut statements = Vec::new();
        let mut admit = |service: &str, from: Value| {
            statements.push(json!({
                "Effect": "Allow",
                "Principal": { "Service": service },
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": { "ArnEquals": { "aws:SourceArn": from } },
            }));
        };
        if !sources.topics.is_empty() {
            admit("sns.amazonaws.com", json!(sources.topics));
        }
        if let Some((bus, _)) = &sources.bus {
            let rule = format!("rule/{}", names::rule(bus, &name));
            let rule = names::arn_at("events", naming.place, &rule).ok_or_else(nowhere)?;
            admit("events.amazonaws.com", json!(rule));
        }
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        let request = clients
            .sqs
            .create_queue()
            .queue_name(&name)
            .attributes(Name::Policy, policy.to_string())
            .attributes(Name::MessageRetentionPeriod, "3600")
            .tags(UNTIL_TAG, naming.until.to_string())
            .tags(PROBE_TAG, naming.stack.as_str());
        let created = calls::CREATE_QUEUE.send(&name, request.send()).await?;
        let mut probe = Self {
            url: created.queue_url().unwrap_or_default().to_owned(),
            subscriptions: Vec::new(),
            rule: None,
        };
        if let Err(error) = probe.connect(clients, naming, &name, &arn, sources).await {
            // The reason is the error that counts; what is left is swept.
            let _ = probe.close(clients).await;
            return Err(error);
        }
        Ok(probe)
    }

    async fn connect(
        &mut self,
        clients: &Clients,
        naming: Naming<'_>,
        name: &str,
        queue: &Arn,
        sources: Sources<'_>,
    ) -> Result<(), CallError> {
        for topic in sources.topics {
            let request = clients
                .sns
                .subscribe()
                .topic_arn(topic.as_str())
                .protocol("sqs")
                .endpoint(queue.as_str())
                .return_subscription_arn(true);
            let answer = calls::SUBSCRIBE
                .send(topic.as_str(), request.send())
                .await?;
            self.subscriptions
                .extend(answer.subscription_arn().map(str::to_owned));
        }
        let Some((bus, pattern)) = sources.bus else {
            return Ok(());
        };
        let until = naming.until.to_string();
        let tags: Result<Vec<Tag>, _> = [
            (UNTIL_TAG, until.as_str()),
            (PROBE_TAG, naming.stack.as_str()),
        ]
        .into_iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect();
        let unbuilt =
            |error: BuildError| CallError::unexpected(&calls::PUT_RULE, error.to_string());
        let tags = tags.map_err(unbuilt)?;
        let request = clients
            .events
            .put_rule()
            .event_bus_name(bus)
            .name(name)
            .description("iamwatch: temporary, of a test-event")
            .event_pattern(pattern.to_string())
            .set_tags(Some(tags));
        // Noted first: an answer that is lost leaves a rule behind.
        self.rule = Some((bus.to_owned(), name.to_owned()));
        calls::PUT_RULE.send(name, request.send()).await?;
        let target = Target::builder().id(TARGET).arn(queue.as_str()).build();
        let target = target.map_err(unbuilt)?;
        let request = clients.events.put_targets().event_bus_name(bus).rule(name);
        let request = request.targets(target);
        let answer = calls::PUT_TARGETS.send(name, request.send()).await?;
        match answer.failed_entries().first() {
            None => Ok(()),
            Some(entry) => Err(CallError::inside_success(
                &calls::PUT_TARGETS,
                name.to_owned(),
                entry.error_code().unwrap_or_default(),
                entry.error_message().unwrap_or_default(),
            )),
        }
    }

    /// What has arrived since the last look, waiting for up to `wait_seconds`.
    ///
    /// # Errors
    /// What AWS says.
    pub(super) async fn receive(
        &self,
        clients: &Clients,
        wait_seconds: i32,
    ) -> Result<Vec<Arrival>, CallError> {
        let request = clients
            .sqs
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(10)
            .wait_time_seconds(wait_seconds);
        let answer = calls::RECEIVE.send(&self.url, request.send()).await?;
        let mut bodies = Vec::new();
        for message in answer.messages() {
            bodies.extend(message.body().map(Arrival::of));
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
        if let Some((bus, rule)) = &self.rule {
            result = result.and(remove_rule(clients, bus, rule).await);
        }
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

/// An id that leaves room for everything else in the 64 characters of a rule's name.
pub(super) fn short(id: &str) -> String {
    let letters: Vec<char> = id.chars().filter(char::is_ascii_alphanumeric).collect();
    let (first, last) = letters.split_at(letters.len().min(8));
    let last = last
        .get(last.len().saturating_sub(12)..)
        .unwrap_or_default();
    first.iter().chain(last).collect()
}

async fn remove_rule(clients: &Clients, bus: &str, rule: &str) -> Result<(), CallError> {
    let request = clients.events.remove_targets().event_bus_name(bus);
    let request = request.rule(rule).ids(TARGET);
    let emptied = calls::REMOVE_TARGETS.send(rule, request.send()).await;
    let emptied = gone_is_fine(emptied.map(drop));
    let request = clients.events.delete_rule().event_bus_name(bus).name(rule);
    let deleted = calls::DELETE_RULE.send(rule, request.send()).await;
    emptied.and(gone_is_fine(deleted.map(drop)))
}

/// A temporary rule that stands on a bus.
#[derive(Debug, Clone)]
pub(crate) struct ProbeRule {
    /// The probe as AWS has it. It carries no tag of deployed things.
    pub(crate) live: Live,
    /// Whether its time is over: the run that made it was killed.
    pub(crate) is_expired: bool,
}

/// The temporary rules of a rules file on one bus; `now` in Unix seconds.
///
/// # Errors
/// What AWS says.
pub(crate) async fn rules_of_probes(
    clients: &Clients,
    stack: &StackName,
    place: &Place,
    bus: &str,
    now: i64,
) -> Result<Vec<ProbeRule>, CallError> {
    let prefix = names::probe_prefix(stack);
    let none = rule::KnownPatterns::default();
    let found = match rule::named(&clients.events, stack, place, bus, &prefix, &none).await {
        Err(error) if error.cause == Cause::NotFound => return Ok(Vec::new()),
        found => found?,
    };
    let mut probes = Vec::new();
    for live in found {
        let arn = live.handle.as_deref().unwrap_or_default();
        let request = clients.events.list_tags_for_resource().resource_arn(arn);
        let tags = match calls::LIST_RULE_TAGS.send(arn, request.send()).await {
            // It went away since it was listed.
            Err(error) if error.cause == Cause::NotFound => continue,
            tags => tags?,
        };
        let value = |key: &str| {
            let mut tags = tags.tags().iter();
            tags.find(|tag| tag.key() == key).map(Tag::value)
        };
        // A rule without the tag is not a probe of ours, whatever its name.
        if value(PROBE_TAG) != Some(stack.as_str()) {
            continue;
        }
        let until = value(UNTIL_TAG).and_then(|until| until.parse::<i64>().ok());
        let is_expired = until.is_some_and(|until| until < now);
        probes.push(ProbeRule { live, is_expired });
    }
    Ok(probes)
}

/// Removes temporary rules of runs that were killed, from one bus.
async fn sweep_rules(
    clients: &Clients,
    stack: &StackName,
    place: &Place,
    bus: &str,
    now: i64,
) -> Result<(), CallError> {
    let probes = rules_of_probes(clients, stack, place, bus, now).await?;
    for probe in probes.iter().filter(|probe| probe.is_expired) {
        let name = probe.live.key.name.rsplit('/').next().unwrap_or_default();
        remove_rule(clients, bus, name).await?;
    }
    Ok(())
}

/// The URLs of temporary queues past their time, in Unix seconds: a run that was killed left them.
///
/// # Errors
/// What AWS says.
pub(crate) async fn left_over(
    clients: &Clients,
    stack: &StackName,
    now: i64,
) -> Result<Vec<String>, CallError> {
    let request = clients
        .sqs
        .list_queues()
        .queue_name_prefix(names::probe_prefix(stack))
        .max_results(1000);
    let page = calls::LIST_QUEUES.send("*", request.send()).await?;
    let mut urls = Vec::new();
    for url in page.queue_urls() {
        let request = clients.sqs.list_queue_tags().queue_url(url);
        let tags = match calls::LIST_QUEUE_TAGS.send(url, request.send()).await {
            Ok(tags) => tags,
            Err(error) if error.cause == Cause::NotFound => continue,
            Err(error) => return Err(error),
        };
        let tag = |name: &str| tags.tags().and_then(|tags| tags.get(name));
        // A queue without the tag is not a probe of ours, whatever its name.
        let ours = tag(PROBE_TAG).is_some_and(|name| name == stack.as_str());
        let until = tag(UNTIL_TAG).and_then(|until| until.parse::<i64>().ok());
        if ours && until.is_some_and(|until| until < now) {
            urls.push(url.clone());
        }
    }
    Ok(urls)
}

/// Removes the probes of runs that were killed from a place: queues past their time, their subscriptions, and
/// temporary rules on a bus, if one is named. Returns how many queues went.
///
/// # Errors
/// What AWS says.
pub(super) async fn sweep(
    clients: &Clients,
    stack: &StackName,
    place: &Place,
    bus: Option<&str>,
    live: &[Live],
    now: i64,
) -> Result<usize, CallError> {
    if let Some(bus) = bus {
        sweep_rules(clients, stack, place, bus, now).await?;
    }
    let stale: HashMap<String, String> = left_over(clients, stack, now)
        .await?
        .into_iter()
        .filter_map(|url| {
            let name = url.rsplit('/').next().unwrap_or_default();
            let arn = names::arn_at("sqs", place, name)?;
            Some((arn.to_string(), url))
        })
        .collect();
    if stale.is_empty() {
        return Ok(0);
    }
    let topics = live.iter().filter(|live| {
        live.key.kind == Kind::Topic && live.owner == Owner::Ours && live.key.place == *place
    });
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
