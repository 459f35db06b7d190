//! `pack/pipeline`: whatever silences the alerting is told of, by one of two detectors at least.

mod apart;
mod default_bus;
mod each_call;

use aws_sdk_sqs::types::QueueAttributeName;
use iamwatch::check;
use iamwatch::place::Place;
use iamwatch::resources::Kind;
use iamwatch::rules::RulesFile;

use crate::stage::{Stage, Wanted};

const RULES: &str = r#"
version: 1
name: acme
home: { region: us-east-1 }
trail: existing-or-create
topics: { kms_key: create }
channels:
  mail: { email: security@example.com }
  phone: { sms: "+4915112345678" }
notify: { default: [mail], low: [phone] }
rules:
  - use: pack/pipeline
"#;

async fn deployed(rules: &str) -> (Stage, Wanted) {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(rules).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    (stage, wanted)
}

/// Who was told since `before` messages of `what`: protocols, in order.
fn told(stage: &Stage, before: usize, what: &str) -> Vec<String> {
    let outbox = stage.sandbox.as_ref().unwrap().outbox();
    let new = outbox.into_iter().skip(before);
    let about = new.filter(|message| message.body.contains(&format!("What: {what} ")));
    let mut told: Vec<String> = about.map(|message| message.protocol).collect();
    told.sort();
    told
}

fn count(stage: &Stage) -> usize {
    stage.sandbox.as_ref().unwrap().outbox().len()
}

const DETECTOR: &str = "iamwatch-acme-pipeline.tamper";
const SECOND: &str = "iamwatch-acme-pipeline.tamper-watch";
const BOTH: [&str; 2] = ["email", "sms"];

