//! What the caller of connections must be allowed beside EventBridge's own actions.

use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use serde_json::{Value, json};

use super::with_key;
use crate::sandbox::{aws, clients};

const ROLE: &str = "arn:aws:iam::111122223333:role/aws-service-role/apidestinations.events.amazonaws.com/AWSServiceRoleForAmazonEventBridgeApiDestinations";

fn policy(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

#[tokio::test(start_paused = true)]
async fn the_first_connection_needs_the_role_and_each_a_secret() {
    let aws = aws();
    let events = json!({"Effect": "Allow", "Action": "events:*Connection*", "Resource": "*"});
    let secrets = json!({"Effect": "Allow", "Action": "secretsmanager:*",
        "Resource": "arn:aws:secretsmanager:*:*:secret:events!connection/*"});
    let role = json!({"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": ROLE,
        "Condition": {"StringEquals":
            {"iam:AWSServiceName": "apidestinations.events.amazonaws.com"}}});
    let code = async |statements: &[Value], name: &str| {
        let caller = aws.sandbox.caller("deployer", &policy(statements));
        let theirs = clients(aws.sandbox.clone(), caller, "us-east-1");
        let made = with_key(&theirs, name, "k", "v", None).send().await;
        made.err().map(|error| {
            let code = error.code().unwrap_or_default().to_owned();
            (code, error.message().unwrap_or_default().to_owned())
        })
    };
    let (refused, why) = code(&[events.clone(), secrets.clone()], "a").await.unwrap();
    assert_eq!(refused, "AccessDeniedException");
    assert!(
        why.starts_with("Failed to create service linked role"),
        "{why}"
    );
    let (refused, why) = code(&[events.clone(), role.clone()], "a").await.unwrap();
    assert_eq!(refused, "AccessDeniedException");
    assert!(why.starts_with("Failed to create the secret"), "{why}");
    let all = [events.clone(), secrets.clone(), role];
    assert_eq!(code(&all, "a").await, None);
    // The role is there from now on.
    assert_eq!(code(&[events, secrets], "b").await, None);
}
