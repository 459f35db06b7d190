//! Lists: an account's buckets, and a bucket's objects.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::invalid;
use super::state::Bucket;
use crate::sandbox::clock::iso_millis;
use crate::sandbox::common::PAGE;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Buckets {
    prefix: Option<String>,
    bucket_region: Option<String>,
    max_buckets: Option<String>,
    continuation_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Objects {
    #[serde(rename = "BucketName")]
    _bucket: String,
    #[serde(rename = "ExpectedBucketOwner")]
    _owner: Option<String>,
    prefix: Option<String>,
    delimiter: Option<String>,
    max_keys: Option<String>,
    continuation_token: Option<String>,
    start_after: Option<String>,
    key_marker: Option<String>,
    #[serde(rename = "VersionIdMarker")]
    _version: Option<String>,
}

fn number(text: Option<&String>, name: &str) -> Result<Option<usize>, ApiError> {
    let bad = |_| {
        invalid(format!(
            "Provided {name} not an integer or within integer range"
        ))
    };
    text.map(|text| text.parse().map_err(bad)).transpose()
}

/// Where the buckets are is said only to those who ask for something in particular.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>
pub(super) fn buckets(world: &World, site: &Site, asked: &Buckets) -> Result<Value, ApiError> {
    let size = number(asked.max_buckets.as_ref(), "max-buckets")?;
    let plain = size.is_none() && asked.prefix.is_none() && asked.bucket_region.is_none();
    let meant =
        |wanted: &Option<String>, test: &dyn Fn(&str) -> bool| wanted.as_deref().is_none_or(test);
    let after = asked.continuation_token.as_deref().unwrap_or_default();
    let mut own: Vec<(&String, &Bucket)> = world
        .s3
        .buckets
        .iter()
        .filter(|(_, bucket)| bucket.account == site.account)
        .filter(|(name, _)| meant(&asked.prefix, &|prefix| name.starts_with(prefix)))
        .filter(|(_, b)| meant(&asked.bucket_region, &|region| b.region.as_str() == region))
        .filter(|(name, _)| name.as_str() > after)
        .collect();
    let size = size.unwrap_or(10_000).clamp(1, 10_000);
    let more = own.len() > size;
    own.truncate(size);
    let token = own.last().filter(|_| more).map(|(name, _)| name);
    let shown: Vec<Value> = own
        .iter()
        .map(|(name, bucket)| {
            let region = (!plain).then_some(&bucket.region);
            json!({"Name": name, "CreationDate": iso_millis(bucket.created),
                "BucketRegion": region})
        })
        .collect();
    Ok(json!({"ListAllMyBucketsResult": {
        "Owner": {"ID": site.account},
        "Buckets": {"Bucket": shown},
        "ContinuationToken": token,
        "Prefix": asked.prefix,
    }}))
}

/// One page of keys, and the last of them if there are more. Behind the first delimiter after the prefix they are
/// cut off: such keys are folders, each of which stands there once.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
fn keys<'b>(
    bucket: &'b Bucket,
    asked: &Objects,
    after: Option<&String>,
) -> Result<(Vec<&'b str>, usize, Option<&'b str>), ApiError> {
    let size = number(asked.max_keys.as_ref(), "max-keys")?.unwrap_or(PAGE);
    let prefix = asked.prefix.as_deref().unwrap_or_default();
    let delimiter = asked.delimiter.as_deref().filter(|given| !given.is_empty());
    let cut = |key: &'b String| {
        let end = delimiter.and_then(|delimiter| {
            let at = key.get(prefix.len()..)?.find(delimiter)?;
            Some(prefix.len() + at + delimiter.len())
        });
        end.and_then(|end| key.get(..end)).unwrap_or(key)
    };
    let mut keys: Vec<&str> = bucket
        .objects
        .iter()
        .filter(|key| key.starts_with(prefix))
        .map(cut)
        .filter(|key| after.is_none_or(|after| *key > after.as_str()))
        .collect();
    keys.dedup();
    let more = keys.len() > size;
    keys.truncate(size);
    let last = keys.last().copied().filter(|_| more);
    Ok((keys, size, last))
}

fn item(bucket: &Bucket, key: &str) -> Value {
    json!({"Key": key, "LastModified": iso_millis(bucket.created),
        "ETag": "\"d41d8cd98f00b204e9800998ecf8427e\"", "Size": 0, "StorageClass": "STANDARD"})
}

pub(super) fn objects(bucket: &Bucket, name: &str, asked: &Objects) -> Result<Value, ApiError> {
    let after = asked
        .continuation_token
        .as_ref()
        .or(asked.start_after.as_ref());
    let (keys, size, last) = keys(bucket, asked, after)?;
    let delimiter = asked.delimiter.as_deref().filter(|given| !given.is_empty());
    let prefix = asked.prefix.as_deref().unwrap_or_default();
    let (folders, objects): (Vec<&str>, Vec<&str>) = keys.into_iter().partition(|key| {
        let below = key.get(prefix.len()..).unwrap_or_default();
        delimiter.is_some_and(|delimiter| below.contains(delimiter))
    });
    let contents: Vec<Value> = objects.iter().map(|key| item(bucket, key)).collect();
    let folders: Vec<Value> = folders.iter().map(|key| json!({"Prefix": key})).collect();
    Ok(json!({"ListBucketResult": {
        "Name": name,
        "Prefix": asked.prefix,
        "Delimiter": asked.delimiter,
        "KeyCount": contents.len() + folders.len(),
        "MaxKeys": size,
        "IsTruncated": last.is_some(),
        "ContinuationToken": asked.continuation_token,
        "NextContinuationToken": last,
        "Contents": contents,
        "CommonPrefixes": folders,
    }}))
}

/// Every object has one version here.
pub(super) fn versions(bucket: &Bucket, name: &str, asked: &Objects) -> Result<Value, ApiError> {
    if asked.delimiter.is_some() {
        return Err(ApiError::unsupported("ListObjectVersions: `Delimiter`"));
    }
    let (keys, size, last) = keys(bucket, asked, asked.key_marker.as_ref())?;
    let versions: Vec<Value> = keys
        .iter()
        .map(|key| {
            let mut version = item(bucket, key);
            if let Some(fields) = version.as_object_mut() {
                fields.insert("VersionId".to_owned(), json!("null"));
                fields.insert("IsLatest".to_owned(), json!(true));
            }
            version
        })
        .collect();
    Ok(json!({"ListVersionsResult": {
        "Name": name,
        "Prefix": asked.prefix,
        "KeyMarker": asked.key_marker,
        "MaxKeys": size,
        "IsTruncated": last.is_some(),
        "NextKeyMarker": last,
        "NextVersionIdMarker": last.map(|_| "null"),
        "Version": versions,
    }}))
}
