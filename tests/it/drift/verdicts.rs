//! While a field differs, `status`, `test-event` and `coverage` give one answer; and apply makes the calls
//! that were forecast.

use std::future::pending;

use aws_sdk_eventbridge::types::{RuleState, Target};
use iamwatch::aws::calls;
use iamwatch::compile::{self, Compiled};
use iamwatch::fleet::{self, AccountState, Outcome, Run};
use iamwatch::health::{self, Weight};
use iamwatch::organization::{Member, State};
use iamwatch::place::{Place, Region};
use iamwatch::plan::{Change, Plan};
use iamwatch::proof::{self, Options, Proof};
use iamwatch::resources::{Impact, Kind, Live, Resource, ResourceKey, Stretch};
use iamwatch::rules::Format;

use super::change;
use crate::stage::{Stage, Wanted, new_id};

/// What each of the three says of one resource.
#[derive(Debug, PartialEq)]
struct Answers {
    /// `status`: whether alerts are lost.
    status: bool,
    /// `test-event`: whether any way through the resource is not good because of it.
    test_event: bool,
    /// `coverage`: whether something is uncovered.
    coverage: bool,
}

/// Asks all three about a resource. Test events go to a copy: nobody there hears of them.
async fn answers(stage: &Stage, wanted: &Wanted, plan: &Plan, key: &ResourceKey) -> Answers {
    let fork = stage.fork().await;
    Answers {
        status: loses(&fork, wanted, key).await,
        test_event: !test_events_are_good(&fork, wanted, key).await,
        coverage: is_uncovered(&fork, wanted, plan, key).await,
    }
}

async fn loses(stage: &Stage, wanted: &Wanted, key: &ResourceKey) -> bool {
    let standing = stage.standing(wanted).await.unwrap();
    let deployment = standing.deployment(wanted);
    let health = health::health(&stage.cloud, deployment, stage.now());
    let findings = health.await.unwrap().findings;
    let about = |what: &str, place: &Option<Place>| {
        what == key.to_string() && place.as_ref() == Some(&key.place)
    };
    // What got stuck while the walk broke other things is not of this difference.
    let mut found = findings
        .iter()
        .filter(|f| about(&f.what, &f.place) && !f.problem.contains("dead letter"));
    found.any(|finding| finding.weight == Weight::LosesAlerts)
}

async fn test_events_are_good(stage: &Stage, wanted: &Wanted, key: &ResourceKey) -> bool {
    let standing = stage.standing(wanted).await.unwrap();
    let name = key.to_string();
    let about = |proof: &Proof| {
        let broken = match &proof.outcome {
            proof::Outcome::Broken { links } => links.as_slice(),
            _ => &[],
        };
        let mut links = broken.iter().chain(&proof.weak);
        let found =
            links.any(|link| link.link == name || link.link.starts_with(&format!("{name} in ")));
        assert!(!found || !proof.is_good(), "{proof:#?}");
        found
    };
    let is_on_the_way = |region: &&Region| match &key.place {
        Place::Regional { region: own, .. } => {
            *region == own || **region == wanted.file.home.region
        }
        Place::Global { .. } => key.name.ends_with(region.as_str()),
    };
    let listening = wanted.desired.topology.listening.iter();
    for region in listening.filter(is_on_the_way) {
        let clock = || stage.now();
        let options = Options {
            wait: None,
            from: Some(region.clone()),
            clock: &clock,
            new_id: &new_id,
        };
        let deployment = standing.deployment(wanted);
        let proofs = proof::prove(
            &stage.cloud,
            deployment,
            &wanted.patterns,
            &options,
            pending(),
        );
        if proofs.await.unwrap().iter().any(about) {
            return false;
        }
    }
    true
}

async fn is_uncovered(stage: &Stage, wanted: &Wanted, plan: &Plan, key: &ResourceKey) -> bool {
    let listening = wanted.desired.topology.listening.iter().cloned();
    let state = AccountState::of(plan, listening);
    let standing = stage.standing(wanted).await.unwrap();
    let mut found = health::of_resources(standing.deployment(wanted));
    found.retain(|(found, _)| found == key);
    let breaches = fleet::breaches(found, &wanted.desired);
    let member = Member {
        account: plan.home.account().clone(),
        name: String::new(),
        state: State::Active,
        joined: None,
    };
    let outcome = Outcome {
        member,
        left: None,
        result: Ok(state),
    };
    let run = Run {
        outcomes: vec![outcome],
        changed: Vec::new(),
        left: Vec::new(),
        unlisted: None,
        unmatched: Vec::new(),
        home_left: None,
        stopped: false,
    };
    let recording = fleet::Recording {
        home: None,
        others: None,
        beyond: &[],
        partition: "aws",
    };
    !fleet::coverage(
        &run,
        &wanted.patterns,
        &wanted.desired,
        &breaches,
        &recording,
    )
    .is_whole()
}