#[tokio::test(start_paused = true)]
async fn a_detector_that_goes_is_told_of_by_the_other() {
    for (detector, channel, other) in [(DETECTOR, "mail", "sms"), (SECOND, "phone", "email")] {
        let (stage, _) = deployed(RULES).await;
        let events = &stage.clients.events;
        let before = count(&stage);
        let request = events.remove_targets().rule(detector).ids(channel);
        request.send().await.unwrap();
        assert_eq!(told(&stage, before, "RemoveTargets"), [other]);
        events.delete_rule().name(detector).send().await.unwrap();
        assert_eq!(told(&stage, before, "DeleteRule"), [other]);
    }
    let (stage, _) = deployed(RULES).await;
    let before = count(&stage);
    let request = stage.clients.events.disable_rule();
    request.name(DETECTOR).send().await.unwrap();
    assert_eq!(told(&stage, before, "DisableRule"), ["sms"]);
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_is_cut_is_told_of_on_the_other() {
    let (stage, wanted) = deployed(RULES).await;
    let (sns, before) = (&stage.clients.sns, count(&stage));
    let live = stage.live(&wanted).await;
    let handle = |name: &str| {
        let mut live = live.iter().filter(|live| live.key.name.contains(name));
        live.next().unwrap().handle.clone().unwrap()
    };
    let mail = handle("text_mail/email/security@example.com");
    sns.unsubscribe()
        .subscription_arn(&mail)
        .send()
        .await
        .unwrap();
    assert_eq!(told(&stage, before, "Unsubscribe"), ["sms"]);
    let topic = handle("text_mail");
    let request = sns.set_topic_attributes().topic_arn(&topic);
    let request = request.attribute_name("DisplayName");
    request.attribute_value("nobody").send().await.unwrap();
    assert_eq!(told(&stage, before, "SetTopicAttributes"), ["sms"]);
    sns.delete_topic().topic_arn(&topic).send().await.unwrap();
    assert_eq!(told(&stage, before, "DeleteTopic"), ["sms"]);
}

#[tokio::test(start_paused = true)]
async fn changes_of_everything_else_that_alerts_depend_on_are_told_twice() {
    let (stage, wanted) = deployed(RULES).await;
    let (clients, before) = (&stage.clients, count(&stage));
    let live = stage.live(&wanted).await;
    let mut queues = live
        .iter()
        .filter(|live| live.key.name.contains("dead-letters"));
    let queue = queues.next().unwrap().handle.clone().unwrap();
    let request = clients.sqs.set_queue_attributes().queue_url(&queue);
    let request = request.attributes(QueueAttributeName::Policy, "");
    request.send().await.unwrap();
    assert_eq!(told(&stage, before, "SetQueueAttributes"), BOTH);
    clients
        .sqs
        .purge_queue()
        .queue_url(&queue)
        .send()
        .await
        .unwrap();
    assert_eq!(told(&stage, before, "PurgeQueue"), BOTH);
    clients
        .sqs
        .delete_queue()
        .queue_url(&queue)
        .send()
        .await
        .unwrap();
    assert_eq!(told(&stage, before, "DeleteQueue"), BOTH);

    let bucket = format!("iamwatch-acme-logs-{}-us-east-1", stage.account);
    let request = clients.s3.delete_bucket_policy().bucket(&bucket);
    request.send().await.unwrap();
    assert_eq!(told(&stage, before, "DeleteBucketPolicy"), BOTH);

    let trail = clients.cloudtrail.stop_logging();
    trail.name("iamwatch-acme").send().await.unwrap();
    assert_eq!(
        told(&stage, before, "StopLogging"),
        BOTH,
        "the last that it records"
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_disabled_is_told_of_before_it_silences_the_topics() {
    // Without the key on the topics: with it nobody could be told.
    let rules = RULES.replace("topics: { kms_key: create }\n", "");
    let (stage, _) = deployed(&rules).await;
    let (kms, before) = (&stage.clients.kms, count(&stage));
    let key = kms.create_key().send().await.unwrap();
    let id = key.key_metadata.unwrap().key_id;
    kms.disable_key().key_id(&id).send().await.unwrap();
    assert_eq!(told(&stage, before, "DisableKey"), BOTH);
    let request = kms.schedule_key_deletion().key_id(&id);
    request.send().await.unwrap();
    assert_eq!(told(&stage, before, "ScheduleKeyDeletion"), BOTH);
}

#[tokio::test(start_paused = true)]
async fn in_a_hub_roles_buses_and_forwarders_are_watched_too() {
    let rules = RULES.replace(
        "home: { region: us-east-1 }",
        "home: { region: us-east-1 }\nwatch: { regions: [eu-west-1] }",
    );
    let (stage, _) = deployed(&rules).await;
    let (iam, before) = (&stage.clients.iam, count(&stage));
    let role = "iamwatch-acme-forwarder-eu-west-1";
    let request = iam.update_assume_role_policy().role_name(role);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}"#;
    request.policy_document(trust).send().await.unwrap();
    assert_eq!(told(&stage, before, "UpdateAssumeRolePolicy"), BOTH);
    let request = iam.delete_role_policy().role_name(role);
    request.policy_name("forward").send().await.unwrap();
    assert_eq!(told(&stage, before, "DeleteRolePolicy"), BOTH);
    let events = &stage.clients.events;
    let request = events.remove_permission().event_bus_name("iamwatch-acme");
    request.remove_all_permissions(true).send().await.unwrap();
    assert_eq!(told(&stage, before, "RemovePermission"), BOTH);
    let request = events.disable_rule().event_bus_name("iamwatch-acme");
    request.name(DETECTOR).send().await.unwrap();
    assert_eq!(told(&stage, before, "DisableRule"), ["sms"]);
}

/// Whoever disables what carries or raises alerts, acts and enables it again is heard of at the end.
#[tokio::test(start_paused = true)]
async fn what_was_silent_for_a_while_is_told_of_when_it_speaks_again() {
    let rules = RULES.replace(
        "home: { region: us-east-1 }",
        "home: { region: us-east-1 }\nwatch: { regions: [eu-west-1] }",
    );
    let (stage, wanted) = deployed(&rules).await;
    let there = stage.cloud.at(&"eu-west-1".parse().unwrap());
    let live = stage.live(&wanted).await;
    let forwarders = live.iter().filter(|live| {
        let is_there = matches!(&live.key.place, Place::Regional { region, .. } if region.as_str() == "eu-west-1");
        live.key.kind == Kind::Rule && is_there
    });
    let forwarders: Vec<&str> = forwarders.map(|live| live.key.name.as_str()).collect();
    for forwarder in &forwarders {
        let request = there.events.disable_rule().name(*forwarder);
        request.send().await.unwrap();
    }
    let before = count(&stage);
    let topic = there.sns.create_topic().name("iamwatch-acme-none");
    topic.send().await.unwrap();
    assert_eq!(count(&stage), before, "nobody carries it");
    for forwarder in &forwarders {
        let request = there.events.enable_rule().name(*forwarder);
        request.send().await.unwrap();
    }
    let mut who = told(&stage, before, "EnableRule");
    who.dedup();
    assert_eq!(who, ["email"], "the other one hears of home alone");

    // Both detectors at home, one after the other.
    let events = &stage.clients.events;
    let before = count(&stage);
    for (bus, detector, heard) in [
        ("iamwatch-acme", DETECTOR, vec!["sms"]),
        ("default", SECOND, vec![]),
    ] {
        let before = count(&stage);
        let request = events.disable_rule().event_bus_name(bus);
        request.name(detector).send().await.unwrap();
        assert_eq!(told(&stage, before, "DisableRule"), heard, "{detector}");
    }
    let request = events.enable_rule().name(SECOND);
    request.send().await.unwrap();
    assert_eq!(told(&stage, before, "EnableRule"), ["sms"]);
}

#[tokio::test(start_paused = true)]
async fn a_stranger_who_subscribes_is_told_of() {
    let (stage, wanted) = deployed(RULES).await;
    let live = stage.live(&wanted).await;
    let mut topics = live
        .iter()
        .filter(|live| live.key.name.ends_with("text_mail"));
    let topic = topics.next().unwrap().handle.clone().unwrap();
    let before = count(&stage);
    let request = stage.clients.sns.subscribe().topic_arn(&topic);
    let request = request.protocol("email").endpoint("mallory@example.com");
    request.send().await.unwrap();
    assert_eq!(told(&stage, before, "Subscribe"), BOTH);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_is_left_alone() {
    let (stage, _) = deployed(RULES).await;
    let before = count(&stage);
    let topic = stage.clients.sns.create_topic().name("theirs");
    let arn = topic.send().await.unwrap().topic_arn.unwrap();
    let request = stage.clients.sns.delete_topic().topic_arn(arn);
    request.send().await.unwrap();
    let rule = stage.clients.events.put_rule().name("theirs");
    let rule = rule.event_pattern(r#"{"source":["aws.ec2"]}"#);
    rule.send().await.unwrap();
    assert_eq!(count(&stage), before);
}

fn load(notify: &str, rules: &str) -> (RulesFile, Vec<&'static str>) {
    let text = format!(
        "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\nchannels:\n  mail: {{ email: a@example.com }}\n  \
         phone: {{ sms: \"+4915112345678\" }}\n  siem: {{ sqs: alerts, format: json }}\nnotify: {notify}\nrules:\n{rules}"
    );
    let loaded = check::load_text("test.yaml", &text);
    let codes = loaded.diagnostics.iter().map(|d| d.code).collect();
    (loaded.file.unwrap(), codes)
}

fn channels(file: &RulesFile, rule: &str) -> Vec<String> {
    let rule = file.rules.iter().find(|r| r.id.0 == rule).unwrap();
    rule.channels.iter().map(|name| name.0.clone()).collect()
}

#[test]
fn the_second_watch_tells_another_channel_where_there_is_one() {
    const PACK: &str = "  - use: pack/pipeline\n";
    for (notify, first, second) in [
        (
            "{ critical: [mail], low: [siem, phone] }",
            vec!["mail"],
            vec!["phone"],
        ),
        (
            "{ critical: [mail], low: [siem] }",
            vec!["mail"],
            vec!["siem"],
        ),
        (
            "{ default: [mail, phone] }",
            vec!["mail", "phone"],
            vec!["phone"],
        ),
    ] {
        let (file, codes) = load(notify, PACK);
        assert!(!codes.contains(&"W0707"), "{notify}: {codes:?}");
        assert_eq!(channels(&file, "pipeline/tamper"), first, "{notify}");
        assert_eq!(channels(&file, "pipeline/tamper-watch"), second, "{notify}");
    }
    let (file, codes) = load("{ default: [mail] }", PACK);
    assert!(codes.contains(&"W0707"), "{codes:?}");
    assert_eq!(channels(&file, "pipeline/tamper-watch"), ["mail"]);
    let own = "  - use: pipeline/tamper\n  - { use: pipeline/tamper-watch, channels: [siem] }\n";
    let (file, codes) = load("{ default: [mail], low: [phone] }", own);
    assert_eq!(channels(&file, "pipeline/tamper-watch"), ["siem"]);
    assert!(!codes.contains(&"W0707"), "{codes:?}");
}

#[test]
fn one_watch_alone_is_warned_about() {
    let (_, codes) = load("{ default: [mail, phone] }", "  - use: pipeline/tamper\n");
    assert!(codes.contains(&"W0707"), "{codes:?}");
}

#[test]
fn both_watches_have_the_same_events_and_need_no_read_only_ones() {
    let (file, _) = load("{ default: [mail, phone] }", "  - use: pack/pipeline\n");
    let compiled = iamwatch::compile::compile(&file, iamwatch::compile::PATTERN_QUOTA).unwrap();
    let both: Vec<_> = compiled
        .iter()
        .filter(|compiled| compiled.rule.0.starts_with("pipeline/tamper"))
        .collect();
    assert_eq!(both.len(), 2);
    assert_eq!(both[0].pattern, both[1].pattern);
    assert_eq!(both[0].state, iamwatch::compile::RuleState::Enabled);
}
