//! What S3 keeps: buckets.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::place::{AccountId, Region};
use crate::sandbox::common::Strings;

/// The part of the world that S3 keeps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// By name: bucket names are unique across all accounts.
    pub(crate) buckets: BTreeMap<String, Bucket>,
}

/// An S3 bucket. Documents are kept in the form in which they were given.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bucket {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) created: i64,
    pub(crate) policy: Option<String>,
    pub(crate) public_access_block: Option<Value>,
    pub(crate) encryption: Option<Value>,
    pub(crate) ownership: Option<Value>,
    pub(crate) versioning: Option<Value>,
    pub(crate) lifecycle: Option<Value>,
    pub(crate) tags: Strings,
    /// Keys of what is in it.
    pub(crate) objects: BTreeSet<String>,
}

impl Bucket {
    /// A bucket as AWS makes it: private, encrypted, without ACLs.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/creating-buckets-s3.html>
    pub(super) fn new(account: AccountId, region: Region, created: i64) -> Self {
        Self {
            account,
            region,
            created,
            policy: None,
            public_access_block: Some(json!({
                "BlockPublicAcls": "true",
                "IgnorePublicAcls": "true",
                "BlockPublicPolicy": "true",
                "RestrictPublicBuckets": "true",
            })),
            encryption: Some(default_encryption()),
            ownership: Some(json!({"Rule": [{"ObjectOwnership": "BucketOwnerEnforced"}]})),
            versioning: None,
            lifecycle: None,
            tags: BTreeMap::new(),
            objects: BTreeSet::new(),
        }
    }
}

/// The encryption that a bucket has unless somebody sets another.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-bucket-encryption.html>
pub(super) fn default_encryption() -> Value {
    json!({"Rule": [{
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BucketKeyEnabled": "false",
    }]})
}
