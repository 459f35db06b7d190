//! The policies that `iamwatch permissions` prints: enough for every step, and nothing in them is too much.

mod boundary;
mod guard;
mod logs;
mod storm;

use std::collections::BTreeSet;

use aws_sdk_sqs::types::QueueAttributeName;
use iamwatch::aws::CallError;
use iamwatch::engine::Error;
use iamwatch::permissions::{self, Phase, Scope};
use iamwatch::place::Region;
use iamwatch::plan::{self, Action, PlanOptions};
use iamwatch::resources::{self, Kind, queue};
use serde_json::{Value, json};

use crate::stage::{Stage, Wanted};

/// Everything that iamwatch can deploy, in as few resources as possible.
const EVERYTHING: &str = r#"
version: 1
name: acme
home: { region: eu-central-1, account: "111122223333" }
watch: { regions: [us-east-1] }
trail: create
topics: { kms_key: create }
delivery: dispatcher
channels:
  mail: { email: security@example.com }
  siem: { sqs: alerts, format: json }
  soc: { slack: { channel: C0123456789, token: "${env:SLACK_TOKEN}" } }
notify: { default: [mail, siem, soc] }
rules:
  - use: root/sign-in
  - use: pipeline/tamper-watch
"#;

/// An account with three Regions and the queue of the channel in it.
async fn account() -> Stage {
    let stage = Stage::sandbox_in(&"eu-central-1".parse().unwrap()).await;
    let stage = stage.knowing(&[("SLACK_TOKEN", "xoxb-0000")]);
    let enabled = ["eu-central-1", "us-east-1", "eu-west-1"];
    let enabled: Vec<Region> = enabled.iter().map(|r| r.parse().unwrap()).collect();
    stage.sandbox.as_ref().unwrap().set_regions(&enabled);
    // Its key is looked at too.
    let key = stage.clients.kms.create_key().policy(USED_BY_SNS).send();
    let key = key.await.unwrap().key_metadata.unwrap().arn.unwrap();
    let request = stage.clients.sqs.create_queue().queue_name("alerts");
    let request = request.attributes(QueueAttributeName::KmsMasterKeyId, key);
    let url = request.send().await.unwrap().queue_url.unwrap();
    let topics = "arn:aws:sns:*:111122223333:iamwatch-acme-*";
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": { "Service": "sns.amazonaws.com" }, "Action": "sqs:SendMessage", "Resource": "*",
        "Condition": { "ArnLike": { "aws:SourceArn": topics } } }] });
    stage.set_queue_policy(&url, &policy).await;
    stage
}

/// The policy of a key that SNS may encrypt with.
const USED_BY_SNS: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*" },
    { "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
      "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*" }] }"#;

fn scope(wanted: &Wanted, stage: &Stage) -> Scope {
    Scope::of(&wanted.file, &wanted.patterns, &stage.account).unwrap()
}

/// The stage through the eyes of a caller with exactly this policy.
async fn under(stage: &Stage, policy: &Value) -> Stage {
    let sandbox = stage.sandbox.as_ref().unwrap();
    let caller = sandbox.caller("deployer", &policy.to_string());
    let region = "eu-central-1".parse().unwrap();
    stage.seen_by(sandbox.sdk_config(&region, caller)).await
}

fn said(error: &CallError) -> String {
    format!("{error}; {}", error.remedy().unwrap_or_default())
}

/// Everything that `plan` does, receivers and warnings included. The error is what a user would read.
async fn plans(
    stage: &Stage,
    wishes: &PlanOptions,
    nothing: bool,
) -> Result<(Wanted, plan::Plan), String> {
    let wanted = stage.try_wanted(EVERYTHING).await.map_err(|e| said(&e))?;
    let account_facts = stage.try_survey(&wanted.file).await;
    if let Err(error) = account_facts.map_err(|e| said(&e))?.regions {
        return Err(said(&error));
    }
    let live = stage.try_live(&wanted).await.map_err(|e| said(&e))?;
    for receiver in &wanted.desired.receivers {
        let found = queue::obstacle(&stage.clients, &receiver.queue, &receiver.topic).await;
        // What could not be looked at is a note to a user.
        match found.map_err(|e| said(&e))? {
            Some(found) if found.verdict == queue::Verdict::Unknown => return Err(found.problem),
            _ => {}
        }
    }
    let desired = match nothing {
        true => wanted.desired.nothing(),
        false => stage.settled(&wanted.desired, &live),
    };
    let plan = plan::plan(&wanted.file.name, &desired, &live, wishes).map_err(|conflicts| {
        let Error { message, help, .. } = Error::from(conflicts);
        format!("{message}; {}", help.unwrap_or_default())
    })?;
    Ok((wanted, plan))
}

