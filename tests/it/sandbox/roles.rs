//! Roles as a deployer uses them.

use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_sdk_iam::types::Tag;
use serde_json::{Value, json};

use super::{Aws, aws, clients, target, topic_arn};

const BY_EVENTS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const MAY_PUT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"events:PutEvents","Resource":"*"}]}"#;

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

async fn create(aws: &Aws, name: &str) -> aws_sdk_iam::types::Role {
    let create = aws.iam.create_role().role_name(name).path("/team/");
    let create = create
        .assume_role_policy_document(BY_EVENTS)
        .tags(tag("a", "1"))
        .tags(tag("b", "2"));
    create.send().await.unwrap().role.unwrap()
}

async fn get(aws: &Aws, name: &str) -> aws_sdk_iam::types::Role {
    let get = aws.iam.get_role().role_name(name).send().await;
    get.unwrap().role.unwrap()
}

/// What IAM encodes when it hands a document out.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex: String = rest.by_ref().take(2).map(char::from).collect();
            bytes.push(u8::from_str_radix(&hex, 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_role_comes_back_whole_and_its_documents_encoded() {
    let aws = aws();
    let made = create(&aws, "r").await;
    assert_eq!(made.arn(), "arn:aws:iam::111122223333:role/team/r");
    let role = get(&aws, "r").await;
    assert_eq!(role.arn(), made.arn());
    assert_eq!(role.path(), "/team/");
    assert_eq!(role.tags(), [tag("a", "1"), tag("b", "2")]);
    assert_eq!(role.max_session_duration(), Some(3600));
    let trust = role.assume_role_policy_document().unwrap();
    assert!(trust.starts_with("%7B%22Version%22"), "{trust}");
    assert_eq!(decoded(trust), BY_EVENTS);

    let put = aws.iam.put_role_policy().role_name("r").policy_name("p");
    put.policy_document(MAY_PUT).send().await.unwrap();
    let policy = aws.iam.get_role_policy().role_name("r").policy_name("p");
    let policy = policy.send().await.unwrap();
    assert_eq!(decoded(policy.policy_document()), MAY_PUT);
}

#[tokio::test(start_paused = true)]
async fn a_role_is_changed_field_by_field() {
    let aws = aws();
    create(&aws, "r").await;
    let update = aws.iam.update_role().role_name("r").description("what for");
    update.max_session_duration(7200).send().await.unwrap();
    let role = get(&aws, "r").await;
    assert_eq!(role.description(), Some("what for"));
    assert_eq!(role.max_session_duration(), Some(7200));
    // Leaving the duration out brings the default back.
    let update = aws.iam.update_role().role_name("r").send().await;
    update.unwrap();
    assert_eq!(get(&aws, "r").await.max_session_duration(), Some(3600));

    let other = BY_EVENTS.replace("events", "scheduler");
    let update = aws.iam.update_assume_role_policy().role_name("r");
    update.policy_document(&other).send().await.unwrap();
    let role = get(&aws, "r").await;
    assert_eq!(decoded(role.assume_role_policy_document().unwrap()), other);

    let add = aws.iam.tag_role().role_name("r").tags(tag("b", "3"));
    add.tags(tag("c", "4")).send().await.unwrap();
    let remove = aws.iam.untag_role().role_name("r").tag_keys("a");
    remove.send().await.unwrap();
    let tags = aws.iam.list_role_tags().role_name("r").send().await;
    assert_eq!(tags.unwrap().tags(), [tag("b", "3"), tag("c", "4")]);
}

#[tokio::test(start_paused = true)]
async fn a_role_with_policies_is_not_deleted() {
    let aws = aws();
    create(&aws, "r").await;
    let put = aws.iam.put_role_policy().role_name("r").policy_name("p");
    put.policy_document(MAY_PUT).send().await.unwrap();
    let managed = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let attach = aws.iam.attach_role_policy().role_name("r");
    attach.policy_arn(managed).send().await.unwrap();
    let delete = || aws.iam.delete_role().role_name("r").send();
    let refused = |error: aws_sdk_iam::error::SdkError<_, _>| {
        let error: aws_sdk_iam::operation::delete_role::DeleteRoleError =
            error.into_service_error();
        assert!(error.is_delete_conflict_exception(), "{error:?}");
    };
    refused(delete().await.unwrap_err());
    let attached = aws.iam.list_attached_role_policies().role_name("r");
    let attached = attached.send().await.unwrap();
    let attached = &attached.attached_policies()[0];
    assert_eq!(attached.policy_name(), Some("ReadOnlyAccess"));
    assert_eq!(attached.policy_arn(), Some(managed));
    let detach = aws.iam.detach_role_policy().role_name("r");
    detach.policy_arn(managed).send().await.unwrap();
    refused(delete().await.unwrap_err());
    let names = aws.iam.list_role_policies().role_name("r").send().await;
    assert_eq!(names.unwrap().policy_names(), ["p"]);
    let remove = aws.iam.delete_role_policy().role_name("r").policy_name("p");
    remove.send().await.unwrap();
    delete().await.unwrap();
    let error = delete().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 404);
    let error = error.into_service_error();
    assert!(error.is_no_such_entity_exception());
}

#[tokio::test(start_paused = true)]
async fn broken_documents_and_second_roles_of_a_name_are_refused() {
    let aws = aws();
    create(&aws, "r").await;
    for document in [
        "{",
        MAY_PUT,
        // A trust policy hangs on the role: it names no resource.
        r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}]}"#,
    ] {
        let create = aws.iam.create_role().role_name("other");
        let create = create.assume_role_policy_document(document).send().await;
        assert_eq!(create.unwrap_err().code(), Some("MalformedPolicyDocument"));
    }
    for document in ["[]", BY_EVENTS] {
        let put = aws.iam.put_role_policy().role_name("r").policy_name("p");
        let put = put.policy_document(document).send().await;
        assert_eq!(put.unwrap_err().code(), Some("MalformedPolicyDocument"));
    }
    let again = aws.iam.create_role().role_name("r");
    let again = again.assume_role_policy_document(BY_EVENTS).send().await;
    assert_eq!(again.unwrap_err().code(), Some("EntityAlreadyExists"));
    let short = aws.iam.create_role().role_name("s").max_session_duration(5);
    let short = short.assume_role_policy_document(BY_EVENTS).send().await;
    assert_eq!(short.unwrap_err().code(), Some("ValidationError"));
}

