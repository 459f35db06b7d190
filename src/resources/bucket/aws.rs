//! How S3 reads and writes the bucket of a trail's log files.

use aws_sdk_s3::types;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value, json};

use super::{Bucket, Step, fresh, nothing, steps};
use crate::aws::{CallError, Cause, Clients, all_pages, calls};
use crate::place::{Place, Region, StackName};
use crate::resources::aws::creation::Creation;
use crate::resources::model::{Owner, STACK_TAG};
use crate::resources::resource::{Live, Resource};
use crate::resources::{names, policy};

/// How many buckets are read at once.
const CONCURRENCY: usize = 4;

/// Reads the log buckets whose names are ours, and `wanted` whoever owns it.
pub(crate) async fn read(
    client: &aws_sdk_s3::Client,
    stack: &StackName,
    home: &Place,
    wanted: Option<&str>,
) -> Result<Vec<Live>, CallError> {
    let prefix = format!("{}logs-", names::prefix(stack));
    let listed = all_pages(|token| async move {
        let request = client.list_buckets().max_buckets(1000);
        let request = request.set_continuation_token(token);
        let page = calls::LIST_BUCKETS.send("*", request.send()).await?;
        Ok((page.buckets.unwrap_or_default(), page.continuation_token))
    });
    let found = listed.await?.into_iter().filter_map(|bucket| {
        let name = bucket.name?;
        let is_meant = name.starts_with(&prefix) || Some(name.as_str()) == wanted;
        is_meant.then_some((name, bucket.bucket_region))
    });
    let found: Vec<(String, Option<String>)> = found.collect();
    let mut live: Vec<Live> = stream::iter(found)
        .map(|(name, region)| {
            // What the rules file names is ours as well as what is named after it.
            let is_named =
                Some(name.as_str()) == wanted || names::is_log_bucket(stack, home.account(), &name);
            one(client, (stack, is_named), home, name, region)
        })
        .buffer_unordered(CONCURRENCY)
        .try_collect::<Vec<Option<Live>>>()
        .await?
        .into_iter()
        .flatten()
        .collect();
    if let Some(name) = wanted
        && !live.iter().any(|live| live.key.name == name)
        && exists(client, name).await?
    {
        let unseen = Resource::Bucket(nothing(name));
        live.push(Live::new(home, unseen, Owner::Stranger, None));
    }
    Ok(live)
}

/// Whether anybody in the whole of AWS has a bucket of that name.
async fn exists(client: &aws_sdk_s3::Client, name: &str) -> Result<bool, CallError> {
    let request = client.head_bucket().bucket(name);
    match calls::HEAD_BUCKET.send(name, request.send()).await {
        Ok(_) => Ok(true),
        Err(error) if error.cause == Cause::NotFound => Ok(false),
        // HEAD answers have no body: a refusal, or a hint to another Region, says that it is there.
        // 400 is one too, from a Region that asks in vain. Source: HeadBucket; users' reports.
        Err(error) if matches!(error.status, Some(301 | 307 | 400 | 403)) => Ok(true),
        Err(error) => Err(error),
    }
}

/// A configuration that S3 reports as an error where there is none.
fn if_any<T>(answer: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error)
            if error
                .code
                .as_deref()
                .is_some_and(|code| NONE.contains(&code)) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Source: S3 API reference, list of error codes.
const NONE: &[&str] = &[
    "NoSuchTagSet",
    "NoSuchBucketPolicy",
    "NoSuchPublicAccessBlockConfiguration",
    "ServerSideEncryptionConfigurationNotFoundError",
    "OwnershipControlsNotFoundError",
    "NoSuchLifecycleConfiguration",
];

