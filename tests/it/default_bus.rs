//! Somebody's key on a default bus: the rules there match nothing where EventBridge cannot use it, and `status`,
//! `test-event` and `coverage` see it wherever at home our rules stand.

use iamwatch::health::{self, Finding, Weight};
use iamwatch::permissions::{self, Phase, Scope};
use iamwatch::proof::{BrokenLink, Outcome, Proof};
use serde_json::json;

use crate::organization::kit::Kit;
use crate::organization::{MANAGEMENT, MEMBERS};
use crate::stage::{Stage, Wanted};

const RULES: &str = r#"
version: 1
name: acme
home: { region: eu-central-1 }
watch: { regions: [eu-central-1, us-east-1] }
trail: create
channels:
  phone: { sms: "+4915112345678" }
  pager: { sms: "+4915112345679" }
notify: { default: [phone] }
rules:
  - use: root/sign-in
  - { id: keys, events: ["kms:ScheduleKeyDeletion"] }
"#;

const APART: &str = "  - { use: pipeline/tamper-watch, channels: [pager] }\n";

async fn deployed(rules: &str) -> (Stage, Wanted) {
    let stage = Stage::sandbox_in(&"eu-central-1".parse().unwrap()).await;
    let wanted = stage.wanted(rules).await;
    stage.deploy(&wanted).await;
    (stage, wanted)
}

async fn found(stage: &Stage, wanted: &Wanted) -> Vec<Finding> {
    let standing = stage.standing(wanted).await.unwrap();
    let health = health::health(&stage.cloud, standing.deployment(wanted), stage.now());
    health.await.unwrap().findings
}

/// Gives the default bus of a Region a key; an empty name takes it away.
async fn put_key(stage: &Stage, region: &str, key: &str) {
    let events = stage.cloud.at(&region.parse().unwrap()).events;
    let update = events.update_event_bus().name("default");
    update.kms_key_identifier(key).send().await.unwrap();
}

/// A key in a Region, usable or not.
async fn key(stage: &Stage, region: &str, is_usable: bool) -> String {
    let kms = stage.cloud.at(&region.parse().unwrap()).kms;
    let key = kms.create_key().send().await.unwrap().key_metadata.unwrap();
    if !is_usable {
        let disabled = kms.disable_key().key_id(&key.key_id);
        disabled.send().await.unwrap();
    }
    key.arn.unwrap()
}

/// What is said of the default bus by the tests of a Region: what is broken, and what is weak.
fn said<'p>(proofs: &'p [Proof], from: &str) -> (Vec<&'p str>, Vec<&'p str>) {
    let (mut broken, mut weak): (Vec<&BrokenLink>, Vec<&BrokenLink>) = (Vec::new(), Vec::new());
    for proof in proofs.iter().filter(|proof| proof.from.as_str() == from) {
        if let Outcome::Broken { links } = &proof.outcome {
            broken.extend(links);
        }
        weak.extend(&proof.weak);
    }
    let of_bus = |links: Vec<&'p BrokenLink>| -> Vec<&'p str> {
        let links = links.into_iter();
        let links = links.filter(|link| link.link.starts_with("bus default"));
        links.map(|link| link.problem.as_str()).collect()
    };
    (of_bus(broken), of_bus(weak))
}

#[tokio::test(start_paused = true)]
async fn a_key_on_a_default_bus_with_rules_of_ours_is_seen() {
    let (stage, wanted) = deployed(RULES).await;
    assert_eq!(found(&stage, &wanted).await, []);
    for (region, other) in [("us-east-1", "eu-central-1"), ("eu-central-1", "us-east-1")] {
        let good = key(&stage, region, true).await;
        let disabled = key(&stage, region, false).await;
        for (named, unusable) in [
            (good.as_str(), None),
            (
                disabled.as_str(),
                Some("it is disabled, or waits to be deleted"),
            ),
            ("alias/gone", Some("it does not exist")),
        ] {
            put_key(&stage, region, named).await;
            let findings = found(&stage, &wanted).await;
            let [finding] = findings.as_slice() else {
                panic!("{region} {named}: {findings:#?}");
            };
            let weight = match unusable {
                Some(_) => Weight::LosesAlerts,
                None => Weight::Weakens,
            };
            assert_eq!(
                (finding.weight, finding.what.as_str()),
                (weight, "bus default")
            );
            let place = finding.place.as_ref().unwrap().to_string();
            assert!(place.contains(region), "{place}");
            let problem = finding.problem.as_str();
            assert!(problem.contains(named), "{problem}");
            let why = unusable.unwrap_or("which iamwatch does not look after");
            assert!(problem.contains(why), "{problem}");
            assert!(finding.rules.iter().any(|rule| rule.0 == "keys"));
            let proofs = stage.prove(&wanted, &[], 60).await;
            let expected = match unusable {
                Some(_) => (vec![problem], vec![]),
                None => (vec![], vec![problem]),
            };
            assert_eq!(said(&proofs, region), expected, "{proofs:#?}");
            assert_eq!(said(&proofs, other), (vec![], vec![]), "{proofs:#?}");
        }
        put_key(&stage, region, "").await;
        assert_eq!(found(&stage, &wanted).await, []);
    }
    // Where nothing of ours stands, it is nobody's concern.
    put_key(&stage, "eu-west-1", "alias/gone").await;
    assert_eq!(found(&stage, &wanted).await, []);
}