#[tokio::test(start_paused = true)]
async fn roles_are_listed_by_path_page_by_page_and_without_tags() {
    let aws = aws();
    for n in 0..12 {
        create(&aws, &format!("r{n}")).await;
    }
    let create = aws.iam.create_role().role_name("elsewhere");
    let create = create.assume_role_policy_document(BY_EVENTS).send().await;
    create.unwrap();
    let pages = aws.iam.list_roles().path_prefix("/team/").into_paginator();
    let pages: Vec<_> = pages.send().collect::<Result<_, _>>().await.unwrap();
    assert!(pages.len() > 1);
    let roles: Vec<_> = pages.iter().flat_map(|page| page.roles()).collect();
    assert_eq!(roles.len(), 12);
    assert!(roles.iter().all(|role| role.tags().is_empty()));
}

fn caller(aws: &Aws, statements: Value) -> Aws {
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let caller = aws.sandbox.caller("ann", &policy);
    clients(aws.sandbox.clone(), caller, "us-east-1")
}

#[tokio::test(start_paused = true)]
async fn permissions_on_roles_name_the_path() {
    let aws = aws();
    let role = create(&aws, "r").await;
    let bare = "arn:aws:iam::111122223333:role/r";
    for (resource, allowed) in [(role.arn(), true), (bare, false)] {
        let ann = caller(
            &aws,
            json!([{"Effect": "Allow", "Action": "iam:GetRole", "Resource": resource}]),
        );
        let get = ann.iam.get_role().role_name("r").send().await;
        assert_eq!(get.is_ok(), allowed, "{resource}");
    }
    // Tags at birth are an action of their own.
    let ann = caller(
        &aws,
        json!([{"Effect": "Allow", "Action": "iam:CreateRole", "Resource": "*"}]),
    );
    let plain = ann.iam.create_role().role_name("plain");
    let plain = plain.assume_role_policy_document(BY_EVENTS);
    plain.send().await.unwrap();
    let tagged = ann.iam.create_role().role_name("tagged");
    let tagged = tagged.assume_role_policy_document(BY_EVENTS);
    let error = tagged.tags(tag("a", "1")).send().await.unwrap_err();
    assert!(error.message().unwrap().contains("iam:TagRole"));
}

#[tokio::test(start_paused = true)]
async fn a_role_is_passed_only_by_callers_who_may_and_only_to_the_service_that_is_named() {
    let aws = aws();
    let role = create(&aws, "r").await;
    aws.rule("r", r#"{"source":["app"]}"#).await;
    let events = json!({"Effect": "Allow", "Action": "events:*", "Resource": "*"});
    let pass = |service: &str| {
        json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": role.arn(),
            "Condition": {"StringEquals": {"iam:PassedToService": service}}})
    };
    for (statements, allowed) in [
        (json!([events]), false),
        (json!([events, pass("lambda.amazonaws.com")]), false),
        (json!([events, pass("events.amazonaws.com")]), true),
    ] {
        let ann = caller(&aws, statements);
        let target = target("t", &topic_arn("t")).role_arn(role.arn());
        let put = ann.events.put_targets().rule("r");
        let put = put.targets(target.build().unwrap()).send().await;
        match put {
            Ok(_) => assert!(allowed),
            Err(error) => {
                assert!(!allowed);
                let error = error.into_service_error();
                assert!(error.message().unwrap().contains("iam:PassRole"));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn deleting_a_user_that_does_not_exist_is_recorded_with_its_error() {
    let aws = aws().with_trail().await;
    aws.open_queue("trail").await;
    aws.rule("trail", r#"{"source":["aws.iam"]}"#).await;
    aws.target(
        "trail",
        target("q", &super::queue_arn("trail")).build().unwrap(),
    )
    .await;
    let delete = aws.iam.delete_user().user_name("nobody").send().await;
    assert_eq!(delete.unwrap_err().code(), Some("NoSuchEntity"));
    let seen: Value = serde_json::from_str(&aws.bodies("trail").await[0]).unwrap();
    assert_eq!(seen["detail"]["eventName"], "DeleteUser");
    assert_eq!(seen["detail"]["errorCode"], "NoSuchEntity");
    assert_eq!(seen["detail"]["requestParameters"]["userName"], "nobody");
}