/// One bucket of the caller's account; `None` if it went away since it was listed.
async fn one(
    client: &aws_sdk_s3::Client,
    (stack, is_named): (&StackName, bool),
    home: &Place,
    name: String,
    region: Option<String>,
) -> Result<Option<Live>, CallError> {
    let place = match region.as_deref().and_then(|name| name.parse().ok()) {
        Some(region) => Place::Regional {
            account: home.account().clone(),
            region,
        },
        None => home.clone(),
    };
    let client = &in_region(client, region);
    let request = client.get_bucket_tagging().bucket(&name);
    let tags = match if_any(calls::GET_BUCKET_TAGS.send(&name, request.send()).await) {
        Ok(tags) => tags,
        Err(error) if error.cause == Cause::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let tags = tags.map(|tags| tags.tag_set).unwrap_or_default();
    let tag = tags.iter().find(|tag| tag.key() == STACK_TAG);
    let owner = Owner::of(tag.map(types::Tag::value), stack, is_named);
    let bucket = match configuration(client, &name).await {
        // Somebody's own bucket is looked at to say what its policy lacks; if it may not be read, that is
        // said when it matters.
        Err(error) if error.cause == Cause::Denied && owner != Owner::Ours => nothing(&name),
        found => found?,
    };
    let resource = Resource::Bucket(bucket);
    Ok(Some(Live::new(&place, resource, owner, None)))
}

/// Buckets answer in their own Region only.
fn in_region(client: &aws_sdk_s3::Client, region: Option<String>) -> aws_sdk_s3::Client {
    match region {
        None => client.clone(),
        Some(region) => {
            let region = aws_sdk_s3::config::Region::new(region);
            let config = client.config().to_builder().region(region).build();
            aws_sdk_s3::Client::from_conf(config)
        }
    }
}

fn stored(policy: Option<String>) -> Value {
    let document = policy.and_then(|text| serde_json::from_str(&text).ok());
    document.map_or(Value::Null, |document| policy::canonical(&document))
}

async fn configuration(client: &aws_sdk_s3::Client, name: &str) -> Result<Bucket, CallError> {
    let request = client.get_bucket_policy().bucket(name);
    let policy = if_any(calls::GET_BUCKET_POLICY.send(name, request.send()).await)?;
    let request = client.get_public_access_block().bucket(name);
    let access = if_any(calls::GET_PUBLIC_ACCESS.send(name, request.send()).await)?;
    let request = client.get_bucket_encryption().bucket(name);
    let encryption = if_any(
        calls::GET_BUCKET_ENCRYPTION
            .send(name, request.send())
            .await,
    )?;
    let request = client.get_bucket_ownership_controls().bucket(name);
    let ownership = if_any(calls::GET_BUCKET_OWNERSHIP.send(name, request.send()).await)?;
    let request = client.get_bucket_versioning().bucket(name);
    let versioning = calls::GET_BUCKET_VERSIONING
        .send(name, request.send())
        .await?;
    let request = client.get_bucket_lifecycle_configuration().bucket(name);
    let lifecycle = if_any(calls::GET_BUCKET_LIFECYCLE.send(name, request.send()).await)?;
    let on = |switch: Option<bool>| switch == Some(true);
    let access = access.and_then(|answer| answer.public_access_block_configuration);
    let rule = encryption
        .and_then(|answer| answer.server_side_encryption_configuration)
        .and_then(|configuration| configuration.rules.into_iter().next())
        .and_then(|rule| rule.apply_server_side_encryption_by_default);
    let owner = ownership
        .and_then(|answer| answer.ownership_controls)
        .and_then(|controls| controls.rules.into_iter().next());
    Ok(Bucket {
        name: name.to_owned(),
        policy: stored(policy.and_then(|answer| answer.policy)),
        public_access_blocked: access.is_some_and(|a| {
            on(a.block_public_acls)
                && on(a.ignore_public_acls)
                && on(a.block_public_policy)
                && on(a.restrict_public_buckets)
        }),
        encryption: rule
            .map(|rule| rule.sse_algorithm.as_str().to_owned())
            .unwrap_or_default(),
        ownership: owner
            .map(|rule| rule.object_ownership.as_str().to_owned())
            .unwrap_or_default(),
        versioned: versioning.status() == Some(&types::BucketVersioningStatus::Enabled),
        lifecycle: lifecycle.map_or(Value::Null, |answer| lifecycle_of(answer.rules())),
    })
}

/// What we say and understand of lifecycle rules; of another's rule enough to show that it is not ours.
fn lifecycle_of(rules: &[types::LifecycleRule]) -> Value {
    let rules = rules.iter().map(|rule| {
        let mut fields = Map::new();
        fields.insert("status".to_owned(), json!(rule.status().as_str()));
        let days = |days: Option<i32>| days.map(|days| json!(days));
        let parts = [
            ("id", rule.id().map(|id| json!(id))),
            ("prefix", prefix_of(rule).map(|prefix| json!(prefix))),
            ("narrowed", is_narrowed(rule).then(|| json!(true))),
            (
                "newer_versions_kept",
                rule.noncurrent_version_expiration()
                    .and_then(|e| days(e.newer_noncurrent_versions())),
            ),
            (
                "expire_days",
                rule.expiration().and_then(|e| days(e.days())),
            ),
            (
                "expire_old_versions_days",
                rule.noncurrent_version_expiration()
                    .and_then(|e| days(e.noncurrent_days())),
            ),
            (
                "abort_uploads_days",
                rule.abort_incomplete_multipart_upload()
                    .and_then(|a| days(a.days_after_initiation())),
            ),
        ];
        for (name, value) in parts {
            if let Some(value) = value {
                fields.insert(name.to_owned(), value);
            }
        }
        let moves = rule.transitions().len() + rule.noncurrent_version_transitions().len();
        if moves > 0 {
            fields.insert("transitions".to_owned(), json!(moves));
        }
        Value::Object(fields)
    });
    let mut rules: Vec<Value> = rules.collect();
    rules.sort_by_key(Value::to_string);
    json!(rules)
}

fn prefix_of(rule: &types::LifecycleRule) -> Option<&str> {
    let prefix = rule.filter().and_then(|filter| filter.prefix());
    prefix.filter(|prefix| !prefix.is_empty())
}

/// Whether a rule is limited by something else than a prefix in its filter, as ours never is.
#[expect(deprecated, reason = "old rules have their prefix beside the filter")]
fn is_narrowed(rule: &types::LifecycleRule) -> bool {
    let beside = rule.prefix().is_some_and(|prefix| !prefix.is_empty());
    let filtered = rule.filter().is_some_and(|filter| {
        filter.tag().is_some()
            || filter.and().is_some()
            || filter.object_size_greater_than().is_some()
            || filter.object_size_less_than().is_some()
    });
    beside || filtered
}

/// Creates a bucket with everything it is. It is ours from its first moment: a run that is cut off finds
/// it again by its tag.
pub(crate) async fn create(at: &Creation<'_>, bucket: &Bucket) -> Result<(), CallError> {
    let (client, stack, place) = (&at.clients.s3, at.stack, at.place);
    let tag = types::Tag::builder()
        .key(STACK_TAG)
        .value(stack.as_str())
        .build();
    // us-east-1 is the one Region that must not be named. Source: CreateBucket, LocationConstraint.
    let constraint = region_of(place)
        .filter(|region| region.as_str() != "us-east-1")
        .map(|region| types::BucketLocationConstraint::from(region.as_str()));
    let configuration = types::CreateBucketConfiguration::builder()
        .set_location_constraint(constraint)
        .set_tags(tag.ok().map(|tag| vec![tag]))
        .build();
    let request = client
        .create_bucket()
        .bucket(&bucket.name)
        .object_ownership(types::ObjectOwnership::from(bucket.ownership.as_str()))
        .create_bucket_configuration(configuration);
    calls::CREATE_BUCKET
        .send(&bucket.name, request.send())
        .await?;
    take(client, bucket, steps(&fresh(bucket), bucket)).await
}

fn region_of(place: &Place) -> Option<&Region> {
    match place {
        Place::Regional { region, .. } => Some(region),
        Place::Global { .. } => None,
    }
}

pub(crate) async fn update(
    clients: &Clients,
    _: &str,
    before: &Bucket,
    bucket: &Bucket,
) -> Result<(), CallError> {
    take(&clients.s3, bucket, steps(before, bucket)).await
}

/// Carries out the steps towards a bucket.
async fn take(
    client: &aws_sdk_s3::Client,
    bucket: &Bucket,
    steps: Vec<Step>,
) -> Result<(), CallError> {
    let name = bucket.name.as_str();
    for step in steps {
        match step {
            Step::PublicAccess => {
                let all = types::PublicAccessBlockConfiguration::builder()
                    .block_public_acls(true)
                    .ignore_public_acls(true)
                    .block_public_policy(true)
                    .restrict_public_buckets(true)
                    .build();
                let request = client
                    .put_public_access_block()
                    .bucket(name)
                    .public_access_block_configuration(all);
                calls::PUT_PUBLIC_ACCESS.send(name, request.send()).await?;
            }
            Step::Ownership => {
                let rule = types::OwnershipControlsRule::builder()
                    .object_ownership(types::ObjectOwnership::from(bucket.ownership.as_str()))
                    .build();
                let controls = types::OwnershipControls::builder()
                    .set_rules(rule.ok().map(|rule| vec![rule]))
                    .build();
                let request = client
                    .put_bucket_ownership_controls()
                    .bucket(name)
                    .set_ownership_controls(controls.ok());
                calls::PUT_BUCKET_OWNERSHIP
                    .send(name, request.send())
                    .await?;
            }
            Step::Encryption => {
                let algorithm = types::ServerSideEncryption::from(bucket.encryption.as_str());
                let default = types::ServerSideEncryptionByDefault::builder()
                    .sse_algorithm(algorithm)
                    .build();
                let rule = types::ServerSideEncryptionRule::builder()
                    .set_apply_server_side_encryption_by_default(default.ok())
                    .build();
                let configuration = types::ServerSideEncryptionConfiguration::builder()
                    .rules(rule)
                    .build();
                let request = client
                    .put_bucket_encryption()
                    .bucket(name)
                    .set_server_side_encryption_configuration(configuration.ok());
                calls::PUT_BUCKET_ENCRYPTION
                    .send(name, request.send())
                    .await?;
            }
            Step::Versioning => {
                let configuration = types::VersioningConfiguration::builder()
                    .status(types::BucketVersioningStatus::Enabled)
                    .build();
                let request = client
                    .put_bucket_versioning()
                    .bucket(name)
                    .versioning_configuration(configuration);
                calls::PUT_BUCKET_VERSIONING
                    .send(name, request.send())
                    .await?;
            }
            Step::Lifecycle => {
                put_lifecycle(client, name, &bucket.lifecycle).await?;
            }
            Step::Policy => {
                let request = client
                    .put_bucket_policy()
                    .bucket(name)
                    .policy(bucket.policy.to_string());
                calls::PUT_BUCKET_POLICY.send(name, request.send()).await?;
            }
        }
    }
    Ok(())
}

async fn put_lifecycle(
    client: &aws_sdk_s3::Client,
    name: &str,
    wanted: &Value,
) -> Result<(), CallError> {
    let days = |rule: &Value, field: &str| {
        let days = rule.get(field).and_then(Value::as_i64);
        days.and_then(|days| i32::try_from(days).ok())
    };
    let text = |rule: &Value, field: &str| {
        let text = rule.get(field).and_then(Value::as_str);
        text.map(str::to_owned)
    };
    let rules = wanted.as_array().into_iter().flatten().filter_map(|rule| {
        let expiration = days(rule, "expire_days")
            .map(|days| types::LifecycleExpiration::builder().days(days).build());
        let old = days(rule, "expire_old_versions_days").map(|days| {
            types::NoncurrentVersionExpiration::builder()
                .noncurrent_days(days)
                .build()
        });
        let uploads = days(rule, "abort_uploads_days").map(|days| {
            types::AbortIncompleteMultipartUpload::builder()
                .days_after_initiation(days)
                .build()
        });
        types::LifecycleRule::builder()
            .set_id(text(rule, "id"))
            .status(types::ExpirationStatus::from(
                text(rule, "status").unwrap_or_default().as_str(),
            ))
            .filter(
                types::LifecycleRuleFilter::builder()
                    .prefix(text(rule, "prefix").unwrap_or_default())
                    .build(),
            )
            .set_expiration(expiration)
            .set_noncurrent_version_expiration(old)
            .set_abort_incomplete_multipart_upload(uploads)
            .build()
            .ok()
    });
    let configuration = types::BucketLifecycleConfiguration::builder()
        .set_rules(Some(rules.collect()))
        .build();
    let request = client
        .put_bucket_lifecycle_configuration()
        .bucket(name)
        .set_lifecycle_configuration(configuration.ok());
    calls::PUT_BUCKET_LIFECYCLE
        .send(name, request.send())
        .await
        .map(drop)
}

/// Adds our tag to a bucket. PutBucketTagging replaces all tags, so the others are written again.
pub(crate) async fn adopt(
    clients: &Clients,
    stack: &StackName,
    _: &str,
    bucket: &Bucket,
) -> Result<(), CallError> {
    let (client, name) = (&clients.s3, bucket.name.as_str());
    let request = client.get_bucket_tagging().bucket(name);
    let tags = if_any(calls::GET_BUCKET_TAGS.send(name, request.send()).await)?;
    let ours = types::Tag::builder().key(STACK_TAG).value(stack.as_str());
    let tags = tags.map(|tags| tags.tag_set).unwrap_or_default();
    let others = tags.into_iter().filter(|tag| tag.key() != STACK_TAG);
    let tags = others.chain(ours.build().ok()).collect();
    let tagging = types::Tagging::builder().set_tag_set(Some(tags)).build();
    let request = client
        .put_bucket_tagging()
        .bucket(name)
        .set_tagging(tagging.ok());
    let tagged = calls::PUT_BUCKET_TAGS.send(name, request.send()).await;
    tagged.map(drop)
}

/// One with log files in it is refused by S3.
pub(crate) async fn delete(clients: &Clients, _: &str, bucket: &Bucket) -> Result<(), CallError> {
    let request = clients.s3.delete_bucket().bucket(&bucket.name);
    let deleted = calls::DELETE_BUCKET
        .send(&bucket.name, request.send())
        .await;
    deleted.map(drop)
}