/// Plans and applies; the error is what a user would read.
async fn applies(stage: &Stage, wishes: &PlanOptions, nothing: bool) -> Result<(), String> {
    let (_, plan) = plans(stage, wishes, nothing).await?;
    // A bucket is looked into before anything is deleted.
    for change in &plan.changes {
        if let (Action::Delete, Kind::Bucket) = (change.action, change.key.kind) {
            let clients = stage.cloud.at_place(&change.key.place);
            let held = resources::bucket_contents(&clients, &change.key.name).await;
            held.map_err(|e| said(&e))?;
        }
    }
    let report = stage.apply(&plan).await;
    if report.is_complete() {
        return Ok(());
    }
    let texts = report.failed.iter().map(|failed| said(&failed.error));
    Err(texts.collect::<Vec<_>>().join("\n"))
}

/// A whole life under one policy: created, broken in every way by an administrator, repaired, destroyed.
async fn life(policy: &Value) -> Result<(), String> {
    let admin = account().await;
    let caller = under(&admin, policy).await;
    for step in [Step::Create, Step::Repair, Step::Destroy] {
        step.prepare(&admin).await;
        step.take(&admin, &caller).await?;
    }
    Ok(())
}

/// A part of that life, that can be tried again until it is through.
#[derive(Debug, Clone, Copy)]
enum Step {
    Create,
    Repair,
    Destroy,
}

impl Step {
    async fn prepare(self, admin: &Stage) {
        admin.confirm_all();
        if let Self::Repair = self {
            let wanted = admin.wanted(EVERYTHING).await;
            storm::breaks_everything(admin, &admin.live(&wanted).await).await;
        }
    }

    async fn take(self, admin: &Stage, caller: &Stage) -> Result<(), String> {
        let prune = PlanOptions {
            prune: true,
            ..PlanOptions::default()
        };
        match self {
            Self::Create => applies(caller, &PlanOptions::default(), false).await,
            Self::Repair => applies(caller, &prune, false).await,
            Self::Destroy => {
                let all =
                    PlanOptions::destruction(vec![Kind::EncryptionKey, Kind::Bucket, Kind::Trail]);
                let mut done = applies(caller, &all, true).await;
                if done
                    .as_ref()
                    .is_err_and(|text| text.contains("BucketNotEmpty"))
                {
                    // Log files are never deleted: somebody does that by hand.
                    let sandbox = admin.sandbox.as_ref().unwrap();
                    sandbox.empty_bucket("iamwatch-acme-logs-111122223333-eu-central-1");
                    done = applies(caller, &all, true).await;
                }
                done?;
                let wanted = admin.wanted(EVERYTHING).await;
                assert_eq!(admin.live(&wanted).await, []);
                Ok(())
            }
        }
    }
}

fn statements(policy: &Value) -> &Vec<Value> {
    policy["Statement"].as_array().unwrap()
}

/// The policy without one of its statements.
fn without(policy: &Value, statement: usize) -> Value {
    let mut policy = policy.clone();
    policy["Statement"]
        .as_array_mut()
        .unwrap()
        .remove(statement);
    policy
}

/// Grants the actions of a policy one by one, each only when a refusal names it, until `attempt` is through.
struct Grown {
    policy: Value,
    /// Statement and action.
    granted: BTreeSet<(usize, String)>,
}

impl Grown {
    fn new(policy: Value) -> Self {
        let granted = BTreeSet::new();
        Self { policy, granted }
    }

    fn pairs(&self) -> BTreeSet<(usize, String)> {
        let statements = statements(&self.policy).iter().enumerate();
        statements
            .flat_map(|(at, statement)| {
                let actions = statement["Action"].as_array().unwrap().iter();
                actions.map(move |action| (at, action.as_str().unwrap().to_owned()))
            })
            .collect()
    }

