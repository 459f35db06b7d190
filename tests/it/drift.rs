//! Every field of every resource, changed behind iamwatch's back: plan shows it, apply repairs it.

use std::collections::BTreeSet;

use aws_sdk_eventbridge::types::{
    DeadLetterConfig, InputTransformer, RetryPolicy, RuleState, Target,
};
use aws_sdk_sqs::types::QueueAttributeName;
use iamwatch::plan::Action;
use iamwatch::resources::{Key, Live};
use serde_json::Value;

use crate::stage::Stage;

const RULES: &str = r#"
version: 1
name: drift
home: { region: us-east-1 }
channels:
  mail: { email: security@example.com }
  siem: { sqs: alerts, format: json }
notify: { default: [mail, siem] }
rules:
  - use: root/sign-in
"#;

/// A resource with another value here is another resource.
const IDENTITY: &[&str] = &[
    "queue.kind",
    "queue.name",
    "topic.kind",
    "topic.name",
    "subscription.kind",
    "subscription.topic",
    "subscription.protocol",
    "subscription.endpoint",
    "rule.kind",
    "rule.name",
    // Rules are read bus by bus: one on another bus is not this one.
    "rule.bus",
];

/// Only the receiver can change it: `a_subscription_that_nobody_confirmed_is_waited_for`.
const WAITED_FOR: &[&str] = &["subscription.confirmed"];

/// The field paths of a resource, target ids replaced by `*`. Documents and maps of paths count as one.
fn fields(resource: &Value) -> BTreeSet<String> {
    let kind = resource["kind"].as_str().unwrap();
    let mut found = BTreeSet::new();
    for (name, value) in resource.as_object().unwrap() {
        if name == "targets" {
            for target in value.as_object().unwrap().values() {
                for (part, value) in target.as_object().unwrap() {
                    if part == "input" && value.is_object() {
                        let parts = value.as_object().unwrap().keys();
                        found.extend(parts.map(|p| format!("{kind}.targets.*.input.{p}")));
                    } else {
                        found.insert(format!("{kind}.targets.*.{part}"));
                    }
                }
            }
        } else {
            found.insert(format!("{kind}.{name}"));
        }
    }
    found
}

/// Changes one field in AWS. An unknown field is a new one, for which a case is missing here.
async fn change(stage: &Stage, live: &Live, field: &str) {
    let name = live.key.name.as_str();
    let handle = live.handle.clone().unwrap_or_default();
    let clients = &stage.clients;
    let queue_attribute = async |attribute: QueueAttributeName, value: &str| {
        let request = clients.sqs.set_queue_attributes().queue_url(&handle);
        request.attributes(attribute, value).send().await.unwrap();
    };
    let topic_attribute = async |attribute: &str, value: &str| {
        let request = clients.sns.set_topic_attributes().topic_arn(&handle);
        request
            .attribute_name(attribute)
            .attribute_value(value)
            .send()
            .await
            .unwrap();
    };
    let open_policy = |resource: &str, action: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"{action}","Resource":"{resource}"}}]}}"#
        )
    };
    match field {
        "queue.policy" => {
            let arn = format!("arn:aws:sqs:us-east-1:{}:{name}", stage.account);
            queue_attribute(
                QueueAttributeName::Policy,
                &open_policy(&arn, "sqs:SendMessage"),
            )
            .await;
        }
        "queue.retention_seconds" => {
            queue_attribute(QueueAttributeName::MessageRetentionPeriod, "60").await;
        }
        "queue.encrypted" => {
            queue_attribute(QueueAttributeName::SqsManagedSseEnabled, "false").await;
        }
        "topic.display_name" => topic_attribute("DisplayName", "somebody").await,
        "topic.policy" => topic_attribute("Policy", &open_policy(&handle, "sns:Publish")).await,
        "topic.kms_key" => topic_attribute("KmsMasterKeyId", "alias/aws/sns").await,
        "subscription.filter" => {
            let request = clients
                .sns
                .set_subscription_attributes()
                .subscription_arn(&handle);
            let request = request.attribute_name("FilterPolicy");
            let request = request.attribute_value(r#"{"severity":["critical"]}"#);
            request.send().await.unwrap();
        }
        "subscription.raw" => {
            let request = clients
                .sns
                .set_subscription_attributes()
                .subscription_arn(&handle);
            let request = request
                .attribute_name("RawMessageDelivery")
                .attribute_value("false");
            request.send().await.unwrap();
        }
        "rule.description" | "rule.pattern" | "rule.state" => change_rule(stage, name, field).await,
        field if field.starts_with("rule.targets.*.") => change_target(stage, name, field).await,
        unknown => panic!("no case changes `{unknown}`"),
    }
}

