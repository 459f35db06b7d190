//! Buckets: who may have which name, what is configured on them, and what S3 says instead.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, ObjectOwnership, ServerSideEncryption, Tag,
};
use serde_json::{Value, json};

use super::{ACCOUNT, Aws, aws, clients};

fn at(aws: &Aws, region: &str) -> Aws {
    clients(aws.sandbox.clone(), aws.sandbox.admin(), region)
}

fn user(aws: &Aws, statements: Value) -> Aws {
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    let ann = aws.sandbox.caller("ann", &policy.to_string());
    clients(aws.sandbox.clone(), ann, "us-east-1")
}

pub(crate) async fn with_bucket() -> Aws {
    let aws = aws();
    aws.s3.create_bucket().bucket("logs").send().await.unwrap();
    aws
}

fn located(region: &str) -> CreateBucketConfiguration {
    CreateBucketConfiguration::builder()
        .location_constraint(BucketLocationConstraint::from(region))
        .build()
}

pub(crate) fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

macro_rules! code {
    ($call:expr) => {
        $call.send().await.unwrap_err().code().map(str::to_owned)
    };
}
pub(crate) use code;

#[tokio::test(start_paused = true)]
async fn a_bucket_lives_where_its_creator_says_and_other_endpoints_send_there() {
    let aws = aws();
    let far = at(&aws, "eu-central-1");
    let here = aws.s3.create_bucket().bucket("here");
    here.send().await.unwrap();
    let make = || far.s3.create_bucket().bucket("there");
    let illegal = Some("IllegalLocationConstraintException".to_owned());
    assert_eq!(code!(make()), illegal);
    let other = make().create_bucket_configuration(located("eu-west-1"));
    assert_eq!(code!(other), illegal);
    let named = aws.s3.create_bucket().bucket("x-y");
    let named = named.create_bucket_configuration(located("us-east-1"));
    assert_eq!(code!(named), Some("InvalidLocationConstraint".to_owned()));
    let made = make().create_bucket_configuration(located("eu-central-1"));
    made.send().await.unwrap();

    let head = far.s3.head_bucket().bucket("there").send().await.unwrap();
    assert_eq!(head.bucket_region(), Some("eu-central-1"));
    let error = aws
        .s3
        .head_bucket()
        .bucket("there")
        .send()
        .await
        .unwrap_err();
    let answer = error.raw_response().unwrap();
    assert_eq!(answer.status().as_u16(), 301);
    assert_eq!(
        answer.headers().get("x-amz-bucket-region"),
        Some("eu-central-1")
    );
    let error = code!(aws.s3.get_bucket_policy().bucket("there"));
    assert_eq!(error, Some("PermanentRedirect".to_owned()));
    // The oldest Region knows where every bucket is.
    let ask = aws.s3.get_bucket_location().bucket("there").send();
    let there = ask.await.unwrap().location_constraint;
    assert_eq!(there, Some(BucketLocationConstraint::EuCentral1));
}

