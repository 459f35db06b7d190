//! Every field of every resource, changed behind iamwatch's back: plan shows it, apply repairs it.

pub(crate) mod change;
mod stores;
mod verdicts;
pub(crate) mod whole;

use std::collections::BTreeSet;

use aws_sdk_eventbridge::types::Target;
use iamwatch::plan::{self, Action, PlanOptions};
use iamwatch::resources::{Live, ResourceKey};
use serde_json::Value;

use crate::stage::{Stage, Wanted};

const RULES: &str = r#"
version: 1
name: drift
home: { region: us-east-1 }
channels:
  mail: { email: security@example.com }
  siem: { sqs: alerts, format: json }
notify: { default: [mail, siem] }
rules:
  - use: root/sign-in
"#;

/// Beside its kind and its name: a resource with another value here is another resource.
const IDENTITY: &[&str] = &[
    "subscription.topic",
    "subscription.protocol",
    "subscription.endpoint",
    // Rules are read bus by bus: one on another bus is not this one.
    "rule.bus",
];

/// Only the receiver can change it: `a_subscription_that_nobody_confirmed_is_waited_for`.
const WAITED_FOR: &[&str] = &["subscription.confirmed"];

/// An account that is in no organization cannot change these.
const OF_ORGANIZATIONS: &[&str] = &["trail.organization"];

/// The field paths of a resource, target ids replaced by `*`. Documents and maps of paths count as one.
fn fields(resource: &Value) -> BTreeSet<String> {
    let kind = resource["kind"].as_str().unwrap();
    let mut found = BTreeSet::new();
    for (name, value) in resource.as_object().unwrap() {
        if ["kind", "name"].contains(&name.as_str()) {
            continue;
        }
        if name == "targets" {
            for target in value.as_object().unwrap().values() {
                for (part, value) in target.as_object().unwrap() {
                    if part == "input" && value.is_object() {
                        let parts = value.as_object().unwrap().keys();
                        found.extend(parts.map(|p| format!("{kind}.targets.*.input.{p}")));
                    } else {
                        found.insert(format!("{kind}.targets.*.{part}"));
                    }
                }
            }
        } else {
            found.insert(format!("{kind}.{name}"));
        }
    }
    found
}

/// The direct topology: one Region, detectors on the default bus.
pub(crate) async fn every_field_is_repaired(stage: &Stage) {
    let queue = stage.clients.sqs.create_queue().queue_name("alerts");
    queue.send().await.unwrap();
    let wanted = stage.wanted(RULES).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    assert_eq!(stage.plan(&wanted).await.changes, Vec::new());
    let walked = walk(stage, &wanted, Pace::Every).await;
    assert_eq!(walked.len(), 21, "{walked:#?}");
}

/// How much of a walk is walked.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// Every field of every resource.
    Every,
    /// Every field of one resource of each kind at home, and of one elsewhere.
    HomeAndAway,
    /// Every field of one resource of each kind, away from home where it stands in several places.
    Once,
}

/// Changes one field after the other, and has each change shown and repaired: the fields walked.
pub(crate) async fn walk(stage: &Stage, wanted: &Wanted, pace: Pace) -> BTreeSet<String> {
    let mut walked = BTreeSet::new();
    let mut walked_at = BTreeSet::new();
    let mut live = stage.live(wanted).await;
    // Away from home first: there a client of the wrong Region shows.
    let mut resources: Vec<_> = wanted.desired.resources.iter().collect();
    resources.sort_by_key(|(key, _)| key.place == wanted.desired.home);
    for (key, resource) in resources {
        let resource = serde_json::to_value(resource).unwrap();
        for field in fields(&resource) {
            if [IDENTITY, WAITED_FOR, OF_ORGANIZATIONS]
                .iter()
                .any(|left| left.contains(&field.as_str()))
            {
                continue;
            }
            let at_home = key.place == wanted.desired.home;
            let enough = match pace {
                Pace::Every => false,
                Pace::HomeAndAway => !walked_at.insert((at_home, field.clone())),
                Pace::Once => walked.contains(&field),
            };
            if enough {
                continue;
            }
            // The emulator has no UpdateEventBus.
            if field == "bus.kms_key" && stage.sandbox.is_none() {
                continue;
            }
            // Only SQS hands on a message without its envelope.
            if field == "subscription.raw" && resource["protocol"] != "sqs" {
                continue;
            }
            // The emulator can take no redrive policy away.
            let of_queue = resource["protocol"] == "sqs";
            if field == "subscription.dead_letters" && stage.sandbox.is_none() && !of_queue {
                continue;
            }
            // A bus takes no other input than the event. Source: PutTargets.
            let on_bus = |target: &Value| target["arn"].as_str().unwrap().contains(":event-bus/");
            let targets = resource["targets"].as_object();
            if field.ends_with(".input") && targets.is_some_and(|all| all.values().any(on_bus)) {
                continue;
            }
            let first = walked.insert(field.clone());
            live = is_repaired(stage, wanted, live, key, &field, first).await;
        }
    }
    walked
}

