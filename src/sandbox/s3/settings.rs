//! What is configured on a bucket. Documents are kept and answered in the form of the wire.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::error::{self, invalid, malformed};
use super::state::{Bucket, default_encryption};
use crate::sandbox::common::Strings;
use crate::sandbox::policy::Policy;
use crate::sandbox::wire::ApiError;

/// Bytes in a bucket policy.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html>
const POLICY: usize = 20 * 1024;

pub(super) fn handle(
    bucket: &mut Bucket,
    name: &str,
    operation: &str,
    value: Value,
) -> Result<Value, ApiError> {
    // Every document belongs to one operation; anything else in the input is not known here.
    let document = document(operation, value)?;
    let given = || {
        document
            .clone()
            .ok_or_else(|| malformed("the document is missing"))
    };
    match operation {
        "GetBucketPolicy" => match &bucket.policy {
            Some(policy) => Ok(json!({"Policy": policy})),
            None => missing("NoSuchBucketPolicy", "The bucket policy does not exist"),
        },
        "PutBucketPolicy" => {
            let policy = given()?.as_str().unwrap_or_default().to_owned();
            check_policy(bucket, name, &policy)?;
            bucket.policy = Some(policy);
            Ok(json!({}))
        }
        "DeleteBucketPolicy" => clear(&mut bucket.policy),
        "GetPublicAccessBlock" => answer(
            "PublicAccessBlockConfiguration",
            bucket.public_access_block.as_ref(),
            "NoSuchPublicAccessBlockConfiguration",
        ),
        "PutPublicAccessBlock" => {
            let block: PublicAccessBlock = read(&given()?)?;
            bucket.public_access_block = Some(block.complete()?);
            Ok(json!({}))
        }
        "DeletePublicAccessBlock" => clear(&mut bucket.public_access_block),
        "GetBucketEncryption" => answer(
            "ServerSideEncryptionConfiguration",
            bucket.encryption.as_ref(),
            "ServerSideEncryptionConfigurationNotFoundError",
        ),
        "PutBucketEncryption" => {
            bucket.encryption = Some(check_encryption(given()?)?);
            Ok(json!({}))
        }
        // No bucket is without encryption any more.
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
        "DeleteBucketEncryption" => {
            bucket.encryption = Some(default_encryption());
            Ok(json!({}))
        }
        "GetBucketOwnershipControls" => answer(
            "OwnershipControls",
            bucket.ownership.as_ref(),
            "OwnershipControlsNotFoundError",
        ),
        "PutBucketOwnershipControls" => {
            let controls: OwnershipControls = read(&given()?)?;
            let known = [
                "BucketOwnerEnforced",
                "BucketOwnerPreferred",
                "ObjectWriter",
            ];
            match controls.rule.as_slice() {
                [rule] if known.contains(&rule.object_ownership.as_str()) => {}
                _ => return Err(malformed("one rule with a known ObjectOwnership")),
            }
            bucket.ownership = document;
            Ok(json!({}))
        }
        "DeleteBucketOwnershipControls" => clear(&mut bucket.ownership),
        "GetBucketVersioning" => {
            let versioning = bucket.versioning.clone().unwrap_or_else(|| json!({}));
            Ok(json!({"VersioningConfiguration": versioning}))
        }
        "PutBucketVersioning" => {
            let versioning: Versioning = read(&given()?)?;
            if !["Enabled", "Suspended"].contains(&versioning.status.as_str()) {
                return Err(malformed("Status"));
            }
            bucket.versioning = document;
            Ok(json!({}))
        }
        "GetBucketLifecycleConfiguration" => answer(
            "LifecycleConfiguration",
            bucket.lifecycle.as_ref(),
            "NoSuchLifecycleConfiguration",
        ),
        "PutBucketLifecycleConfiguration" => {
            bucket.lifecycle = Some(check_lifecycle(given()?)?);
            Ok(json!({}))
        }
        "DeleteBucketLifecycle" => clear(&mut bucket.lifecycle),
        "GetBucketTagging" if bucket.tags.is_empty() => {
            missing("NoSuchTagSet", "The TagSet does not exist")
        }
        "GetBucketTagging" => {
            let tags = bucket.tags.iter();
            let tags: Vec<Value> = tags.map(|(k, v)| json!({"Key": k, "Value": v})).collect();
            Ok(json!({"Tagging": {"TagSet": {"Tag": tags}}}))
        }
        "PutBucketTagging" => {
            bucket.tags = tags_in(given()?.get("TagSet").unwrap_or(&Value::Null))?;
            Ok(json!({}))
        }
        "DeleteBucketTagging" => {
            bucket.tags.clear();
            Ok(json!({}))
        }
        _ => Err(ApiError::unsupported(operation)),
    }
}

