//! Which Regions an account has.

use std::collections::BTreeSet;

use crate::place::{AccountId, Partition, Region};
use crate::sandbox::site::Site;
use crate::sandbox::world::World;

/// Regions that every account has, and those that its owner enables.
/// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
const DEFAULT: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

const OPT_IN: [&str; 17] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
];

/// The Regions that every account of a partition has.
pub(super) fn by_default(partition: Partition) -> &'static [&'static str] {
    match partition {
        Partition::Commercial => &DEFAULT,
        Partition::China => &["cn-north-1", "cn-northwest-1"],
        Partition::UsGovernment => &["us-gov-east-1", "us-gov-west-1"],
    }
}

/// The Regions of a partition that an account's owner enables.
pub(super) fn opt_in(partition: Partition) -> &'static [&'static str] {
    match partition {
        Partition::Commercial => &OPT_IN,
        Partition::China | Partition::UsGovernment => &[],
    }
}

/// The Regions that work for an account: those of the partition that the world is in.
pub(crate) fn enabled(world: &World, account: &AccountId) -> BTreeSet<Region> {
    if let Some(chosen) = world.account_service.enabled.get(account) {
        return chosen.clone();
    }
    let mut enabled: BTreeSet<Region> = by_default(world.region.partition())
        .iter()
        .filter_map(|name| name.parse().ok())
        .collect();
    // Whoever works in an opt-in Region has enabled it.
    if *account == world.account {
        enabled.insert(world.region.clone());
    }
    enabled
}

/// Replaces the Regions of an account.
pub(crate) fn set(world: &mut World, account: AccountId, mut enabled: BTreeSet<Region>) {
    // Where the services live that have one endpoint for the whole partition.
    enabled.insert(world.region.global());
    world.account_service.enabled.insert(account, enabled);
}

/// Whether a Region works for an account. Those of other partitions all do.
pub(crate) fn works(world: &World, site: &Site) -> bool {
    let Site { account, region } = site;
    if region.partition() != Partition::Commercial {
        return true;
    }
    match world.account_service.enabled.get(account) {
        Some(chosen) => chosen.contains(region),
        None => {
            let own = *account == world.account && *region == world.region;
            own || DEFAULT.contains(&region.as_str())
        }
    }
}
