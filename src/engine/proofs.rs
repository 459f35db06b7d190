//! The ways home of every account of an organization are proved.

use std::collections::BTreeSet;

use serde::Serialize;

use super::accounts::no_organization;
use super::error::Error;
use super::session::Session;
use crate::fleet::Outcome;
use crate::place::Region;
use crate::plan::PlanOptions;
use crate::proof::{self, AccountProof, Options, RegionProof};

/// The ways home of an organization.
#[derive(Debug, Serialize)]
pub struct OrganizationProof {
    format_version: u32,
    /// Of the home account's Regions.
    pub home: Vec<RegionProof>,
    /// Of the Regions of every other account.
    pub accounts: Vec<AccountProof>,
    /// The accounts that could not be worked in.
    pub stuck: Vec<Outcome>,
}

impl OrganizationProof {
    /// Whether every way was proved.
    pub fn is_good(&self) -> bool {
        (!self.accounts.is_empty() || !self.home.is_empty())
            && self.stuck.is_empty()
            && self.home.iter().all(RegionProof::is_good)
            && self.accounts.iter().all(AccountProof::is_good)
    }
}

impl Session {
    /// Proves the way home of every account that is meant, and with `own` of the home account.
    ///
    /// # Errors
    /// What AWS says of home, and accounts that cannot be listed.
    pub async fn prove_accounts(
        &self,
        options: &Options<'_>,
        own: bool,
        stop: impl Future<Output = ()> + Clone,
    ) -> Result<OrganizationProof, Error> {
        let org = self.org.as_ref().ok_or_else(no_organization)?;
        let deployment = self.deployment();
        let fleet = self.fleet(org, &PlanOptions::default(), None);
        let (ways, stuck) = org.ways(&fleet, self.desired.home.account()).await?;
        let accounts =
            proof::prove_accounts(&self.cloud, deployment, ways, options, stop.clone()).await?;
        let forwarders = self.desired.topology.forwarders.keys();
        let regions: BTreeSet<Region> = forwarders.cloned().collect();
        let home = if own {
            proof::prove_regions(&self.cloud, deployment, &regions, options, stop).await?
        } else {
            Vec::new()
        };
        Ok(OrganizationProof {
            format_version: 1,
            home,
            accounts,
            stuck,
        })
    }
}
