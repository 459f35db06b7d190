//! Whether somebody's key stands before the rules on a default bus at home.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};

use crate::aws::Cloud;
use crate::place::{Place, Region};
use crate::placement::Desired;
use crate::resources::{DefaultBusKey, PLACES_AT_ONCE, default_bus_key};

/// What is wrong with a default bus.
pub(super) struct Found {
    /// The bus, as links are named.
    pub(super) link: String,
    pub(super) problem: String,
    pub(super) remedy: String,
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
    let (problem, remedy, is_certain) = match default_bus_key(&cloud.at_place(&place)).await {
        Ok(None) => return None,
        Ok(Some(key)) => (
            key.problem(),
            key.remedy().to_owned(),
            key.unusable.is_some(),
        ),
        // What cannot be looked at is not proved.
        Err(error) => (
            format!("cannot tell whether it has a key: {error}"),
            error.remedy().unwrap_or_default(),
            false,
        ),
    };
    let link = match place == desired.home {
        true => DefaultBusKey::BUS.to_owned(),
        false => format!("{} in {region}", DefaultBusKey::BUS),
    };
    Some(Found {
        link,
        problem,
        remedy,
        is_certain,
    })
}
