//! Trails, ours and adopted ones, that no longer feed the rules.

use aws_sdk_cloudtrail::types::{EventSelector, ReadWriteType};
use iamwatch::health::Weight;

use super::{BOTH, RULES, healthy, named, receiver, rules, status};
use crate::stage::Stage;

#[tokio::test(start_paused = true)]
async fn a_stopped_trail_is_named_with_the_time_and_every_rule() {
    let (stage, _) = healthy().await;
    let request = stage
        .clients
        .cloudtrail
        .stop_logging()
        .name("iamwatch-acme");
    request.send().await.unwrap();
    let health = status(&stage).await;
    let finding = named(
        &health,
        Weight::LosesAlerts,
        "trail iamwatch-acme",
        "does not log",
    );
    assert_eq!(rules(&finding), BOTH);
    assert!(finding.since.unwrap().starts_with("2026-09-"));
}

/// A trail of the user's own, which is adopted as it is.
async fn somebodys_trail(stage: &Stage) {
    let bucket = "somebodys-logs";
    let arn = format!(
        "arn:aws:cloudtrail:us-east-1:{}:trail/theirs",
        stage.account
    );
    stage
        .clients
        .s3
        .create_bucket()
        .bucket(bucket)
        .send()
        .await
        .unwrap();
    let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
          "Action": "s3:GetBucketAcl", "Resource": format!("arn:aws:s3:::{bucket}"),
          "Condition": { "StringEquals": { "aws:SourceArn": arn } } },
        { "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
          "Action": "s3:PutObject",
          "Resource": format!("arn:aws:s3:::{bucket}/AWSLogs/{}/*", stage.account),
          "Condition": { "StringEquals": { "aws:SourceArn": arn, "s3:x-amz-acl": "bucket-owner-full-control" } } },
    ] });
    let request = stage.clients.s3.put_bucket_policy().bucket(bucket);
    request.policy(policy.to_string()).send().await.unwrap();
    let trails = &stage.clients.cloudtrail;
    let request = trails.create_trail().name("theirs").s3_bucket_name(bucket);
    let request = request.is_multi_region_trail(true);
    request.send().await.unwrap();
    trails.start_logging().name("theirs").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_adopted_trail_that_no_longer_fits_is_named_with_what_it_lacks() {
    let stage = Stage::sandbox().await;
    somebodys_trail(&stage).await;
    let wanted = stage.wanted(RULES).await;
    receiver(&stage, &wanted).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    assert!(status(&stage).await.healthy);

    let selector = EventSelector::builder()
        .read_write_type(ReadWriteType::ReadOnly)
        .include_management_events(true)
        .build();
    let request = stage.clients.cloudtrail.put_event_selectors();
    let request = request.trail_name("theirs").event_selectors(selector);
    request.send().await.unwrap();
    let health = status(&stage).await;
    let finding = named(
        &health,
        Weight::LosesAlerts,
        "trail theirs",
        "leaves out events that change",
    );
    assert_eq!(rules(&finding), BOTH);
    // The trail that apply would make instead is no finding: nothing of it is broken.
    assert_eq!(health.findings.len(), 1, "{health:#?}");
}

#[tokio::test(start_paused = true)]
async fn an_adopted_trail_that_cannot_deliver_is_named_with_the_reason() {
    let stage = Stage::sandbox().await;
    somebodys_trail(&stage).await;
    let wanted = stage.wanted(RULES).await;
    receiver(&stage, &wanted).await;
    stage.deploy(&wanted).await;
    stage.confirm_all();
    let request = stage.clients.s3.delete_bucket_policy();
    request.bucket("somebodys-logs").send().await.unwrap();
    // Something to record.
    let request = stage.clients.sns.create_topic().name("whatever");
    request.send().await.unwrap();
    let health = status(&stage).await;
    let finding = named(&health, Weight::Weakens, "trail theirs", "AccessDenied");
    assert!(finding.remedy.contains("cloudtrail.amazonaws.com"));
}
