//! A rule apart: where it stands, what it shares with the others (nothing), and what is said of it.

use iamwatch::place::Place;
use iamwatch::plan::silence;
use iamwatch::proof::Outcome;
use iamwatch::resources::{DEFAULT_BUS, Kind, Resource, ResourceKey};
use iamwatch::rules::RuleId;

use super::{BOTH, RULES, SECOND, count, told};
use crate::stage::{Stage, Wanted};

const WATCH: &str = "pipeline/tamper-watch";

fn elsewhere() -> String {
    // Two mailboxes: the second has to confirm what it is asked.
    RULES.replace("us-east-1", "eu-central-1").replace(
        "phone: { sms: \"+4915112345678\" }",
        "phone: { email: night@example.com }",
    )
}

async fn deployed_at(home: &str, rules: &str) -> (Stage, Wanted) {
    let stage = Stage::sandbox_in(&home.parse().unwrap()).await;
    let wanted = stage.wanted(rules).await;
    stage.deploy(&wanted).await;
    (stage, wanted)
}

fn region(key: &ResourceKey) -> &str {
    match &key.place {
        Place::Regional { region, .. } => region.as_str(),
        Place::Global { .. } => "",
    }
}

/// What only the rule apart needs, as Region and name, of one kind.
fn own(wanted: &Wanted, kind: Kind) -> Vec<(String, String)> {
    let narrowed = wanted.desired.narrowed_to(&[RuleId(WATCH.to_owned())]);
    let keys = narrowed
        .resources
        .into_keys()
        .filter(|key| key.kind == kind);
    keys.map(|key| (region(&key).to_owned(), key.name.clone()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn it_stands_on_default_buses_of_home_with_topics_of_its_own() {
    let hub = RULES.replace(
        "home: { region: us-east-1 }",
        "home: { region: us-east-1 }\nwatch: { regions: [eu-west-1] }",
    );
    for (home, rules, regions) in [
        ("us-east-1", RULES.to_owned(), vec!["us-east-1"]),
        ("us-east-1", hub, vec!["us-east-1"]),
        (
            "eu-central-1",
            elsewhere(),
            vec!["eu-central-1", "us-east-1"],
        ),
    ] {
        let stage = Stage::sandbox_in(&home.parse().unwrap()).await;
        let wanted = stage.wanted(&rules).await;
        let at = |name: &str| -> Vec<(String, String)> {
            let all = regions.iter();
            all.map(|region| ((*region).to_owned(), name.to_owned()))
                .collect()
        };
        assert_eq!(own(&wanted, Kind::Rule), at(SECOND), "{home}");
        assert_eq!(
            own(&wanted, Kind::Topic),
            at("iamwatch-acme-text_apart_phone")
        );
        assert_eq!(own(&wanted, Kind::Subscription).len(), regions.len());
        for kind in [Kind::Bus, Kind::Role, Kind::EncryptionKey] {
            assert_eq!(own(&wanted, kind), [], "{home} {kind}");
        }
        for (key, resource) in &wanted.desired.resources {
            match resource {
                Resource::Topic(topic) if key.name.contains("_apart_") => {
                    assert_eq!(topic.kms_key, None);
                    let policy = topic.policy.to_string();
                    assert!(policy.contains(":rule/iamwatch-acme-*"), "{policy}");
                    assert!(!policy.contains(":rule/iamwatch-acme/"), "{policy}");
                }
                Resource::Topic(topic) => assert!(topic.kms_key.is_some(), "{key}"),
                Resource::Rule(rule) if rule.name == SECOND => {
                    assert_eq!(rule.bus, DEFAULT_BUS);
                    let mut targets = rule.targets.values();
                    let topic = targets.next().unwrap();
                    assert_eq!(topic.arn.region(), region(key));
                    assert_eq!(topic.role, None);
                }
                _ => {}
            }
        }
    }
}

/// Forwarders carry nothing for it: alone it needs neither them nor a bus.
#[tokio::test(start_paused = true)]
async fn alone_it_needs_no_forwarder() {
    let rules = RULES
        .replace(
            "home: { region: us-east-1 }",
            "home: { region: eu-central-1 }\nwatch: { regions: [eu-west-1] }",
        )
        .replace("pack/pipeline", WATCH);
    let stage = Stage::sandbox_in(&"eu-central-1".parse().unwrap()).await;
    let wanted = stage.wanted(&rules).await;
    assert!(!wanted.desired.topology.is_hub());
    let kinds = |kind| {
        let keys = wanted.desired.resources.keys();
        keys.filter(|key| key.kind == kind).count()
    };
    assert_eq!(
        (kinds(Kind::Rule), kinds(Kind::Role), kinds(Kind::Bus)),
        (2, 0, 0)
    );
    stage.deploy(&wanted).await;
    stage.confirm_all();
    let before = count(&stage);
    let global = stage.cloud.at(&"us-east-1".parse().unwrap());
    let topic = global.sns.create_topic().name("iamwatch-other");
    topic.send().await.unwrap();
    let topic = stage.clients.sns.create_topic().name("iamwatch-other");
    topic.send().await.unwrap();
    assert_eq!(told(&stage, before, "CreateTopic"), ["email", "email"]);
    let there = stage.cloud.at(&"eu-west-1".parse().unwrap());
    let topic = there.sns.create_topic().name("iamwatch-other");
    topic.send().await.unwrap();
    assert_eq!(
        told(&stage, before, "CreateTopic").len(),
        2,
        "it hears of home alone"
    );
}

#[tokio::test(start_paused = true)]
async fn its_readers_confirm_in_each_region() {
    let (stage, wanted) = deployed_at("eu-central-1", &elsewhere()).await;
    let plan = stage.plan(&wanted).await;
    assert_eq!(plan.changes, []);
    let waiting = plan
        .waiting
        .iter()
        .map(|key| (region(key), key.name.as_str()));
    let apart = "iamwatch-acme-text_apart_phone/email/night@example.com";
    let waiting: Vec<(&str, &str)> = waiting.filter(|(_, name)| *name == apart).collect();
    assert_eq!(waiting, [("eu-central-1", apart), ("us-east-1", apart)]);
    let proofs = stage.prove(&wanted, &[WATCH], 30).await;
    assert_eq!(proofs.len(), 2);
    for proof in &proofs {
        assert!(proof.has_arrived(), "{proof:#?}");
        assert_eq!(proof.unconfirmed, ["email night@example.com"]);
        assert!(!proof.is_good());
    }
    stage.confirm_all();
    let proofs = stage.prove(&wanted, &[WATCH], 30).await;
    let from: Vec<&str> = proofs.iter().map(|proof| proof.from.as_str()).collect();
    assert_eq!(from, ["eu-central-1", "us-east-1"]);
    assert!(
        proofs
            .iter()
            .all(|proof| proof.is_good() && proof.has_arrived())
    );
    assert_eq!(stage.plan(&wanted).await.waiting, []);
}

/// Whatever silences all others is no link of its own, and its own are named where they stand.
#[tokio::test(start_paused = true)]
async fn it_is_proved_by_what_it_needs_and_nothing_else() {
    let (stage, wanted) = deployed_at("eu-central-1", &elsewhere()).await;
    stage.confirm_all();
    let live = stage.live(&wanted).await;
    let key = live
        .iter()
        .find(|live| live.key.kind == Kind::EncryptionKey);
    let key = key.unwrap().handle.clone().unwrap();
    stage
        .clients
        .kms
        .disable_key()
        .key_id(key)
        .send()
        .await
        .unwrap();
    let closed = stage.clients.events.remove_permission();
    let closed = closed.event_bus_name("iamwatch-acme");
    closed.remove_all_permissions(true).send().await.unwrap();
    let proofs = stage.prove(&wanted, &[WATCH], 30).await;
    assert!(proofs.iter().all(|proof| proof.is_good()), "{proofs:#?}");
    let others = stage.prove(&wanted, &["pipeline/tamper"], 5).await;
    assert!(
        matches!(others[0].outcome, Outcome::Broken { .. }),
        "{others:#?}"
    );

    let there = stage.cloud.at(&"us-east-1".parse().unwrap());
    there
        .events
        .disable_rule()
        .name(SECOND)
        .send()
        .await
        .unwrap();
    let proofs = stage.prove(&wanted, &[WATCH], 5).await;
    assert!(proofs[0].has_arrived(), "{proofs:#?}");
    assert!(
        matches!(proofs[1].outcome, Outcome::Broken { .. }),
        "{proofs:#?}"
    );
    let nowhere = stage.prove_from(&wanted, &[WATCH], "eu-west-1").await;
    assert!(
        matches!(nowhere[0].outcome, Outcome::Elsewhere { .. }),
        "{nowhere:#?}"
    );
    for queue in [&stage.clients, &there] {
        let left = queue.sqs.list_queues().queue_name_prefix("iamwatch-test-");
        assert_eq!(left.send().await.unwrap().queue_urls(), [] as [String; 0]);
    }
}

/// A deployment from before the rule stood apart: what it had stays until it is pruned, so that nobody is silenced.
#[tokio::test(start_paused = true)]
async fn what_stood_with_the_others_stays_until_it_is_pruned() {
    let rules = elsewhere();
    let together = rules.replace(
        "  - use: pack/pipeline",
        "  - use: pack/pipeline\n  - { use: pipeline/tamper-watch, apart: false, channels: [phone] }",
    );
    let (stage, before) = deployed_at("eu-central-1", &together).await;
    stage.confirm_all();
    let named = |wanted: &Wanted, name: &str| {
        let keys = wanted.desired.resources.keys();
        keys.filter(|key| key.name == name).count()
    };
    let old = format!("iamwatch-acme/{SECOND}");
    assert_eq!((named(&before, &old), named(&before, SECOND)), (1, 0));
    let wanted = stage.wanted(&rules).await;
    assert_eq!((named(&wanted, &old), named(&wanted, SECOND)), (0, 2));
    let plan = stage.deploy(&wanted).await;
    assert!(plan.orphans.iter().any(|key| key.name == old), "{plan:#?}");
    let told_before = count(&stage);
    let topic = stage.clients.sns.create_topic().name("iamwatch-other");
    topic.send().await.unwrap();
    assert_eq!(told(&stage, told_before, "CreateTopic"), ["email", "email"]);
    stage.confirm_all();
    let pruned = stage.try_plan(&wanted, true).await.unwrap();
    assert!(stage.apply(&pruned).await.is_complete());
    let plan = stage.plan(&wanted).await;
    assert_eq!((plan.changes, plan.orphans), (vec![], vec![]));
    let told_before = count(&stage);
    let topic = stage.clients.sns.create_topic().name("iamwatch-another");
    topic.send().await.unwrap();
    assert_eq!(told(&stage, told_before, "CreateTopic"), ["email", "email"]);
}

/// On one bus the detector stays the same one, and its new topic asks its reader: the plan says who hears nothing.
#[tokio::test(start_paused = true)]
async fn whoever_must_confirm_anew_is_named_before() {
    let rules = elsewhere().replace("eu-central-1", "us-east-1");
    let together = rules.replace(
        "  - use: pack/pipeline",
        "  - use: pack/pipeline\n  - { use: pipeline/tamper-watch, apart: false, channels: [phone] }",
    );
    let (stage, _) = deployed_at("us-east-1", &together).await;
    stage.confirm_all();
    let wanted = stage.wanted(&rules).await;
    let live = stage.live(&wanted).await;
    let silenced = silence::silenced(&wanted.desired, &live, false, &[]);
    assert_eq!(silenced, [RuleId(WATCH.to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn all_of_it_is_destroyed() {
    let rules = elsewhere().replace("existing-or-create", "none");
    let (stage, wanted) = deployed_at("eu-central-1", &rules).await;
    stage.confirm_all();
    let plan = stage.destruction(&wanted).await;
    assert!(stage.apply(&plan).await.is_complete());
    assert!(stage.live(&wanted).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn both_hear_of_iam_while_one_forwarder_is_off() {
    let rules = RULES.replace("us-east-1", "eu-central-1");
    let (stage, _) = deployed_at("eu-central-1", &rules).await;
    stage.confirm_all();
    let there = stage.cloud.at(&"us-east-1".parse().unwrap());
    let before = count(&stage);
    let role = there
        .iam
        .update_role()
        .role_name("iamwatch-acme-forwarder-us-east-1");
    role.description("somebody's").send().await.unwrap();
    assert_eq!(told(&stage, before, "UpdateRole"), BOTH);
    let all = there.events.list_rules();
    let all = all.name_prefix("iamwatch-acme-forwarder_events");
    for forwarder in all.send().await.unwrap().rules() {
        let off = there.events.disable_rule();
        off.name(forwarder.name().unwrap()).send().await.unwrap();
    }
    let who = told(&stage, before, "DisableRule");
    assert!(who.contains(&"sms".to_owned()), "{who:?}");
    // The last one has nobody to carry its own event to the first watcher.
    let sms = who.iter().filter(|who| *who == "sms").count();
    assert!(who.len() - sms < sms, "{who:?}");
}
