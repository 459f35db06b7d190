//! The default bus is AWS's, and rules of ours stand on it: what keeps their events out is told of by both watchers, and
//! what does them no harm wakes nobody.

use aws_sdk_eventbridge::types::{DeadLetterConfig, Tag};
use serde_json::json;

use super::{BOTH, RULES, count, told};
use crate::stage::{Stage, Wanted};

const KEY: &str = "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn hub() -> String {
    RULES.replace(
        "home: { region: us-east-1 }",
        "home: { region: us-east-1 }\nwatch: { regions: [eu-west-1] }",
    )
}

async fn deployed_at(home: &str, rules: &str) -> (Stage, Wanted) {
    let stage = Stage::sandbox_in(&home.parse().unwrap()).await;
    let wanted = stage.wanted(rules).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    (stage, wanted)
}

/// On one bus, in a hub, and with a home elsewhere.
async fn homes() -> Vec<(Stage, Wanted)> {
    let elsewhere = RULES.replace("us-east-1", "eu-central-1");
    vec![
        deployed_at("us-east-1", RULES).await,
        deployed_at("us-east-1", &hub()).await,
        deployed_at("eu-central-1", &elsewhere).await,
    ]
}

#[tokio::test(start_paused = true)]
async fn a_key_on_it_is_told_of_by_both() {
    for (stage, _) in homes().await {
        let update = || stage.clients.events.update_event_bus().name("default");
        let queue = "arn:aws:sqs:us-east-1:444455556666:letters";
        let letters = DeadLetterConfig::builder().arn(queue).build();
        for (what, call) in [
            ("a key", update().kms_key_identifier(KEY)),
            ("another key", update().kms_key_identifier("alias/other")),
            ("no key any more", update().kms_key_identifier("")),
            ("dead letters", update().dead_letter_config(letters)),
            ("no change", update()),
            (
                "a key on a bus without a name",
                update().set_name(None).kms_key_identifier(KEY),
            ),
        ] {
            let before = count(&stage);
            call.send().await.unwrap();
            assert_eq!(told(&stage, before, "UpdateEventBus"), BOTH, "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_on_it_in_another_region_is_told_of_by_the_one_that_hears_of_all() {
    let (stage, _) = deployed_at("us-east-1", &hub()).await;
    let there = stage.cloud.at(&"eu-west-1".parse().unwrap()).events;
    let before = count(&stage);
    let update = there.update_event_bus().name("default");
    update.kms_key_identifier(KEY).send().await.unwrap();
    assert_eq!(told(&stage, before, "UpdateEventBus"), ["email"]);
}

/// Buses of others may have whatever key they like.
#[tokio::test(start_paused = true)]
async fn a_key_on_a_bus_of_others_wakes_nobody() {
    for (stage, _) in homes().await {
        let events = &stage.clients.events;
        let before = count(&stage);
        let theirs = events.create_event_bus().name("theirs");
        theirs.kms_key_identifier(KEY).send().await.unwrap();
        let update = events.update_event_bus().name("theirs");
        update.kms_key_identifier("").send().await.unwrap();
        events
            .delete_event_bus()
            .name("theirs")
            .send()
            .await
            .unwrap();
        assert_eq!(count(&stage), before);
    }
}

/// AWS deletes no default bus: that somebody tried is told of.
#[tokio::test(start_paused = true)]
async fn whoever_tries_to_delete_it_is_told_of_by_both() {
    for (stage, wanted) in homes().await {
        let before = count(&stage);
        let delete = stage.clients.events.delete_event_bus().name("default");
        delete.send().await.unwrap_err();
        assert_eq!(count(&stage), before + BOTH.len());
        assert_eq!(stage.plan(&wanted).await.changes, Vec::new());
    }
}

/// What AWS itself puts on it asks no policy, and nothing of ours is known by a tag of it.
#[tokio::test(start_paused = true)]
async fn its_policy_and_its_tags_silence_nothing() {
    for (stage, wanted) in homes().await {
        let (events, before) = (&stage.clients.events, count(&stage));
        let bus = events.describe_event_bus().send().await.unwrap();
        let arn = bus.arn().unwrap();
        let closed = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "closed", "Effect": "Deny",
            "Principal": "*", "Action": "events:PutEvents", "Resource": arn }] });
        let put = events.put_permission().event_bus_name("default");
        put.policy(closed.to_string()).send().await.unwrap();
        let tag = Tag::builder().key("iamwatch:stack").value("acme").build();
        let tagged = events.tag_resource().resource_arn(arn);
        tagged.tags(tag.unwrap()).send().await.unwrap();
        assert_eq!(count(&stage), before);
        assert_eq!(stage.plan(&wanted).await.changes, Vec::new());
        // Closed to others, it still carries what AWS says.
        let topic = stage.clients.sns.create_topic();
        topic.name("iamwatch-acme-none").send().await.unwrap();
        assert_eq!(told(&stage, before, "CreateTopic"), BOTH);
        let before = count(&stage);
        let remove = events.remove_permission();
        remove.remove_all_permissions(true).send().await.unwrap();
        assert_eq!(count(&stage), before);
        // Whose tag goes, the record does not say by more than the tag: better once too often.
        let untag = events.untag_resource().resource_arn(arn);
        let untag = untag.tag_keys("iamwatch:stack");
        untag.send().await.unwrap();
        assert_eq!(told(&stage, before, "UntagResource"), BOTH);
    }
}
