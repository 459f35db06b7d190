//! A dispatcher as a rules file asks for it: made, found again as it was made, and heard of in each channel.

use serde_json::json;

use crate::stage::{Stage, Wanted};

/// Mail, chat and a pager, and a queue that reads JSON.
pub(crate) const RULES: &str = r#"
version: 1
name: acme
home: { region: us-east-1, account: "111122223333" }
trail: create
delivery: dispatcher
accounts: { names: { "111122223333": prod } }
channels:
  mail: { email: security@example.com }
  soc: { slack: { channel: C0123456789, token: "${env:SLACK_TOKEN}" } }
  oncall: { pagerduty: { routing_key: "${env:PAGERDUTY_KEY}" } }
  siem: { sqs: alerts, format: json }
notify: { default: [mail, soc, oncall, siem] }
rules:
  - id: policy-attached
    title: Somebody attached a policy
    description: Ask whoever did it.
    severity: critical
    events: ["iam:AttachRolePolicy"]
"#;

/// The secrets of [`RULES`], as its channels take them.
pub(crate) const SECRETS: [(&str, &str); 2] = [
    ("SLACK_TOKEN", "xoxb-0000-secret"),
    ("PAGERDUTY_KEY", "0123456789abcdef0123456789abcdef"),
];

/// A sandbox in which the rules are deployed, and everybody has confirmed.
pub(crate) async fn deployed() -> (Stage, Wanted) {
    deployed_as(RULES).await
}

async fn deployed_as(rules: &str) -> (Stage, Wanted) {
    let stage = Stage::sandbox_with(&SECRETS).await;
    let url = stage.queue("alerts").await;
    let wanted = stage.wanted(rules).await;
    admit_topics(&stage, &wanted, &url).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    (stage, wanted)
}

async fn admit_topics(stage: &Stage, wanted: &Wanted, url: &str) {
    let receiver = &wanted.desired.receivers[0];
    let statement = iamwatch::resources::policy::queue_statement(&receiver.queue, &receiver.topic);
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    stage.set_queue_policy(url, &policy).await;
}

/// Attaches a policy to a role of its own, which CloudTrail tells of.
pub(crate) async fn attach_a_policy(stage: &Stage) {
    let iam = &stage.clients.iam;
    let trust = json!({ "Version": "2012-10-17", "Statement": [] });
    let made = iam.create_role().role_name("break-glass");
    let made = made.assume_role_policy_document(trust.to_string());
    // A second attachment finds the role.
    let _ = made.send().await;
    let attached = iam.attach_role_policy().role_name("break-glass");
    let attached = attached.policy_arn("arn:aws:iam::aws:policy/AdministratorAccess");
    attached.send().await.unwrap();
}

/// What services beyond AWS took, by the service's name.
pub(crate) fn taken(stage: &Stage, service: &str) -> Vec<iamwatch::sandbox::Taken> {
    let all = stage.sandbox.as_ref().unwrap().taken();
    let of_service = all.into_iter().filter(|taken| taken.service == service);
    of_service.collect()
}

#[tokio::test]
async fn what_is_made_is_found_as_it_was_made() {
    let (stage, wanted) = deployed().await;
    let plan = stage.plan(&wanted).await;
    assert!(plan.changes.is_empty(), "{:#?}", plan.changes);
}

