//! A deployment that grows from one Region to several and back, stopped anywhere: no alert is lost.

use iamwatch::placement::{TrailSource, Unfit};
use iamwatch::plan::{self, Plan, PlanOptions, silence};
use iamwatch::resources::{Kind, Live};
use iamwatch::rules::RuleId;
use iamwatch::sandbox::{Fault, FaultKind};
use serde_json::json;

use crate::stage::{Stage, Wanted, region};
use crate::{everything, organization};

const ONE: &str = r#"
version: 1
name: whole
home: { region: us-east-1 }
channels:
  mail: { email: security@example.com }
notify: { default: [mail] }
rules:
  - id: key-disabled
    title: A key was disabled
    events: ["kms:DisableKey"]
"#;

fn several() -> String {
    ONE.replace(
        "channels:",
        "watch: { regions: [eu-west-1, ap-southeast-2] }\nchannels:",
    )
}

/// How many people hear of an event at home.
fn heard(stage: &Stage) -> usize {
    let sandbox = stage.sandbox.clone().unwrap();
    let before = sandbox.outbox().len();
    sandbox.emit(
        &region(),
        json!({
            "source": "aws.kms",
            "detail-type": "AWS API Call via CloudTrail",
            "detail": {
                "eventSource": "kms.amazonaws.com",
                "eventName": "DisableKey",
                "awsRegion": "us-east-1",
                "userIdentity": { "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/a" },
            },
        }),
    );
    sandbox.outbox().len() - before
}

async fn pruning(stage: &Stage, wanted: &Wanted) -> Plan {
    stage.try_plan(wanted, true).await.unwrap()
}

/// Stops the way from what stands to `rules` at every call: an event is heard at each of these moments,
/// and once at the end, where nothing is left over.
async fn no_alert_is_lost_on_the_way(stage: &Stage, rules: &str) {
    let mut k = 0;
    loop {
        let fork = stage.fork().await;
        let sandbox = fork.sandbox.clone().unwrap();
        let wanted = fork.wanted(rules).await;
        let plan = pruning(&fork, &wanted).await;
        assert!(!plan.changes.is_empty());
        sandbox.clear_calls();
        sandbox.fault(Fault::from_call(k, FaultKind::Stop));
        let report = fork.apply(&plan).await;
        sandbox.clear_faults();
        assert!(
            heard(&fork) >= 1,
            "lost when stopped at call {k}: {report:#?}"
        );
        if report.is_complete() {
            assert!(k > 10, "only {k} calls");
            assert_eq!(heard(&fork), 1);
            let again = pruning(&fork, &wanted).await;
            assert_eq!((again.changes, again.orphans), (Vec::new(), Vec::new()));
            return;
        }
        k += 3;
    }
}

#[tokio::test(start_paused = true)]
async fn growing_and_shrinking_loses_no_alert_and_leaves_nothing() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(ONE).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    assert_eq!(heard(&stage), 1);
    no_alert_is_lost_on_the_way(&stage, &several()).await;
    let wanted = stage.wanted(&several()).await;
    stage.deploy(&wanted).await;
    no_alert_is_lost_on_the_way(&stage, ONE).await;
}