    fn so_far(&self) -> Value {
        let mut policy = self.policy.clone();
        let list = policy["Statement"].as_array_mut().unwrap();
        for (at, statement) in list.iter_mut().enumerate() {
            let granted = self.granted.iter().filter(|(of, _)| *of == at);
            let actions: Vec<&String> = granted.map(|(_, action)| action).collect();
            statement["Action"] = json!(actions);
        }
        list.retain(|statement| statement["Action"] != json!([]));
        policy
    }

    /// Grants what was refused: the action that is named, on the resource that is named.
    /// Grants what the first refusal names, and what others of the same run do: that of a trail half made
    /// comes once, since the next run finds it good enough.
    fn grant_all(&mut self, text: &str) {
        let mut lines = text.lines();
        let first = lines.next().unwrap();
        let pair = self.named(first).unwrap_or_else(|| panic!("{text}"));
        self.granted.insert(pair);
        for line in lines {
            self.granted.extend(self.named(line));
        }
    }

    fn grant(&mut self, text: &str) {
        let pair = self.named(text).unwrap_or_else(|| panic!("{text}"));
        self.granted.insert(pair);
    }

    /// What a refusal names and was not granted yet.
    fn named(&self, text: &str) -> Option<(usize, String)> {
        let resource = text.split_once("on resource: ");
        let resource = resource.and_then(|(_, rest)| rest.split_whitespace().next());
        let fits = |at: usize| match (&self.policy["Statement"][at]["Resource"], resource) {
            (_, None) => true,
            (Value::String(glob), Some(arn)) => like(glob, arn),
            (globs, Some(arn)) => {
                let mut globs = globs.as_array().unwrap().iter();
                globs.any(|glob| like(glob.as_str().unwrap(), arn))
            }
        };
        self.pairs()
            .into_iter()
            .find(|pair| !self.granted.contains(pair) && names(text, &pair.1) && fits(pair.0))
    }
}

/// `*` is any text, `?` any character.
fn like(glob: &str, text: &str) -> bool {
    match (glob.chars().next(), text.chars().next()) {
        (Some('*'), first) => {
            like(&glob[1..], text) || first.is_some_and(|c| like(glob, &text[c.len_utf8()..]))
        }
        (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
            like(&glob[wanted.len_utf8()..], &text[found.len_utf8()..])
        }
        (wanted, found) => wanted.is_none() && found.is_none(),
    }
}

/// Whether a text names an action, and not only one that begins like it.
fn names(text: &str, action: &str) -> bool {
    let (text, action) = (text.to_ascii_lowercase(), action.to_ascii_lowercase());
    let mut ends = text
        .match_indices(&action)
        .map(|(at, found)| at + found.len());
    ends.any(|end| !text[end..].starts_with(|c: char| c.is_ascii_alphanumeric()))
}

async fn printed(phase: Phase) -> Value {
    let stage = account().await;
    let wanted = stage.wanted(EVERYTHING).await;
    permissions::policy(&scope(&wanted, &stage), phase)
}

#[tokio::test(start_paused = true)]
async fn apply_lives_its_whole_life_under_exactly_the_printed_policy() {
    life(&printed(Phase::Apply).await).await.unwrap();
}

/// Whoever lacks an action is told its name; and no action is printed that nobody is ever refused for.
#[tokio::test(start_paused = true)]
async fn every_action_that_is_printed_for_apply_is_needed() {
    let admin = account().await;
    let mut grown = Grown::new(printed(Phase::Apply).await);
    for step in [Step::Create, Step::Repair, Step::Destroy] {
        step.prepare(&admin).await;
        loop {
            let caller = under(&admin, &grown.so_far()).await;
            match step.take(&admin, &caller).await {
                Ok(()) => break,
                Err(text) => grown.grant_all(&text),
            }
        }
    }
    let mut printed = grown.pairs();
    // Whoever may not ask beforehand is told by the write itself.
    printed.retain(|(_, action)| action != "states:ValidateStateMachineDefinition");
    assert_eq!(grown.granted, printed);
}

