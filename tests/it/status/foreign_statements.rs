//! Statements of others in the home bus's policy, and limits that others put on what is ours.

use iamwatch::health::Weight;
use iamwatch::resources::Kind;
use serde_json::{Value, json};

use super::{BOTH, eu_west, find, healthy, named, rules, status};
use crate::stage::Stage;

const BUS: &str = "iamwatch-acme";

/// Adds a statement of somebody else's to the policy of the home bus.
pub(crate) async fn add(stage: &Stage, statement: Value) {
    let events = &stage.clients.events;
    let described = events.describe_event_bus().name(BUS).send().await.unwrap();
    let mut policy: Value = serde_json::from_str(described.policy().unwrap()).unwrap();
    let statements = policy["Statement"].as_array_mut().unwrap();
    statements.push(statement);
    let put = events.put_permission().event_bus_name(BUS);
    put.policy(policy.to_string()).send().await.unwrap();
}

fn statement(effect: &str, principal: Value) -> Value {
    json!({
        "Sid": "Theirs",
        "Effect": effect,
        "Principal": principal,
        "Action": "events:PutEvents",
        "Resource": format!("arn:aws:events:us-east-1:111122223333:event-bus/{BUS}"),
    })
}

#[tokio::test(start_paused = true)]
async fn a_denial_of_somebodys_on_the_home_bus_is_named_with_every_rule() {
    let (stage, wanted) = healthy().await;
    add(&stage, statement("Deny", json!("*"))).await;
    let health = status(&stage).await;
    let finding = named(
        &health,
        Weight::LosesAlerts,
        "bus iamwatch-acme",
        "`Theirs`",
    );
    assert_eq!(rules(&finding), BOTH);
    assert!(
        finding
            .remedy
            .contains("remove-permission --event-bus-name iamwatch-acme --statement-id Theirs"),
        "{finding:#?}"
    );
    assert_eq!(health.findings.len(), 1, "{health:#?}");
    // It is left alone all the same.
    assert_eq!(stage.plan(&wanted).await.changes, Vec::new());
}

#[tokio::test(start_paused = true)]
async fn a_permission_of_somebodys_on_the_home_bus_weakens_it() {
    let (stage, _) = healthy().await;
    add(&stage, statement("Allow", json!("*"))).await;
    let health = status(&stage).await;
    let finding = named(
        &health,
        Weight::Weakens,
        "bus iamwatch-acme",
        "lets others send",
    );
    assert!(finding.problem.contains("`Theirs`"), "{finding:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_permission_for_the_account_itself_is_no_finding() {
    let (stage, _) = healthy().await;
    let root = json!({ "AWS": "arn:aws:iam::111122223333:root" });
    add(&stage, statement("Allow", root)).await;
    let health = status(&stage).await;
    assert!(health.healthy, "{health:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_boundary_on_a_role_a_key_on_the_bus_and_limits_of_a_queue_are_named() {
    let (stage, wanted) = healthy().await;
    let role = "iamwatch-acme-forwarder-eu-west-1";
    let iam = stage.cloud.global().iam;
    let request = iam.put_role_permissions_boundary().role_name(role);
    let request = request.permissions_boundary("arn:aws:iam::aws:policy/ReadOnlyAccess");
    request.send().await.unwrap();
    let request = stage.clients.events.update_event_bus().name(BUS);
    request
        .kms_key_identifier("alias/theirs")
        .send()
        .await
        .unwrap();
    let queue = find(&stage, &wanted, Kind::Queue, "dead-letters").await;
    let sqs = stage.cloud.at_place(&queue.key.place).sqs;
    let request = sqs.set_queue_attributes().queue_url(queue.handle.unwrap());
    let size = aws_sdk_sqs::types::QueueAttributeName::MaximumMessageSize;
    request.attributes(size, "1024").send().await.unwrap();

    let health = status(&stage).await;
    let found = named(&health, Weight::LosesAlerts, role, "permissions boundary");
    assert!(found.consequence.contains(eu_west().as_str()), "{found:#?}");
    named(
        &health,
        Weight::LosesAlerts,
        "bus iamwatch-acme",
        "alias/theirs",
    );
    named(
        &health,
        Weight::Weakens,
        "dead-letters",
        "more than 1024 bytes",
    );
}
