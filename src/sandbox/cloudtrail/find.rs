//! Trails by name or ARN.

use super::{error, organization};
use crate::place::{AccountId, Region};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::{Site, Trail, World};

/// The ARN of a trail of that name here.
pub(crate) fn trail_arn(site: &Site, name: &str) -> String {
    site.arn("cloudtrail", &format!("trail/{name}"))
}

/// What is meant by a name or an ARN; a name means a trail whose home is here.
pub(crate) fn arn(site: &Site, given: &str) -> Result<String, ApiError> {
    if !given.starts_with("arn:") {
        check_name(given)?;
        return Ok(trail_arn(site, given));
    }
    let parts: Vec<&str> = given.splitn(6, ':').collect();
    let [_, _, "cloudtrail", region, _, resource] = parts.as_slice() else {
        return Err(bad_arn(given));
    };
    match (region.parse::<Region>(), resource.strip_prefix("trail/")) {
        (Ok(_), Some(name)) if check_name(name).is_ok() => Ok(given.to_owned()),
        _ => Err(bad_arn(given)),
    }
}

fn bad_arn(given: &str) -> ApiError {
    let message = format!("The CloudTrail ARN is not valid: {given}.");
    error("CloudTrailARNInvalidException", message)
}

/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html>
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let mark = |b: u8| b".-_".contains(&b);
    let bytes = name.as_bytes();
    let wrong = if !(3..=128).contains(&bytes.len()) {
        "be between 3 and 128 characters"
    } else if !bytes.iter().all(|b| b.is_ascii_alphanumeric() || mark(*b)) {
        "contain only letters, numbers, periods, underscores and dashes"
    } else if [bytes.first(), bytes.last()]
        .into_iter()
        .flatten()
        .any(|b| mark(*b))
    {
        "start and end with a letter or number"
    } else if bytes.windows(2).any(|pair| pair.iter().all(|b| mark(*b))) {
        "have no adjacent periods, underscores or dashes"
    } else if name.parse::<std::net::Ipv4Addr>().is_ok() {
        "not be in IP address format"
    } else {
        return Ok(());
    };
    let message = format!("Trail name must {wrong}: {name}.");
    Err(error("InvalidTrailNameException", message))
}

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
    match world.trails.get(&arn) {
        Some(trail) if shows(world, trail, &site.account) => Ok((arn, trail)),
        _ => {
            own(site, &arn)?;
            Err(not_found(&arn, site))
        }
    }
}

/// Refuses the ARN of another account, in the words that users of organization trails report.
pub(super) fn own(site: &Site, arn: &str) -> Result<(), ApiError> {
    if arn.split(':').nth(4) == Some(site.account.as_str()) {
        return Ok(());
    }
    let message = format!(
        "AccountID in ARN is wrong, you can only access resources with AccountID {}.",
        site.account
    );
    Err(error("CloudTrailARNInvalidException", message))
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
    world.trails.get_mut(arn).ok_or_else(gone)
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
    world.trails.iter().filter(|(_, trail)| {
        let here = trail.home == site.region || trail.settings.multi_region;
        here && shows(world, trail, &site.account)
    })
}
