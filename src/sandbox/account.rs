//! Account: which Regions an account has.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::wire::{ApiError, Service, input};
use super::world::{Site, World};
use crate::place::{AccountId, Partition, Region};

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
/// Where the services live that have one endpoint for the whole partition.
const ALWAYS: &str = "us-east-1";
/// AWS lists 50 a page at most; few here, so that paging is exercised.
const PAGE: usize = 10;

pub(crate) fn handle(
    world: &World,
    site: &Site,
    operation: &str,
    value: Value,
) -> Result<Value, ApiError> {
    match operation {
        "ListRegions" => list(world, site, &input(operation, value)?),
        "GetRegionOptStatus" => status(world, site, &input(operation, value)?),
        _ => Err(ApiError::unsupported(operation)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct List {
    account_id: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
    #[serde(default)]
    region_opt_status_contains: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfRegion {
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

fn list(world: &World, site: &Site, list: &List) -> Result<Value, ApiError> {
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
    let enabled = world.enabled_regions(&site.account);
    let mut names: BTreeSet<&str> = DEFAULT.into_iter().chain(OPT_IN).collect();
    names.extend(enabled.iter().map(Region::as_str));
    let all: Vec<Value> = names
        .into_iter()
        .map(|name| (name, opt_status(&enabled, name)))
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

fn status(world: &World, site: &Site, asked: &OfRegion) -> Result<Value, ApiError> {
    own(asked.account_id.as_ref())?;
    let name = asked.region_name.as_str();
    let enabled = world.enabled_regions(&site.account);
    let known = DEFAULT.contains(&name) || OPT_IN.contains(&name);
    if !known && !enabled.iter().any(|region| region.as_str() == name) {
        return Err(invalid(format!("The region name {name} is not valid.")));
    }
    let status = opt_status(&enabled, name);
    Ok(json!({"RegionName": name, "RegionOptStatus": status}))
}

fn opt_status(enabled: &BTreeSet<Region>, name: &str) -> &'static str {
    match enabled.iter().any(|region| region.as_str() == name) {
        true if DEFAULT.contains(&name) => "ENABLED_BY_DEFAULT",
        true => "ENABLED",
        false => "DISABLED",
    }
}

impl World {
    /// The Regions that work for an account.
    pub fn enabled_regions(&self, account: &AccountId) -> BTreeSet<Region> {
        if let Some(chosen) = self.regions.get(account) {
            return chosen.clone();
        }
        let mut enabled: BTreeSet<Region> = DEFAULT
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect();
        // Whoever works in an opt-in Region has enabled it.
        if *account == self.account {
            enabled.insert(self.region.clone());
        }
        enabled
    }

    /// Replaces the Regions of an account.
    pub fn set_regions(&mut self, account: AccountId, mut enabled: BTreeSet<Region>) {
        enabled.extend(ALWAYS.parse::<Region>());
        self.regions.insert(account, enabled);
    }

    fn is_enabled(&self, account: &AccountId, region: &Region) -> bool {
        match self.regions.get(account) {
            Some(chosen) => chosen.contains(region),
            None => {
                let own = *account == self.account && *region == self.region;
                own || DEFAULT.contains(&region.as_str())
            }
        }
    }

    /// Whether a service answers an account's calls there: global ones do everywhere, and S3 finds
    /// its buckets itself.
    pub fn reaches(&self, site: &Site, service: Service) -> bool {
        let anywhere = [
            Service::Iam,
            Service::Account,
            Service::S3,
            Service::Organizations,
        ];
        anywhere.contains(&service)
            || site.region.partition() != Partition::Commercial
            || self.is_enabled(&site.account, &site.region)
    }
}
