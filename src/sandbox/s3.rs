//! S3: buckets. What is configured on them is in `settings`, what is in them in `listing`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::policy::{Decision, Policy, Request, Who};
use super::wire::{ApiError, input};
use super::world::{Bucket, Site, World};
use crate::place::{AccountId, Region};

mod listing;
mod permissions;
mod settings;

pub(super) use permissions::{event_name, needs};

/// Where a bucket is whose creator names no place.
const DEFAULT_REGION: &str = "us-east-1";

pub(crate) fn handle(
    world: &mut World,
    site: &Site,
    operation: &str,
    value: Value,
) -> Result<Value, ApiError> {
    match operation {
        "ListBuckets" => return listing::buckets(world, site, &read(operation, value)?),
        "CreateBucket" => return create(world, site, read(operation, value)?),
        _ => {}
    }
    let name = name_of(&value).to_owned();
    let bucket = bucket(world, site, operation, &value)?;
    match operation {
        "HeadBucket" => Ok(json!({"BucketRegion": bucket.region})),
        "GetBucketLocation" => Ok(json!({"LocationConstraint": match bucket.region.as_str() {
            DEFAULT_REGION => "",
            region => region,
        }})),
        "ListObjectsV2" => listing::objects(bucket, &name, &read(operation, value)?),
        "ListObjectVersions" => listing::versions(bucket, &name, &read(operation, value)?),
        "DeleteBucket" if !bucket.objects.is_empty() => Err(ApiError::with_status(
            409,
            "BucketNotEmpty",
            "The bucket you tried to delete is not empty",
        )),
        "DeleteBucket" => {
            world.buckets.remove(&name);
            Ok(json!({}))
        }
        _ => settings::handle(bucket, &name, operation, value),
    }
}

fn read<T: serde::de::DeserializeOwned>(operation: &str, value: Value) -> Result<T, ApiError> {
    input(operation, value).map_err(|error| match error.code.as_str() {
        "ValidationException" => malformed(&error.message),
        _ => error,
    })
}

fn malformed(reason: &str) -> ApiError {
    let known =
        "The XML you provided was not well-formed or did not validate against our published schema";
    ApiError::new("MalformedXML", format!("{known}: {reason}"))
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidArgument", message)
}

fn name_of(value: &Value) -> &str {
    let name = value.get("BucketName").and_then(Value::as_str);
    name.unwrap_or_default()
}

/// The bucket that is meant, if this is its Region.
fn bucket<'w>(
    world: &'w mut World,
    site: &Site,
    operation: &str,
    value: &Value,
) -> Result<&'w mut Bucket, ApiError> {
    let missing = || match operation {
        // The answer to HEAD has no body, and its status no other name.
        "HeadBucket" => ApiError::with_status(404, "NotFound", "Not Found"),
        _ => ApiError::with_status(404, "NoSuchBucket", "The specified bucket does not exist"),
    };
    let bucket = world.buckets.get_mut(name_of(value)).ok_or_else(missing)?;
    let expected = value.get("ExpectedBucketOwner").and_then(Value::as_str);
    if expected.is_some_and(|owner| owner != bucket.account.as_str()) {
        return Err(ApiError::with_status(403, "AccessDenied", "Access Denied"));
    }
    // us-east-1 says of every bucket where it is.
    let asked_where = operation == "GetBucketLocation" && site.region.as_str() == DEFAULT_REGION;
    if bucket.region != site.region && !asked_where {
        let message = "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.";
        let mut error = ApiError::with_status(301, "PermanentRedirect", message);
        error.bucket_region = Some(bucket.region.to_string());
        return Err(error);
    }
    Ok(bucket)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Create {
    bucket_name: String,
    create_bucket_configuration: Option<Configuration>,
    object_ownership: Option<String>,
    #[serde(rename = "ACL")]
    acl: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Configuration {
    location_constraint: Option<String>,
    tags: Option<Value>,
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn name_is_valid(name: &str) -> bool {
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = name.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|b| plain(b) || b".-".contains(b))
        && bytes.first().is_some_and(plain)
        && bytes.last().is_some_and(plain)
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
}

/// Where the bucket will be. us-east-1 is never named; another Region must be, and its own
/// endpoint takes no other.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>
fn location(world: &World, site: &Site, constraint: Option<&str>) -> Result<Region, ApiError> {
    let illegal = |what: &str| {
        let message = format!(
            "The {what} location constraint is incompatible for the region specific endpoint this request was sent to."
        );
        ApiError::new("IllegalLocationConstraintException", message)
    };
    let invalid = || {
        let message = "The specified location-constraint is not valid";
        ApiError::new("InvalidLocationConstraint", message)
    };
    match constraint {
        None if site.region.as_str() == DEFAULT_REGION => Ok(site.region.clone()),
        None => Err(illegal("unspecified")),
        Some(DEFAULT_REGION) => Err(invalid()),
        Some(name) if name == site.region.as_str() || site.region.as_str() == DEFAULT_REGION => {
            let region: Region = name.parse().map_err(|_| invalid())?;
            let enabled = world.enabled_regions(&site.account).contains(&region);
            if enabled { Ok(region) } else { Err(invalid()) }
        }
        Some(name) => Err(illegal(name)),
    }
}

fn create(world: &mut World, site: &Site, create: Create) -> Result<Value, ApiError> {
    let name = create.bucket_name;
    if !name_is_valid(&name) {
        let message = "The specified bucket is not valid.";
        return Err(ApiError::new("InvalidBucketName", message));
    }
    if let Some(acl) = create.acl.filter(|acl| acl != "private") {
        return Err(ApiError::unsupported(format_args!("bucket ACL `{acl}`")));
    }
    let configuration = create.create_bucket_configuration.unwrap_or_default();
    let region = location(world, site, configuration.location_constraint.as_deref())?;
    let taken = |code: &str, message: &str| Err(ApiError::with_status(409, code, message));
    let answer = json!({
        "Location": format!("/{name}"),
        "BucketArn": format!("arn:{}:s3:::{name}", region.partition()),
    });
    if let Some(there) = world.buckets.get(&name) {
        let own = there.account == site.account;
        // Creating it again in us-east-1 has always succeeded there.
        if own && there.region == region && region.as_str() == DEFAULT_REGION {
            return Ok(answer);
        }
        return if own {
            let message = "Your previous request to create the named bucket succeeded and you already own it.";
            taken("BucketAlreadyOwnedByYou", message)
        } else {
            taken(
                "BucketAlreadyExists",
                "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
            )
        };
    }
    let mut bucket = Bucket::new(site.account.clone(), region, world.now());
    if let Some(ownership) = create.object_ownership {
        bucket.ownership = Some(json!({"Rule": [{"ObjectOwnership": ownership}]}));
    }
    if let Some(tags) = configuration.tags {
        bucket.tags = settings::tags_in(&tags)?;
    }
    world.buckets.insert(name, bucket);
    Ok(answer)
}

/// The bucket that an ARN is about: its own, or an object's.
fn at_arn<'w>(world: &'w World, arn: &str) -> Option<&'w Bucket> {
    let (_, path) = arn.split_once(":s3:::")?;
    world.buckets.get(path.split('/').next()?)
}

