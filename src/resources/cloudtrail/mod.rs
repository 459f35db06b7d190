//! CloudTrail: a trail of ours, and what other trails already record.

mod admission;
mod selectors;

use std::time::Duration;

use aws_sdk_cloudtrail::primitives::{DateTime, DateTimeFormat as Format};
use aws_sdk_cloudtrail::types::Tag;

use super::{Owner, STACK_TAG, Trail};
use crate::aws::{CallError, Cause, Clients, calls};
use crate::place::{AccountId, Arn, Region, StackName};

pub use admission::missing_statements;
pub use selectors::{Management, all_management_events, management};

/// A bucket policy takes a moment until CloudTrail sees it. Source: users' reports on CreateTrail.
const POLICY_DELAYS: [Duration; 3] = [
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// A trail of the account, ours or not.
#[derive(Debug, Clone, PartialEq)]
pub struct TrailFacts {
    /// Its ARN.
    pub arn: Arn,
    /// Where it can be changed.
    pub home: Region,
    /// Its canonical form. Of a trail whose selectors may not be read, they are null.
    pub trail: Trail,
    /// Whether it may not be looked into: whether it logs, or what it records, is not known.
    pub unknown: bool,
    /// Whose it is.
    pub owner: Owner,
    /// Why CloudTrail could not deliver log files of late, in its own code.
    pub delivery_error: Option<String>,
    /// When log files were last delivered, if they are not any more; ISO 8601.
    pub delivery_failing_since: Option<String>,
    /// When it was stopped, the last time that it was; ISO 8601.
    pub stopped_since: Option<String>,
}

/// Reads every trail that records something in a Region; `at` gives the clients of another.
pub(super) async fn read(
    region: &Region,
    at: impl Fn(&Region) -> Clients,
    stack: &StackName,
    account: &AccountId,
) -> Result<Vec<TrailFacts>, CallError> {
    let client = at(region).cloudtrail;
    let request = client.describe_trails().include_shadow_trails(true);
    let answer = calls::DESCRIBE_TRAILS.send("*", request.send()).await?;
    let mut trails = Vec::new();
    for listed in answer.trail_list() {
        let Some(arn) = listed.trail_arn().and_then(|arn| arn.parse::<Arn>().ok()) else {
            continue;
        };
        let home = listed.home_region().and_then(|home| home.parse().ok());
        let home: Region = home.unwrap_or_else(|| region.clone());
        // A trail tells of itself where it lives.
        let client = at(&home).cloudtrail;
        // An organization's trail is its management account's: members see that it is there, and get
        // various refusals when they look into it, `CloudTrailARNInvalidException` among them.
        let hidden = |error: &CallError| {
            arn.account() != account.as_str()
                && !matches!(
                    error.cause,
                    Cause::Network | Cause::Throttled | Cause::Expired | Cause::Clock
                )
        };
        let request = client.get_trail_status().name(arn.as_str());
        let status = calls::TRAIL_STATUS.send(arn.as_str(), request.send()).await;
        let status = match status {
            Ok(status) => Some(status),
            Err(error) if hidden(&error) => None,
            Err(error) if error.cause == Cause::NotFound => continue,
            Err(error) => return Err(error),
        };
        let request = client.get_event_selectors().trail_name(arn.as_str());
        let selectors = calls::GET_SELECTORS
            .send(arn.as_str(), request.send())
            .await;
        let organization = listed.is_organization_trail() == Some(true);
        let selectors = match selectors {
            Ok(answer) => selectors::canonical(&answer),
            Err(error) if hidden(&error) || (organization && error.cause == Cause::Denied) => {
                serde_json::Value::Null
            }
            Err(error) => return Err(error),
        };
        let owner = if arn.account() == account.as_str() {
            owner(&client, stack, &arn).await?
        } else {
            Owner::Nobody
        };
        let unknown = status.is_none() || selectors.is_null();
        let error = status.as_ref().and_then(|s| s.latest_delivery_error());
        let delivered = status.as_ref().and_then(|s| s.latest_delivery_time());
        let stopped = status.as_ref().and_then(|s| s.stop_logging_time());
        let time = |time: Option<&DateTime>| time?.fmt(Format::DateTime).ok();
        let some = |text: Option<&str>| text.filter(|t| !t.is_empty()).map(str::to_owned);
        trails.push(TrailFacts {
            arn,
            home,
            trail: Trail {
                name: listed.name().unwrap_or_default().to_owned(),
                bucket: listed.s3_bucket_name().unwrap_or_default().to_owned(),
                key_prefix: some(listed.s3_key_prefix()),
                organization,
                multi_region: listed.is_multi_region_trail() == Some(true),
                global_events: listed.include_global_service_events() == Some(true),
                validated: listed.log_file_validation_enabled() == Some(true),
                kms_key: some(listed.kms_key_id()),
                // What cannot be seen is not called a fault: `unknown` says so.
                logging: status.as_ref().is_none_or(|s| s.is_logging() == Some(true)),
                selectors,
            },
            unknown,
            owner,
            delivery_error: some(error),
            delivery_failing_since: time(delivered).filter(|_| some(error).is_some()),
            stopped_since: time(stopped),
        });
    }
    trails.sort_by(|a, b| a.arn.cmp(&b.arn));
    Ok(trails)
}

/// How many trails record a Region, those of other Regions included: all of them count against its quota.
///
/// # Errors
/// What AWS says.
pub async fn recording(clients: &Clients) -> Result<usize, CallError> {
    let request = clients.cloudtrail.describe_trails();
    let request = request.include_shadow_trails(true);
    let answer = calls::DESCRIBE_TRAILS.send("*", request.send()).await?;
    Ok(answer.trail_list().len())
}

async fn owner(
    client: &aws_sdk_cloudtrail::Client,
    stack: &StackName,
    arn: &Arn,
) -> Result<Owner, CallError> {
    let request = client.list_tags().resource_id_list(arn.as_str());
    let answer = calls::LIST_TRAIL_TAGS
        .send(arn.as_str(), request.send())
        .await?;
    let tags = answer.resource_tag_list().iter();
    let tag = tags
        .flat_map(|resource| resource.tags_list())
        .find(|tag| tag.key() == STACK_TAG);
    Ok(Owner::by_tag(tag.and_then(Tag::value), stack.as_str()))
}

/// Creates a trail, and starts it last: nothing is recorded before all else is as it should be.
pub(super) async fn create(
    client: &aws_sdk_cloudtrail::Client,
    stack: &StackName,
    trail: &Trail,
) -> Result<(), CallError> {
    let tag = Tag::builder().key(STACK_TAG).value(stack.as_str()).build();
    let tags = tag.ok().map(|tag| vec![tag]);
    let mut delays = POLICY_DELAYS.iter();
    loop {
        let request = client
            .create_trail()
            .name(&trail.name)
            .s3_bucket_name(&trail.bucket)
            .set_s3_key_prefix(trail.key_prefix.clone())
            .is_multi_region_trail(trail.multi_region)
            .set_is_organization_trail(trail.organization.then_some(true))
            .include_global_service_events(trail.global_events)
            .enable_log_file_validation(trail.validated)
            .set_kms_key_id(trail.kms_key.clone())
            .set_tags_list(tags.clone());
        let created = calls::CREATE_TRAIL.send(&trail.name, request.send()).await;
        match (created, delays.next()) {
            (Ok(_), _) => break,
            (Err(error), Some(delay))
                if error.code.as_deref() == Some("InsufficientS3BucketPolicyException") =>
            {
                tokio::time::sleep(*delay).await;
            }
            (Err(error), _) => return Err(error),
        }
    }
    put_selectors(client, trail).await?;
    start(client, trail).await
}

async fn put_selectors(
    client: &aws_sdk_cloudtrail::Client,
    trail: &Trail,
) -> Result<(), CallError> {
    let request = client
        .put_event_selectors()
        .trail_name(&trail.name)
        .set_event_selectors(Some(selectors::to_aws(&trail.selectors)));
    calls::PUT_SELECTORS
        .send(&trail.name, request.send())
        .await
        .map(drop)
}

async fn start(client: &aws_sdk_cloudtrail::Client, trail: &Trail) -> Result<(), CallError> {
    let request = client.start_logging().name(&trail.name);
    calls::START_LOGGING
        .send(&trail.name, request.send())
        .await
        .map(drop)
}

/// Turns a trail that is ours into what it should be.
pub(super) async fn update(
    client: &aws_sdk_cloudtrail::Client,
    before: &Trail,
    trail: &Trail,
) -> Result<(), CallError> {
    let own = |trail: &Trail| Trail {
        logging: true,
        selectors: serde_json::Value::Null,
        ..trail.clone()
    };
    if own(before) != own(trail) {
        let request = client
            .update_trail()
            .name(&trail.name)
            .s3_bucket_name(&trail.bucket)
            // An empty text takes a prefix or key away. Source: UpdateTrail.
            .s3_key_prefix(trail.key_prefix.clone().unwrap_or_default())
            .is_multi_region_trail(trail.multi_region)
            // Only whoever may make an organization's trail may say so.
            .set_is_organization_trail(
                (trail.organization != before.organization).then_some(trail.organization),
            )
            .include_global_service_events(trail.global_events)
            .enable_log_file_validation(trail.validated)
            .kms_key_id(trail.kms_key.clone().unwrap_or_default());
        calls::UPDATE_TRAIL
            .send(&trail.name, request.send())
            .await?;
    }
    if before.selectors != trail.selectors {
        put_selectors(client, trail).await?;
    }
    if trail.logging && !before.logging {
        start(client, trail).await?;
    }
    Ok(())
}

/// Deletes a trail; one that is gone already is fine. Its log files stay.
pub(super) async fn delete(
    client: &aws_sdk_cloudtrail::Client,
    name: &str,
) -> Result<(), CallError> {
    let request = client.delete_trail().name(name);
    super::gone_is_fine(
        calls::DELETE_TRAIL
            .send(name, request.send())
            .await
            .map(drop),
    )
}
