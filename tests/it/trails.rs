//! Which trail feeds a deployment: one of ours wherever it stands, somebody's if it records all that is wanted.

use aws_sdk_cloudtrail::types::{EventSelector, ReadWriteType};
use iamwatch::health::{self, Weight};
use iamwatch::placement::{TrailSource, Unfit};
use iamwatch::plan::{self, PlanOptions};
use iamwatch::resources::{Kind, Owner};

use crate::everything;
use crate::stage::Stage;

const RULES: &str = r#"
version: 1
name: acme
home: { region: eu-central-1 }
trail: existing-or-create
channels:
  mail: { email: security@example.com }
notify: { default: [mail] }
rules:
  - use: iam/auth-changes
"#;

fn moved(rules: &str) -> String {
    rules.replace("eu-central-1", "us-west-2")
}

/// Deploys, and shows that nothing is left to do, and where the only trail stands.
async fn converges(stage: &Stage, rules: &str) {
    let wanted = stage.wanted(rules).await;
    stage.deploy(&wanted).await;
    let wanted = stage.wanted(rules).await;
    assert_eq!(stage.plan(&wanted).await.changes, Vec::new());
    let TrailSource::Ours(arn) = &wanted.desired.feed else {
        panic!("{:?}", wanted.desired.feed);
    };
    assert_eq!(arn.region(), "eu-central-1");
    let account_facts = stage.try_survey(&wanted.file).await.unwrap();
    assert_eq!(account_facts.trails.len(), 1);
    let place = &account_facts.trails[0].home;
    assert_eq!(place.as_str(), "eu-central-1");
    let trail = &account_facts.trails[0].trail;
    assert!(trail.bucket.ends_with("-eu-central-1"), "{}", trail.bucket);
}

