//! Trails that log a whole organization.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-trail-organization.html>

use super::error::error;
use super::state::{Trail, TrailSettings};
use crate::place::AccountId;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

const SERVICE: &str = "cloudtrail.amazonaws.com";

/// Whether an account acts for CloudTrail in the name of its organization.
pub(super) fn administers(world: &World, account: &AccountId) -> bool {
    let organization = world.organizations.of(account);
    organization.is_some_and(|organization| organization.administers(account, SERVICE))
}

/// Whether the organization trail of another account logs this one: both are in the organization,
/// and CloudTrail may work across it.
pub(super) fn reaches(world: &World, trail: &Trail, account: &AccountId) -> bool {
    let organization = world.organizations.of(account);
    organization.is_some_and(|organization| {
        organization.management == trail.account && organization.trusted.contains_key(SERVICE)
    })
}

/// Whether a member is refused the event selectors of the organization's trails.
pub(super) fn hides_selectors(world: &World, account: &AccountId) -> bool {
    let organization = world.organizations.of(account);
    organization.is_some_and(|organization| {
        organization.hides_selectors && !organization.administers(account, SERVICE)
    })
}

pub(super) fn not_theirs() -> ApiError {
    error(
        "NotOrganizationMasterAccountException",
        "The account is neither the management account of the organization nor its delegated administrator for CloudTrail.",
    )
}

/// Refuses to make, or unmake, an organization trail where AWS does.
pub(super) fn check(
    world: &World,
    site: &Site,
    old: Option<&TrailSettings>,
    settings: &TrailSettings,
) -> Result<(), ApiError> {
    let was = old.is_some_and(|old| old.organization);
    if !settings.organization && !was {
        return Ok(());
    }
    let organization = world.organizations.of(&site.account).ok_or_else(|| {
        let message = "The account is not a member of an organization.";
        error("OrganizationsNotInUseException", message)
    })?;
    // Turning it back is for the management account alone.
    let may = match settings.organization {
        true => organization.administers(&site.account, SERVICE),
        false => site.account == organization.management,
    };
    if !may {
        return Err(not_theirs());
    }
    if settings.organization && !organization.trusted.contains_key(SERVICE) {
        let message = format!(
            "The request could not be processed because your organization hasn't enabled CloudTrail service access. Enable service access for CloudTrail, and then try again. You are signed in with the following AWS account ID: {}",
            site.account
        );
        return Err(error("CloudTrailAccessNotEnabledException", message));
    }
    Ok(())
}

/// Whose the trail is: that of an organization belongs to the management account, whoever makes it.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-delegated-administrator.html>
pub(super) fn owner(world: &World, site: &Site, settings: &TrailSettings) -> Site {
    let organization = world.organizations.of(&site.account);
    let management = organization
        .filter(|_| settings.organization)
        .map(|organization| organization.management.clone());
    Site {
        account: management.unwrap_or_else(|| site.account.clone()),
        region: site.region.clone(),
    }
}
