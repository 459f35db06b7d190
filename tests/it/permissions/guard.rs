//! The guard: nobody but an excepted role can take a deployment apart.

use aws_sdk_eventbridge::types::{RuleState, Target};
use aws_sdk_sqs::types::QueueAttributeName;
use iamwatch::permissions;
use iamwatch::plan::PlanOptions;
use iamwatch::resources::{Kind, Live};
use serde_json::{Value, json};

use super::{EVERYTHING, account, applies, scope};
use crate::stage::Stage;

/// A policy that allows everything but what the guard denies.
fn everything_but(guard: &Value) -> Value {
    let mut statements = vec![json!({ "Effect": "Allow", "Action": "*", "Resource": "*" })];
    statements.extend(guard["Statement"].as_array().unwrap().iter().cloned());
    json!({ "Version": "2012-10-17", "Statement": statements })
}

async fn deployed() -> (Stage, Vec<Live>, Value) {
    let stage = account().await;
    let wanted = stage.wanted(EVERYTHING).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    let live = stage.live(&wanted).await;
    let except = ["arn:aws:iam::111122223333:user/deployer".to_owned()];
    let guard = permissions::guard(&scope(&wanted, &stage), &except);
    (stage, live, guard)
}

/// The stage through the eyes of somebody who may do everything but what the guard denies.
async fn somebody(stage: &Stage, name: &str, guard: &Value) -> Stage {
    let sandbox = stage.sandbox.as_ref().unwrap();
    let caller = sandbox.caller(name, &everything_but(guard).to_string());
    let region = "eu-central-1".parse().unwrap();
    stage.seen_by(sandbox.sdk_config(&region, caller)).await
}

