//! Service control policies, which say what members may do at most.

use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use iamwatch::sandbox::OrganizationError;
use serde_json::{Value, json};

use super::Aws;
use super::members::{PAYMENTS, SECURITY, access_role, acme, id};

fn deny(action: &str, condition: Value) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action,
        "Resource": "*", "Condition": condition}]})
    .to_string()
}

fn allow(actions: Value) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions,
        "Resource": "*"}]})
    .to_string()
}

/// Why a rule cannot be put; `None` if it can.
async fn rule(aws: &Aws) -> Option<String> {
    let put = aws.events.put_rule().name("r");
    let put = put.event_pattern(r#"{"source":["a"]}"#).send().await;
    let error = put.err()?;
    assert_eq!(error.code(), Some("AccessDeniedException"));
    Some(error.message().unwrap().to_owned())
}

#[tokio::test(start_paused = true)]
async fn what_is_denied_above_an_account_is_denied_in_it() {
    let acme = acme();
    let (payments, security) = (acme.visit(PAYMENTS).await, acme.visit(SECURITY).await);
    let policy = deny("events:PutRule", json!({}));
    acme.org.attach_policy(&acme.workloads, &policy).unwrap();
    let who = payments.who().await;
    let said = format!(
        "User: {who} is not authorized to perform: events:PutRule on resource: arn:aws:events:us-east-1:{PAYMENTS}:rule/r with an explicit deny in a service control policy"
    );
    assert_eq!(rule(&payments).await, Some(said));
    assert!(rule(&acme.inside(PAYMENTS)).await.is_some());
    assert_eq!(rule(&security).await, None);
    payments.events.list_rules().send().await.unwrap();
    acme.org
        .move_account(&id(PAYMENTS), &acme.org.root())
        .unwrap();
    assert_eq!(rule(&payments).await, None);
    acme.org.attach_policy(PAYMENTS, &policy).unwrap();
    assert!(rule(&payments).await.is_some());
    acme.org.set_policies(PAYMENTS, &[]).unwrap();
    assert_eq!(rule(&payments).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_management_account_is_subject_to_none() {
    let acme = acme();
    let policy = deny("*", json!({}));
    acme.org.attach_policy(&acme.org.root(), &policy).unwrap();
    assert_eq!(rule(&acme.aws).await, None);
    let payments = acme.visit(PAYMENTS).await;
    assert!(rule(&payments).await.is_some());
    // Asking who one is needs no permission, so that nothing can take it away.
    payments.sts.get_caller_identity().send().await.unwrap();
    acme.org.remove_account(&id(PAYMENTS)).unwrap();
    assert_eq!(rule(&payments).await, None);
}

#[tokio::test(start_paused = true)]
async fn every_level_must_allow_and_a_denial_outweighs() {
    let acme = acme();
    let payments = acme.visit(PAYMENTS).await;
    let all = allow(json!("*"));
    let events = allow(json!(["events:*", "sts:*"]));
    let others = allow(json!(["sns:*", "sts:*"]));
    let set = |target: &str, documents: &[&str]| acme.org.set_policies(target, documents).unwrap();
    let silent = "because no service control policy allows the events:PutRule action";
    set(&acme.prod, &[&events]);
    assert_eq!(rule(&payments).await, None);
    set(&acme.workloads, &[&others]);
    assert!(rule(&payments).await.unwrap().ends_with(silent));
    set(&acme.workloads, &[&others, &events]);
    assert_eq!(rule(&payments).await, None);
    set(PAYMENTS, &[&all, &deny("events:*Rule", json!({}))]);
    assert!(rule(&payments).await.unwrap().contains("explicit deny"));
}

#[tokio::test(start_paused = true)]
async fn policies_can_spare_the_role_that_deploys() {
    let acme = acme();
    let spare = json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/OrganizationAccountAccessRole"}});
    let policy = deny("events:*", spare);
    acme.org.attach_policy(&acme.org.root(), &policy).unwrap();
    assert_eq!(rule(&acme.visit(PAYMENTS).await).await, None);
    assert!(rule(&acme.inside(PAYMENTS)).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_member_can_be_kept_from_becoming_anyone() {
    let acme = acme();
    let security = acme.inside(SECURITY);
    let caller = format!("arn:aws:iam::{SECURITY}:root");
    let there = acme.inside(PAYMENTS);
    let role = there.role("open", &caller, json!({})).await;
    security.become_role(&role).await.unwrap();
    let policy = deny("sts:AssumeRole", json!({}));
    acme.org.attach_policy(&acme.core, &policy).unwrap();
    let error = security.become_role(&role).await.err().unwrap();
    let error = aws_sdk_sts::error::ProvideErrorMetadata::message(&error);
    assert!(error.unwrap().ends_with("in a service control policy"));
    // The policies of the account whose role it is do not matter.
    acme.org.set_policies(&acme.core, &[]).unwrap();
    acme.org.attach_policy(&acme.prod, &policy).unwrap();
    security.become_role(&role).await.unwrap();
    acme.visit(PAYMENTS).await;
}

#[tokio::test(start_paused = true)]
async fn service_linked_roles_are_not_subject_to_them() {
    let acme = acme();
    let there = acme.inside(PAYMENTS);
    let trust = json!({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": access_role(PAYMENTS)}}]});
    let create = there.iam.create_role().role_name("linked");
    let create = create.path("/aws-service-role/x.amazonaws.com/");
    let create = create.assume_role_policy_document(trust.to_string());
    let role = create.send().await.unwrap().role.unwrap();
    let attach = there.iam.attach_role_policy().role_name("linked");
    let attach = attach.policy_arn("arn:aws:iam::aws:policy/AdministratorAccess");
    attach.send().await.unwrap();
    let linked = acme.visit(PAYMENTS).await.become_role(role.arn()).await;
    let policy = deny("events:*", json!({}));
    acme.org.attach_policy(PAYMENTS, &policy).unwrap();
    assert_eq!(rule(&linked.unwrap()).await, None);
}

#[test]
fn only_policies_that_can_be_evaluated_are_attached() {
    let acme = acme();
    let attach = |target: &str, document: &str| acme.org.attach_policy(target, document);
    let by_date = deny(
        "*",
        json!({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01"}}),
    );
    let refused = attach(PAYMENTS, &by_date).unwrap_err();
    assert!(matches!(&refused, OrganizationError::Policy(why) if why.contains("DateGreaterThan")));
    let nowhere = attach("ou-none-00000000", &deny("*", json!({})));
    assert!(matches!(nowhere, Err(OrganizationError::Unknown(_))));
}