async fn change_rule(stage: &Stage, name: &str, field: &str) {
    let events = &stage.clients.events;
    let rule = events.describe_rule().name(name).send().await.unwrap();
    let request = events
        .put_rule()
        .name(name)
        .set_description(rule.description.clone())
        .set_event_pattern(rule.event_pattern.clone())
        .set_state(rule.state.clone());
    let request = match field {
        "rule.description" => request.description("somebody"),
        "rule.pattern" => request.event_pattern(r#"{"source":["aws.ec2"]}"#),
        _ => request.state(RuleState::Disabled),
    };
    request.send().await.unwrap();
}

async fn change_target(stage: &Stage, rule: &str, field: &str) {
    let events = &stage.clients.events;
    let listed = events
        .list_targets_by_rule()
        .rule(rule)
        .send()
        .await
        .unwrap();
    let target: Target = listed.targets()[0].clone();
    let input = target.input_transformer.clone().unwrap();
    let retry = target.retry_policy.clone().unwrap();
    let mut changed = target.clone();
    match field {
        "rule.targets.*.arn" => {
            let topics = stage
                .clients
                .sns
                .create_topic()
                .name("somebody")
                .send()
                .await
                .unwrap();
            changed.arn = topics.topic_arn.unwrap();
        }
        "rule.targets.*.input.template" => {
            let input = InputTransformer::builder()
                .set_input_paths_map(input.input_paths_map)
                .input_template(r#""somebody""#);
            changed.input_transformer = Some(input.build().unwrap());
        }
        "rule.targets.*.input.paths" => {
            let mut paths = input.input_paths_map.unwrap_or_default();
            paths.insert("somebody".to_owned(), "$.detail.somebody".to_owned());
            let input = InputTransformer::builder()
                .set_input_paths_map(Some(paths))
                .input_template(input.input_template);
            changed.input_transformer = Some(input.build().unwrap());
        }
        "rule.targets.*.max_age_seconds" => {
            let retry = RetryPolicy::builder()
                .maximum_event_age_in_seconds(60)
                .set_maximum_retry_attempts(retry.maximum_retry_attempts);
            changed.retry_policy = Some(retry.build());
        }
        "rule.targets.*.max_retries" => {
            let retry = RetryPolicy::builder()
                .maximum_retry_attempts(0)
                .set_maximum_event_age_in_seconds(retry.maximum_event_age_in_seconds);
            changed.retry_policy = Some(retry.build());
        }
        "rule.targets.*.dead_letters" => {
            let other = format!("arn:aws:sqs:us-east-1:{}:alerts", stage.account);
            changed.dead_letter_config = Some(DeadLetterConfig::builder().arn(other).build());
        }
        unknown => panic!("no case changes `{unknown}`"),
    }
    events
        .put_targets()
        .rule(rule)
        .targets(changed)
        .send()
        .await
        .unwrap();
}

pub async fn every_field_is_repaired(stage: &Stage) {
    stage
        .clients
        .sqs
        .create_queue()
        .queue_name("alerts")
        .send()
        .await
        .unwrap();
    let wanted = stage.wanted(RULES);
    stage.deploy(&wanted).await;
    stage.confirm_all();
    assert_eq!(stage.plan(&wanted).await.changes, Vec::new());

    let mut walked = BTreeSet::new();
    for (key, resource) in &wanted.desired.resources {
        let resource = serde_json::to_value(resource).unwrap();
        for field in fields(&resource) {
            if IDENTITY.contains(&field.as_str()) || WAITED_FOR.contains(&field.as_str()) {
                continue;
            }
            // Only SQS hands on a message without its envelope.
            if field == "subscription.raw" && resource["protocol"] != "sqs" {
                continue;
            }
            let live = stage.live(&wanted).await;
            let live = live.iter().find(|live| live.key == *key).unwrap();
            change(stage, live, &field).await;
            let plan = stage.plan(&wanted).await;
            let shown: Vec<(&Key, Action)> = plan
                .changes
                .iter()
                .map(|change| (&change.key, change.action))
                .collect();
            assert_eq!(shown, [(key, Action::Update)], "{field}");
            assert!(!plan.changes[0].attributes.is_empty(), "{field}");
            let report = stage.apply(&plan).await;
            assert!(report.is_complete(), "{field}: {report:#?}");
            assert_eq!(stage.plan(&wanted).await.changes, Vec::new(), "{field}");
            walked.insert(field);
        }
    }
    assert_eq!(walked.len(), 17, "{walked:#?}");
}

/// Targets and subscriptions that are gone or too many, and whole resources that are gone.
pub async fn what_is_gone_comes_back(stage: &Stage) {
    stage
        .clients
        .sqs
        .create_queue()
        .queue_name("alerts")
        .send()
        .await
        .unwrap();
    let wanted = stage.wanted(RULES);
    stage.deploy(&wanted).await;
    stage.confirm_all();
    let rule = "iamwatch-drift-root.sign-in";
    let events = &stage.clients.events;

    events
        .remove_targets()
        .rule(rule)
        .ids("text")
        .send()
        .await
        .unwrap();
    repaired(stage, &wanted, Action::Update).await;

    let extra = Target::builder()
        .id("extra")
        .arn(format!("arn:aws:sqs:us-east-1:{}:alerts", stage.account));
    events
        .put_targets()
        .rule(rule)
        .targets(extra.build().unwrap())
        .send()
        .await
        .unwrap();
    repaired(stage, &wanted, Action::Update).await;

    let live = stage.live(&wanted).await;
    let subscription = live
        .iter()
        .find(|live| live.key.name.contains("/sqs/"))
        .unwrap();
    let arn = subscription.handle.clone().unwrap();
    stage
        .clients
        .sns
        .unsubscribe()
        .subscription_arn(arn)
        .send()
        .await
        .unwrap();
    repaired(stage, &wanted, Action::Create).await;

    events
        .remove_targets()
        .rule(rule)
        .ids("text")
        .ids("json")
        .send()
        .await
        .unwrap();
    events.delete_rule().name(rule).send().await.unwrap();
    repaired(stage, &wanted, Action::Create).await;
}

async fn repaired(stage: &Stage, wanted: &crate::stage::Wanted, action: Action) {
    let plan = stage.plan(wanted).await;
    let actions: Vec<Action> = plan.changes.iter().map(|change| change.action).collect();
    assert_eq!(actions, [action], "{plan:#?}");
    assert!(stage.apply(&plan).await.is_complete());
    stage.confirm_all();
    assert_eq!(stage.plan(wanted).await.changes, Vec::new());
}

mod sandbox {
    use super::*;

    #[tokio::test]
    async fn every_field_that_drifts_is_repaired() {
        every_field_is_repaired(&Stage::sandbox().await).await;
    }

    #[tokio::test]
    async fn what_was_deleted_or_added_is_repaired() {
        what_is_gone_comes_back(&Stage::sandbox().await).await;
    }

    #[tokio::test]
    async fn a_subscription_that_nobody_confirmed_is_waited_for() {
        let stage = Stage::sandbox().await;
        stage
            .clients
            .sqs
            .create_queue()
            .queue_name("alerts")
            .send()
            .await
            .unwrap();
        let wanted = stage.wanted(RULES);
        stage.deploy(&wanted).await;
        let plan = stage.plan(&wanted).await;
        assert_eq!(plan.changes, Vec::new());
        let waiting: Vec<&str> = plan.waiting.iter().map(|key| key.name.as_str()).collect();
        assert_eq!(
            waiting,
            ["iamwatch-drift-text_mail/email/security@example.com"]
        );
        stage.confirm_all();
        assert_eq!(stage.plan(&wanted).await.waiting, Vec::new());
    }
}
