//! CloudTrail: trails, made, changed and deleted.

use serde_json::{Value, json};

use super::error::error;
use super::names::{check_name, trail_arn};
use super::selectors::Selectors;
use super::settings::{Given, Named};
use super::state::{Trail, TrailSettings};
use super::{bucket, find, key, organization, tags};
use crate::place::Region;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// Trails per Region, shadows of multi-Region trails included.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>
const TRAILS: usize = 5;

pub(super) fn create(world: &mut World, site: &Site, mut given: Given) -> Result<Value, ApiError> {
    let name = given.name.clone();
    check_name(&name)?;
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
        selectors: Selectors::default(),
        logging: false,
        started: None,
        stopped: None,
        attempted: None,
        delivered: None,
        delivery_error: None,
        tags,
    };
    world.cloudtrail.trails.insert(arn, trail);
    Ok(answer)
}

pub(super) fn update(world: &mut World, site: &Site, given: Given) -> Result<Value, ApiError> {
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
        regions.extend(
            world
                .cloudtrail
                .trails
                .values()
                .map(|trail| trail.home.clone()),
        );
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

pub(super) fn delete(world: &mut World, site: &Site, named: &Named) -> Result<Value, ApiError> {
    let arn = find::to_change(world, site, &named.name)?;
    world.cloudtrail.trails.remove(&arn);
    Ok(json!({}))
}

pub(super) fn set_logging(
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
