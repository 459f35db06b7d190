//! Trails by name or ARN.

use super::error::error;
use super::names::{arn, own};
use super::organization;
use super::state::Trail;
use crate::place::AccountId;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

fn not_found(arn: &str, site: &Site) -> ApiError {
    let message = format!("Unknown trail: {arn} for the user: {}", site.account);
    error("TrailNotFoundException", message)
}

/// A trail to look at. Those of other Regions, and those of the organization in its members, are
/// only known by ARN.
pub(crate) fn to_read<'a>(
    world: &'a World,
    site: &Site,
    given: &str,
) -> Result<(String, &'a Trail), ApiError> {
    let arn = arn(site, given)?;
    match world.cloudtrail.trails.get(&arn) {
        Some(trail) if shows(world, trail, &site.account) => Ok((arn, trail)),
        _ => {
            own(site, &arn)?;
            Err(not_found(&arn, site))
        }
    }
}

/// The ARN of a trail to change, which can only be done in its home Region.
pub(crate) fn to_change(world: &World, site: &Site, given: &str) -> Result<String, ApiError> {
    let found = to_read(world, site, given);
    let shadow = seen(world, site)
        .filter(|(_, trail)| trail.account == site.account)
        .find(|(_, trail)| trail.name == given);
    let (arn, trail) = match (found, shadow) {
        (Err(error), None) => return Err(error),
        (Err(_), Some((arn, trail))) => (arn.clone(), trail),
        (Ok(found), _) => found,
    };
    // Members see the trails of the organization and cannot touch them.
    if trail.account != site.account && !organization::administers(world, &site.account) {
        return Err(organization::not_theirs());
    }
    if trail.home == site.region {
        return Ok(arn);
    }
    Err(error(
        "InvalidHomeRegionException",
        format!(
            "Trail {arn} must be changed in its home Region {}, not in {}.",
            trail.home, site.region
        ),
    ))
}

/// The trail itself, after [`to_change`] has found it.
pub(super) fn change<'a>(world: &'a mut World, arn: &str) -> Result<&'a mut Trail, ApiError> {
    let gone = || error("TrailNotFoundException", format!("Unknown trail: {arn}"));
    world.cloudtrail.trails.get_mut(arn).ok_or_else(gone)
}

/// Whether an account sees a trail: its own, and those of its organization.
pub(super) fn shows(world: &World, trail: &Trail, account: &AccountId) -> bool {
    trail.account == *account
        || (trail.settings.organization && organization::reaches(world, trail, account))
}

/// The trails that cover a Region: those at home there, and the shadows of multi-Region ones.
pub(crate) fn seen<'a>(
    world: &'a World,
    site: &'a Site,
) -> impl Iterator<Item = (&'a String, &'a Trail)> {
    world.cloudtrail.trails.iter().filter(|(_, trail)| {
        let here = trail.home == site.region || trail.settings.multi_region;
        here && shows(world, trail, &site.account)
    })
}
