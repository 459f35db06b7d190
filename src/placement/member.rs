//! The accounts of an organization other than home: what brings their events there, and in the
//! management account the trail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::{Account, Desired, Topology, TrailSource};
use crate::compile::{Compiled, Forwarder, PATTERN_QUOTA, Where, cover};
use crate::organization::Organization;
use crate::place::{AccountId, Place, Region};
use crate::rules::RulesFile;

/// What is the same in every account: worked out once, however many there are.
#[derive(Debug, Clone)]
pub struct Spokes {
    file: Arc<RulesFile>,
    organization: Organization,
    /// Of the desired state of the home account.
    home: Place,
    bus: String,
    feed: TrailSource,
    /// The forwarders of the Region of global services, and of any other.
    global: Vec<Forwarder>,
    other: Vec<Forwarder>,
}

impl Spokes {
    /// The covers of all patterns for the accounts of an organization.
    pub fn new(
        file: Arc<RulesFile>,
        compiled: &[Compiled],
        organization: Organization,
        home: &Desired,
    ) -> Self {
        Self {
            file,
            organization,
            home: home.home.clone(),
            bus: home.topology.bus.clone(),
            feed: home.feed.clone(),
            global: cover(compiled, Where::GlobalRegion, PATTERN_QUOTA),
            other: cover(compiled, Where::OtherRegion, PATTERN_QUOTA),
        }
    }

    /// The Regions to listen to in an account: those of the file, home's, and the one of global services.
    /// `enabled` are those of the account, needed for `regions: all`.
    pub fn listening(&self, enabled: Option<&BTreeSet<Region>>) -> BTreeSet<Region> {
        self.file.listening(enabled.into_iter().flatten())
    }

    /// Whether some rule wants anything in a Region.
    pub fn is_wanted_in(&self, region: &Region) -> bool {
        !self.of(region).is_empty()
    }

    /// What the forwarders of all accounts match.
    pub fn patterns(&self) -> impl Iterator<Item = &Arc<Value>> {
        let all = self.global.iter().chain(&self.other);
        all.map(|forwarder| &forwarder.pattern)
    }

    fn of(&self, region: &Region) -> &Vec<Forwarder> {
        match Where::of(region) {
            Where::GlobalRegion => &self.global,
            Where::OtherRegion => &self.other,
        }
    }

    /// The desired state of an account that listens to `regions`.
    pub fn desired(&self, account: &AccountId, regions: &BTreeSet<Region>) -> Desired {
        let forwarders: BTreeMap<Region, Vec<Forwarder>> = regions
            .iter()
            .map(|region| (region.clone(), self.of(region).clone()))
            .filter(|(_, parts)| !parts.is_empty())
            .collect();
        let mut desired = Desired {
            home: self.home.clone(),
            topology: Topology {
                listening: regions.clone(),
                bus: self.bus.clone(),
                forwarders,
            },
            feed: self.feed.clone(),
            resources: BTreeMap::new(),
            detectors: BTreeMap::new(),
            apart: BTreeSet::new(),
            receivers: Vec::new(),
            given_topics: BTreeMap::new(),
        };
        // What people call accounts matters at home alone.
        let nothing = BTreeMap::new();
        let here = Account {
            file: &self.file,
            account,
            home: self.home.account(),
            organization: Some(&self.organization),
            listed_names: &nothing,
        };
        here.add_trail(&mut desired);
        here.add_spokes(&mut desired);
        desired
    }

    /// The Region in which the trail of ours stands, if it is in an account.
    pub fn trail_in(&self, account: &AccountId) -> Option<Region> {
        match &self.feed {
            TrailSource::Ours(arn) if arn.account() == account.as_str() => {
                arn.region().parse().ok()
            }
            _ => None,
        }
    }
}