#[tokio::test(start_paused = true)]
async fn a_home_that_moves_keeps_its_trail_and_bucket_where_they_are() {
    for trail in ["existing-or-create", "create"] {
        let rules = RULES.replace("existing-or-create", trail);
        let stage = Stage::sandbox().await;
        converges(&stage, &rules).await;
        converges(&stage, &moved(&rules)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_trail_that_destroy_kept_feeds_a_deployment_with_another_home() {
    let stage = Stage::sandbox().await;
    converges(&stage, RULES).await;
    let wanted = stage.wanted(RULES).await;
    let live = stage.live(&wanted).await;
    let wishes = PlanOptions::destruction(Vec::new());
    let nothing = wanted.desired.nothing();
    let plan = plan::plan(&wanted.file.name, &nothing, &live, &wishes).unwrap();
    assert!(stage.apply(&plan).await.is_complete());
    converges(&stage, &moved(RULES)).await;
}

/// A trail of ours that was tampered with is mended where it stands.
#[tokio::test(start_paused = true)]
async fn a_trail_that_stopped_before_the_home_moved_logs_again() {
    let stage = Stage::sandbox().await;
    converges(&stage, RULES).await;
    let there = stage.cloud.at(&"eu-central-1".parse().unwrap());
    let request = there.cloudtrail.stop_logging().name("iamwatch-acme");
    request.send().await.unwrap();
    converges(&stage, &moved(RULES)).await;
    let wanted = stage.wanted(&moved(RULES)).await;
    let account_facts = stage.try_survey(&wanted.file).await.unwrap();
    assert!(account_facts.trails[0].trail.logging);
}

/// CloudTrail takes a name once for all Regions that a trail records.
#[tokio::test(start_paused = true)]
async fn somebodys_trail_of_our_name_in_another_region_stops_the_plan() {
    let stage = Stage::sandbox().await;
    everything::trail(&stage, true).await;
    let clients = stage.cloud.at(&"us-east-1".parse().unwrap());
    let request = clients.cloudtrail.create_trail().name("iamwatch-acme");
    let request = request.s3_bucket_name(everything::somebodys_bucket(&stage));
    request.is_multi_region_trail(true).send().await.unwrap();
    let rules = RULES.replace("existing-or-create", "create");
    let wanted = stage.wanted(&rules).await;
    let conflicts = stage.try_plan(&wanted, false).await.unwrap_err();
    let [conflict] = conflicts.as_slice() else {
        panic!("{conflicts:#?}");
    };
    assert_eq!(
        (conflict.key.kind, &conflict.owner),
        (Kind::Trail, &Owner::Nobody)
    );
    assert!(conflict.key.place.to_string().contains("us-east-1"));
}

/// What one selector records of a source, another one's reads do not stand in for.
#[tokio::test(start_paused = true)]
async fn reads_that_leave_out_a_source_are_missed_although_its_writes_are_recorded() {
    let selector = |kind: ReadWriteType, excluded: &[&str]| {
        EventSelector::builder()
            .read_write_type(kind)
            .include_management_events(true)
            .set_exclude_management_event_sources(Some(
                excluded.iter().map(|s| (*s).to_owned()).collect(),
            ))
            .build()
    };
    let rules = |events: &str| {
        RULES.replace(
            "  - use: iam/auth-changes",
            &format!("  - id: keys\n    title: Keys\n    events: [\"{events}\"]"),
        )
    };
    let kms = "kms.amazonaws.com";
    for (write, read, events, lacks) in [
        (&[][..], &[kms][..], "kms:*", true),
        (&[], &[kms], "kms:DisableKey", false),
        (&[kms], &[], "kms:DisableKey", true),
        (&[], &[], "kms:*", false),
    ] {
        let stage = Stage::sandbox().await;
        everything::trail(&stage, true).await;
        let clients = stage.cloud.at(&"us-east-1".parse().unwrap());
        let request = clients.cloudtrail.put_event_selectors();
        let request = request.trail_name("somebodys");
        let request = request.event_selectors(selector(ReadWriteType::WriteOnly, write));
        let request = request.event_selectors(selector(ReadWriteType::ReadOnly, read));
        request.send().await.unwrap();
        let rules = rules(events).replace("existing-or-create", "none");
        let feed = stage.wanted(&rules).await.desired.feed;
        let found = match &feed {
            TrailSource::Nobody { trails } => trails[0].1 == [Unfit::Excludes(kms.to_owned())],
            _ => false,
        };
        assert_eq!(found, lacks, "{events} {write:?} {read:?}: {feed:?}");
    }
}

/// What one trail leaves out another may record: then every command is content, and one that misses a rule alone is not.
#[tokio::test(start_paused = true)]
async fn trails_that_record_everything_together_feed_the_rules() {
    let rules = RULES.replace("existing-or-create", "none").replace(
        "  - use: iam/auth-changes",
        "  - { id: keys, events: [\"kms:DisableKey\"] }\n  - { id: lists, severity: low, events: [\"iam:ListUsers\"] }",
    );
    let stage = Stage::sandbox().await;
    everything::trail(&stage, true).await;
    let clients = stage.cloud.at(&"us-east-1".parse().unwrap());
    let selects = async |trail: &str, kind: ReadWriteType, excluded: Vec<String>| {
        let selector = EventSelector::builder()
            .read_write_type(kind)
            .include_management_events(true)
            .set_exclude_management_event_sources(Some(excluded));
        let put = clients.cloudtrail.put_event_selectors().trail_name(trail);
        put.event_selectors(selector.build()).send().await.unwrap();
    };
    let kms = vec!["kms.amazonaws.com".to_owned()];
    selects("somebodys", ReadWriteType::All, kms).await;
    let alone = stage.wanted(&rules).await.desired.feed;
    assert!(matches!(alone, TrailSource::Nobody { .. }), "{alone:?}");
    let made = clients.cloudtrail.create_trail().name("writes");
    let made = made.s3_bucket_name(everything::somebodys_bucket(&stage));
    made.is_multi_region_trail(true).send().await.unwrap();
    let started = clients.cloudtrail.start_logging().name("writes");
    started.send().await.unwrap();
    selects("writes", ReadWriteType::WriteOnly, Vec::new()).await;
    let wanted = stage.wanted(&rules).await;
    let feed = &wanted.desired.feed;
    assert!(
        matches!(feed, TrailSource::Existing(arn) if arn.resource().ends_with("/somebodys")),
        "{feed:?}"
    );
    stage.deploy(&wanted).await;
    stage.confirm_all();
    let standing = stage.standing(&wanted).await.unwrap();
    let deployment = standing.deployment(&wanted);
    let health = health::health(&stage.cloud, deployment, stage.now());
    assert_eq!(health.await.unwrap().findings, []);
}

/// What a trail leaves out is held against the rules that want it, by `test-event` as by `status`.
#[tokio::test(start_paused = true)]
async fn what_a_trail_leaves_out_is_weak_for_the_rules_that_want_it_alone() {
    let rules = RULES.replace("eu-central-1", "us-east-1").replace(
        "  - use: iam/auth-changes",
        "  - { id: keys, events: [\"kms:DisableKey\"] }\n  - { id: users, events: [\"iam:CreateUser\"] }",
    );
    for (feed, trail, excluded, lost) in [
        (
            "create",
            "iamwatch-acme",
            "kms.amazonaws.com",
            &["keys"][..],
        ),
        ("create", "iamwatch-acme", "rdsdata.amazonaws.com", &[]),
        ("none", "somebodys", "kms.amazonaws.com", &["keys"]),
        ("none", "somebodys", "rdsdata.amazonaws.com", &[]),
    ] {
        let rules = rules.replace("existing-or-create", feed);
        let stage = Stage::sandbox().await;
        if trail == "somebodys" {
            everything::trail(&stage, true).await;
        }
        stage.deploy(&stage.wanted(&rules).await).await;
        stage.confirm_all();
        let selector = EventSelector::builder()
            .read_write_type(ReadWriteType::All)
            .include_management_events(true)
            .exclude_management_event_sources(excluded);
        let put = stage.clients.cloudtrail.put_event_selectors();
        let put = put.trail_name(trail).event_selectors(selector.build());
        put.send().await.unwrap();
        let wanted = stage.wanted(&rules).await;
        let proofs = stage.prove(&wanted, &[], 60).await;
        assert_eq!(proofs.len(), 2, "{proofs:#?}");
        let weak = proofs.iter().filter(|proof| !proof.weak.is_empty());
        let weak: Vec<&str> = weak.map(|proof| proof.rule.0.as_str()).collect();
        assert_eq!(weak, lost, "{feed} {excluded}: {proofs:#?}");
        let standing = stage.standing(&wanted).await.unwrap();
        let health = health::health(&stage.cloud, standing.deployment(&wanted), stage.now());
        let findings = health.await.unwrap().findings;
        let findings = findings.iter().filter(|f| f.weight == Weight::LosesAlerts);
        let named: Vec<&str> = findings
            .flat_map(|finding| finding.rules.iter().map(|rule| rule.0.as_str()))
            .collect();
        assert_eq!(named, lost, "{feed} {excluded}");
    }
}