#[tokio::test(start_paused = true)]
async fn a_region_that_is_no_longer_watched_is_left_over_until_it_is_pruned() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(&several()).await;
    stage.deploy(&wanted).await;
    let fewer = several().replace("[eu-west-1, ap-southeast-2]", "[eu-west-1]");
    let wanted = stage.wanted(&fewer).await;
    let plan = stage.plan(&wanted).await;
    assert_eq!(plan.changes, Vec::new());
    let left: Vec<&str> = plan.orphans.iter().map(|key| key.name.as_str()).collect();
    let expected = [
        "iamwatch-whole-dead-letters",
        "iamwatch-whole-forwarder_events",
        "iamwatch-whole-forwarder-ap-southeast-2",
    ];
    assert!(expected.iter().all(|name| left.contains(name)), "{left:?}");
    assert_eq!(left.len(), expected.len(), "{left:?}");
    let pruned = pruning(&stage, &wanted).await;
    assert!(stage.apply(&pruned).await.is_complete());
    let live: Vec<Live> = stage.live(&wanted).await;
    let plan = plan::plan(
        &wanted.file.name,
        &wanted.desired,
        &live,
        &PlanOptions::default(),
    )
    .unwrap();
    assert_eq!((plan.changes, plan.orphans), (Vec::new(), Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_would_grow_too_long_is_not_written() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(&several()).await;
    stage.deploy(&wanted).await;
    let bus = "iamwatch-whole";
    let account = &stage.account;
    let sources: Vec<String> = (0..755).map(|n| format!("source-{n:03}")).collect();
    let theirs = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "Somebodys",
        "Effect": "Allow",
        "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
        "Action": "events:PutEvents",
        "Resource": format!("arn:aws:events:us-east-1:{account}:event-bus/{bus}"),
        "Condition": { "StringEquals": { "events:source": sources } },
    }] });
    let put = stage.clients.events.put_permission().event_bus_name(bus);
    put.policy(theirs.to_string()).send().await.unwrap();
    let plan = stage.plan(&wanted).await;
    stage.writes();
    let report = stage.apply(&plan).await;
    let failed = &report.failed[0].error;
    assert_eq!(
        failed.code.as_deref(),
        Some("PolicyLengthExceededException")
    );
    assert!(failed.message.contains("10240 is the limit"), "{failed}");
    assert_eq!(stage.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_adopted_trail_stays_as_it_is_and_is_missed_when_it_stops() {
    let rules = |trail: &str| ONE.replace("channels:", &format!("trail: {trail}\nchannels:"));
    let stage = Stage::sandbox().await;
    everything::trail(&stage, true).await;
    let before = everything::theirs(&stage).await;
    let wanted = stage.wanted(&rules("existing-or-create")).await;
    let TrailSource::Existing(arn) = wanted.desired.feed.clone() else {
        panic!("{:?}", wanted.desired.feed);
    };
    assert_eq!(arn.resource(), "trail/somebodys");
    stage.deploy(&wanted).await;
    let destruction = stage.destruction(&wanted).await;
    assert!(stage.apply(&destruction).await.is_complete());
    assert_eq!(everything::theirs(&stage).await, before);

    let request = stage.clients.cloudtrail.stop_logging();
    request.name("somebodys").send().await.unwrap();
    let wanted = stage.wanted(&rules("none")).await;
    let lacks = vec![(arn, vec![Unfit::NotLogging])];
    assert_eq!(wanted.desired.feed, TrailSource::Nobody { trails: lacks });
    // Where a trail may be created, one of ours takes over.
    let wanted = stage.wanted(&rules("existing-or-create")).await;
    assert!(matches!(wanted.desired.feed, TrailSource::Ours(_)));
}

/// A rule that grows out of one pattern is cut into parts of other names: the whole goes without being
/// pruned, or every alert would come twice.
#[tokio::test(start_paused = true)]
async fn a_rule_that_is_cut_into_parts_and_grows_together_alerts_once() {
    let stage = Stage::sandbox().await;
    let rules = |events: usize| {
        let names: Vec<String> = (0..events)
            .map(|n| format!("\"iam:CreateSomethingWithQuiteALongName{n:03}\""))
            .collect();
        format!(
            "version: 1\nname: acme\nhome: {{ region: us-east-1 }}\nchannels: {{ phone: {{ sms: \"+4915112345678\" }} }}\n\
             notify: {{ default: [phone] }}\nrules:\n  - id: many\n    events: [{}]\n",
            names.join(", ")
        )
    };
    for (events, detectors) in [
        (3, 1),
        (300, 8),
        (120, 3),
        (60, 2),
        (3, 1),
        (300, 8),
        (3, 1),
    ] {
        let wanted = stage.wanted(&rules(events)).await;
        assert!(
            wanted.patterns.len() >= detectors,
            "{}",
            wanted.patterns.len()
        );
        let plan = stage.plan(&wanted).await;
        assert_eq!(plan.orphans, Vec::new());
        // Others take the place of what goes: nothing is pruned.
        assert_eq!(plan.deletes_much(), None);
        assert!(stage.apply(&plan).await.is_complete());
        assert_eq!(stage.plan(&wanted).await.changes, Vec::new());
        let sandbox = stage.sandbox.as_ref().unwrap();
        let before = sandbox.outbox().len();
        sandbox.emit(
            &crate::stage::region(),
            serde_json::json!({
                "source": "aws.iam", "detail-type": "AWS API Call via CloudTrail",
                "detail": { "eventSource": "iam.amazonaws.com", "eventName": "CreateSomethingWithQuiteALongName001" },
            }),
        );
        assert_eq!(sandbox.outbox().len(), before + 1, "{events} events");
    }
}

/// Its second watcher stands in two Regions, with a topic in each that its reader confirms by itself.
const APART: &str = r#"
version: 1
name: acme
home: { region: eu-central-1 }
trail: existing-or-create
channels:
  mail: { email: security@example.com }
  second: { email: night@example.com }
notify: { default: [mail], low: [second] }
rules:
  - use: pack/pipeline
"#;

async fn silenced(stage: &Stage, rules: &str, prune: bool) -> Vec<RuleId> {
    let wanted = stage.wanted(rules).await;
    let live = stage.live(&wanted).await;
    silence::silenced(&wanted.desired, &live, prune, &[])
}

#[tokio::test(start_paused = true)]
async fn a_reader_who_has_confirmed_in_one_region_of_two_is_lost_by_what_takes_him_away_alone() {
    let stage = Stage::sandbox_in(&"eu-central-1".parse().unwrap()).await;
    let wanted = stage.wanted(APART).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    let live = stage.live(&wanted).await;
    let there = |live: &&Live| {
        live.key.kind == Kind::Subscription
            && live.key.name.contains("night@example.com")
            && live.key.place.to_string().contains("us-east-1")
    };
    let readers: Vec<String> = live
        .iter()
        .filter(there)
        .map(|live| live.handle.clone().unwrap())
        .collect();
    assert_eq!(readers.len(), 1, "{live:#?}");
    let sns = stage.cloud.at(&"us-east-1".parse().unwrap()).sns;
    let gone = sns.unsubscribe().subscription_arn(&readers[0]);
    gone.send().await.unwrap();
    let more = format!("{APART}  - use: root/mfa\n");
    let renamed = format!(
        "{APART}  - {{ use: pipeline/tamper-watch, title: Somebody touches the alerts }}\n"
    );
    for _ in 0..2 {
        for rules in [APART, &more, &renamed] {
            for prune in [false, true] {
                assert_eq!(silenced(&stage, rules, prune).await, [], "{rules}");
            }
        }
        // Now he is asked once more, and has not answered.
        stage.deploy(&wanted).await;
    }
    let other = APART.replace("night@", "day@");
    assert_eq!(silenced(&stage, &other, false).await, []);
    let watch = RuleId("pipeline/tamper-watch".to_owned());
    assert_eq!(silenced(&stage, &other, true).await, [watch]);
}

/// The file watches one account, and was deployed with `--org`: whoever forgets that is asked.
#[test]
fn an_organization_is_not_narrowed_to_home_by_a_flag_that_was_forgotten() {
    let rules = organization::RULES.replace("  organization: {}\n", "");
    let folder = organization::Folder::with(&rules);
    folder.succeed(&["apply", "--org", "--auto-approve"]);
    folder.succeed(&["sandbox", "confirm"]);
    let out = folder.succeed(&["plan", "--org"]);
    assert!(!out.contains("are watched today"), "{out}");
    let out = folder.succeed(&["plan"]);
    let line =
        "! the other accounts of the organization are watched today, and no longer after this: ";
    assert!(
        out.contains(line) && out.contains("bus iamwatch-acme"),
        "{out}"
    );
    assert!(out.contains("give `--org`"), "{out}");
    let (code, out, err) = folder.run(&["apply", "--auto-approve"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(
        err.contains("--leave-members") && err.contains("--org"),
        "{err}"
    );
    let (_, out, _) = folder.run(&["apply", "--auto-approve", "--json"]);
    assert!(out.contains("\"leaves-members\""), "{out}");
    let (code, out, err) = folder.run(&["status"]);
    assert_eq!(code, 2, "{out}{err}");
    assert!(out.contains("give `--org`"), "{out}");
    assert!(!out.contains("run `iamwatch apply`"), "{out}");
    folder.succeed(&["status", "--org"]);
    let out = folder.succeed(&["coverage", "--org"]);
    assert!(out.contains("5 of 5 accounts"), "{out}");
    folder.succeed(&["apply", "--auto-approve", "--leave-members"]);
    folder.succeed(&["plan", "--detailed-exitcode"]);
}

/// Home alone needs no bus of its own where it is in the Region of global services: the detectors would move away from the
/// one that the other accounts send to.
#[test]
fn nor_by_moving_the_detectors_away() {
    let rules = organization::RULES
        .replace("  organization: {}\n", "")
        .replace(
            "home: { region: eu-central-1 }",
            "home: { region: us-east-1 }",
        )
        .replace(
            "  regions: [us-east-1, eu-central-1, eu-west-1]",
            "  regions: [us-east-1]",
        );
    let folder = organization::Folder::with(&rules);
    folder.succeed(&["apply", "--org", "--auto-approve"]);
    folder.succeed(&["sandbox", "confirm"]);
    let out = folder.succeed(&["plan"]);
    assert!(
        out.contains("are watched today, and no longer after this: ")
            && out.contains("bus iamwatch-acme"),
        "{out}"
    );
    let (code, out, err) = folder.run(&["apply", "--auto-approve"]);
    assert!(code == 1 && err.contains("--leave-members"), "{out}{err}");
    let (code, out, err) = folder.run(&["status"]);
    assert_eq!(code, 2, "{out}{err}");
    assert!(!out.contains("run `iamwatch apply`"), "{out}");
    folder.succeed(&["status", "--org"]);
}