/// The policy that speaks about a bucket or its objects.
pub(super) fn policy_of(world: &World, arn: &str) -> Option<String> {
    at_arn(world, arn)?.policy.clone()
}

impl World {
    /// The account that owns something; `None` for what is not there or is always the caller's.
    /// A bucket can be created by whoever comes first, so its name alone belongs to nobody. Trails
    /// and what belongs to an organization have rules of their own.
    pub(super) fn owner(&self, arn: &str) -> Option<AccountId> {
        let mut parts = arn.split(':').skip(2);
        match parts.next()? {
            "s3" => at_arn(self, arn).map(|bucket| bucket.account.clone()),
            "iam" | "kms" | "sns" | "sqs" | "events" => parts.nth(1)?.parse().ok(),
            _ => None,
        }
    }
}

/// Another account has the name.
pub(super) fn own_elsewhere(world: &mut World, name: &str) {
    let owner = if world.account.as_str() == "999999999999" {
        "999999999998"
    } else {
        "999999999999"
    };
    let (Ok(owner), Ok(region)) = (owner.parse(), DEFAULT_REGION.parse()) else {
        return;
    };
    let bucket = Bucket::new(owner, region, world.now());
    world.buckets.insert(name.to_owned(), bucket);
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
            encryption: Some(settings::default_encryption()),
            ownership: Some(json!({"Rule": [{"ObjectOwnership": "BucketOwnerEnforced"}]})),
            versioning: None,
            lifecycle: None,
            tags: BTreeMap::new(),
            objects: BTreeSet::new(),
        }
    }
}

/// Whether a bucket's policy lets an AWS service do this, as CloudTrail asks before it writes.
/// `context` holds condition keys in lower case; that services talk TLS is filled in. A bucket
/// that does not exist, or has no policy, lets nobody in.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>
#[allow(dead_code)] // CloudTrail asks it.
pub(super) fn bucket_lets(
    world: &World,
    bucket: &str,
    service: &str,
    action: &str,
    resource: &str,
    mut context: BTreeMap<&'static str, String>,
) -> bool {
    context
        .entry("aws:securetransport")
        .or_insert_with(|| "true".to_owned());
    let request = Request {
        who: Who::Service(service),
        action,
        resource,
        context,
    };
    let policy = world.buckets.get(bucket).and_then(|b| b.policy.as_ref());
    policy
        .and_then(|text| Policy::parse(text).ok())
        .is_some_and(|policy| policy.decide(&request) == Decision::Allow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::clock::Clock;

    #[test]
    fn a_bucket_lets_the_trail_in_that_its_policy_names_and_no_other() {
        let account: crate::place::AccountId = "111122223333".parse().unwrap();
        let region: crate::place::Region = "us-east-1".parse().unwrap();
        let mut world = World::new(account.clone(), region.clone(), Clock::FIXED);
        let trail = "arn:aws:cloudtrail:us-east-1:111122223333:trail/t";
        let object = "arn:aws:s3:::logs/AWSLogs/111122223333/*";
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
                "Action": "s3:PutObject", "Resource": object,
                "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control",
                    "aws:SourceArn": trail}}},
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ]});
        let mut bucket = Bucket::new(account, region, 0);
        bucket.policy = Some(policy.to_string());
        world.buckets.insert("logs".to_owned(), bucket);
        let asks = |bucket: &str, trail: &str| {
            let context = BTreeMap::from([
                ("aws:sourcearn", trail.to_owned()),
                ("s3:x-amz-acl", "bucket-owner-full-control".to_owned()),
            ]);
            let service = "cloudtrail.amazonaws.com";
            bucket_lets(&world, bucket, service, "s3:PutObject", object, context)
        };
        assert!(asks("logs", trail));
        assert!(!asks(
            "logs",
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/other"
        ));
        assert!(!asks("elsewhere", trail));
    }
}
