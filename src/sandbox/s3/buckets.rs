//! S3: buckets, made and found.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::name_of;
use super::settings;
use super::state::Bucket;
use crate::place::Region;
use crate::sandbox::account::regions;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// Where a bucket is whose creator names no place.
const DEFAULT_REGION: &str = "us-east-1";

/// The bucket that is meant, if this is its Region.
pub(super) fn bucket<'w>(
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
    let bucket = world
        .s3
        .buckets
        .get_mut(name_of(value))
        .ok_or_else(missing)?;
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
pub(super) struct Create {
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

/// Whether a bucket may have the name.
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
            let enabled = regions::enabled(world, &site.account).contains(&region);
            if enabled { Ok(region) } else { Err(invalid()) }
        }
        Some(name) => Err(illegal(name)),
    }
}

pub(super) fn create(world: &mut World, site: &Site, create: Create) -> Result<Value, ApiError> {
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
    if let Some(there) = world.s3.buckets.get(&name) {
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
    world.s3.buckets.insert(name, bucket);
    Ok(answer)
}

/// Gives a bucket of that name to another account.
pub(crate) fn own_elsewhere(world: &mut World, name: &str) {
    let owner = if world.account.as_str() == "999999999999" {
        "999999999998"
    } else {
        "999999999999"
    };
    let (Ok(owner), Ok(region)) = (owner.parse(), DEFAULT_REGION.parse()) else {
        return;
    };
    let bucket = Bucket::new(owner, region, world.now());
    world.s3.buckets.insert(name.to_owned(), bucket);
}

/// Deletes a bucket that is empty.
pub(super) fn delete(world: &mut World, site: &Site, input: &Value) -> Result<Value, ApiError> {
    let bucket = bucket(world, site, "DeleteBucket", input)?;
    if !bucket.objects.is_empty() {
        let message = "The bucket you tried to delete is not empty";
        return Err(ApiError::with_status(409, "BucketNotEmpty", message));
    }
    world.s3.buckets.remove(name_of(input));
    Ok(json!({}))
}

/// Where a bucket is; us-east-1 has no name there.
pub(super) fn place(bucket: &Bucket) -> Value {
    json!({"LocationConstraint": match bucket.region.as_str() {
        DEFAULT_REGION => "",
        region => region,
    }})
}
