//! Which permission each operation needs: S3 names its actions unlike its operations.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>

use serde_json::Value;

use super::error::name_of;
use crate::sandbox::access::{Access, Needs, unknown};
use crate::sandbox::wire::ApiError;

pub(super) fn needs(operation: &str, partition: &str, input: &Value) -> Result<Needs, ApiError> {
    use Access::{Read, ReadData, Write};
    let (access, action) = match operation {
        "ListBuckets" => (Read, "ListAllMyBuckets"),
        "CreateBucket" => (Write, "CreateBucket"),
        "DeleteBucket" => (Write, "DeleteBucket"),
        // Listing and asking for a bucket are data events.
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
        "HeadBucket" | "ListObjectsV2" => (ReadData, "ListBucket"),
        "ListObjectVersions" => (ReadData, "ListBucketVersions"),
        "GetBucketLocation" => (Read, "GetBucketLocation"),
        "GetBucketPolicy" => (Read, "GetBucketPolicy"),
        "PutBucketPolicy" => (Write, "PutBucketPolicy"),
        "DeleteBucketPolicy" => (Write, "DeleteBucketPolicy"),
        "GetPublicAccessBlock" => (Read, "GetBucketPublicAccessBlock"),
        "PutPublicAccessBlock" | "DeletePublicAccessBlock" => (Write, "PutBucketPublicAccessBlock"),
        "GetBucketEncryption" => (Read, "GetEncryptionConfiguration"),
        "PutBucketEncryption" | "DeleteBucketEncryption" => (Write, "PutEncryptionConfiguration"),
        "GetBucketOwnershipControls" => (Read, "GetBucketOwnershipControls"),
        "PutBucketOwnershipControls" | "DeleteBucketOwnershipControls" => {
            (Write, "PutBucketOwnershipControls")
        }
        "GetBucketVersioning" => (Read, "GetBucketVersioning"),
        "PutBucketVersioning" => (Write, "PutBucketVersioning"),
        "GetBucketLifecycleConfiguration" => (Read, "GetLifecycleConfiguration"),
        "PutBucketLifecycleConfiguration" | "DeleteBucketLifecycle" => {
            (Write, "PutLifecycleConfiguration")
        }
        "GetBucketTagging" => (Read, "GetBucketTagging"),
        "PutBucketTagging" | "DeleteBucketTagging" => (Write, "PutBucketTagging"),
        _ => {
            return Err(unknown("s3", operation));
        }
    };
    let resource = match operation {
        "ListBuckets" => "*".to_owned(),
        _ => format!("arn:{partition}:s3:::{}", name_of(input)),
    };
    let creates = operation == "CreateBucket";
    let owned = creates && input.get("ObjectOwnership").is_some();
    let tagged = creates && input.pointer("/CreateBucketConfiguration/Tags").is_some();
    let needs = Needs::one(access, format!("s3:{action}"), resource.clone())
        .and_if(owned, "s3:PutBucketOwnershipControls", &resource)
        .and_if(tagged, "s3:TagResource", &resource);
    Ok(Needs { creates, ..needs })
}

/// What CloudTrail calls an operation.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html>
pub(super) fn event_name(operation: &str) -> &str {
    match operation {
        "GetPublicAccessBlock" => "GetBucketPublicAccessBlock",
        "PutPublicAccessBlock" => "PutBucketPublicAccessBlock",
        "DeletePublicAccessBlock" => "DeleteBucketPublicAccessBlock",
        "GetBucketLifecycleConfiguration" => "GetBucketLifecycle",
        "PutBucketLifecycleConfiguration" => "PutBucketLifecycle",
        "ListObjectsV2" => "ListObjects",
        other => other,
    }
}