/// The three agree with what is known of the field, and so with each other.
pub(crate) async fn agree(stage: &Stage, wanted: &Wanted, plan: &Plan, field: &str) {
    if stage.sandbox.is_none() {
        return;
    }
    let change = &plan.changes[0];
    let found = answers(stage, wanted, plan, &change.key).await;
    let impact = change.impact();
    let lost = impact == Impact::Alert;
    // Which trail records what, `coverage` is told by whoever knows the organization.
    let is_fed = change.key.kind.facts().stretch == Stretch::Feed;
    let expected = Answers {
        status: lost,
        // A test that arrives says also what would not be recorded, or saved.
        test_event: impact != Impact::Cosmetic,
        coverage: lost && !is_fed,
    };
    assert_eq!(found, expected, "{field}: {:?}", change.attributes);
}

/// What was called so far does not count.
pub(crate) fn forget_calls(stage: &Stage) {
    if let Some(sandbox) = &stage.sandbox {
        sandbox.clear_calls();
    }
}

/// The writes since then are those of the plan.
pub(crate) fn calls_were_forecast(stage: &Stage, plan: &Plan, what: &str) {
    let Some(sandbox) = &stage.sandbox else {
        return;
    };
    let is_write = |service: &str, operation: &str| {
        let mut writes = calls::ALL.iter().filter(|call| call.write);
        writes.any(|call| call.service == service && call.operation == operation)
    };
    let made = sandbox.calls().into_iter();
    let made = made.filter(|call| is_write(&call.service, &call.operation));
    let mut made: Vec<String> = made
        .map(|call| format!("{}:{}", call.service, call.operation))
        .collect();
    made.sort();
    assert_eq!(made, forecast(plan), "{what}");
}

/// The writes that a plan makes, each as often as it is made, sorted.
fn forecast(plan: &Plan) -> Vec<String> {
    let calls = plan.changes.iter().flat_map(Change::calls);
    let mut calls: Vec<String> = calls.map(ToString::to_string).collect();
    calls.sort();
    calls
}

/// A hub, with one rule that asks for reads and one that does not.
const RULES: &str = r#"
version: 1
name: verdicts
home: { region: us-east-1 }
watch: { regions: [us-east-1, eu-west-1] }
trail: create
channels: { phone: { sms: "+4915112345678" } }
notify: { default: [phone] }
rules:
  - id: key-disabled
    title: A key was disabled
    events: ["kms:DisableKey"]
  - id: users-listed
    title: Somebody lists users
    events: ["iam:ListUsers"]
"#;

async fn deployed() -> (Stage, Wanted) {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(RULES).await;
    stage.deploy(&wanted).await;
    (stage, wanted)
}

/// The rules whose state is `from`, each put into the state `to` by itself.
async fn in_another_state(from: RuleState, to: RuleState) -> Vec<(String, Answers)> {
    let (stage, wanted) = deployed().await;
    let mut found = Vec::new();
    let is_meant = |live: &&Live| match &live.resource {
        Resource::Rule(rule) => rule.state.as_str() == from.as_str(),
        _ => false,
    };
    let live = stage.live(&wanted).await;
    for live in live.iter().filter(is_meant) {
        let fork = stage.fork().await;
        put_rule(&fork, live, Some(to.clone()), None).await;
        let plan = fork.plan(&wanted).await;
        assert_eq!(plan.changes.len(), 1, "{plan:#?}");
        let name = live.key.to_string();
        found.push((name, answers(&fork, &wanted, &plan, &live.key).await));
    }
    found
}

async fn put_rule(stage: &Stage, live: &Live, state: Option<RuleState>, description: Option<&str>) {
    let Resource::Rule(rule) = &live.resource else {
        panic!("{live:?} is no rule");
    };
    let events = stage.cloud.at_place(&live.key.place).events;
    let state = state.unwrap_or_else(|| RuleState::from(rule.state.as_str()));
    let put = events
        .put_rule()
        .name(&rule.name)
        .event_bus_name(&rule.bus)
        .description(description.unwrap_or(&rule.description))
        .event_pattern(rule.pattern.to_string())
        .state(state);
    put.send().await.unwrap();
}

const NOTHING_LOST: Answers = Answers {
    status: false,
    test_event: false,
    coverage: false,
};

