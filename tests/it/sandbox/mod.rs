//! The sandbox, driven by the real SDK clients.

mod account;
mod assume;
mod buses;
mod callers;
mod cloudtrail;
mod connections;
mod cross_account;
mod delivery;
mod dynamodb;
mod gating;
mod happy;
mod history;
mod hops;
mod kms;
mod life;
mod limits;
mod members;
mod org_trail;
mod organizations;
mod queues;
mod roles;
mod rules;
mod s3;
mod s3_settings;
mod saved;
mod scp;
mod sfn;
mod socket;
mod tags;
mod targets;
mod topics;
mod trail_key;
mod undelivered;

use aws_sdk_eventbridge::types::{PutEventsRequestEntry, RuleState, Target};
use aws_sdk_sqs::types::{Message, QueueAttributeName};
use iamwatch::sandbox::{Clock, Options, Sandbox};

pub(crate) const ACCOUNT: &str = "111122223333";

/// A sandbox and an administrator's clients in us-east-1.
pub(crate) struct Aws {
    pub sandbox: Sandbox,
    pub events: aws_sdk_eventbridge::Client,
    pub sns: aws_sdk_sns::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub sts: aws_sdk_sts::Client,
    pub iam: aws_sdk_iam::Client,
    pub account: aws_sdk_account::Client,
    pub s3: aws_sdk_s3::Client,
    pub kms: aws_sdk_kms::Client,
    pub trail: aws_sdk_cloudtrail::Client,
    pub organizations: aws_sdk_organizations::Client,
}

pub(crate) fn aws() -> Aws {
    let sandbox = Sandbox::new(Options {
        account: ACCOUNT.parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        clock: Clock::FIXED,
    });
    let admin = sandbox.admin();
    clients(sandbox, admin, "us-east-1")
}

pub(crate) fn clients(
    sandbox: Sandbox,
    caller: aws_credential_types::Credentials,
    region: &str,
) -> Aws {
    let config = sandbox.sdk_config(&region.parse().unwrap(), caller);
    configured(sandbox, &config)
}

pub(crate) fn configured(sandbox: Sandbox, config: &aws_types::SdkConfig) -> Aws {
    Aws {
        events: aws_sdk_eventbridge::Client::new(config),
        sns: aws_sdk_sns::Client::new(config),
        sqs: aws_sdk_sqs::Client::new(config),
        sts: aws_sdk_sts::Client::new(config),
        iam: aws_sdk_iam::Client::new(config),
        account: aws_sdk_account::Client::new(config),
        s3: aws_sdk_s3::Client::new(config),
        kms: aws_sdk_kms::Client::new(config),
        trail: aws_sdk_cloudtrail::Client::new(config),
        organizations: aws_sdk_organizations::Client::new(config),
        sandbox,
    }
}

pub(crate) fn topic_arn(name: &str) -> String {
    format!("arn:aws:sns:us-east-1:{ACCOUNT}:{name}")
}

pub(crate) fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}")
}

pub(crate) fn queue_url(name: &str) -> String {
    format!("https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/{name}")
}

/// A resource policy that lets a service do one thing on behalf of one source.
pub(crate) fn letting(service: &str, action: &str, resource: &str, source: &str) -> String {
    serde_json::json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "test", "Effect": "Allow", "Principal": {"Service": service}, "Action": action,
        "Resource": resource, "Condition": {"ArnLike": {"aws:SourceArn": source}},
    }]})
    .to_string()
}

pub(crate) fn trail_arn(name: &str) -> String {
    format!("arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/{name}")
}

/// The policy of a bucket that one trail may write to, as AWS's documentation has it.
pub(crate) fn log_bucket_policy(bucket: &str, trail: &str) -> String {
    let service = serde_json::json!({"Service": "cloudtrail.amazonaws.com"});
    serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "acl", "Effect": "Allow", "Principal": service, "Action": "s3:GetBucketAcl",
            "Resource": format!("arn:aws:s3:::{bucket}"),
            "Condition": {"StringEquals": {"aws:SourceArn": trail}}},
        {"Sid": "write", "Effect": "Allow", "Principal": service, "Action": "s3:PutObject",
            "Resource": format!("arn:aws:s3:::{bucket}/AWSLogs/{ACCOUNT}/*"),
            "Condition": {"StringEquals": {"aws:SourceArn": trail, "aws:SourceAccount": ACCOUNT,
                "s3:x-amz-acl": "bucket-owner-full-control"}}},
        {"Sid": "tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    ]})
    .to_string()
}