/// What is live afterwards.
async fn is_repaired(
    stage: &Stage,
    wanted: &Wanted,
    live: Vec<Live>,
    key: &ResourceKey,
    field: &str,
    first: bool,
) -> Vec<Live> {
    let live = live.iter().find(|live| live.key == *key).unwrap();
    change::change(stage, live, field).await;
    let plan = stage.plan(wanted).await;
    let changes = plan.changes.iter();
    let shown: Vec<(&ResourceKey, Action)> =
        changes.map(|change| (&change.key, change.action)).collect();
    // Another path is another role.
    let action = match field {
        "role.path" => Action::Replace,
        _ => Action::Update,
    };
    assert_eq!(shown, [(key, action)], "{field}");
    assert!(!plan.changes[0].attributes.is_empty(), "{field}");
    if first {
        verdicts::agree(stage, wanted, &plan, field).await;
    }
    verdicts::forget_calls(stage);
    let report = stage.apply(&plan).await;
    assert!(report.is_complete(), "{key} {field}: {report:#?}");
    verdicts::calls_were_forecast(stage, &plan, field);
    let live = stage.live(wanted).await;
    let wishes = PlanOptions::default();
    let again = plan::plan(&wanted.file.name, &wanted.desired, &live, &wishes).unwrap();
    assert_eq!(again.changes, Vec::new(), "{field}");
    live
}

/// Targets and subscriptions that are gone or too many, and whole resources that are gone.
pub(crate) async fn what_is_gone_comes_back(stage: &Stage) {
    stage.queue("alerts").await;
    let wanted = stage.wanted(RULES).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    let rule = "iamwatch-drift-root.sign-in";
    let events = &stage.clients.events;

    events
        .remove_targets()
        .rule(rule)
        .ids("mail")
        .send()
        .await
        .unwrap();
    repaired(stage, &wanted, Action::Update).await;

    let extra = Target::builder()
        .id("extra")
        .arn(format!("arn:aws:sqs:us-east-1:{}:alerts", stage.account));
    events
        .put_targets()
        .rule(rule)
        .targets(extra.build().unwrap())
        .send()
        .await
        .unwrap();
    repaired(stage, &wanted, Action::Update).await;

    let live = stage.live(&wanted).await;
    let subscription = live
        .iter()
        .find(|live| live.key.name.contains("/sqs/"))
        .unwrap();
    let arn = subscription.handle.clone().unwrap();
    stage
        .clients
        .sns
        .unsubscribe()
        .subscription_arn(arn)
        .send()
        .await
        .unwrap();
    repaired(stage, &wanted, Action::Create).await;

    events
        .remove_targets()
        .rule(rule)
        .ids("mail")
        .ids("siem")
        .send()
        .await
        .unwrap();
    events.delete_rule().name(rule).send().await.unwrap();
    repaired(stage, &wanted, Action::Create).await;
}

async fn repaired(stage: &Stage, wanted: &Wanted, action: Action) {
    let plan = stage.plan(wanted).await;
    let actions: Vec<Action> = plan.changes.iter().map(|change| change.action).collect();
    assert_eq!(actions, [action], "{plan:#?}");
    assert!(stage.apply(&plan).await.is_complete());
    stage.confirm_all();
    assert_eq!(stage.plan(wanted).await.changes, Vec::new());
}

mod sandbox {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_field_that_drifts_is_repaired() {
        every_field_is_repaired(&Stage::sandbox().await).await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_deleted_or_added_is_repaired() {
        what_is_gone_comes_back(&Stage::sandbox().await).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_subscription_that_nobody_confirmed_is_waited_for() {
        let stage = Stage::sandbox().await;
        stage.queue("alerts").await;
        let wanted = stage.wanted(RULES).await;
        stage.deploy(&wanted).await;
        let plan = stage.plan(&wanted).await;
        assert_eq!(plan.changes, Vec::new());
        let waiting: Vec<&str> = plan.waiting.iter().map(|key| key.name.as_str()).collect();
        assert_eq!(
            waiting,
            ["iamwatch-drift-text_mail/email/security@example.com"]
        );
        stage.confirm_all();
        assert_eq!(stage.plan(&wanted).await.waiting, Vec::new());
    }
}
