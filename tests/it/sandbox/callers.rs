//! What callers may do, and what CloudTrail says of what they did.

use aws_sdk_sns::error::ProvideErrorMetadata;
use serde_json::{Value, json};

use super::{Aws, aws, clients, queue_arn, queue_url, target, topic_arn};

/// The clients of a user with that policy, in the world of `aws`.
fn user(aws: &Aws, statements: Value) -> Aws {
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let caller = aws.sandbox.caller("ann", &policy);
    clients(aws.sandbox.clone(), caller, "us-east-1")
}

#[tokio::test(start_paused = true)]
async fn every_service_refuses_in_its_own_words() {
    let aws = user(&aws(), json!([]));
    let who = "User: arn:aws:iam::111122223333:user/ann is not authorized to perform:";

    let put = aws
        .events
        .put_rule()
        .name("r")
        .event_pattern(r#"{"source":["a"]}"#);
    let error = put.send().await.unwrap_err();
    assert_eq!(error.code(), Some("AccessDeniedException"));
    assert_eq!(
        error.message().unwrap(),
        format!(
            "{who} events:PutRule on resource: arn:aws:events:us-east-1:111122223333:rule/r because no identity-based policy allows the events:PutRule action"
        )
    );

    let error = aws.sns.list_topics().send().await.unwrap_err();
    assert_eq!(error.code(), Some("AuthorizationError"));
    assert!(error.message().unwrap().starts_with(&format!(
        "{who} SNS:ListTopics on resource: arn:aws:sns:us-east-1:111122223333:* because"
    )));

    let error = aws.sqs.list_queues().send().await.unwrap_err();
    assert_eq!(error.code(), Some("AccessDenied"));
    assert!(error.message().unwrap().starts_with(&format!(
        "{who} sqs:listqueues on resource: arn:aws:sqs:us-east-1:111122223333: because"
    )));

    let error = aws.iam.list_users().send().await.unwrap_err();
    assert_eq!(error.code(), Some("AccessDenied"));

    // This one needs no permission.
    aws.sts.get_caller_identity().send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn policies_are_evaluated_by_action_resource_and_condition() {
    let admin = aws();
    let aws = user(
        &admin,
        json!([
            {"Effect": "Allow", "Action": "SNS:Create*", "Resource": topic_arn("iamwatch-*")},
            {"Effect": "Allow", "NotAction": "sns:*", "Resource": "*",
                "Condition": {"StringEquals": {"aws:RequestedRegion": ["us-east-1"]}}},
            {"Effect": "Deny", "Action": "sqs:*", "NotResource": queue_arn("mine")},
        ]),
    );
    aws.sns
        .create_topic()
        .name("iamwatch-a")
        .send()
        .await
        .unwrap();
    aws.sns
        .create_topic()
        .name("other")
        .send()
        .await
        .unwrap_err();
    let tags = aws_sdk_sns::types::Tag::builder()
        .key("a")
        .value("b")
        .build()
        .unwrap();
    let error = aws
        .sns
        .create_topic()
        .name("iamwatch-b")
        .tags(tags)
        .send()
        .await
        .unwrap_err();
    assert!(error.message().unwrap().contains("SNS:TagResource"));
    aws.events.list_rules().send().await.unwrap();
    aws.sqs
        .create_queue()
        .queue_name("mine")
        .send()
        .await
        .unwrap();
    let error = aws
        .sqs
        .create_queue()
        .queue_name("his")
        .send()
        .await
        .unwrap_err();
    assert!(
        error
            .message()
            .unwrap()
            .ends_with("with an explicit deny in an identity-based policy")
    );

    let ann = aws.sandbox.caller(
        "bob",
        &json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": ["us-east-1"]}}}]})
        .to_string(),
    );
    let elsewhere = clients(aws.sandbox.clone(), ann, "eu-west-1");
    elsewhere.events.list_rules().send().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn giving_a_role_to_a_rule_needs_the_permission_to_pass_it() {
    let aws = user(
        &aws(),
        json!([{"Effect": "Allow", "Action": "events:*", "Resource": "*"}]),
    );
    let put = || {
        aws.events
            .put_rule()
            .name("r")
            .event_pattern(r#"{"source":["a"]}"#)
    };
    put().send().await.unwrap();
    let role = "arn:aws:iam::111122223333:role/r";
    let error = put().role_arn(role).send().await.unwrap_err();
    assert!(
        error
            .message()
            .unwrap()
            .contains("iam:PassRole on resource: arn:aws:iam::111122223333:role/r")
    );
}

#[tokio::test(start_paused = true)]
async fn an_unknown_condition_operator_names_itself() {
    let statement = json!([{"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}}]);
    let aws = user(&aws(), statement);
    let error = aws.sns.list_topics().send().await.unwrap_err();
    assert_eq!(error.code(), Some("SandboxUnsupported"));
    assert!(error.message().unwrap().contains("DateGreaterThan"));
}

#[tokio::test(start_paused = true)]
async fn a_resource_policy_can_let_one_user_in_or_keep_him_out() {
    let admin = aws();
    let ann = user(&admin, json!([]));
    admin
        .sqs
        .create_queue()
        .queue_name("q")
        .send()
        .await
        .unwrap();
    let set = |effect: &str, principal: Value| {
        let policy = json!({"Statement": [{"Effect": effect, "Principal": principal,
            "Action": "sqs:SendMessage", "Resource": queue_arn("q")}]});
        let set = admin.sqs.set_queue_attributes().queue_url(queue_url("q"));
        set.attributes("Policy".into(), policy.to_string()).send()
    };
    let send = |aws: &Aws| {
        let send = aws.sqs.send_message().queue_url(queue_url("q"));
        send.message_body("m").send()
    };
    send(&ann).await.unwrap_err();
    set(
        "Allow",
        json!({"AWS": "arn:aws:iam::111122223333:user/ann"}),
    )
    .await
    .unwrap();
    send(&ann).await.unwrap();
    set("Deny", json!("*")).await.unwrap();
    send(&ann).await.unwrap_err();
    let error = send(&admin).await.unwrap_err();
    assert!(
        error
            .message()
            .unwrap()
            .ends_with("with an explicit deny in a resource-based policy")
    );
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_and_an_unknown_operation_are_errors() {
    let aws = aws();
    let stranger = aws_credential_types::Credentials::new("AKIANOBODY", "x", None, None, "t");
    let stranger = clients(aws.sandbox.clone(), stranger, "us-east-1");
    let error = stranger.sts.get_caller_identity().send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidClientTokenId"));
    let error = aws.events.list_archives().send().await.unwrap_err();
    assert_eq!(error.code(), Some("SandboxUnsupported"));
    assert!(error.message().unwrap().contains("events:ListArchives"));
    let put = aws
        .events
        .put_rule()
        .name("r")
        .schedule_expression("rate(1 day)");
    let error = put.send().await.unwrap_err();
    assert!(
        error.message().unwrap().contains("ScheduleExpression"),
        "{error:?}"
    );
}

/// Sends the CloudTrail records that reach the default bus of us-east-1 to a queue.
pub(crate) async fn watch(aws: &Aws) {
    aws.open_queue("trail").await;
    aws.rule(
        "trail",
        r#"{"detail-type":["AWS API Call via CloudTrail"]}"#,
    )
    .await;
    aws.target("trail", target("q", &queue_arn("trail")).build().unwrap())
        .await;
    aws.drain("trail").await;
}

pub(crate) async fn records(aws: &Aws) -> Vec<Value> {
    let bodies = aws.bodies("trail").await;
    bodies
        .iter()
        .map(|body| serde_json::from_str(body).unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn iam_calls_are_seen_in_us_east_1_whatever_region_the_caller_uses() {
    let aws = aws().with_trail().await;
    watch(&aws).await;
    let far = clients(aws.sandbox.clone(), aws.sandbox.admin(), "eu-central-1");
    far.iam.create_user().user_name("eve").send().await.unwrap();
    let attach = far.iam.attach_user_policy().user_name("eve");
    let attach = attach.policy_arn("arn:aws:iam::aws:policy/AdministratorAccess");
    attach.send().await.unwrap();
    let key = far
        .iam
        .create_access_key()
        .user_name("eve")
        .send()
        .await
        .unwrap();

    let seen = records(&aws).await;
    let names: Vec<_> = seen
        .iter()
        .map(|e| e["detail"]["eventName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["CreateUser", "AttachUserPolicy", "CreateAccessKey"]);
    let created = &seen[0];
    assert_eq!(created["source"], "aws.iam");
    assert_eq!(created["region"], "us-east-1");
    let detail = &created["detail"];
    assert_eq!(detail["userIdentity"]["userName"], "admin");
    assert_eq!(detail["requestParameters"], json!({"userName": "eve"}));
    assert_eq!(detail["responseElements"]["user"]["userName"], "eve");
    let date = detail["responseElements"]["user"]["createDate"]
        .as_str()
        .unwrap();
    assert!(date.starts_with("Mar 2, 2026 9:00:"), "{date}");
    assert_eq!(detail["readOnly"], false);
    assert_eq!(seen[1]["detail"]["responseElements"], Value::Null);
    let key_seen = &seen[2]["detail"]["responseElements"]["accessKey"];
    let key = key.access_key.unwrap();
    assert_eq!(key_seen["accessKeyId"], key.access_key_id());
    assert!(!seen[2].to_string().contains(key.secret_access_key()));
}

#[tokio::test(start_paused = true)]
async fn other_calls_are_seen_in_the_region_that_was_called() {
    let aws = aws().with_trail().await;
    watch(&aws).await;
    let far = clients(aws.sandbox.clone(), aws.sandbox.admin(), "eu-central-1");
    far.sns.create_topic().name("t").send().await.unwrap();
    assert!(records(&aws).await.is_empty());
    aws.sns.create_topic().name("t").send().await.unwrap();
    // Reading is recorded too, but does not reach a rule that is merely enabled.
    aws.sns.list_topics().send().await.unwrap();
    let seen = records(&aws).await;
    assert_eq!(seen.len(), 1);
    let detail = &seen[0]["detail"];
    assert_eq!(detail["eventSource"], "sns.amazonaws.com");
    assert_eq!(
        detail["responseElements"],
        json!({"topicArn": topic_arn("t")})
    );
}

#[tokio::test(start_paused = true)]
async fn the_new_key_works_with_the_policies_of_its_user() {
    let aws = aws();
    aws.iam.create_user().user_name("eve").send().await.unwrap();
    let key = aws
        .iam
        .create_access_key()
        .user_name("eve")
        .send()
        .await
        .unwrap();
    let key = key.access_key.unwrap();
    let id = key.access_key_id();
    let eve = aws_credential_types::Credentials::new(id, "x", None, None, "t");
    let eve = clients(aws.sandbox.clone(), eve, "us-east-1");
    eve.sns.list_topics().send().await.unwrap_err();
    let policy = json!({"Statement": {"Effect": "Allow", "Action": "sns:List*", "Resource": "*"}});
    let put = aws.iam.put_user_policy().user_name("eve").policy_name("p");
    put.policy_document(policy.to_string())
        .send()
        .await
        .unwrap();
    eve.sns.list_topics().send().await.unwrap();
    let error = aws
        .iam
        .delete_user()
        .user_name("eve")
        .send()
        .await
        .unwrap_err();
    assert!(error.into_service_error().is_delete_conflict_exception());
}

#[tokio::test(start_paused = true)]
async fn failed_and_denied_calls_are_recorded_with_their_error() {
    let aws = aws().with_trail().await;
    aws.iam.create_user().user_name("eve").send().await.unwrap();
    watch(&aws).await;
    let error = aws
        .iam
        .create_user()
        .user_name("eve")
        .send()
        .await
        .unwrap_err();
    assert!(
        error
            .into_service_error()
            .is_entity_already_exists_exception()
    );
    let ann = user(&aws, json!([]));
    ann.sns.create_topic().name("t").send().await.unwrap_err();

    let seen = records(&aws).await;
    let failed = &seen[0]["detail"];
    assert_eq!(failed["errorCode"], "EntityAlreadyExists");
    assert_eq!(failed["requestParameters"], json!({"userName": "eve"}));
    let denied = &seen[1]["detail"];
    assert_eq!(denied["errorCode"], "AccessDenied");
    assert_eq!(denied["requestParameters"], Value::Null);
    assert_eq!(denied["userIdentity"]["userName"], "ann");
}

#[tokio::test(start_paused = true)]
async fn roles_come_and_go_and_users_are_listed_page_by_page() {
    let aws = aws();
    let trust = json!({"Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let create = aws.iam.create_role().role_name("r").description("d");
    create
        .assume_role_policy_document(trust.to_string())
        .send()
        .await
        .unwrap();
    let role = aws
        .iam
        .get_role()
        .role_name("r")
        .send()
        .await
        .unwrap()
        .role
        .unwrap();
    assert_eq!(role.arn(), "arn:aws:iam::111122223333:role/r");
    aws.iam.delete_role().role_name("r").send().await.unwrap();
    let error = aws.iam.get_role().role_name("r").send().await.unwrap_err();
    assert!(error.into_service_error().is_no_such_entity_exception());
    for n in 0..12 {
        aws.iam
            .create_user()
            .user_name(format!("u{n}"))
            .send()
            .await
            .unwrap();
    }
    let users = aws.iam.list_users().into_paginator().items().send();
    let users: Vec<_> = users.collect::<Result<_, _>>().await.unwrap();
    assert_eq!(users.len(), 12);
}