/// What each attempt at a deployment was answered, by the action that it takes.
async fn tampers(stage: &Stage, live: &[Live]) -> Vec<(&'static str, Option<String>)> {
    let of = |kind| live.iter().find(|live| live.key.kind == kind).unwrap();
    let handle = |kind| of(kind).handle.clone().unwrap();
    let (topic, queue) = (handle(Kind::Topic), handle(Kind::Queue));
    let (key, trail) = (handle(Kind::EncryptionKey), handle(Kind::Trail));
    let bucket = of(Kind::Bucket).key.name.clone();
    let role = of(Kind::Role).key.name.clone();
    let rule = live
        .iter()
        .find(|live| live.key.name.starts_with("iamwatch-acme/"));
    let rule = rule.unwrap().key.name.split_once('/').unwrap().1;
    let bus = "iamwatch-acme";
    let clients = &stage.clients;
    let mut answers = Vec::new();
    macro_rules! attempt {
        ($action:literal, $request:expr) => {{
            use aws_smithy_types::error::metadata::ProvideErrorMetadata;
            let answer = $request.send().await;
            let refused = answer.err().map(|error| {
                format!(
                    "{:?}: {}",
                    error.code(),
                    error.message().unwrap_or_default()
                )
            });
            answers.push(($action, refused));
        }};
    }
    let events = &clients.events;
    attempt!(
        "events:DisableRule",
        events.disable_rule().name(rule).event_bus_name(bus)
    );
    let put = events
        .put_rule()
        .name(rule)
        .event_bus_name(bus)
        .state(RuleState::Disabled);
    attempt!(
        "events:PutRule",
        put.event_pattern(r#"{"source":["none"]}"#)
    );
    let gone = events.remove_targets().rule(rule).event_bus_name(bus);
    attempt!("events:RemoveTargets", gone.ids("text"));
    let other = Target::builder()
        .id("text")
        .arn(topic.as_str())
        .build()
        .unwrap();
    let put = events.put_targets().rule(rule).event_bus_name(bus);
    attempt!("events:PutTargets", put.targets(other));
    attempt!(
        "events:DeleteRule",
        events.delete_rule().name(rule).event_bus_name(bus)
    );
    let gone = events.remove_permission().event_bus_name(bus);
    attempt!("events:RemovePermission", gone.remove_all_permissions(true));
    attempt!("events:DeleteEventBus", events.delete_event_bus().name(bus));
    let sns = &clients.sns;
    let set = sns.set_topic_attributes().topic_arn(&topic);
    attempt!(
        "sns:SetTopicAttributes",
        set.attribute_name("DisplayName").attribute_value("x")
    );
    let subscription = live
        .iter()
        .find(|live| live.key.name.contains("/sqs/"))
        .unwrap();
    let subscription = subscription.handle.clone().unwrap();
    attempt!(
        "sns:Unsubscribe",
        sns.unsubscribe().subscription_arn(&subscription)
    );
    attempt!("sns:DeleteTopic", sns.delete_topic().topic_arn(&topic));
    let sqs = &clients.sqs;
    let set = sqs.set_queue_attributes().queue_url(&queue);
    attempt!(
        "sqs:SetQueueAttributes",
        set.attributes(QueueAttributeName::Policy, "")
    );
    attempt!("sqs:PurgeQueue", sqs.purge_queue().queue_url(&queue));
    attempt!("sqs:DeleteQueue", sqs.delete_queue().queue_url(&queue));
    let iam = &clients.iam;
    let gone = iam.delete_role_policy().role_name(&role);
    attempt!("iam:DeleteRolePolicy", gone.policy_name("forward"));
    attempt!("iam:DeleteRole", iam.delete_role().role_name(&role));
    let kms = &clients.kms;
    attempt!("kms:DisableKey", kms.disable_key().key_id(&key));
    attempt!(
        "kms:ScheduleKeyDeletion",
        kms.schedule_key_deletion().key_id(&key)
    );
    let gone = kms.delete_alias().alias_name("alias/iamwatch-acme");
    attempt!("kms:DeleteAlias", gone);
    let cloudtrail = &clients.cloudtrail;
    attempt!(
        "cloudtrail:StopLogging",
        cloudtrail.stop_logging().name(&trail)
    );
    attempt!(
        "cloudtrail:DeleteTrail",
        cloudtrail.delete_trail().name(&trail)
    );
    let s3 = &clients.s3;
    attempt!(
        "s3:DeleteBucketPolicy",
        s3.delete_bucket_policy().bucket(&bucket)
    );
    attempt!("s3:DeleteBucket", s3.delete_bucket().bucket(&bucket));
    answers
}

#[tokio::test(start_paused = true)]
async fn nobody_takes_a_guarded_deployment_apart() {
    let (stage, live, guard) = deployed().await;
    let tamperer = somebody(&stage, "mallory", &guard).await;
    let answers = tampers(&tamperer, &live).await;
    assert!(answers.len() > 20);
    for (action, refused) in answers {
        let refused = refused.expect(action);
        assert!(
            super::names(&refused, action) && refused.contains("explicit deny"),
            "{refused}"
        );
    }
    let wanted = stage.wanted(EVERYTHING).await;
    assert_eq!(stage.plan(&wanted).await.changes, []);
}

#[tokio::test(start_paused = true)]
async fn whoever_the_guard_excepts_works_on() {
    let (stage, _, guard) = deployed().await;
    let deployer = somebody(&stage, "deployer", &guard).await;
    let wanted = stage.wanted(EVERYTHING).await;
    super::storm::breaks_everything(&stage, &stage.live(&wanted).await).await;
    let prune = PlanOptions {
        prune: true,
        ..PlanOptions::default()
    };
    applies(&deployer, &prune, false).await.unwrap();
    // What is not ours is nobody's concern.
    let mallory = somebody(&stage, "mallory", &guard).await;
    let topic = mallory.clients.sns.create_topic().name("theirs").send();
    let topic = topic.await.unwrap().topic_arn.unwrap();
    let gone = mallory.clients.sns.delete_topic().topic_arn(topic);
    gone.send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_refuses_is_no_missing_permission() {
    let (stage, _, guard) = deployed().await;
    let tamperer = somebody(&stage, "mallory", &guard).await;
    let all = PlanOptions::destruction(vec![Kind::Trail]);
    let text = applies(&tamperer, &all, true).await.unwrap_err();
    assert!(text.contains("a policy forbids this"), "{text}");
    assert!(!text.contains("the caller needs this statement"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_guard_fits_where_aws_takes_it() {
    let (_, _, guard) = deployed().await;
    let length = serde_json::to_string_pretty(&guard)
        .unwrap()
        .chars()
        .count();
    assert!(length <= permissions::GUARD_LIMIT, "{length}");
}