#[tokio::test(start_paused = true)]
async fn a_name_belongs_to_one_account_and_is_made_twice_only_in_us_east_1() {
    let aws = with_bucket().await;
    aws.s3.create_bucket().bucket("logs").send().await.unwrap();
    let far = at(&aws, "eu-central-1");
    for _ in 0..2 {
        let make = far.s3.create_bucket().bucket("mine");
        let _ = make
            .create_bucket_configuration(located("eu-central-1"))
            .send()
            .await;
    }
    let again = far.s3.create_bucket().bucket("mine");
    let again = again.create_bucket_configuration(located("eu-central-1"));
    let error = again.send().await.unwrap_err().into_service_error();
    assert!(error.is_bucket_already_owned_by_you(), "{error}");

    aws.sandbox.foreign_bucket("theirs");
    let error = aws.s3.create_bucket().bucket("theirs").send().await;
    let error = error.unwrap_err().into_service_error();
    assert!(error.is_bucket_already_exists(), "{error}");
    let error = aws
        .s3
        .head_bucket()
        .bucket("theirs")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 403);
    let error = aws
        .s3
        .head_bucket()
        .bucket("nobodys")
        .send()
        .await
        .unwrap_err();
    assert!(error.into_service_error().is_not_found());
    let names = aws.s3.list_buckets().send().await.unwrap();
    let names = names.buckets().iter().map(|b| b.name().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["logs", "mine"]);
    for name in ["Logs", "a", "1.2.3.4", "a..b", "-ab"] {
        let error = code!(aws.s3.create_bucket().bucket(name));
        assert_eq!(error, Some("InvalidBucketName".to_owned()), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_bucket_is_private_encrypted_and_without_acls() {
    let aws = with_bucket().await;
    let block = aws.s3.get_public_access_block().bucket("logs").send();
    let block = block
        .await
        .unwrap()
        .public_access_block_configuration
        .unwrap();
    assert_eq!(block.block_public_policy(), Some(true));
    assert_eq!(block.restrict_public_buckets(), Some(true));
    let encryption = aws.s3.get_bucket_encryption().bucket("logs").send();
    let encryption = encryption
        .await
        .unwrap()
        .server_side_encryption_configuration;
    let encryption = encryption.unwrap();
    let default = encryption.rules()[0].apply_server_side_encryption_by_default();
    assert_eq!(
        default.unwrap().sse_algorithm(),
        &ServerSideEncryption::Aes256
    );
    let ownership = aws.s3.get_bucket_ownership_controls().bucket("logs").send();
    let ownership = ownership.await.unwrap().ownership_controls.unwrap();
    let ownership = ownership.rules()[0].object_ownership();
    assert_eq!(ownership, &ObjectOwnership::BucketOwnerEnforced);
    let versioning = aws.s3.get_bucket_versioning().bucket("logs").send();
    assert_eq!(versioning.await.unwrap().status, None);
    let missing = [
        code!(aws.s3.get_bucket_policy().bucket("logs")),
        code!(aws.s3.get_bucket_lifecycle_configuration().bucket("logs")),
        code!(aws.s3.get_bucket_tagging().bucket("logs")),
        code!(aws.s3.get_bucket_policy().bucket("nobodys")),
    ];
    let missing: Vec<_> = missing.into_iter().map(Option::unwrap).collect();
    assert_eq!(
        missing,
        [
            "NoSuchBucketPolicy",
            "NoSuchLifecycleConfiguration",
            "NoSuchTagSet",
            "NoSuchBucket"
        ]
    );
}

fn statement(principal: Value, action: &str, resource: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal,
        "Action": action, "Resource": resource}]})
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_kept_as_text_and_checked_before() {
    let aws = with_bucket().await;
    let put = |policy: String| aws.s3.put_bucket_policy().bucket("logs").policy(policy);
    let trail = json!({"Service": "cloudtrail.amazonaws.com"});
    let bucket = "arn:aws:s3:::logs";
    let good = statement(trail.clone(), "s3:GetBucketAcl", bucket).to_string();
    put(good.clone()).send().await.unwrap();
    let get = || aws.s3.get_bucket_policy().bucket("logs");
    assert_eq!(get().send().await.unwrap().policy, Some(good));
    for bad in [
        "nonsense".to_owned(),
        json!({"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": bucket}]})
            .to_string(),
        statement(trail.clone(), "s3:GetBucketAcl", "arn:aws:s3:::other").to_string(),
        statement(trail.clone(), "sns:Publish", bucket).to_string(),
    ] {
        assert_eq!(code!(put(bad)), Some("MalformedPolicy".to_owned()));
    }
    let public = statement(json!("*"), "s3:GetObject", "arn:aws:s3:::logs/*").to_string();
    assert_eq!(code!(put(public.clone())), Some("AccessDenied".to_owned()));
    aws.s3
        .delete_public_access_block()
        .bucket("logs")
        .send()
        .await
        .unwrap();
    put(public).send().await.unwrap();
    aws.s3
        .delete_bucket_policy()
        .bucket("logs")
        .send()
        .await
        .unwrap();
    assert_eq!(code!(get()), Some("NoSuchBucketPolicy".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_policy_decides_about_callers_too() {
    let aws = with_bucket().await;
    let ann = user(&aws, json!([]));
    let get = || ann.s3.get_bucket_versioning().bucket("logs");
    assert_eq!(code!(get()), Some("AccessDenied".to_owned()));
    let put = |policy: Value| {
        let put = aws.s3.put_bucket_policy().bucket("logs");
        put.policy(policy.to_string()).send()
    };
    let ann_arn = format!("arn:aws:iam::{ACCOUNT}:user/ann");
    let bucket = "arn:aws:s3:::logs";
    let mut policy = statement(json!({"AWS": ann_arn}), "s3:GetBucketVersioning", bucket);
    put(policy.clone()).await.unwrap();
    get().send().await.unwrap();
    policy["Statement"][0]["Effect"] = json!("Deny");
    policy["Statement"][0]["Principal"] = json!("*");
    put(policy).await.unwrap();
    let denied = aws.s3.get_bucket_versioning().bucket("logs");
    assert_eq!(code!(denied), Some("AccessDenied".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn s3_names_its_actions_unlike_its_operations() {
    let aws = with_bucket().await;
    let allowed = user(
        &aws,
        json!([{"Effect": "Allow", "Resource": "arn:aws:s3:::logs", "Action": [
            "s3:GetEncryptionConfiguration", "s3:PutBucketPublicAccessBlock", "s3:ListBucket",
            "s3:GetLifecycleConfiguration", "s3:CreateBucket"]},
            {"Effect": "Allow", "Resource": "*", "Action": "s3:ListAllMyBuckets"}]),
    );
    let s3 = &allowed.s3;
    s3.get_bucket_encryption()
        .bucket("logs")
        .send()
        .await
        .unwrap();
    s3.delete_public_access_block()
        .bucket("logs")
        .send()
        .await
        .unwrap();
    s3.head_bucket().bucket("logs").send().await.unwrap();
    s3.list_buckets().send().await.unwrap();
    let none = code!(s3.get_bucket_lifecycle_configuration().bucket("logs"));
    assert_eq!(none, Some("NoSuchLifecycleConfiguration".to_owned()));
    // Ownership and tags at creation are permissions of their own.
    let owned = s3.create_bucket().bucket("logs");
    let owned = owned.object_ownership(ObjectOwnership::BucketOwnerEnforced);
    let error = owned.send().await.unwrap_err();
    assert!(
        error
            .message()
            .unwrap()
            .contains("s3:PutBucketOwnershipControls")
    );
    let tags = CreateBucketConfiguration::builder().tags(tag("a", "b"));
    let tagged = s3.create_bucket().bucket("logs");
    let tagged = tagged.create_bucket_configuration(tags.build());
    let error = tagged.send().await.unwrap_err();
    assert!(error.message().unwrap().contains("s3:TagResource"));
}

#[tokio::test(start_paused = true)]
async fn a_bucket_with_something_in_it_stays() {
    let aws = with_bucket().await;
    for number in 0..12 {
        aws.sandbox
            .put_object("logs", &format!("AWSLogs/{number:02}"));
    }
    let delete = || aws.s3.delete_bucket().bucket("logs");
    assert_eq!(code!(delete()), Some("BucketNotEmpty".to_owned()));
    let pages = aws
        .s3
        .list_objects_v2()
        .bucket("logs")
        .into_paginator()
        .send();
    let pages: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
    let keys = pages.iter().flat_map(|page| page.contents());
    assert_eq!((pages.len(), keys.count()), (2, 12));
    let one = aws.s3.list_object_versions().bucket("logs").max_keys(1);
    let one = one.send().await.unwrap();
    assert_eq!(one.versions()[0].key(), Some("AWSLogs/00"));
    assert_eq!(one.is_truncated(), Some(true));
    aws.s3.create_bucket().bucket("empty").send().await.unwrap();
    aws.s3.delete_bucket().bucket("empty").send().await.unwrap();
    let list = aws.s3.list_buckets().prefix("lo").max_buckets(1);
    let list = list.send().await.unwrap();
    assert_eq!(list.buckets()[0].bucket_region(), Some("us-east-1"));
    assert_eq!(list.continuation_token(), None);
}

#[tokio::test(start_paused = true)]
async fn changes_of_buckets_are_recorded_under_the_names_of_cloudtrail() {
    let aws = with_bucket().await.with_trail().await;
    aws.open_queue("q").await;
    aws.rule("r", r#"{"source":["aws.s3"]}"#).await;
    aws.target(
        "r",
        super::target("q", &super::queue_arn("q")).build().unwrap(),
    )
    .await;
    aws.s3.head_bucket().bucket("logs").send().await.unwrap();
    aws.s3
        .delete_public_access_block()
        .bucket("logs")
        .send()
        .await
        .unwrap();
    let bodies = aws.bodies("q").await;
    assert_eq!(bodies.len(), 1);
    let event: Value = serde_json::from_str(&bodies[0]).unwrap();
    assert_eq!(
        event["detail"]["eventName"],
        "DeleteBucketPublicAccessBlock"
    );
    assert_eq!(
        event["detail"]["requestParameters"],
        json!({"bucketName": "logs"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_throttled_client_of_s3_tries_again() {
    use iamwatch::sandbox::{Fault, FaultKind};
    let aws = with_bucket().await;
    aws.sandbox
        .fault(Fault::on("s3", "HeadBucket", FaultKind::Throttle));
    aws.s3.head_bucket().bucket("logs").send().await.unwrap();
    let heads = aws.sandbox.calls();
    let heads = heads.iter().filter(|call| call.operation == "HeadBucket");
    assert_eq!(heads.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_is_found_in_the_path_as_well_as_in_the_host() {
    let aws = with_bucket().await;
    let config = aws
        .sandbox
        .sdk_config(&"us-east-1".parse().unwrap(), aws.sandbox.admin());
    let by_path = aws_sdk_s3::config::Builder::from(&config).force_path_style(true);
    let by_path = aws_sdk_s3::Client::from_conf(by_path.build());
    let local = aws_sdk_s3::config::Builder::from(&config).endpoint_url("http://127.0.0.1:4566");
    let local = aws_sdk_s3::Client::from_conf(local.force_path_style(true).build());
    for s3 in [&by_path, &local] {
        s3.head_bucket().bucket("logs").send().await.unwrap();
        s3.list_objects_v2().bucket("logs").send().await.unwrap();
        assert_eq!(s3.list_buckets().send().await.unwrap().buckets().len(), 1);
    }
    // A name with dots does not fit into a host's certificate: it goes into the path.
    aws.s3.create_bucket().bucket("a.b.c").send().await.unwrap();
    aws.s3.head_bucket().bucket("a.b.c").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_not_there_names_itself() {
    let aws = with_bucket().await;
    let error = aws
        .s3
        .get_bucket_acl()
        .bucket("logs")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("SandboxUnsupported"));
    assert!(error.message().unwrap().contains("acl"));
}

/// Folders stand between the objects, in one order with them, and count like them.
#[tokio::test(start_paused = true)]
async fn a_bucket_is_listed_folder_by_folder() {
    let aws = with_bucket().await;
    let keys = ["a/1", "a/2", "b", "c/d/3", "c/e/4", "f/"];
    for key in keys {
        aws.sandbox.put_object("logs", key);
    }
    let list = async |prefix: &str, most: i32| {
        let (mut found, mut pages, mut token) = (Vec::new(), 0, None);
        loop {
            let list = aws.s3.list_objects_v2().bucket("logs").delimiter("/");
            let list = list.prefix(prefix).max_keys(most);
            let page = list.set_continuation_token(token).send().await.unwrap();
            pages += 1;
            let count = page.contents().len() + page.common_prefixes().len();
            assert_eq!(page.key_count(), Some(count as i32));
            assert!(count <= most as usize);
            let keys = page.contents().iter().filter_map(|object| object.key());
            let folders = page.common_prefixes().iter().filter_map(|one| one.prefix());
            found.extend(keys.map(str::to_owned));
            found.extend(folders.map(|folder| format!("folder {folder}")));
            token = page.next_continuation_token().map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        (found, pages)
    };
    let top = ["folder a/", "b", "folder c/", "folder f/"].map(str::to_owned);
    assert_eq!(list("", 1).await, (top.to_vec(), 4));
    let (mut found, pages) = list("", 3).await;
    found.sort();
    let mut sorted = top.to_vec();
    sorted.sort();
    assert_eq!((found, pages), (sorted, 2));
    assert_eq!(
        list("c/", 10).await.0,
        ["folder c/d/".to_owned(), "folder c/e/".to_owned()]
    );
    // The folder that was asked for is an object, where there is one of its name.
    assert_eq!(list("f/", 10).await.0, ["f/".to_owned()]);
}