#[tokio::test(start_paused = true)]
async fn a_rule_in_the_wider_state_loses_nothing_whomever_one_asks() {
    let wider = RuleState::EnabledWithAllCloudtrailManagementEvents;
    let found = in_another_state(RuleState::Enabled, wider).await;
    assert!(found.len() > 1, "{found:#?}");
    for (rule, answers) in found {
        assert_eq!(answers, NOTHING_LOST, "{rule}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_hears_of_no_reads_although_it_should_loses_alerts_whomever_one_asks() {
    let wider = RuleState::EnabledWithAllCloudtrailManagementEvents;
    let found = in_another_state(wider, RuleState::Enabled).await;
    assert!(found.len() > 1, "{found:#?}");
    for (rule, answers) in found {
        let lost = Answers {
            status: true,
            test_event: true,
            coverage: true,
        };
        assert_eq!(answers, lost, "{rule}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_description_that_somebody_edited_uncovers_nothing() {
    let (stage, wanted) = deployed().await;
    let live = stage.live(&wanted).await;
    let rules = live
        .iter()
        .filter(|live| matches!(live.resource, Resource::Rule(_)));
    for live in rules {
        let fork = stage.fork().await;
        put_rule(&fork, live, None, Some("somebody's words")).await;
        let plan = fork.plan(&wanted).await;
        assert_eq!(plan.changes.len(), 1, "{plan:#?}");
        let found = answers(&fork, &wanted, &plan, &live.key).await;
        assert_eq!(found, NOTHING_LOST, "{}", live.key);
    }
}

#[tokio::test(start_paused = true)]
async fn a_trail_that_writes_under_another_prefix_loses_nothing_whomever_one_asks() {
    let (stage, wanted) = deployed().await;
    let region: Region = "us-east-1".parse().unwrap();
    let name = "iamwatch-verdicts";
    let bucket = format!("{name}-logs-{}-{region}", stage.account);
    let arn = format!("arn:aws:s3:::{bucket}");
    let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "s3:*", "Resource": [arn, format!("{arn}/*")],
    }] });
    let (s3, trails) = (&stage.clients.s3, &stage.clients.cloudtrail);
    // Our own policy admits no prefix.
    let request = s3.put_bucket_policy().bucket(&bucket);
    let request = request.policy(policy.to_string());
    request.send().await.unwrap();
    let request = trails.update_trail().name(name).s3_bucket_name(&bucket);
    request.s3_key_prefix("elsewhere").send().await.unwrap();
    let plan = stage.plan(&wanted).await;
    let mut changes = plan.changes.iter();
    let trail = changes
        .find(|change| change.key.kind == Kind::Trail)
        .unwrap();
    assert_eq!(trail.attributes[0].path, "key_prefix");
    let found = answers(&stage, &wanted, &plan, &trail.key).await;
    assert_eq!(found, NOTHING_LOST);
}

#[tokio::test(start_paused = true)]
async fn a_further_target_loses_nothing_whatever_its_id() {
    let (stage, wanted) = deployed().await;
    let live = stage.live(&wanted).await;
    let rules: Vec<&Live> = live
        .iter()
        .filter(|live| live.key.kind == Kind::Rule)
        .collect();
    assert!(rules.len() > 1, "{rules:#?}");
    for live in rules {
        let Resource::Rule(rule) = &live.resource else {
            panic!("{live:?} is no rule");
        };
        for id in [
            "more",
            "my.target",
            "x.arn",
            "a.dead_letters",
            "some.input.paths",
        ] {
            let fork = stage.fork().await;
            let events = fork.cloud.at_place(&live.key.place).events;
            let region = events.config().region().unwrap().to_string();
            let arn = format!("arn:aws:sns:{region}:{}:theirs", stage.account);
            let target = Target::builder().id(id).arn(arn).build().unwrap();
            let put = events
                .put_targets()
                .rule(&rule.name)
                .event_bus_name(&rule.bus);
            put.targets(target).send().await.unwrap();
            let plan = fork.plan(&wanted).await;
            let found = answers(&fork, &wanted, &plan, &live.key).await;
            assert_eq!(found, NOTHING_LOST, "{}: {id}", live.key);
            let [change] = plan.changes.as_slice() else {
                panic!("{plan:#?}");
            };
            let words = change.key.kind.facts().describe(&change.attributes[0]);
            assert_eq!(words, format!("it has the target `{id}` besides"));
        }
    }
}

