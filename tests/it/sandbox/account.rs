//! Which Regions an account has, and what the others answer.

use aws_sdk_account::types::RegionOptStatus;
use iamwatch::place::Region;
use serde_json::json;

use super::{Aws, aws, clients};

fn region(name: &str) -> Region {
    name.parse().unwrap()
}

fn at(aws: &Aws, name: &str) -> Aws {
    clients(aws.sandbox.clone(), aws.sandbox.admin(), name)
}

async fn enabled(aws: &Aws) -> Vec<String> {
    let list = aws
        .account
        .list_regions()
        .region_opt_status_contains(RegionOptStatus::Enabled)
        .region_opt_status_contains(RegionOptStatus::EnabledByDefault);
    let regions = list.into_paginator().items().send();
    let regions: Vec<_> = regions.collect::<Result<_, _>>().await.unwrap();
    let names = regions.into_iter().map(|r| r.region_name.unwrap());
    names.collect()
}

#[tokio::test(start_paused = true)]
async fn a_new_account_has_the_seventeen_default_regions() {
    let aws = aws();
    let names = enabled(&aws).await;
    assert_eq!(names.len(), 17);
    assert!(names.contains(&"eu-central-1".to_owned()));
    let all = aws.account.list_regions().into_paginator().items().send();
    let all: Vec<_> = all.collect::<Result<_, _>>().await.unwrap();
    assert!(all.len() > 30);
    let status = aws
        .account
        .get_region_opt_status()
        .region_name("me-south-1");
    let status = status.send().await.unwrap().region_opt_status;
    assert_eq!(status, Some(RegionOptStatus::Disabled));
}

#[tokio::test(start_paused = true)]
async fn an_account_can_have_the_regions_that_a_test_wants() {
    let aws = aws();
    let four = ["eu-central-1", "il-central-1", "us-west-2"].map(region);
    aws.sandbox.set_regions(&four);
    let expected = ["eu-central-1", "il-central-1", "us-east-1", "us-west-2"];
    assert_eq!(enabled(&aws).await, expected);
    let opted = aws.account.get_region_opt_status();
    let opted = opted.region_name("il-central-1").send().await.unwrap();
    assert_eq!(opted.region_opt_status, Some(RegionOptStatus::Enabled));
    aws.sandbox.disable_region(&region("us-west-2"));
    assert_eq!(enabled(&aws).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_region_that_is_not_enabled_knows_no_credentials() {
    let aws = aws();
    let far = at(&aws, "me-central-1");
    let error = far.events.list_rules().send().await.unwrap_err();
    assert_eq!(
        aws_sdk_eventbridge::error::ProvideErrorMetadata::code(&error),
        Some("UnrecognizedClientException")
    );
    let error = far.sns.list_topics().send().await.unwrap_err();
    assert_eq!(
        aws_sdk_sns::error::ProvideErrorMetadata::code(&error),
        Some("InvalidClientTokenId")
    );
    far.kms.list_keys().send().await.unwrap_err();
    far.sts.get_caller_identity().send().await.unwrap_err();
    // The global services have no Region to disable.
    far.iam.list_users().send().await.unwrap();
    assert_eq!(enabled(&far).await.len(), 17);

    aws.sandbox.set_regions(&[region("me-central-1")]);
    far.events.list_rules().send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn listing_regions_needs_its_own_permission() {
    let aws = aws();
    let mut allowed = json!({"Statement": [{"Effect": "Allow", "Action": "account:ListRegions",
        "Resource": "*"}]});
    let ann = |policy: &serde_json::Value| {
        let ann = aws.sandbox.caller("ann", &policy.to_string());
        clients(aws.sandbox.clone(), ann, "us-east-1")
    };
    assert_eq!(enabled(&ann(&allowed)).await.len(), 17);
    allowed["Statement"][0]["Action"] = json!("account:GetRegionOptStatus");
    let refused = ann(&allowed).account.list_regions().send().await;
    let refused = refused.unwrap_err().into_service_error();
    assert!(refused.is_access_denied_exception(), "{refused}");
}
