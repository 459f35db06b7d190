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

#[tokio::test(start_paused = true)]
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

#[tokio::test(start_paused = true)]
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

/// What placement says of a rules file in an account where these Regions are enabled.
fn placed(home: &str, listed: &str, events: &str) -> Result<bool, String> {
    let text = format!(
        "version: 1\nname: acme\nhome: {{ region: {home} }}\nwatch: {{ regions: [{listed}] }}\n\
         channels: {{ phone: {{ sms: \"+4915112345678\" }} }}\nnotify: {{ default: [phone] }}\n\
         rules:\n  - {{ id: one, title: One, events: [\"{events}\"] }}\n"
    );
    let file = iamwatch::check::load_text("test.yaml", &text).file.unwrap();
    let patterns = iamwatch::compile::compile(&file, iamwatch::compile::PATTERN_QUOTA).unwrap();
    let all = ["us-east-1", "eu-west-1", "cn-north-1", "cn-northwest-1"];
    let account_facts = iamwatch::resources::AccountFacts {
        account: "111122223333".parse().unwrap(),
        regions: Ok(all.iter().map(|name| name.parse().unwrap()).collect()),
        trails: Vec::new(),
        organization: None,
        account_names: std::collections::BTreeMap::new(),
    };
    let desired = iamwatch::placement::desired(&file, &patterns, &account_facts);
    desired
        .map(|desired| desired.topology.is_hub())
        .map_err(|problem| format!("{}; {}", problem.message, problem.help.unwrap_or_default()))
}

#[test]
fn links_in_alerts_lead_to_the_console_of_the_partition() {
    for (home, host) in [
        ("eu-central-1", "console.aws.amazon.com"),
        ("us-gov-west-1", "console.amazonaws-us-gov.com"),
        ("cn-north-1", "console.amazonaws.cn"),
    ] {
        let text = format!(
            "version: 1\nname: acme\nhome: {{ region: {home} }}\n\
             channels: {{ phone: {{ sms: \"+4915112345678\" }} }}\nnotify: {{ default: [phone] }}\n\
             rules: [{{ use: root/activity }}]\n"
        );
        let file = iamwatch::check::load_text("test.yaml", &text).file.unwrap();
        let patterns = iamwatch::compile::compile(&file, iamwatch::compile::PATTERN_QUOTA).unwrap();
        let message = patterns[0].message(iamwatch::rules::Format::Text, &file.home.region);
        let link = format!("\"https://<region>.{host}/cloudtrailv2/");
        assert!(message.template.contains(&link), "{}", message.template);
    }
}

#[test]
fn a_rules_file_ends_at_the_border_of_its_partition() {
    for (home, other) in [("us-east-1", "cn-north-1"), ("cn-north-1", "eu-west-1")] {
        let said = placed(home, other, "kms:DisableKey").unwrap_err();
        assert!(
            said.contains(&format!("`{other}` is in the partition")),
            "{said}"
        );
        assert!(said.contains("a rules file for each partition"), "{said}");
    }
    assert_eq!(placed("us-east-1", "eu-west-1", "kms:DisableKey"), Ok(true));
}

#[test]
fn in_china_no_region_sends_events_to_another() {
    assert_eq!(
        placed("cn-north-1", "cn-north-1", "kms:DisableKey"),
        Ok(false)
    );
    assert_eq!(placed("cn-north-1", "cn-north-1", "iam:*"), Ok(false));
    let said = placed("cn-north-1", "cn-northwest-1", "kms:DisableKey").unwrap_err();
    assert!(
        said.contains("events of `cn-northwest-1` cannot come to `cn-north-1`"),
        "{said}"
    );
    // IAM's appear in one Region, and home is another.
    let said = placed("cn-northwest-1", "cn-northwest-1", "iam:*").unwrap_err();
    assert!(
        said.contains("events of `cn-north-1` cannot come"),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_denial_of_somebodys_on_the_home_bus_breaks_every_regions_way() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(RULES).await;
    stage.deploy(&wanted).await;
    let home = stage.cloud.at(&"eu-central-1".parse().unwrap()).events;
    let described = home.describe_event_bus().name("iamwatch-acme");
    let described = described.send().await.unwrap();
    let mut policy: serde_json::Value = serde_json::from_str(described.policy().unwrap()).unwrap();
    let statements = policy["Statement"].as_array_mut().unwrap();
    statements.push(serde_json::json!({
        "Sid": "Theirs",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": described.arn(),
    }));
    let put = home.put_permission().event_bus_name("iamwatch-acme");
    put.policy(policy.to_string()).send().await.unwrap();
    for proof in prove(&stage, &wanted).await {
        let Outcome::Broken { links } = &proof.outcome else {
            panic!("{proof:#?}");
        };
        assert!(links[0].problem.contains("`Theirs`"), "{links:#?}");
    }
}

#[test]
fn a_region_that_is_not_enabled_is_refused_at_its_place() {
    let env = crate::cli::TestEnv::new();
    let file = env.path().join("iamwatch.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let watch = "trail: existing-or-create\nwatch: { regions: [eu-central-1, us-isob-east-1] }\n";
    std::fs::write(&file, text.replace("trail: existing-or-create\n", watch)).unwrap();
    let (code, out, err) = env.run(&["plan", "--sandbox"]);
    assert_eq!((code, out.as_str()), (1, ""));
    let rendered = "\
error[E0901]: Region `us-isob-east-1` is not enabled in account 111122223333
 --> iamwatch.yaml:5:34
  |
5 | watch: { regions: [eu-central-1, us-isob-east-1] }
  |                                  ^^^^^^^^^^^^^^ not enabled
  |
  = help: enable it under the account's settings (that takes minutes), or write another Region
";
    assert!(err.ends_with(rendered), "{err}");
}
