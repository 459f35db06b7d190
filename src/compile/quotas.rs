//! How many rules EventBridge lets stand on one bus.

use crate::place::Region;

/// Rules on one bus. Source of these: EventBridge, `eb-quota`.
pub(crate) const RULES: usize = 300;
/// Rules on one bus in the Regions of [`SMALL`].
const RULES_IN_SMALL: usize = 100;
const SMALL: [&str; 2] = ["af-south-1", "eu-south-1"];
/// Rules with wildcards on one bus.
pub(crate) const WILDCARD_RULES: usize = 30;

/// How many rules one bus takes in a Region, unless AWS has raised it for the account.
pub(crate) fn rules_per_bus(region: &Region) -> usize {
    if SMALL.contains(&region.as_str()) {
        RULES_IN_SMALL
    } else {
        RULES
    }
}