/// Each attribute is a call of its own, and several calls of one name are as many alerts.
#[tokio::test(start_paused = true)]
async fn several_fields_of_one_resource_are_forecast_call_by_call() {
    let stage = Stage::sandbox().await;
    stage.queue("alerts").await;
    let wanted = stage.wanted(SEVERAL).await;
    stage.deploy(&wanted).await;
    let live = stage.live(&wanted).await;
    for (kind, fields, calls) in [
        (
            Kind::Topic,
            &["topic.display_name", "topic.kms_key", "topic.policy"][..],
            ["sns:SetTopicAttributes"; 3].as_slice(),
        ),
        (
            Kind::Subscription,
            &["subscription.filter", "subscription.raw"],
            &["sns:SetSubscriptionAttributes"; 2],
        ),
        (
            Kind::Role,
            &["role.policies", "role.attached", "role.description"],
            &[
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePolicy",
                "iam:UpdateRole",
            ],
        ),
    ] {
        let of_kind = |live: &&Live| live.key.kind == kind && !live.key.name.contains("/sms/");
        let live = live.iter().find(of_kind).unwrap();
        for field in fields {
            change::change(&stage, live, field).await;
        }
        let plan = stage.plan(&wanted).await;
        assert_eq!(forecast(&plan), calls, "{fields:?}");
        forget_calls(&stage);
        let report = stage.apply(&plan).await;
        assert!(report.is_complete(), "{report:#?}");
        calls_were_forecast(&stage, &plan, &format!("{fields:?}"));
    }
}

const SEVERAL: &str = r#"
version: 1
name: verdicts
home: { region: us-east-1 }
watch: { regions: [us-east-1, eu-west-1] }
channels: { siem: { sqs: alerts, format: json } }
notify: { default: [siem] }
rules:
  - { id: key-disabled, title: A key was disabled, events: ["kms:DisableKey"] }
"#;

/// An edited title is not applied yet: alerts arrive with the words of before.
#[tokio::test(start_paused = true)]
async fn a_title_that_is_not_applied_yet_loses_nothing_whomever_one_asks() {
    let rules = SEVERAL
        .replace(
            "json } }",
            "json }, mail: { email: security@example.com } }",
        )
        .replace("[siem]", "[siem, mail]");
    let stage = Stage::sandbox().await;
    stage.queue("alerts").await;
    stage.deploy(&stage.wanted(&rules).await).await;
    stage.confirm_all();
    for (from, to, loses_nothing) in [
        ("A key was disabled", "Somebody disabled a <key>", true),
        // Machines decide by it whom they wake.
        (
            "A key was disabled,",
            "A key was disabled, severity: high,",
            false,
        ),
    ] {
        let wanted = stage.wanted(&rules.replace(from, to)).await;
        let plan = stage.plan(&wanted).await;
        let [change] = plan.changes.as_slice() else {
            panic!("{plan:#?}");
        };
        let paths: Vec<&str> = change.attributes.iter().map(|a| a.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "description",
                "targets.mail.input.template",
                "targets.siem.input.template"
            ]
        );
        let found = answers(&stage, &wanted, &plan, &change.key).await;
        assert_eq!(found == NOTHING_LOST, loses_nothing, "{to}: {found:?}");
    }
}

/// What could not be a text of ours may hold nothing, or break on what is inserted: alerts may be lost by it.
#[tokio::test(start_paused = true)]
async fn a_text_that_is_none_of_ours_is_not_another_wording() {
    let stage = Stage::sandbox().await;
    let wanted = stage.wanted(RULES).await;
    let [one, other] = ["key-disabled", "users-listed"].map(|id| {
        let mut patterns = wanted.patterns.iter();
        patterns.find(|pattern| pattern.rule.0 == id).unwrap()
    });
    let home = &wanted.file.home.region;
    let template = |pattern: &Compiled, format| pattern.message(format, home).template;
    for format in [Format::Text, Format::Json] {
        let (ours, others) = (template(one, format), template(other, format));
        assert!(compile::differ_in_words(&ours, &ours));
        let reworded = ours.replace("A key was disabled", "Another title");
        assert!(compile::differ_in_words(&ours, &reworded), "{reworded}");
        assert!(!compile::differ_in_words(&ours, &others), "another rule");
        for broken in [
            String::new(),
            "\"somebody\"".to_owned(),
            ours.replace("<source>", ""),
            ours.replace("A key was disabled", "<agent>"),
            ours.replace("A key was disabled", "say \"hi\""),
            ours.replace("<id>", "")
                .replace(",\"event\":<aws.events.event.json>", ""),
        ] {
            assert!(!compile::differ_in_words(&broken, &ours), "{broken}");
        }
    }
    let (text, json) = (template(one, Format::Text), template(one, Format::Json));
    assert!(!compile::differ_in_words(&text, &json));
    assert!(compile::is_own_path(
        "user",
        "$.detail.userIdentity.userName"
    ));
    assert!(!compile::is_own_path("user", "$.detail.userAgent"));
}