/// Whoever lacks a whole statement is told one of its actions.
#[tokio::test(start_paused = true)]
async fn every_statement_that_is_printed_for_apply_is_needed() {
    let policy = printed(Phase::Apply).await;
    for (at, statement) in statements(&policy).iter().enumerate() {
        let sid = statement["Sid"].as_str().unwrap();
        let text = life(&without(&policy, at)).await.expect_err(sid);
        let actions = statement["Action"].as_array().unwrap();
        let named = actions.iter().any(|a| names(&text, a.as_str().unwrap()));
        assert!(named, "{sid}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn plan_needs_no_action_that_writes() {
    let policy = printed(Phase::Plan).await;
    let admin = account().await;
    let caller = under(&admin, &policy).await;
    let (_, plan) = plans(&caller, &PlanOptions::default(), false)
        .await
        .unwrap();
    // What a plan says does not depend on who asks.
    let (wanted, by_admin) = plans(&admin, &PlanOptions::default(), false).await.unwrap();
    assert_eq!(plan.changes, by_admin.changes);
    assert!(plan.changes.len() > 10);
    // Nor once everything is there.
    admin.deploy(&wanted).await;
    admin.confirm_all();
    storm::breaks_everything(&admin, &admin.live(&wanted).await).await;
    let (_, plan) = plans(&caller, &PlanOptions::default(), false)
        .await
        .unwrap();
    assert_eq!(plan.changes, admin.plan(&wanted).await.changes);
    assert!(!plan.changes.is_empty());
    // Every action only looks, and no change goes through.
    for statement in statements(&policy) {
        for action in statement["Action"].as_array().unwrap() {
            let (_, name) = action.as_str().unwrap().split_once(':').unwrap();
            let looks = ["Get", "List", "Describe"];
            assert!(looks.iter().any(|word| name.starts_with(word)), "{action}");
        }
    }
    let report = caller.apply(&plan).await;
    assert_eq!(report.done, []);
}

#[tokio::test(start_paused = true)]
async fn every_action_that_is_printed_for_plan_is_needed() {
    let admin = account().await;
    let mut grown = Grown::new(printed(Phase::Plan).await);
    for deployed in [false, true] {
        if deployed {
            let wanted = admin.wanted(EVERYTHING).await;
            admin.deploy(&wanted).await;
            admin.confirm_all();
        }
        loop {
            let caller = under(&admin, &grown.so_far()).await;
            match plans(&caller, &PlanOptions::default(), false).await {
                Ok(_) => break,
                Err(text) => grown.grant(text.lines().next().unwrap()),
            }
        }
    }
    assert_eq!(grown.granted, grown.pairs());
}

#[tokio::test(start_paused = true)]
async fn the_policies_fit_where_aws_takes_them() {
    let stage = account().await;
    let wanted = stage.wanted(EVERYTHING).await;
    let usual = scope(&wanted, &stage);
    // One statement alone is too long.
    let queue = |n: usize| format!("arn:aws:sqs:eu-central-1:111122223333:alerts-of-team-{n:03}");
    let queues = (0..300).map(|n| queue(n).parse().unwrap());
    let long = Scope {
        receivers: queues.collect(),
        ..usual.clone()
    };
    for (scope, phase, least) in [
        (&usual, Phase::Plan, 1),
        (&usual, Phase::Apply, 1),
        (&usual, Phase::TestEvent, 1),
        (&long, Phase::Plan, 4),
        (&long, Phase::Apply, 4),
    ] {
        let policies = permissions::policies(scope, phase);
        assert!(policies.len() >= least, "{phase:?}: {}", policies.len());
        for policy in &policies {
            let length = permissions::length(policy);
            assert!(length <= permissions::POLICY_LIMIT, "{phase:?}: {length}");
            let sids = statements(policy).iter().map(|s| s["Sid"].to_string());
            let sids: Vec<String> = sids.collect();
            let different: BTreeSet<&String> = sids.iter().collect();
            assert_eq!(different.len(), sids.len(), "{sids:?}");
        }
        let whole = permissions::policy(scope, phase);
        assert_eq!(allowed(&policies), allowed(&[whole]), "{phase:?}");
    }
}

/// Each action on each resource under its condition.
fn allowed(policies: &[Value]) -> BTreeSet<(String, String, String)> {
    let all = policies.iter().flat_map(statements);
    let each = all.flat_map(|statement| {
        let resources = texts(&statement["Resource"]);
        let condition = statement["Condition"].to_string();
        let actions = texts(&statement["Action"]).into_iter();
        actions.flat_map(move |action| {
            let on = |resource: &String| (action.clone(), resource.clone(), condition.clone());
            resources.iter().map(on).collect::<Vec<_>>()
        })
    });
    each.collect()
}

fn texts(value: &Value) -> Vec<String> {
    let one = |value: &Value| value.as_str().unwrap().to_owned();
    match value {
        Value::Array(many) => many.iter().map(one).collect(),
        value => vec![one(value)],
    }
}

/// Whoever prints what is too long for one policy gets several, and is told how many.
#[test]
fn what_is_too_long_for_one_policy_is_printed_as_several() {
    let queues = (0..40).map(|n| format!("  team-{n:02}: {{ sqs: alerts-of-team-{n:02} }}\n"));
    let queues: String = queues.collect();
    let told = (0..40).map(|n| {
        format!(
            "  - {{ id: keys-{n:02}, channels: [team-{n:02}], events: [\"kms:DisableKey\"] }}\n"
        )
    });
    let told: String = told.collect();
    let rules = EVERYTHING.replace("notify:", &format!("{queues}notify:")) + &told;
    let folder = crate::cli_deploy::Folder::with(&rules);
    let (code, out, err) = folder.run(&["permissions", "--for", "apply"]);
    assert_eq!(code, 0, "{err}");
    let printed = serde_json::Deserializer::from_str(&out).into_iter::<Value>();
    let printed: Vec<Value> = printed.map(Result::unwrap).collect();
    assert!(printed.len() > 1, "{err}");
    let many = format!("{} managed policies, attach each of them", printed.len());
    assert!(err.contains(&many), "{err}");
    for policy in &printed {
        let length = permissions::length(policy);
        assert!(length <= permissions::POLICY_LIMIT, "{length}");
        assert!(err.contains(&format!("{length} characters")), "{err}");
    }
}

/// A key of the user's own carries no tag of ours: its ARN stands in the policies instead.
#[tokio::test(start_paused = true)]
async fn a_key_of_the_users_own_is_in_the_policies_by_its_name() {
    let stage = account().await;
    let kms = &stage.clients.kms;
    let made = kms.create_key().send().await.unwrap().key_metadata.unwrap();
    let arn = made.arn.unwrap();
    let rules = EVERYTHING.replace("kms_key: create", &format!("kms_key: \"{arn}\""));
    let wanted = stage.wanted(&rules).await;
    let policy = |phase| permissions::policy(&scope(&wanted, &stage), phase);
    let on_key = |policy: &Value| {
        let all = statements(policy).iter();
        let on_key = all.filter(|s| s["Resource"] == json!(arn) && s.get("Condition").is_none());
        let actions = on_key.flat_map(|s| s["Action"].as_array().unwrap().clone());
        actions
            .map(|a| a.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let looks = ["kms:DescribeKey", "kms:GetKeyPolicy"];
    assert_eq!(on_key(&policy(Phase::Plan)), looks);
    assert_eq!(
        on_key(&policy(Phase::Dlq)),
        [
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:GenerateDataKey",
            "kms:GetKeyPolicy"
        ]
    );
    // As a caller meets it: what it may read, and what it lacks without that statement.
    let arn: iamwatch::place::Arn = arn.parse().unwrap();
    let caller = under(&stage, &policy(Phase::Plan)).await;
    let found = resources::key::problem(&caller.clients.kms, &arn)
        .await
        .unwrap();
    assert!(found.is_some_and(|found| found.problem.contains("EventBridge")));
    let mut without = policy(Phase::Plan);
    let list = without["Statement"].as_array_mut().unwrap();
    let reads = |statement: &Value| {
        statement["Resource"] == json!(arn) || statement["Sid"] == "ReadReceiversKeys"
    };
    list.retain(|statement| !reads(statement));
    let caller = under(&stage, &without).await;
    let refused = resources::key::problem(&caller.clients.kms, &arn).await;
    assert!(names(&said(&refused.unwrap_err()), "kms:GetKeyPolicy"));
}
