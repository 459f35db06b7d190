//! CloudTrail: trails, what they log, and whether they do; the event history.

use serde::Deserialize;
use serde_json::{Value, json};

use super::clock::iso;
use super::wire::{ApiError, input};
use super::world::{Site, Trail, TrailSettings, World};
use crate::place::Region;

pub(super) mod access;
pub(super) mod bucket;
pub(super) mod find;
pub(super) mod history;
mod key;
mod organization;
pub(crate) mod selectors;
mod tags;

use find::trail_arn;

/// Trails per Region, shadows of multi-Region trails included.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>
const TRAILS: usize = 5;
/// How many trails or tagged trails a page holds: few, so that paging is exercised.
const PAGE: usize = 3;

pub(crate) fn handle(
    world: &mut World,
    site: &Site,
    operation: &str,
    value: Value,
) -> Result<Value, ApiError> {
    match operation {
        "CreateTrail" => create(world, site, input(operation, value)?),
        "UpdateTrail" => update(world, site, input(operation, value)?),
        "DeleteTrail" => delete(world, site, &input(operation, value)?),
        "GetTrail" => get(world, site, &input(operation, value)?),
        "DescribeTrails" => describe(world, site, &input(operation, value)?),
        "ListTrails" => list(world, site, &input(operation, value)?),
        "GetTrailStatus" => status(world, site, &input(operation, value)?),
        "StartLogging" => set_logging(world, site, &input(operation, value)?, true),
        "StopLogging" => set_logging(world, site, &input(operation, value)?, false),
        "PutEventSelectors" => selectors::put(world, site, input(operation, value)?),
        "GetEventSelectors" => selectors::get(world, site, &input(operation, value)?),
        "LookupEvents" => history::look_up(world, site, &input(operation, value)?),
        "AddTags" => tags::add(world, site, input(operation, value)?),
        "RemoveTags" => tags::remove(world, site, &input(operation, value)?),
        "ListTags" => tags::list(world, site, &input(operation, value)?),
        _ => Err(ApiError::unsupported(operation)),
    }
}

fn error(code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(code, message)
}

