//! The selectors of a trail, set and shown.

use serde::Deserialize;
use serde_json::Value;

use super::names::own;
use super::selectors::{Advanced, Basic, Selectors, invalid};
use super::{find, organization};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutEventSelectors {
    trail_name: String,
    event_selectors: Option<Vec<Basic>>,
    advanced_event_selectors: Option<Vec<Advanced>>,
}

/// Replaces all selectors, those of the other kind too.
pub(super) fn put(
    world: &mut World,
    site: &Site,
    input: PutEventSelectors,
) -> Result<Value, ApiError> {
    let arn = find::to_change(world, site, &input.trail_name)?;
    let selectors = match (input.event_selectors, input.advanced_event_selectors) {
        (Some(basic), None) => Selectors::Basic(basic),
        (None, Some(advanced)) => Selectors::Advanced(advanced),
        _ => return Err(invalid("give either basic or advanced ones")),
    };
    selectors.check()?;
    let answer = selectors.answer(&arn);
    find::change(world, &arn)?.selectors = selectors;
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetEventSelectors {
    trail_name: String,
}

pub(super) fn get(
    world: &World,
    site: &Site,
    input: &GetEventSelectors,
) -> Result<Value, ApiError> {
    let (arn, trail) = find::to_read(world, site, &input.trail_name)?;
    if trail.account != site.account && organization::hides_selectors(world, &site.account) {
        own(site, &arn)?;
    }
    Ok(trail.selectors.answer(&arn))
}