#[tokio::test]
async fn each_channel_hears_of_an_event() {
    let (stage, _) = deployed().await;
    attach_a_policy(&stage).await;
    let sandbox = stage.sandbox.as_ref().unwrap();

    let mails = sandbox.outbox();
    let mail = mails
        .iter()
        .find(|mail| mail.protocol == "email" && !mail.confirmation);
    let mail = format!("{mail:?}");
    assert!(mail.contains("CRITICAL prod: "), "{mail}");
    assert!(
        mail.contains("attached AdministratorAccess to the role break-glass in prod"),
        "{mail}"
    );
    assert!(mail.contains("Ask whoever did it."), "{mail}");

    let slack = taken(&stage, "Slack");
    assert_eq!(slack.len(), 1, "{slack:#?}");
    assert_eq!(slack[0].place, "C0123456789");
    let pager = taken(&stage, "PagerDuty");
    assert_eq!(pager.len(), 1, "{pager:#?}");
    assert_eq!(pager[0].body["payload"]["severity"], "critical");

    let url = sandbox_queue_url(&stage).await;
    let read = stage.received(&url).await;
    assert_eq!(read.len(), 1, "{read:#?}");
    assert_eq!(read[0]["rule"], "policy-attached");
    assert_eq!(read[0]["event"]["detail"]["eventName"], "AttachRolePolicy");
}

async fn sandbox_queue_url(stage: &Stage) -> String {
    let asked = stage.clients.sqs.get_queue_url().queue_name("alerts");
    asked.send().await.unwrap().queue_url.unwrap()
}

#[tokio::test]
async fn a_secret_stands_nowhere_but_in_its_connection() {
    let (stage, wanted) = deployed().await;
    attach_a_policy(&stage).await;
    let live = stage.live(&wanted).await;
    let shown = [
        format!("{:?}", wanted.desired),
        format!("{live:?}"),
        serde_json::to_string(&live).unwrap(),
        format!("{:?}", stage.plan(&wanted).await),
        definition(&stage).await,
        histories(&stage).await,
    ];
    for (name, secret) in SECRETS {
        for text in &shown {
            assert!(!text.contains(secret), "{name}: {text}");
        }
    }
}

async fn definition(stage: &Stage) -> String {
    let arn = "arn:aws:states:us-east-1:111122223333:stateMachine:iamwatch-acme";
    let asked = stage.clients.sfn.describe_state_machine();
    let found = asked.state_machine_arn(arn).send().await.unwrap();
    found.definition
}

/// Everything that Step Functions tells of the runs.
async fn histories(stage: &Stage) -> String {
    let arn = "arn:aws:states:us-east-1:111122223333:stateMachine:iamwatch-acme";
    let sfn = &stage.clients.sfn;
    let listed = sfn.list_executions().state_machine_arn(arn);
    let runs = listed.send().await.unwrap().executions;
    assert_eq!(runs.len(), 1);
    let mut all = String::new();
    for run in runs {
        let history = sfn.get_execution_history();
        let history = history.execution_arn(&run.execution_arn).max_results(1_000);
        let history = history.include_execution_data(true);
        all.push_str(&format!("{:?}", history.send().await.unwrap()));
    }
    all
}

#[tokio::test]
async fn a_channel_that_refuses_is_told_of_by_the_fallback_channel() {
    let (stage, _) = deployed().await;
    let sandbox = stage.sandbox.as_ref().unwrap();
    sandbox.receiver_knows("slack.com", "another token");
    attach_a_policy(&stage).await;
    assert_eq!(taken(&stage, "Slack"), []);
    assert_eq!(taken(&stage, "PagerDuty").len(), 1);
    let mails = sandbox.outbox();
    let mails: Vec<String> = mails
        .iter()
        .filter(|mail| mail.protocol == "email" && !mail.confirmation)
        .map(|mail| format!("{mail:?}"))
        .collect();
    assert_eq!(mails.len(), 2, "{mails:#?}");
    let told = mails
        .iter()
        .find(|mail| mail.contains("NOT DELIVERED to soc"));
    assert!(
        told.is_some_and(|mail| mail.contains("invalid_auth")),
        "{mails:#?}"
    );
}

#[tokio::test]
async fn all_of_it_goes() {
    let (stage, wanted) = deployed_as(&RULES.replace("trail: create", "trail: none")).await;
    let plan = stage.destruction(&wanted).await;
    let report = stage.apply(&plan).await;
    assert!(report.is_complete(), "{report:#?}");
    assert_eq!(stage.live(&wanted).await, []);
}