/// The one document of the input, whatever its root is called.
fn document(operation: &str, value: Value) -> Result<Option<Value>, ApiError> {
    let Value::Object(fields) = value else {
        return Ok(None);
    };
    let mut document = None;
    for (name, value) in fields {
        match name.as_str() {
            "BucketName" | "ExpectedBucketOwner" => {}
            "Policy"
            | "PublicAccessBlockConfiguration"
            | "ServerSideEncryptionConfiguration"
            | "OwnershipControls"
            | "VersioningConfiguration"
            | "LifecycleConfiguration"
            | "Tagging"
                if document.is_none() =>
            {
                document = Some(value);
            }
            other => {
                return Err(ApiError::unsupported(format_args!(
                    "{operation}: `{other}`"
                )));
            }
        }
    }
    Ok(document)
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, ApiError> {
    error::read("document", value.clone())
}

fn missing(code: &str, message: &str) -> Result<Value, ApiError> {
    Err(ApiError::with_status(404, code, message))
}

fn answer(root: &str, document: Option<&Value>, code: &str) -> Result<Value, ApiError> {
    match document {
        Some(document) => Ok(json!({root: document})),
        None => missing(code, "The configuration was not found"),
    }
}

fn clear<T>(setting: &mut Option<T>) -> Result<Value, ApiError> {
    *setting = None;
    Ok(json!({}))
}

fn check_policy(bucket: &Bucket, name: &str, text: &str) -> Result<(), ApiError> {
    let malformed = |message: &str| Err(ApiError::new("MalformedPolicy", message));
    if text.len() > POLICY {
        return Err(ApiError::new("PolicyTooLarge", "The policy is too large"));
    }
    if !text.starts_with('{') {
        let message = "Policies must be valid JSON and the first byte must be '{'";
        return malformed(message);
    }
    let policy = match Policy::parse(text) {
        Err(reason) if reason.contains("sandbox") => return Err(ApiError::unsupported(reason)),
        Err(reason) => return malformed(&reason),
        Ok(policy) => policy,
    };
    if !policy.names_principals() {
        return malformed("Missing required field Principal");
    }
    let arn = format!("arn:{}:s3:::{name}", bucket.region.partition());
    let inside = format!("{arn}/");
    let own = |resource: &str| resource == arn || resource.starts_with(&inside);
    if !policy.has_resources() || !policy.resources().all(own) {
        return malformed("Policy has invalid resource");
    }
    let known = |action: &str| action == "*" || action.to_ascii_lowercase().starts_with("s3:");
    if !policy.actions().all(known) {
        return malformed("Policy has invalid action");
    }
    let blocked = |field: &str| {
        let block = bucket.public_access_block.as_ref();
        block.is_some_and(|block| block.get(field) == Some(&json!("true")))
    };
    if blocked("BlockPublicPolicy") && policy.is_public() {
        let message = "User is not authorized to perform: s3:PutBucketPolicy because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.";
        return Err(ApiError::with_status(403, "AccessDenied", message));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PublicAccessBlock {
    block_public_acls: Option<String>,
    ignore_public_acls: Option<String>,
    block_public_policy: Option<String>,
    restrict_public_buckets: Option<String>,
}

impl PublicAccessBlock {
    /// What is left out is off.
    fn complete(self) -> Result<Value, ApiError> {
        let flag = |text: Option<String>| match text.as_deref() {
            None => Ok("false"),
            Some("true" | "TRUE") => Ok("true"),
            Some("false" | "FALSE") => Ok("false"),
            Some(other) => Err(malformed(other)),
        };
        Ok(json!({
            "BlockPublicAcls": flag(self.block_public_acls)?,
            "IgnorePublicAcls": flag(self.ignore_public_acls)?,
            "BlockPublicPolicy": flag(self.block_public_policy)?,
            "RestrictPublicBuckets": flag(self.restrict_public_buckets)?,
        }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OwnershipControls {
    rule: Vec<OwnershipRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OwnershipRule {
    object_ownership: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Versioning {
    status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Encryption {
    rule: Vec<EncryptionRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct EncryptionRule {
    apply_server_side_encryption_by_default: Option<ByDefault>,
    #[serde(rename = "BucketKeyEnabled")]
    _bucket_key: Option<String>,
    #[serde(rename = "BlockedEncryptionTypes")]
    _blocked: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByDefault {
    #[serde(rename = "SSEAlgorithm")]
    algorithm: String,
    #[serde(rename = "KMSMasterKeyID")]
    key: Option<String>,
}

fn check_encryption(document: Value) -> Result<Value, ApiError> {
    let encryption: Encryption = read(&document)?;
    let [rule] = encryption.rule.as_slice() else {
        return Err(malformed("one rule"));
    };
    if let Some(default) = &rule.apply_server_side_encryption_by_default {
        match (default.algorithm.as_str(), &default.key) {
            ("AES256", Some(_)) => {
                let message = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse";
                return Err(invalid(message));
            }
            ("AES256" | "aws:kms" | "aws:kms:dsse", _) => {}
            (other, _) => return Err(malformed(other)),
        }
    }
    let mut document = document;
    if let Some(rule) = document
        .pointer_mut("/Rule/0")
        .and_then(Value::as_object_mut)
    {
        rule.entry("BucketKeyEnabled")
            .or_insert_with(|| json!("false"));
    }
    Ok(document)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Lifecycle {
    rule: Vec<LifecycleRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct LifecycleRule {
    #[serde(rename = "ID")]
    id: Option<String>,
    status: String,
    filter: Option<Value>,
    prefix: Option<Value>,
    expiration: Option<Value>,
    transition: Option<Value>,
    noncurrent_version_transition: Option<Value>,
    noncurrent_version_expiration: Option<Value>,
    abort_incomplete_multipart_upload: Option<Value>,
}

/// Checks a lifecycle configuration, and gives an id to each rule of it that has none.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html>
fn check_lifecycle(mut document: Value) -> Result<Value, ApiError> {
    let lifecycle: Lifecycle = read(&document)?;
    if !(1..=1000).contains(&lifecycle.rule.len()) {
        return Err(malformed("1 to 1000 rules"));
    }
    let mut ids = BTreeSet::new();
    for rule in &lifecycle.rule {
        if !["Enabled", "Disabled"].contains(&rule.status.as_str()) {
            return Err(malformed("Status"));
        }
        if rule.filter.is_some() == rule.prefix.is_some() {
            return Err(malformed("a rule has either a Filter or a Prefix"));
        }
        let actions = [
            &rule.expiration,
            &rule.transition,
            &rule.noncurrent_version_transition,
            &rule.noncurrent_version_expiration,
            &rule.abort_incomplete_multipart_upload,
        ];
        if actions.iter().all(|action| action.is_none()) {
            let message = "At least one action needs to be specified in a rule";
            return Err(ApiError::new("InvalidRequest", message));
        }
        let days = actions.iter().copied().flatten().filter_map(days);
        for days in days {
            if !days.parse::<u32>().is_ok_and(|days| days > 0) {
                return Err(invalid("'Days' must be a positive integer"));
            }
        }
        if rule
            .id
            .as_ref()
            .is_some_and(|id| id.len() > 255 || !ids.insert(id.clone()))
        {
            return Err(invalid("Rule ID must be unique"));
        }
    }
    let rules = document.get_mut("Rule").and_then(Value::as_array_mut);
    for (number, rule) in rules.into_iter().flatten().enumerate() {
        if let Some(rule) = rule.as_object_mut() {
            // AWS names what has no name.
            rule.entry("ID")
                .or_insert_with(|| json!(format!("rule-{number}")));
        }
    }
    Ok(document)
}

fn days(action: &Value) -> Option<&str> {
    let names = ["Days", "NoncurrentDays", "DaysAfterInitiation"];
    let days = names.into_iter().find_map(|name| action.get(name))?;
    Some(days.as_str().unwrap_or_default())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Tag {
    key: String,
    value: String,
}

/// The tags of a `TagSet`. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html>
pub(super) fn tags_in(set: &Value) -> Result<Strings, ApiError> {
    let bad = |message: &str| Err(ApiError::new("InvalidTag", message));
    let mut tags = Strings::new();
    for tag in set
        .get("Tag")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let tag: Tag = read(tag)?;
        let fits = (1..=128).contains(&tag.key.chars().count()) && tag.value.chars().count() <= 256;
        if !fits {
            return bad("The TagKey or TagValue you have provided is invalid");
        }
        if tag.key.starts_with("aws:") {
            return bad("System tags cannot be added/updated by requester");
        }
        if tags.insert(tag.key, tag.value).is_some() {
            return bad("Cannot provide multiple Tags with the same key");
        }
    }
    if tags.len() > 50 {
        return Err(ApiError::new(
            "BadRequest",
            "Bucket tag count cannot be greater than 50",
        ));
    }
    Ok(tags)
}