/// A rule apart stands on the default bus of the Region of global services too, where nothing else of ours may be.
#[tokio::test(start_paused = true)]
async fn the_default_buses_of_rules_apart_are_looked_at() {
    let watched = "watch: { regions: [eu-central-1, us-east-1] }\n";
    let rules = RULES
        .replace(watched, "")
        .replace("  - use: root/sign-in\n", APART);
    let (stage, wanted) = deployed(&rules).await;
    put_key(&stage, "us-east-1", "alias/gone").await;
    let findings = found(&stage, &wanted).await;
    let lost = findings.iter().find(|f| f.what == "bus default").unwrap();
    assert_eq!(lost.weight, Weight::LosesAlerts);
    assert!(
        lost.rules
            .iter()
            .any(|rule| rule.0 == "pipeline/tamper-watch")
    );
    let proofs = stage.prove(&wanted, &["pipeline/tamper-watch"], 60).await;
    assert!(!said(&proofs, "us-east-1").0.is_empty(), "{proofs:#?}");
    assert_eq!(
        said(&proofs, "eu-central-1"),
        (vec![], vec![]),
        "{proofs:#?}"
    );
}

/// The printed policies let their callers look; whoever may not is told that nobody knows.
#[tokio::test(start_paused = true)]
async fn the_printed_policies_look_at_the_default_bus() {
    let (stage, wanted) = deployed(RULES).await;
    put_key(&stage, "us-east-1", &key(&stage, "us-east-1", false).await).await;
    let scope = Scope::of(&wanted.file, &wanted.patterns, &stage.account).unwrap();
    let sandbox = stage.sandbox.as_ref().unwrap();
    let seen_with = async |policy: String| {
        let caller = sandbox.caller("looker", &policy);
        let config = sandbox.sdk_config(&"eu-central-1".parse().unwrap(), caller);
        found(&stage.seen_by(config).await, &wanted).await
    };
    let policy = permissions::policy(&scope, Phase::Plan).to_string();
    assert_eq!(
        seen_with(policy.clone()).await,
        found(&stage, &wanted).await
    );
    assert!(policy.contains("event-bus/default"), "{policy}");
    let without = policy.replace("event-bus/default", "event-bus/other");
    let blind = seen_with(without).await;
    assert_eq!(blind.len(), 2, "{blind:#?}");
    for finding in blind {
        assert_eq!(finding.weight, Weight::Unknown);
        assert!(
            finding.remedy.contains("events:DescribeEventBus"),
            "{finding:#?}"
        );
    }
    // The members' role does not look: that would be a request for each place.
    let member = permissions::policy(&scope, Phase::Member);
    assert!(!member.to_string().contains("DescribeEventBus"), "{member}");
}

#[test]
fn coverage_counts_home_alone_for_a_key_on_a_default_bus_of_home() {
    let kit = Kit::with(crate::organization::RULES, &MEMBERS);
    kit.succeed(&["apply", "--auto-approve"]);
    kit.sandbox.confirm(None).unwrap();
    kit.succeed(&["coverage"]);
    let put_key = |account: &str, named: &str| {
        kit.act(account, "us-east-1", async |config| {
            let events = aws_sdk_eventbridge::Client::new(&config);
            let update = events.update_event_bus().name("default");
            update.kms_key_identifier(named).send().await.unwrap();
        });
    };
    // What members have is not looked at.
    put_key(MEMBERS[0].0, "alias/gone");
    kit.succeed(&["coverage"]);
    put_key(MANAGEMENT, "alias/gone");
    let found = kit.json(&["coverage"]);
    assert_eq!(found["covered"], json!(MEMBERS.len()), "{found:#}");
    let hole = &found["uncovered"][0];
    assert_eq!(hole["member"]["account"], json!(MANAGEMENT), "{found:#}");
    let problem = hole["problem"].as_str().unwrap();
    assert!(
        problem.contains("bus default") && problem.contains("us-east-1"),
        "{problem}"
    );
}
