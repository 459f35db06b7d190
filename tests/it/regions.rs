//! Each Region's way home, proved without alerting anybody.

use std::collections::BTreeSet;
use std::time::Duration;

use iamwatch::place::Region;
use iamwatch::proof::{self, Options, Outcome, RegionProof};

use crate::stage::{Stage, Wanted, new_id};

/// Rules of all kinds: one that hears of everything, one whose pattern is raw, one limited to one Region.
const RULES: &str = r#"
version: 1
name: acme
home: { region: eu-central-1 }
watch: { regions: [eu-central-1, eu-west-1, ap-southeast-2] }
trail: create
channels:
  phone: { sms: "+4915112345678" }
notify: { default: [phone] }
rules:
  - use: pack/aws-blog
  - id: everything-refused
    title: A call was refused
    events: ["*:*"]
    when: { errorCode: "AccessDenied*" }
  - id: raw
    title: A raw pattern
    pattern: { source: [aws.signin], detail: { eventName: [ConsoleLogin] } }
"#;

async fn prove(stage: &Stage, wanted: &Wanted) -> Vec<RegionProof> {
    let standing = stage.standing(wanted).await.unwrap();
    let clock = || stage.now();
    let options = Options {
        wait: Some(Duration::from_secs(2)),
        from: None,
        clock: &clock,
        new_id: &new_id,
    };
    let regions: BTreeSet<Region> = wanted.desired.topology.listening.clone();
    let deployment = standing.deployment(wanted);
    let stop = std::future::pending();
    let proofs = proof::prove_regions(&stage.cloud, deployment, &regions, &options, stop);
    proofs.await.unwrap()
}

#[tokio::test]
async fn every_forwarder_is_proved_and_nobody_is_alerted() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(RULES).await;
    stage.deploy(&wanted).await;
    let sandbox = stage.sandbox.clone().unwrap();
    let heard = sandbox.outbox().len();
    let proofs = prove(&stage, &wanted).await;
    let regions: BTreeSet<&str> = proofs.iter().map(|proof| proof.region.as_str()).collect();
    let all = ["ap-southeast-2", "eu-central-1", "eu-west-1", "us-east-1"];
    assert_eq!(regions, BTreeSet::from(all));
    assert!(proofs.iter().all(RegionProof::is_good), "{proofs:#?}");
    let parts = wanted.desired.topology.forwarders.values().flatten();
    assert_eq!(proofs.len(), parts.count());
    let alerts = sandbox.outbox().split_off(heard);
    assert!(
        alerts
            .iter()
            .all(|alert| !alert.body.contains("iamwatch.test.acme")),
        "{alerts:#?}"
    );
    let plan = stage.plan(&wanted).await;
    assert!(
        plan.changes.is_empty() && plan.orphans.is_empty(),
        "{plan:#?}"
    );
}

#[tokio::test]
async fn a_region_that_is_cut_off_is_named_and_the_others_are_proved() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(RULES).await;
    stage.deploy(&wanted).await;
    let events = stage.cloud.at(&"eu-west-1".parse().unwrap()).events;
    let forwarders = events.list_rules().name_prefix("iamwatch-acme-forwarder");
    for rule in forwarders.send().await.unwrap().rules() {
        let request = events.disable_rule().name(rule.name().unwrap());
        request.send().await.unwrap();
    }
    for proof in prove(&stage, &wanted).await {
        match &proof.outcome {
            Outcome::Broken { links } if proof.region.as_str() == "eu-west-1" => {
                assert!(links[0].problem == "it is disabled", "{links:#?}");
            }
            Outcome::Arrived { .. } => assert_ne!(proof.region.as_str(), "eu-west-1"),
            _ => panic!("{proof:#?}"),
        }
    }
}
