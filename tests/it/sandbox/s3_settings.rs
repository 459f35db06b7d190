//! What is configured on a bucket comes back until it is deleted.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketVersioningStatus,
    CreateBucketConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging,
    VersioningConfiguration,
};

use super::aws;
use super::s3::{code, tag, with_bucket};

#[tokio::test(start_paused = true)]
async fn what_is_configured_is_answered_until_it_is_deleted() {
    let aws = with_bucket().await;
    let s3 = &aws.s3;
    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .build();
    let put = s3.put_public_access_block().bucket("logs");
    let put = put.public_access_block_configuration(block);
    put.send().await.unwrap();
    let got = s3.get_public_access_block().bucket("logs").send().await;
    let got = got.unwrap().public_access_block_configuration.unwrap();
    assert_eq!(
        (got.block_public_acls(), got.block_public_policy()),
        (Some(true), Some(false))
    );
    s3.delete_public_access_block()
        .bucket("logs")
        .send()
        .await
        .unwrap();
    let gone = code!(s3.get_public_access_block().bucket("logs"));
    assert_eq!(
        gone,
        Some("NoSuchPublicAccessBlockConfiguration".to_owned())
    );

    let kms = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::AwsKms)
        .kms_master_key_id("alias/logs")
        .build()
        .unwrap();
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(kms)
        .bucket_key_enabled(true)
        .build();
    let rules = ServerSideEncryptionConfiguration::builder().rules(rule);
    let rules = rules.build().unwrap();
    let put = s3.put_bucket_encryption().bucket("logs");
    put.server_side_encryption_configuration(rules.clone())
        .send()
        .await
        .unwrap();
    let encryption = || s3.get_bucket_encryption().bucket("logs").send();
    let got = encryption().await.unwrap();
    assert_eq!(
        got.server_side_encryption_configuration,
        Some(rules.clone())
    );
    s3.delete_bucket_encryption()
        .bucket("logs")
        .send()
        .await
        .unwrap();
    let got = encryption()
        .await
        .unwrap()
        .server_side_encryption_configuration;
    assert_ne!(got.unwrap(), rules, "the default is back");

    let rule = OwnershipControlsRule::builder()
        .object_ownership(ObjectOwnership::ObjectWriter)
        .build()
        .unwrap();
    let controls = OwnershipControls::builder().rules(rule).build().unwrap();
    let put = s3.put_bucket_ownership_controls().bucket("logs");
    put.ownership_controls(controls.clone())
        .send()
        .await
        .unwrap();
    let got = s3
        .get_bucket_ownership_controls()
        .bucket("logs")
        .send()
        .await;
    assert_eq!(got.unwrap().ownership_controls, Some(controls));
    s3.delete_bucket_ownership_controls()
        .bucket("logs")
        .send()
        .await
        .unwrap();
    let gone = code!(s3.get_bucket_ownership_controls().bucket("logs"));
    assert_eq!(gone, Some("OwnershipControlsNotFoundError".to_owned()));

    let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled);
    let put = s3.put_bucket_versioning().bucket("logs");
    put.versioning_configuration(enabled.build())
        .send()
        .await
        .unwrap();
    let got = s3
        .get_bucket_versioning()
        .bucket("logs")
        .send()
        .await
        .unwrap();
    assert_eq!(got.status, Some(BucketVersioningStatus::Enabled));
}

#[tokio::test(start_paused = true)]
async fn a_lifecycle_comes_back_as_it_was_given() {
    let aws = with_bucket().await;
    let rule = |id: &str, days: i32| {
        LifecycleRule::builder()
            .id(id)
            .status(ExpirationStatus::Enabled)
            .filter(LifecycleRuleFilter::builder().prefix("AWSLogs/").build())
            .expiration(LifecycleExpiration::builder().days(days).build())
            .abort_incomplete_multipart_upload(
                AbortIncompleteMultipartUpload::builder()
                    .days_after_initiation(7)
                    .build(),
            )
            .build()
            .unwrap()
    };
    let put = |rules: Vec<LifecycleRule>| {
        let rules = BucketLifecycleConfiguration::builder().set_rules(Some(rules));
        let put = aws.s3.put_bucket_lifecycle_configuration().bucket("logs");
        put.lifecycle_configuration(rules.build().unwrap())
    };
    let get = || aws.s3.get_bucket_lifecycle_configuration().bucket("logs");
    for rules in [vec![rule("a", 90)], vec![rule("a", 90), rule("b", 365)]] {
        put(rules.clone()).send().await.unwrap();
        assert_eq!(get().send().await.unwrap().rules, Some(rules));
    }
    let twice = code!(put(vec![rule("a", 90), rule("a", 365)]));
    assert_eq!(twice, Some("InvalidArgument".to_owned()));
    assert_eq!(
        code!(put(vec![rule("a", 0)])),
        Some("InvalidArgument".to_owned())
    );
    aws.s3
        .delete_bucket_lifecycle()
        .bucket("logs")
        .send()
        .await
        .unwrap();
    assert_eq!(
        code!(get()),
        Some("NoSuchLifecycleConfiguration".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn putting_tags_replaces_all_there_were() {
    let aws = aws();
    let tagged = CreateBucketConfiguration::builder().tags(tag("a", "1 & <2>"));
    let make = aws.s3.create_bucket().bucket("logs");
    make.create_bucket_configuration(tagged.build())
        .send()
        .await
        .unwrap();
    let tags = || async {
        let got = aws.s3.get_bucket_tagging().bucket("logs").send().await;
        got.unwrap().tag_set
    };
    assert_eq!(tags().await, [tag("a", "1 & <2>")]);
    let put = |set: Vec<Tag>| {
        let tags = Tagging::builder().set_tag_set(Some(set)).build().unwrap();
        aws.s3.put_bucket_tagging().bucket("logs").tagging(tags)
    };
    put(vec![tag("b", ""), tag("c", "3")]).send().await.unwrap();
    assert_eq!(tags().await, [tag("b", ""), tag("c", "3")]);
    let twice = code!(put(vec![tag("b", "1"), tag("b", "2")]));
    assert_eq!(twice, Some("InvalidTag".to_owned()));
    aws.s3
        .delete_bucket_tagging()
        .bucket("logs")
        .send()
        .await
        .unwrap();
    let none = code!(aws.s3.get_bucket_tagging().bucket("logs"));
    assert_eq!(none, Some("NoSuchTagSet".to_owned()));
}
