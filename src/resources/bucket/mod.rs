//! What is the S3 bucket of a trail's log files?

pub(super) mod aws;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::facts::{
    Facts, Impact, Managed, Ownership, RECORD_LESS, Size, Stretch, Subject, Sweep, as_real_ones,
    no_words,
};
use super::model::{AttributeChange, ResourceKey};
use crate::aws::{Call, calls};
use crate::place::Place;

/// The bucket of a trail's log files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// The name of the bucket.
    pub name: String,
    /// Who may write and read.
    pub policy: Value,
    /// Whether all four switches against public access are on.
    pub public_access_blocked: bool,
    /// The algorithm of the default encryption: `AES256`, `aws:kms`; empty if none.
    pub encryption: String,
    /// Who owns what others write: `BucketOwnerEnforced`, or another word of S3.
    pub ownership: String,
    /// Whether old versions are kept.
    pub versioned: bool,
    /// When what is deleted, as S3's list of lifecycle rules.
    pub lifecycle: Value,
}

pub(super) static FACTS: Facts = Facts {
    service: "s3",
    fixed: &[],
    awaited: &[],
    write_only: &[],
    documents: &["policy"],
    ownership: Ownership::Tag(&calls::PUT_BUCKET_TAGS),
    deletion: Some("log-bucket"),
    farewell: Some("it holds no log file: a bucket that does is never deleted"),
    stretch: Stretch::Feed,
    missing: Impact::Safeguard,
    impact,
    passes_tests: as_real_ones,
    words: no_words,
    purpose: "lets CloudTrail write, and nobody else",
    loss: |_| "alerts are lost".to_owned(),
    drift: RECORD_LESS,
    leftover: None,
    listed: Some((Sweep::Home, &calls::LIST_BUCKETS)),
    looks: &[
        &calls::GET_BUCKET_TAGS,
        &calls::GET_BUCKET_POLICY,
        &calls::GET_PUBLIC_ACCESS,
        &calls::GET_BUCKET_ENCRYPTION,
        &calls::GET_BUCKET_OWNERSHIP,
        &calls::GET_BUCKET_VERSIONING,
        &calls::GET_BUCKET_LIFECYCLE,
    ],
    breaks: &[
        "DeleteBucket",
        "DeleteBucketEncryption",
        "DeleteBucketLifecycle",
        "DeleteBucketOwnershipControls",
        "DeleteBucketPolicy",
        "DeleteBucketPublicAccessBlock",
        "DeleteBucketTagging",
        "PutBucketAcl",
        "PutBucketEncryption",
        "PutBucketLifecycle",
        "PutBucketOwnershipControls",
        "PutBucketPolicy",
        "PutBucketPublicAccessBlock",
        "PutBucketReplication",
        "PutBucketTagging",
        "PutBucketVersioning",
        "UntagResource",
    ],
    restores: &[
        "CreateBucket",
        "PutBucketEncryption",
        "PutBucketLifecycle",
        "PutBucketOwnershipControls",
        "PutBucketPolicy",
        "PutBucketPublicAccessBlock",
        "PutBucketTagging",
        "PutBucketVersioning",
        "TagResource",
    ],
    // Source: S3, `cloudtrail-logging-s3-info`.
    recorded: &[
        ("GetPublicAccessBlock", "GetBucketPublicAccessBlock"),
        ("PutPublicAccessBlock", "PutBucketPublicAccessBlock"),
        ("GetBucketLifecycleConfiguration", "GetBucketLifecycle"),
        ("PutBucketLifecycleConfiguration", "PutBucketLifecycle"),
    ],
    subject,
};

/// EventBridge hears of calls whether or not their log files can be written.
fn impact(change: &AttributeChange) -> Impact {
    match change.path.as_str() {
        "policy" => Impact::Safeguard,
        _ => Impact::Cosmetic,
    }
}

fn subject(subject: &Subject<'_>) -> Value {
    let name = &subject.key.name;
    let arn = format!("arn:{}:s3:::{name}", subject.region.partition());
    json!({ "bucketName": name, "resourceArn": arn })
}

/// One write that turns a bucket into another.
#[derive(Debug, Clone, Copy)]
enum Step {
    PublicAccess,
    Ownership,
    Encryption,
    Versioning,
    Lifecycle,
    Policy,
}

impl Step {
    fn call(self) -> &'static Call {
        match self {
            Self::PublicAccess => &calls::PUT_PUBLIC_ACCESS,
            Self::Ownership => &calls::PUT_BUCKET_OWNERSHIP,
            Self::Encryption => &calls::PUT_BUCKET_ENCRYPTION,
            Self::Versioning => &calls::PUT_BUCKET_VERSIONING,
            Self::Lifecycle => &calls::PUT_BUCKET_LIFECYCLE,
            Self::Policy => &calls::PUT_BUCKET_POLICY,
        }
    }
}

/// The switches against public access come before anything else.
fn steps(before: &Bucket, after: &Bucket) -> Vec<Step> {
    let all = [
        (!before.public_access_blocked, Step::PublicAccess),
        (before.ownership != after.ownership, Step::Ownership),
        (before.encryption != after.encryption, Step::Encryption),
        (after.versioned && !before.versioned, Step::Versioning),
        (before.lifecycle != after.lifecycle, Step::Lifecycle),
        (before.policy != after.policy, Step::Policy),
    ];
    all.into_iter()
        .filter_map(|(wanted, step)| wanted.then_some(step))
        .collect()
}

/// A bucket of which nothing is known but its name.
fn nothing(name: &str) -> Bucket {
    Bucket {
        name: name.to_owned(),
        policy: Value::Null,
        public_access_blocked: false,
        encryption: String::new(),
        ownership: String::new(),
        versioned: false,
        lifecycle: Value::Null,
    }
}

/// A bucket that was created a moment ago.
fn fresh(wanted: &Bucket) -> Bucket {
    Bucket {
        ownership: wanted.ownership.clone(),
        ..nothing(&wanted.name)
    }
}

impl Managed for Bucket {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn needs(&self, _: &Place) -> Vec<ResourceKey> {
        Vec::new()
    }

    fn description(&self) -> Vec<String> {
        vec!["encrypted, versioned, closed to the public, TLS only".to_owned()]
    }

    fn sizes(&self) -> Vec<Size> {
        Vec::new()
    }

    fn created(&self) -> Vec<&'static Call> {
        let mut made = vec![&calls::CREATE_BUCKET];
        made.extend(fresh(self).updated(self));
        made
    }

    fn updated(&self, after: &Self) -> Vec<&'static Call> {
        steps(self, after).into_iter().map(Step::call).collect()
    }

    fn deleted(&self) -> Vec<&'static Call> {
        vec![&calls::DELETE_BUCKET]
    }
}
