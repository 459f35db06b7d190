//! Which Regions a rules file listens to: everything that needs to know asks here.

use std::collections::BTreeSet;

use super::{Regions, RulesFile};
use crate::place::Region;

impl Regions {
    /// The Regions that are listened to around `home`: home itself, the one where the partition has its global services,
    /// and those that are watched. `enabled` are the Regions that `all` stands for.
    pub fn listening<'r>(
        &self,
        home: &Region,
        enabled: impl IntoIterator<Item = &'r Region>,
    ) -> BTreeSet<Region> {
        let mut listening = BTreeSet::from([home.clone(), home.global()]);
        match self {
            Self::Home => {}
            // Accounts and event buses end at the border of their partition.
            Self::All => {
                let enabled = enabled.into_iter();
                let ours = enabled.filter(|region| region.partition() == home.partition());
                listening.extend(ours.cloned());
            }
            Self::Listed(listed) => {
                listening.extend(listed.iter().map(|(region, _)| region.clone()));
            }
        }
        listening
    }
}

impl RulesFile {
    /// The Regions that the file listens to. `enabled` are the Regions that `all` stands for.
    pub fn listening<'r>(&self, enabled: impl IntoIterator<Item = &'r Region>) -> BTreeSet<Region> {
        self.watch.regions.listening(&self.home.region, enabled)
    }

    /// Whether a Region is listened to, as far as the file alone says: `all` is taken for every Region of home's
    /// partition.
    pub fn listens_in(&self, region: &Region) -> bool {
        let is_ours = region.partition() == self.home.region.partition();
        self.listening(is_ours.then_some(region)).contains(region)
    }
}