/// What CreateTrail and UpdateTrail are given besides the name.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Given {
    name: String,
    s3_bucket_name: Option<String>,
    s3_key_prefix: Option<String>,
    sns_topic_name: Option<String>,
    include_global_service_events: Option<bool>,
    is_multi_region_trail: Option<bool>,
    enable_log_file_validation: Option<bool>,
    cloud_watch_logs_log_group_arn: Option<String>,
    cloud_watch_logs_role_arn: Option<String>,
    kms_key_id: Option<String>,
    is_organization_trail: Option<bool>,
    #[serde(default)]
    tags_list: Vec<super::events::Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Describe {
    #[serde(default)]
    trail_name_list: Vec<String>,
    include_shadow_trails: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Page {
    next_token: Option<String>,
}

impl Given {
    /// The settings as they are with what was given laid over them.
    fn over(self, old: Option<&TrailSettings>) -> Result<TrailSettings, ApiError> {
        let text = |given: Option<String>, old: Option<&String>| match given {
            // An empty string removes what was set.
            Some(text) if text.is_empty() => None,
            Some(text) => Some(text),
            None => old.cloned(),
        };
        let bucket = text(self.s3_bucket_name, old.map(|o| &o.bucket)).ok_or_else(|| {
            let message = "S3 bucket name cannot be blank!";
            error("InvalidS3BucketNameException", message)
        })?;
        let settings = TrailSettings {
            bucket,
            prefix: text(self.s3_key_prefix, old.and_then(|o| o.prefix.as_ref())),
            topic: text(self.sns_topic_name, old.and_then(|o| o.topic.as_ref())),
            global_services: self
                .include_global_service_events
                .unwrap_or(old.is_none_or(|o| o.global_services)),
            multi_region: self
                .is_multi_region_trail
                .unwrap_or(old.is_some_and(|o| o.multi_region)),
            organization: self
                .is_organization_trail
                .unwrap_or(old.is_some_and(|o| o.organization)),
            validation: self
                .enable_log_file_validation
                .unwrap_or(old.is_some_and(|o| o.validation)),
            log_group: text(
                self.cloud_watch_logs_log_group_arn,
                old.and_then(|o| o.log_group.as_ref()),
            ),
            log_role: text(
                self.cloud_watch_logs_role_arn,
                old.and_then(|o| o.log_role.as_ref()),
            ),
            kms_key: text(self.kms_key_id, old.and_then(|o| o.kms_key.as_ref())),
        };
        settings.check()?;
        Ok(settings)
    }
}

impl TrailSettings {
    fn check(&self) -> Result<(), ApiError> {
        if self.multi_region && !self.global_services {
            let message = "Multi-Region trail must include global service events.";
            return Err(error("InvalidParameterCombinationException", message));
        }
        if self
            .prefix
            .as_ref()
            .is_some_and(|p| p.chars().count() > 200)
        {
            let message = "S3 prefix is longer than maximum length: 200";
            return Err(error("InvalidS3PrefixException", message));
        }
        if self.log_group.is_some() != self.log_role.is_some() {
            let message = "A log group needs a role that may write to it, and the role a group.";
            return Err(error("InvalidParameterCombinationException", message));
        }
        Ok(())
    }

    /// The fields that CreateTrail, UpdateTrail and GetTrail answer alike.
    fn answer(&self, arn: &str, name: &str) -> Value {
        let mut answer = json!({
            "Name": name,
            "TrailARN": arn,
            "S3BucketName": self.bucket,
            "IncludeGlobalServiceEvents": self.global_services,
            "IsMultiRegionTrail": self.multi_region,
            "LogFileValidationEnabled": self.validation,
            "IsOrganizationTrail": self.organization,
        });
        let optional = [
            ("S3KeyPrefix", &self.prefix),
            ("SnsTopicName", &self.topic),
            ("CloudWatchLogsLogGroupArn", &self.log_group),
            ("CloudWatchLogsRoleArn", &self.log_role),
            ("KmsKeyId", &self.kms_key),
        ];
        if let Some(fields) = answer.as_object_mut() {
            let set = optional.into_iter();
            let set = set.filter_map(|(key, value)| Some((key.to_owned(), json!(value.as_ref()?))));
            fields.extend(set);
        }
        answer
    }
}

fn create(world: &mut World, site: &Site, mut given: Given) -> Result<Value, ApiError> {
    let name = given.name.clone();
    find::check_name(&name)?;
    let tags = tags::checked(std::mem::take(&mut given.tags_list))?;
    let mut settings = given.over(None)?;
    organization::check(world, site, None, &settings)?;
    let site = &organization::owner(world, site, &settings);
    let arn = trail_arn(site, &name);
    if find::seen(world, site).any(|(_, trail)| trail.name == name) {
        let message = format!("Trail {name} already exists for customer: {}", site.account);
        return Err(error("TrailAlreadyExistsException", message));
    }
    check_room(world, site, settings.multi_region, &arn)?;
    check_surroundings(world, site, &arn, &mut settings)?;
    let answer = settings.answer(&arn, &name);
    let trail = Trail {
        name,
        account: site.account.clone(),
        home: site.region.clone(),
        settings,
        selectors: selectors::Selectors::default(),
        logging: false,
        started: None,
        stopped: None,
        attempted: None,
        delivered: None,
        delivery_error: None,
        tags,
    };
    world.trails.insert(arn, trail);
    Ok(answer)
}

fn update(world: &mut World, site: &Site, given: Given) -> Result<Value, ApiError> {
    let arn = find::to_change(world, site, &given.name)?;
    if !given.tags_list.is_empty() {
        return Err(ApiError::unsupported(
            "UpdateTrail: unknown field `TagsList`",
        ));
    }
    let trail = find::change(world, &arn)?;
    let (name, old) = (trail.name.clone(), trail.settings.clone());
    let mut settings = given.over(Some(&old))?;
    organization::check(world, site, Some(&old), &settings)?;
    let site = &Site {
        account: find::change(world, &arn)?.account.clone(),
        region: site.region.clone(),
    };
    if settings.multi_region && !old.multi_region {
        check_room(world, site, true, &arn)?;
    }
    check_surroundings(world, site, &arn, &mut settings)?;
    let answer = settings.answer(&arn, &name);
    find::change(world, &arn)?.settings = settings;
    Ok(answer)
}

/// Refuses one trail too many in its home or, for a multi-Region trail, anywhere.
fn check_room(world: &World, site: &Site, multi_region: bool, arn: &str) -> Result<(), ApiError> {
    let mut regions: Vec<Region> = vec![site.region.clone()];
    if multi_region {
        regions.extend(world.trails.values().map(|trail| trail.home.clone()));
    }
    for region in regions {
        let there = Site {
            account: site.account.clone(),
            region,
        };
        if find::seen(world, &there)
            .filter(|(known, _)| *known != arn)
            .count()
            >= TRAILS
        {
            let message = format!(
                "User: {} already has {TRAILS} trails in {}.",
                site.account, there.region
            );
            return Err(error("MaximumNumberOfTrailsExceededException", message));
        }
    }
    Ok(())
}

/// Refuses a bucket, a key or a topic that CloudTrail could not use; a key is then known by ARN.
fn check_surroundings(
    world: &mut World,
    site: &Site,
    arn: &str,
    settings: &mut TrailSettings,
) -> Result<(), ApiError> {
    if settings.topic.is_some() {
        return Err(ApiError::unsupported("SnsTopicName"));
    }
    if let Some(given) = &settings.kms_key {
        settings.kms_key = Some(key::check(world, site, arn, given)?);
    }
    bucket::check(world, site, arn, settings)
}

fn delete(world: &mut World, site: &Site, named: &Named) -> Result<Value, ApiError> {
    let arn = find::to_change(world, site, &named.name)?;
    world.trails.remove(&arn);
    Ok(json!({}))
}

fn whole(arn: &str, trail: &Trail) -> Value {
    let mut answer = trail.settings.answer(arn, &trail.name);
    if let Some(fields) = answer.as_object_mut() {
        let custom = trail.selectors != selectors::Selectors::default();
        fields.insert("HomeRegion".to_owned(), json!(trail.home));
        fields.insert("HasCustomEventSelectors".to_owned(), json!(custom));
        fields.insert("HasInsightSelectors".to_owned(), json!(false));
    }
    answer
}

fn get(world: &World, site: &Site, named: &Named) -> Result<Value, ApiError> {
    let (arn, trail) = find::to_read(world, site, &named.name)?;
    Ok(json!({"Trail": whole(&arn, trail)}))
}

/// Trails that are asked for by name and do not exist are left out without a word.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html>
fn describe(world: &World, site: &Site, asked: &Describe) -> Result<Value, ApiError> {
    let shadows = asked.include_shadow_trails.unwrap_or(true);
    // What members see of an organization trail is a shadow, too.
    let at_home = |trail: &Trail| trail.home == site.region && trail.account == site.account;
    let found: Vec<Value> = if asked.trail_name_list.is_empty() {
        find::seen(world, site)
            .filter(|(_, trail)| shadows || at_home(trail))
            .map(|(arn, trail)| whole(arn, trail))
            .collect()
    } else {
        let mut found = Vec::new();
        for given in &asked.trail_name_list {
            let arn = find::arn(site, given)?;
            if let Some(trail) = world.trails.get(&arn)
                && find::shows(world, trail, &site.account)
                && (shadows || at_home(trail))
            {
                found.push(whole(&arn, trail));
            }
        }
        found
    };
    Ok(json!({"trailList": found}))
}

/// All trails of the account, whatever their home.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListTrails.html>
fn list(world: &World, site: &Site, page: &Page) -> Result<Value, ApiError> {
    let after = page.next_token.as_deref().unwrap_or_default();
    let mut rest = world
        .trails
        .iter()
        .filter(|(arn, trail)| trail.account == site.account && arn.as_str() > after);
    let trails: Vec<_> = rest.by_ref().take(PAGE).collect();
    let mut answer = json!({"Trails": trails.iter().map(|(arn, trail)| json!({
        "TrailARN": arn, "Name": trail.name, "HomeRegion": trail.home,
    })).collect::<Vec<_>>()});
    if let (Some((last, _)), Some(_), Some(fields)) =
        (trails.last(), rest.next(), answer.as_object_mut())
    {
        fields.insert("NextToken".to_owned(), json!(last));
    }
    Ok(answer)
}

/// Times are seconds since 1970, and once more, in fields no longer in use, text.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html>
fn status(world: &World, site: &Site, named: &Named) -> Result<Value, ApiError> {
    let (_, trail) = find::to_read(world, site, &named.name)?;
    let text = |time: Option<i64>| time.map(iso).unwrap_or_default();
    let succeeded = trail.delivered.filter(|_| trail.delivery_error.is_none());
    let mut answer = json!({
        "IsLogging": trail.logging,
        "LatestDeliveryAttemptTime": text(trail.attempted),
        "LatestDeliveryAttemptSucceeded": text(succeeded),
        "LatestNotificationAttemptTime": "",
        "LatestNotificationAttemptSucceeded": "",
        "TimeLoggingStarted": text(trail.started),
        "TimeLoggingStopped": text(trail.stopped),
    });
    if let Some(fields) = answer.as_object_mut() {
        let times = [
            ("LatestDeliveryTime", trail.delivered),
            ("StartLoggingTime", trail.started),
            ("StopLoggingTime", trail.stopped),
        ];
        for (name, time) in times {
            if let Some(time) = time {
                fields.insert(name.to_owned(), json!(time.div_euclid(1000)));
            }
        }
        if let Some(error) = &trail.delivery_error {
            fields.insert("LatestDeliveryError".to_owned(), json!(error));
        }
    }
    Ok(answer)
}

fn set_logging(
    world: &mut World,
    site: &Site,
    named: &Named,
    logging: bool,
) -> Result<Value, ApiError> {
    let arn = find::to_change(world, site, &named.name)?;
    let now = world.now();
    let trail = find::change(world, &arn)?;
    trail.logging = logging;
    if logging {
        trail.started = Some(now);
    } else {
        trail.stopped = Some(now);
    }
    Ok(json!({}))
}
