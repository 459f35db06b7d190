//! The sandbox, driven by the real SDK clients.

mod callers;
mod delivery;
mod happy;
mod life;
mod queues;
mod rules;
mod targets;
mod topics;

use aws_sdk_eventbridge::types::{PutEventsRequestEntry, RuleState, Target};
use aws_sdk_sqs::types::{Message, QueueAttributeName};
use iamwatch::sandbox::{Clock, Options, Sandbox};

pub const ACCOUNT: &str = "111122223333";

/// A sandbox and an administrator's clients in us-east-1.
pub struct Aws {
    pub sandbox: Sandbox,
    pub events: aws_sdk_eventbridge::Client,
    pub sns: aws_sdk_sns::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub sts: aws_sdk_sts::Client,
    pub iam: aws_sdk_iam::Client,
}

pub fn aws() -> Aws {
    let sandbox = Sandbox::new(Options {
        account: ACCOUNT.parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        clock: Clock::FIXED,
    });
    let admin = sandbox.admin();
    clients(sandbox, admin, "us-east-1")
}

pub fn clients(sandbox: Sandbox, caller: aws_credential_types::Credentials, region: &str) -> Aws {
    let config = sandbox.sdk_config(&region.parse().unwrap(), caller);
    Aws {
        events: aws_sdk_eventbridge::Client::new(&config),
        sns: aws_sdk_sns::Client::new(&config),
        sqs: aws_sdk_sqs::Client::new(&config),
        sts: aws_sdk_sts::Client::new(&config),
        iam: aws_sdk_iam::Client::new(&config),
        sandbox,
    }
}

pub fn topic_arn(name: &str) -> String {
    format!("arn:aws:sns:us-east-1:{ACCOUNT}:{name}")
}

pub fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}")
}

pub fn queue_url(name: &str) -> String {
    format!("https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/{name}")
}

/// A resource policy that lets a service do one thing on behalf of one source.
pub fn letting(service: &str, action: &str, resource: &str, source: &str) -> String {
    serde_json::json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "test", "Effect": "Allow", "Principal": {"Service": service}, "Action": action,
        "Resource": resource, "Condition": {"ArnLike": {"aws:SourceArn": source}},
    }]})
    .to_string()
}

/// Rules of this account and Region.
pub fn any_rule() -> String {
    format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/*")
}

impl Aws {
    /// A queue that events and topics may send to.
    pub async fn open_queue(&self, name: &str) -> String {
        let statement = |service: &str| {
            serde_json::json!({"Effect": "Allow", "Principal": {"Service": service},
                "Action": "sqs:SendMessage", "Resource": queue_arn(name)})
        };
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [
            statement("events.amazonaws.com"), statement("sns.amazonaws.com"),
        ]});
        let made = self.sqs.create_queue().queue_name(name);
        let made = made.attributes(QueueAttributeName::Policy, policy.to_string());
        made.send().await.unwrap().queue_url.unwrap()
    }

    /// A topic that rules may publish to.
    pub async fn open_topic(&self, name: &str) -> String {
        let arn = topic_arn(name);
        let policy = letting("events.amazonaws.com", "sns:Publish", &arn, &any_rule());
        let made = self
            .sns
            .create_topic()
            .name(name)
            .attributes("Policy", policy);
        made.send().await.unwrap().topic_arn.unwrap()
    }

    pub async fn rule(&self, name: &str, pattern: &str) -> String {
        let put = self.events.put_rule().name(name).event_pattern(pattern);
        put.send().await.unwrap().rule_arn.unwrap()
    }

    pub async fn rule_in(&self, name: &str, pattern: &str, state: RuleState) {
        let put = self.events.put_rule().name(name).event_pattern(pattern);
        put.state(state).send().await.unwrap();
    }

    pub async fn target(&self, rule: &str, target: Target) {
        let put = self.events.put_targets().rule(rule).targets(target);
        assert_eq!(put.send().await.unwrap().failed_entry_count, 0);
    }

    /// Puts one event with source `app`.
    pub async fn put(&self, detail: serde_json::Value) {
        let entry = PutEventsRequestEntry::builder()
            .source("app")
            .detail_type("test")
            .detail(detail.to_string())
            .build();
        let put = self
            .events
            .put_events()
            .entries(entry)
            .send()
            .await
            .unwrap();
        assert_eq!(put.failed_entry_count, 0);
    }

    /// Takes every message from a queue.
    pub async fn drain(&self, name: &str) -> Vec<Message> {
        let mut all = Vec::new();
        loop {
            let receive = self
                .sqs
                .receive_message()
                .queue_url(queue_url(name))
                .max_number_of_messages(10)
                .message_attribute_names("All");
            let messages = receive.send().await.unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                return all;
            }
            for message in &messages {
                let delete = self.sqs.delete_message().queue_url(queue_url(name));
                let handle = message.receipt_handle().unwrap();
                delete.receipt_handle(handle).send().await.unwrap();
            }
            all.extend(messages);
        }
    }

    pub async fn bodies(&self, name: &str) -> Vec<String> {
        let all = self.drain(name).await;
        all.into_iter()
            .map(|message| message.body.unwrap())
            .collect()
    }
}

pub fn target(id: &str, arn: &str) -> aws_sdk_eventbridge::types::builders::TargetBuilder {
    Target::builder().id(id).arn(arn)
}
