//! One field of one resource, changed behind iamwatch's back: messages and rules here, the rest beside.

use aws_sdk_eventbridge::types::{
    DeadLetterConfig, InputTransformer, RetryPolicy, RuleState, Target,
};
use aws_sdk_sqs::types::QueueAttributeName;
use iamwatch::aws::Clients;
use iamwatch::resources::{Live, Resource};

use super::stores;
use crate::stage::Stage;

/// Changes one field in AWS. An unknown field is a new one, for which a case is missing here.
pub(crate) async fn change(stage: &Stage, live: &Live, field: &str) {
    let name = live.key.name.as_str();
    let handle = live.handle.clone().unwrap_or_default();
    let clients = &stage.cloud.at_place(&live.key.place);
    let region = clients.sqs.config().region().unwrap().to_string();
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
            let arn = format!("arn:aws:sqs:{region}:{}:{name}", stage.account);
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
        "queue.max_message_bytes" => {
            queue_attribute(QueueAttributeName::MaximumMessageSize, "1024").await;
        }
        "queue.delay_seconds" => queue_attribute(QueueAttributeName::DelaySeconds, "900").await,
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
        "subscription.dead_letters" => {
            let other = format!("arn:aws:sqs:{region}:{}:alerts", stage.account);
            let request = clients.sns.set_subscription_attributes();
            let request = request.subscription_arn(&handle);
            let request = request.attribute_name("RedrivePolicy");
            let request =
                request.attribute_value(format!(r#"{{"deadLetterTargetArn":"{other}"}}"#));
            request.send().await.unwrap();
        }
        "rule.description" | "rule.pattern" | "rule.state" => {
            change_rule(clients, live, field).await;
        }
        field if field.starts_with("rule.targets.*.") => {
            change_target(stage, clients, live, field).await;
        }
        field => stores::change(stage, clients, live, field).await,
    }
}

/// The bus and the name of a live rule.
fn rule_of(live: &Live) -> (&str, &str) {
    match &live.resource {
        Resource::Rule(rule) => (&rule.bus, &rule.name),
        other => panic!("{other:?} is no rule"),
    }
}

async fn change_rule(clients: &Clients, live: &Live, field: &str) {
    let events = &clients.events;
    let (bus, name) = rule_of(live);
    let rule = events.describe_rule().name(name).event_bus_name(bus);
    let rule = rule.send().await.unwrap();
    let request = events
        .put_rule()
        .name(name)
        .event_bus_name(bus)
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

async fn change_target(stage: &Stage, clients: &Clients, live: &Live, field: &str) {
    let events = &clients.events;
    let (bus, rule) = rule_of(live);
    let listed = events.list_targets_by_rule().rule(rule).event_bus_name(bus);
    let listed = listed.send().await.unwrap();
    let target: Target = listed.targets()[0].clone();
    let input = target.input_transformer.clone();
    let retry = target.retry_policy.clone().unwrap();
    let account = &stage.account;
    let region = events.config().region().unwrap().to_string();
    let mut changed = target.clone();
    match field {
        "rule.targets.*.arn" => {
            let topic = clients.sns.create_topic().name("somebody");
            changed.arn = topic.send().await.unwrap().topic_arn.unwrap();
            changed.role_arn = None;
        }
        "rule.targets.*.role" => {
            changed.role_arn = Some(stores::open_role(stage, "drifted").await);
        }
        "rule.targets.*.input" => {
            let input = InputTransformer::builder().input_template(r#""somebody""#);
            changed.input_transformer = Some(input.build().unwrap());
        }
        "rule.targets.*.input.template" => {
            let input = InputTransformer::builder()
                .set_input_paths_map(input.unwrap().input_paths_map)
                .input_template(r#""somebody""#);
            changed.input_transformer = Some(input.build().unwrap());
        }
        "rule.targets.*.input.paths" => {
            let input = input.unwrap();
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
            let other = format!("arn:aws:sqs:{region}:{account}:alerts");
            changed.dead_letter_config = Some(DeadLetterConfig::builder().arn(other).build());
        }
        unknown => panic!("no case changes `{unknown}`"),
    }
    events
        .put_targets()
        .rule(rule)
        .event_bus_name(bus)
        .targets(changed)
        .send()
        .await
        .unwrap();
}
