//! Which permission each operation needs: S3 names its actions unlike its operations.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>

use serde_json::Value;

use super::super::access::{Kind, Needs};
use super::super::wire::ApiError;
use super::name_of;

pub(crate) fn needs(operation: &str, partition: &str, input: &Value) -> Result<Needs, ApiError> {
    use Kind::{Data, Read, Write};
    let (kind, action) = match operation {
        "ListBuckets" => (Read, "ListAllMyBuckets"),
        "CreateBucket" => (Write, "CreateBucket"),
        "DeleteBucket" => (Write, "DeleteBucket"),
        // Listing and asking for a bucket are data events.
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
        "HeadBucket" | "ListObjectsV2" => (Data, "ListBucket"),
        "ListObjectVersions" => (Data, "ListBucketVersions"),
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
            return Err(ApiError::unsupported(format_args!(
                "operation `s3:{operation}`"
            )));
        }
    };
    let resource = match operation {
        "ListBuckets" => "*".to_owned(),
        _ => format!("arn:{partition}:s3:::{}", name_of(input)),
    };
    let mut permissions = vec![(format!("s3:{action}"), resource.clone())];
    if operation == "CreateBucket" {
        let tags = input.pointer("/CreateBucketConfiguration/Tags");
        let also = [
            (
                "s3:PutBucketOwnershipControls",
                input.get("ObjectOwnership"),
            ),
            ("s3:TagResource", tags),
        ];
        let also = also.into_iter().filter(|(_, given)| given.is_some());
        permissions.extend(also.map(|(action, _)| (action.to_owned(), resource.clone())));
    }
    Ok(Needs { kind, permissions })
}

/// What CloudTrail calls an operation.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html>
pub(crate) fn event_name(operation: &str) -> &str {
    match operation {
        "GetPublicAccessBlock" => "GetBucketPublicAccessBlock",
        "PutPublicAccessBlock" => "PutBucketPublicAccessBlock",
        "DeletePublicAccessBlock" => "DeleteBucketPublicAccessBlock",
        "GetBucketLifecycleConfiguration" => "GetBucketLifecycle",
        "PutBucketLifecycleConfiguration" => "PutBucketLifecycle",
        other => other,
    }
}