/// Rules of this account and Region.
pub(crate) fn any_rule() -> String {
    format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/*")
}

impl Aws {
    /// With a multi-Region trail `main` that logs all management events.
    pub(crate) async fn with_trail(self) -> Self {
        let create = self.new_trail("main").await;
        create.is_multi_region_trail(true).send().await.unwrap();
        self.logging("main").await;
        self
    }

    /// The call that makes a trail with a bucket of its own, which is there and lets it in.
    pub(crate) async fn new_trail(
        &self,
        name: &str,
    ) -> aws_sdk_cloudtrail::operation::create_trail::builders::CreateTrailFluentBuilder {
        let region = self.trail.config().region().unwrap();
        let bucket = format!("logs-{name}-{region}");
        let arn = trail_arn(name).replace("us-east-1", region.as_ref());
        let policy = log_bucket_policy(&bucket, &arn);
        self.bucket(&bucket, Some(&policy)).await;
        self.trail.create_trail().name(name).s3_bucket_name(bucket)
    }

    /// A bucket of the clients' Region with that policy, or with none.
    pub(crate) async fn bucket(&self, name: &str, policy: Option<&str>) {
        use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
        let region = self.trail.config().region().unwrap().as_ref();
        let place = (region != "us-east-1").then(|| {
            let constraint = BucketLocationConstraint::from(region);
            let place = CreateBucketConfiguration::builder();
            place.location_constraint(constraint).build()
        });
        if self.s3.head_bucket().bucket(name).send().await.is_err() {
            let create = self.s3.create_bucket().bucket(name);
            let create = create.set_create_bucket_configuration(place);
            create.send().await.unwrap();
        }
        if let Some(policy) = policy {
            let put = self.s3.put_bucket_policy().bucket(name).policy(policy);
            put.send().await.unwrap();
        } else {
            let delete = self.s3.delete_bucket_policy().bucket(name);
            delete.send().await.unwrap();
        }
    }

    pub(crate) async fn logging(&self, name: &str) {
        let start = self.trail.start_logging().name(name);
        start.send().await.unwrap();
    }

    /// A queue that events and topics may send to.
    pub(crate) async fn open_queue(&self, name: &str) -> String {
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
    pub(crate) async fn open_topic(&self, name: &str) -> String {
        let arn = topic_arn(name);
        let policy = letting("events.amazonaws.com", "sns:Publish", &arn, &any_rule());
        let made = self
            .sns
            .create_topic()
            .name(name)
            .attributes("Policy", policy);
        made.send().await.unwrap().topic_arn.unwrap()
    }

    pub(crate) async fn rule(&self, name: &str, pattern: &str) -> String {
        let put = self.events.put_rule().name(name).event_pattern(pattern);
        put.send().await.unwrap().rule_arn.unwrap()
    }

    pub(crate) async fn rule_in(&self, name: &str, pattern: &str, state: RuleState) {
        let put = self.events.put_rule().name(name).event_pattern(pattern);
        put.state(state).send().await.unwrap();
    }

    pub(crate) async fn target(&self, rule: &str, target: Target) {
        let put = self.events.put_targets().rule(rule).targets(target);
        assert_eq!(put.send().await.unwrap().failed_entry_count, 0);
    }

    /// Puts one event with source `app`.
    pub(crate) async fn put(&self, detail: serde_json::Value) {
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
    pub(crate) async fn drain(&self, name: &str) -> Vec<Message> {
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

    pub(crate) async fn bodies(&self, name: &str) -> Vec<String> {
        let all = self.drain(name).await;
        all.into_iter()
            .map(|message| message.body.unwrap())
            .collect()
    }
}

pub(crate) fn target(id: &str, arn: &str) -> aws_sdk_eventbridge::types::builders::TargetBuilder {
    Target::builder().id(id).arn(arn)
}
