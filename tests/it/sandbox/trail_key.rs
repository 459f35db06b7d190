//! The key of a trail.

use aws_sdk_cloudtrail::error::ProvideErrorMetadata;
use serde_json::json;

use super::{ACCOUNT, aws, trail_arn};

#[tokio::test(start_paused = true)]
async fn the_key_must_be_there_and_let_the_trail_encrypt() {
    let aws = aws().with_trail().await;
    let own = aws.kms.create_key().send().await.unwrap();
    let key = own.key_metadata.unwrap();
    let update = || {
        aws.trail
            .update_trail()
            .name("main")
            .kms_key_id(key.key_id())
    };
    // The policy that a key has by itself delegates to the account and names no service.
    assert_eq!(
        update().send().await.unwrap_err().code().unwrap(),
        "InsufficientEncryptionPolicyException"
    );
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")},
            "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "kms:GenerateDataKey*", "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceArn": trail_arn("main")},
                "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": trail_arn("*")}}},
    ]});
    let put = aws.kms.put_key_policy().key_id(key.key_id());
    put.policy(policy.to_string()).send().await.unwrap();
    let done = update().send().await.unwrap();
    assert_eq!(done.kms_key_id(), key.arn());
    let delete = aws.kms.schedule_key_deletion().key_id(key.key_id());
    delete.send().await.unwrap();
    assert_eq!(
        update().send().await.unwrap_err().code().unwrap(),
        "KmsKeyDisabledException"
    );
}
