//! The guard: nobody but an excepted role can take a deployment apart.

use aws_sdk_eventbridge::types::{RuleState, Target};
use aws_sdk_sqs::types::QueueAttributeName;
use iamwatch::aws::{On, Step, calls};
use iamwatch::permissions::{self, Phase};
use iamwatch::plan::PlanOptions;
use iamwatch::resources::{Kind, Live};
use serde_json::{Value, json};

use super::{EVERYTHING, account, applies, scope, statements};
use crate::stage::Stage;

/// A policy that allows everything but what the guard denies.
fn everything_but(guard: &[Value]) -> Value {
    let mut all = vec![json!({ "Effect": "Allow", "Action": "*", "Resource": "*" })];
    all.extend(guard.iter().flat_map(statements).cloned());
    json!({ "Version": "2012-10-17", "Statement": all })
}

async fn deployed() -> (Stage, Vec<Live>, Vec<Value>) {
    let stage = account().await;
    let wanted = stage.wanted(EVERYTHING).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    let live = stage.live(&wanted).await;
    let except = ["arn:aws:iam::111122223333:user/deployer".to_owned()];
    let guard = permissions::guard(&scope(&wanted, &stage), &except, true);
    (stage, live, guard)
}

/// The stage through the eyes of somebody who may do everything but what the guard denies.
async fn somebody(stage: &Stage, name: &str, guard: &[Value]) -> Stage {
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
    attempt!("events:RemoveTargets", gone.ids("mail"));
    let other = Target::builder()
        .id("mail")
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
    let set = sns
        .set_subscription_attributes()
        .subscription_arn(&subscription);
    attempt!(
        "sns:SetSubscriptionAttributes",
        set.attribute_name("RedrivePolicy")
    );
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
    let queues = live.iter().filter(|live| live.key.kind == Kind::Queue);
    let mut of_topics = queues.filter(|live| live.key.name.contains("json_siem"));
    let letters = of_topics.next().unwrap().handle.clone().unwrap();
    let set = sqs.set_queue_attributes().queue_url(&letters);
    attempt!(
        "sqs:SetQueueAttributes",
        set.attributes(QueueAttributeName::Policy, "")
    );
    attempt!("sqs:PurgeQueue", sqs.purge_queue().queue_url(&letters));
    let forged = sqs.send_message().queue_url(&letters).message_body("{}");
    attempt!("sqs:SendMessage", forged);
    attempt!("sqs:DeleteQueue", sqs.delete_queue().queue_url(&letters));
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
}

