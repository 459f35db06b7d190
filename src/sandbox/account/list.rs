//! Regions, listed and looked up.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::regions::{self, by_default, opt_in};
use crate::place::{Partition, Region};
use crate::sandbox::common::PAGE;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct List {
    account_id: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
    #[serde(default)]
    region_opt_status_contains: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfRegion {
    account_id: Option<String>,
    region_name: String,
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}

/// Only an organization's management account may name an account, and never itself.
fn own(account: Option<&String>) -> Result<(), ApiError> {
    match account {
        None => Ok(()),
        Some(id) => Err(ApiError::unsupported(format_args!("AccountId `{id}`"))),
    }
}

pub(super) fn list(world: &World, site: &Site, list: &List) -> Result<Value, ApiError> {
    own(list.account_id.as_ref())?;
    let size = list.max_results.unwrap_or(PAGE);
    if !(1..=50).contains(&size) {
        return Err(invalid("MaxResults must be between 1 and 50"));
    }
    let start: usize = match &list.next_token {
        Some(token) => token.parse().map_err(|_| invalid("Invalid NextToken"))?,
        None => 0,
    };
    let wanted = |status: &str| {
        let given = &list.region_opt_status_contains;
        given.is_empty() || given.iter().any(|wanted| wanted == status)
    };
    let enabled = regions::enabled(world, &site.account);
    let partition = world.region.partition();
    let known = by_default(partition).iter().chain(opt_in(partition));
    let mut names: BTreeSet<&str> = known.copied().collect();
    names.extend(enabled.iter().map(Region::as_str));
    let all: Vec<Value> = names
        .into_iter()
        .map(|name| (name, opt_status(&enabled, partition, name)))
        .filter(|(_, status)| wanted(status))
        .map(|(name, status)| json!({"RegionName": name, "RegionOptStatus": status}))
        .collect();
    let more = all.len() > start.saturating_add(size);
    let shown: Vec<Value> = all.into_iter().skip(start).take(size).collect();
    Ok(if more {
        json!({"Regions": shown, "NextToken": (start + size).to_string()})
    } else {
        json!({"Regions": shown})
    })
}

pub(super) fn status(world: &World, site: &Site, asked: &OfRegion) -> Result<Value, ApiError> {
    own(asked.account_id.as_ref())?;
    let name = asked.region_name.as_str();
    let enabled = regions::enabled(world, &site.account);
    let partition = world.region.partition();
    let known = by_default(partition).contains(&name) || opt_in(partition).contains(&name);
    if !known && !enabled.iter().any(|region| region.as_str() == name) {
        return Err(invalid(format!("The region name {name} is not valid.")));
    }
    let status = opt_status(&enabled, partition, name);
    Ok(json!({"RegionName": name, "RegionOptStatus": status}))
}

fn opt_status(enabled: &BTreeSet<Region>, partition: Partition, name: &str) -> &'static str {
    match enabled.iter().any(|region| region.as_str() == name) {
        true if by_default(partition).contains(&name) => "ENABLED_BY_DEFAULT",
        true => "ENABLED",
        false => "DISABLED",
    }
}
