//! Whatever of a dispatcher somebody changes by hand is seen by a plan, and put right by the next apply.

use std::time::Duration;

use aws_sdk_dynamodb::types::TimeToLiveSpecification;
use iamwatch::resources::Kind;
use serde_json::json;

use super::deployed::{attach_a_policy, deployed, taken};
use crate::stage::{Stage, Wanted};

const MACHINE: &str = "arn:aws:states:us-east-1:111122223333:stateMachine:iamwatch-acme";

/// What a plan changes, applied: behind it nothing is left to do.
async fn repaired(stage: &Stage, wanted: &Wanted) -> Vec<(Kind, String)> {
    let plan = stage.deploy(wanted).await;
    let again = stage.plan(wanted).await;
    assert!(again.changes.is_empty(), "{:#?}", again.changes);
    let changed = plan.changes.iter();
    changed
        .map(|change| (change.key.kind, change.key.name.clone()))
        .collect()
}

fn one(kind: Kind, name: &str) -> Vec<(Kind, String)> {
    vec![(kind, name.to_owned())]
}

#[tokio::test(start_paused = true)]
async fn a_definition_of_somebodys_goes() {
    let (stage, wanted) = deployed().await;
    let other = json!({ "QueryLanguage": "JSONata", "StartAt": "A",
        "States": { "A": { "Type": "Pass", "End": true } } });
    let set = stage.clients.sfn.update_state_machine();
    let set = set.state_machine_arn(MACHINE);
    set.definition(other.to_string()).send().await.unwrap();
    assert_eq!(
        repaired(&stage, &wanted).await,
        one(Kind::Machine, "iamwatch-acme")
    );
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_is_gone_comes_back_and_tells() {
    let (stage, wanted) = deployed().await;
    let gone = stage.clients.sfn.delete_state_machine();
    gone.state_machine_arn(MACHINE).send().await.unwrap();
    assert_eq!(
        repaired(&stage, &wanted).await,
        one(Kind::Machine, "iamwatch-acme")
    );
    attach_a_policy(&stage).await;
    assert_eq!(taken(&stage, "Slack").len(), 1);
}

/// A new connection has another id, which the machine must name.
#[tokio::test(start_paused = true)]
async fn a_connection_that_is_gone_comes_back_and_the_machine_uses_it() {
    let (stage, wanted) = deployed().await;
    let gone = stage.clients.events.delete_connection();
    gone.name("iamwatch-acme-channel_soc").send().await.unwrap();
    let mut changed = repaired(&stage, &wanted).await;
    changed.sort();
    let connection = (Kind::Connection, "iamwatch-acme-channel_soc".to_owned());
    assert_eq!(
        changed,
        [connection, (Kind::Machine, "iamwatch-acme".to_owned())]
    );
    attach_a_policy(&stage).await;
    assert_eq!(taken(&stage, "Slack").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_closed_is_authorized_again() {
    let (stage, wanted) = deployed().await;
    let closed = stage.clients.events.deauthorize_connection();
    let closed = closed.name("iamwatch-acme-channel_soc");
    closed.send().await.unwrap();
    assert_eq!(
        repaired(&stage, &wanted).await,
        one(Kind::Connection, "iamwatch-acme-channel_soc")
    );
    attach_a_policy(&stage).await;
    assert_eq!(taken(&stage, "Slack").len(), 1);
}

/// What is kept cannot be read: a secret that changed is seen by its fingerprint, and one that is not known stays.
#[tokio::test(start_paused = true)]
async fn a_secret_that_changed_is_put_and_one_that_is_not_known_stays() {
    let (stage, wanted) = deployed().await;
    let stage = stage.knowing(&[("PAGERDUTY_KEY", "0123456789abcdef0123456789abcdef")]);
    assert!(stage.plan(&wanted).await.changes.is_empty());
    let stage = stage.knowing(&[
        ("SLACK_TOKEN", "xoxb-1111-another"),
        ("PAGERDUTY_KEY", "0123456789abcdef0123456789abcdef"),
    ]);
    assert_eq!(
        repaired(&stage, &wanted).await,
        one(Kind::Connection, "iamwatch-acme-channel_soc")
    );
    let sandbox = stage.sandbox.as_ref().unwrap();
    sandbox.receiver_knows("slack.com", "xoxb-1111-another");
    attach_a_policy(&stage).await;
    assert_eq!(taken(&stage, "Slack").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_forgets_nothing_forgets_again() {
    let (stage, wanted) = deployed().await;
    let hour = Duration::from_secs(3_700);
    let sandbox = stage.sandbox.as_ref().unwrap();
    sandbox.advance(hour);
    let never = TimeToLiveSpecification::builder();
    let never = never.enabled(false).attribute_name("expires");
    let set = stage.clients.dynamodb.update_time_to_live();
    let set = set.table_name("iamwatch-acme");
    let set = set.time_to_live_specification(never.build().unwrap());
    set.send().await.unwrap();
    sandbox.advance(hour);
    assert_eq!(
        repaired(&stage, &wanted).await,
        one(Kind::Table, "iamwatch-acme")
    );
}

#[tokio::test(start_paused = true)]
async fn a_role_without_powers_gets_them_back() {
    let (stage, wanted) = deployed().await;
    for (role, policy) in [("dispatcher", "tell"), ("starter", "start")] {
        let name = format!("iamwatch-acme-{role}");
        let gone = stage.clients.iam.delete_role_policy();
        let gone = gone.role_name(&name).policy_name(policy);
        gone.send().await.unwrap();
        assert_eq!(repaired(&stage, &wanted).await, one(Kind::Role, &name));
    }
}