/// Whoever has nothing to do with the deployment does not notice the guard, though names begin alike.
#[tokio::test(start_paused = true)]
async fn an_ordinary_administrator_works_undisturbed() {
    let (stage, _, guard) = deployed().await;
    let admin = somebody(&stage, "admin", &guard).await;
    let clients = &admin.clients;
    for name in ["orders", "iamwatch-acme-eu-text_mail", "iamwatch-other"] {
        let topic = clients.sns.create_topic().name(name).send().await.unwrap();
        let gone = clients
            .sns
            .delete_topic()
            .topic_arn(topic.topic_arn.unwrap());
        gone.send().await.unwrap();
    }
    for name in [
        "orders",
        "iamwatch-acme-eu-dead-letters",
        "iamwatch-acme-eu-json_siem-dead-letters",
    ] {
        let queue = clients
            .sqs
            .create_queue()
            .queue_name(name)
            .send()
            .await
            .unwrap();
        let gone = clients
            .sqs
            .delete_queue()
            .queue_url(queue.queue_url.unwrap());
        gone.send().await.unwrap();
    }
    for name in [
        "nightly",
        "iamwatch-acme-eu-root.sign-in",
        "iamwatch-acme-eu-forwarder_events",
    ] {
        let put = clients.events.put_rule().name(name);
        put.event_pattern(r#"{"source":["a"]}"#)
            .send()
            .await
            .unwrap();
        clients
            .events
            .disable_rule()
            .name(name)
            .send()
            .await
            .unwrap();
        clients
            .events
            .delete_rule()
            .name(name)
            .send()
            .await
            .unwrap();
    }
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    for (path, name) in [
        ("/", "payroll"),
        ("/iamwatch/", "iamwatch-acme-eu-forwarder-us-east-1"),
    ] {
        let role = clients.iam.create_role().role_name(name).path(path);
        role.assume_role_policy_document(trust.to_string())
            .send()
            .await
            .unwrap();
        clients
            .iam
            .delete_role()
            .role_name(name)
            .send()
            .await
            .unwrap();
    }
    let here = aws_sdk_s3::types::CreateBucketConfiguration::builder();
    let here = here.location_constraint("eu-central-1".into()).build();
    let bucket = clients.s3.create_bucket().bucket("some-bucket-of-theirs");
    let bucket = bucket.create_bucket_configuration(here);
    bucket.send().await.unwrap();
    clients
        .s3
        .delete_bucket()
        .bucket("some-bucket-of-theirs")
        .send()
        .await
        .unwrap();
    let key = clients
        .kms
        .create_key()
        .send()
        .await
        .unwrap()
        .key_metadata
        .unwrap();
    let gone = clients.kms.schedule_key_deletion().key_id(key.key_id);
    gone.send().await.unwrap();
}

/// A tag tells whose a key is, and an alias which one the topics use: neither can be moved.
#[tokio::test(start_paused = true)]
async fn the_key_is_neither_retagged_nor_replaced() {
    let (stage, live, guard) = deployed().await;
    let tamperer = somebody(&stage, "mallory", &guard).await;
    let key = live
        .iter()
        .find(|live| live.key.kind == Kind::EncryptionKey);
    let key = key.unwrap().handle.clone().unwrap();
    let kms = &tamperer.clients.kms;
    let other = kms.create_key().send().await.unwrap().key_metadata.unwrap();
    let tag = aws_sdk_kms::types::Tag::builder().tag_key("iamwatch:stack");
    let tag = tag.tag_value("other").build().unwrap();
    let tagged = kms.tag_resource().key_id(&key).tags(tag).send().await;
    tagged.unwrap_err();
    let untagged = kms.untag_resource().key_id(&key).tag_keys("iamwatch:stack");
    untagged.send().await.unwrap_err();
    let moved = kms.update_alias().alias_name("alias/iamwatch-acme");
    moved.target_key_id(&other.key_id).send().await.unwrap_err();
    kms.disable_key().key_id(&key).send().await.unwrap_err();
    kms.disable_key()
        .key_id(&other.key_id)
        .send()
        .await
        .unwrap();
}

/// Every write of `apply` that changes or deletes is in the guard, whichever kind of resource it is about.
#[tokio::test(start_paused = true)]
async fn every_write_that_does_not_make_something_new_is_guarded() {
    let (_, _, guard) = deployed().await;
    let all: Vec<&Value> = guard.iter().flat_map(statements).collect();
    let is_guarded = |action: &str| {
        let mut actions = all.iter().flat_map(|s| s["Action"].as_array().unwrap());
        actions.any(|guarded| guarded == action)
    };
    let mut walked = 0;
    for call in calls::ALL
        .iter()
        .filter(|call| call.write && call.step == Step::Change)
    {
        for need in call.needs {
            let (_, name) = need.action.split_once(':').unwrap();
            let makes = ["Create", "Get", "List", "Describe"]
                .iter()
                .any(|w| name.starts_with(w));
            let handed = need.action == "iam:PassRole" || need.on == On::FreshKey;
            if !makes && !handed {
                assert!(is_guarded(need.action), "{call}: {}", need.action);
                walked += 1;
            }
        }
    }
    assert!(walked > 40, "{walked}");
    for statement in all {
        for action in statement["Action"].as_array().unwrap() {
            let (_, name) = action.as_str().unwrap().split_once(':').unwrap();
            let reads = ["Create", "Get", "List", "Describe"]
                .iter()
                .any(|w| name.starts_with(w));
            // Whoever reads a secret speaks in our name.
            assert!(
                !reads || action == "secretsmanager:GetSecretValue",
                "{action}"
            );
        }
        let everything = statement["Resource"].to_string().contains("\"*\"");
        assert_eq!(everything, statement["Sid"] == "IamwatchGuardBusPolicies");
    }
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
    let (stage, _, guard) = deployed().await;
    let length = |policy: &Value| {
        serde_json::to_string_pretty(policy)
            .unwrap()
            .chars()
            .count()
    };
    for policy in &guard {
        assert!(
            length(policy) <= permissions::GUARD_LIMIT,
            "{}",
            length(policy)
        );
    }
    // More roles make each statement longer: they are shared among more policies, and none is lost.
    let wanted = stage.wanted(EVERYTHING).await;
    let roles: Vec<String> = (0..12)
        .map(|n| format!("arn:aws:iam::111122223333:role/pipelines/deployer-{n:02}"))
        .collect();
    let long = permissions::guard(&scope(&wanted, &stage), &roles, true);
    assert!(long.len() > guard.len());
    for policy in &long {
        assert!(
            length(policy) <= permissions::GUARD_LIMIT,
            "{}",
            length(policy)
        );
    }
    let sids = |policies: &[Value]| {
        let all = policies.iter().flat_map(statements);
        all.map(|s| s["Sid"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(sids(&long), sids(&guard));
}

/// Where something of ours may stand is said once: the deployer writes it where the guard guards it, and nowhere else.
#[tokio::test(start_paused = true)]
async fn what_the_deployer_may_write_stands_where_the_guard_guards_it() {
    let watched = "watch: { regions: [us-east-1] }";
    for instead in [
        watched,
        "watch: { regions: [us-east-1, eu-west-1] }",
        "watch: { regions: all }",
    ] {
        let stage = account().await;
        let wanted = stage.wanted(&EVERYTHING.replace(watched, instead)).await;
        let scope = scope(&wanted, &stage);
        let except = ["arn:aws:iam::111122223333:user/deployer".to_owned()];
        let of = |policies: &[Value], named: &str| {
            let all = policies.iter().flat_map(statements);
            let all = all.filter(|s| s["Sid"].as_str().unwrap().starts_with(named));
            let arns = all.flat_map(|s| super::texts(&s["Resource"]));
            let arns = arns.filter(|arn| {
                arn.contains(":sqs:") || arn.contains(":sns:") || arn.contains("forwarder")
            });
            arns.collect::<std::collections::BTreeSet<String>>()
        };
        let written = of(&[permissions::policy(&scope, Phase::Apply)], "Write");
        let guarded = of(&permissions::guard(&scope, &except, false), "IamwatchGuard");
        assert_eq!(written, guarded, "{instead}");
        let of_topics = written
            .iter()
            .filter(|arn| arn.ends_with("_*-dead-letters"));
        let of_topics: Vec<&String> = of_topics.collect();
        assert_eq!(of_topics.len(), 2, "{written:#?}");
        assert!(
            of_topics
                .iter()
                .all(|arn| { arn.contains(":eu-central-1:") || arn.contains(":us-east-1:") }),
            "{of_topics:?}"
        );
    }
}

/// Without a home bus the detectors sit on the default bus, beside those of anybody.
#[tokio::test(start_paused = true)]
async fn detectors_on_the_default_bus_are_guarded_by_their_names() {
    let rules = EVERYTHING
        .replace("eu-central-1", "us-east-1")
        .replace("watch: { regions: [us-east-1] }\n", "");
    let stage = Stage::sandbox_with(&[("SLACK_TOKEN", "xoxb-0000")]).await;
    let queue = stage.clients.sqs.create_queue().queue_name("alerts");
    queue.send().await.unwrap();
    let wanted = stage.wanted(&rules).await;
    stage.deploy(&wanted).await;
    let except = ["arn:aws:iam::111122223333:user/deployer".to_owned()];
    let guard = permissions::guard(&scope(&wanted, &stage), &except, false);
    let sandbox = stage.sandbox.as_ref().unwrap();
    let caller = sandbox.caller("mallory", &everything_but(&guard).to_string());
    let config = sandbox.sdk_config(&"us-east-1".parse().unwrap(), caller);
    let mallory = stage.seen_by(config).await;
    let events = &mallory.clients.events;
    let ours = events.disable_rule().name("iamwatch-acme-root.sign-in");
    ours.send().await.unwrap_err();
    let put = events.put_rule().name("iamwatch-acme-eu-root.sign-in");
    put.event_pattern(r#"{"source":["a"]}"#)
        .send()
        .await
        .unwrap();
    let theirs = events.disable_rule().name("iamwatch-acme-eu-root.sign-in");
    theirs.send().await.unwrap();
}
