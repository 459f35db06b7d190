//! Whether somebody's key stands before the rules on a default bus at home.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};

use super::BrokenLink;
use crate::aws::Cloud;
use crate::place::{Place, Region};
use crate::placement::Desired;
use crate::resources::{DefaultBusKey, PLACES_AT_ONCE, default_bus_key};

/// What is wrong with a default bus.
pub(super) struct Found {
    pub(super) link: BrokenLink,
    /// Whether its rules are known to match nothing.
    pub(super) is_certain: bool,
}

/// Looks at the default bus of each Region, in the home account.
pub(super) async fn look(
    cloud: &Cloud,
    desired: &Desired,
    regions: BTreeSet<Region>,
) -> BTreeMap<Region, Found> {
    let found: Vec<(Region, Option<Found>)> = stream::iter(regions)
        .map(|region| async move {
            let found = at(cloud, desired, &region).await;
            (region, found)
        })
        .buffered(PLACES_AT_ONCE)
        .collect()
        .await;
    let found = found.into_iter();
    found
        .filter_map(|(region, found)| Some((region, found?)))
        .collect()
}

async fn at(cloud: &Cloud, desired: &Desired, region: &Region) -> Option<Found> {
    let place = Place::Regional {
        account: desired.home.account().clone(),
        region: region.clone(),
    };
    let key = default_bus_key(&cloud.at_place(&place)).await?;
    let link = match place == desired.home {
        true => DefaultBusKey::BUS.to_owned(),
        false => format!("{} in {region}", DefaultBusKey::BUS),
    };
    Some(Found {
        is_certain: key.is_usable == Some(false),
        link: BrokenLink {
            link,
            problem: key.problem,
            remedy: key.remedy,
        },
    })
}
