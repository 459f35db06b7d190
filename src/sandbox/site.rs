//! Where things are: an account and a Region.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::place::{AccountId, Arn, Region};

/// An account and a Region: where a call acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
}

impl Site {
    fn key(&self) -> String {
        format!("{}/{}", self.account, self.region)
    }

    /// The ARN of something here.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        let (partition, region) = (self.region.partition(), &self.region);
        format!(
            "arn:{partition}:{service}:{region}:{}:{resource}",
            self.account
        )
    }
}

/// What something is in each account and Region.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct PerSite<T>(BTreeMap<String, T>);

impl<T> Default for PerSite<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Default> PerSite<T> {
    /// What is at a site, to be changed.
    pub(crate) fn at(&mut self, site: &Site) -> &mut T {
        self.0.entry(site.key()).or_default()
    }
}

impl<T> PerSite<T> {
    /// What is at a site, if anything ever was.
    pub(crate) fn look(&self, site: &Site) -> Option<&T> {
        self.0.get(&site.key())
    }

    /// What is at a site, to be changed, if anything ever was.
    pub(crate) fn look_mut(&mut self, site: &Site) -> Option<&mut T> {
        self.0.get_mut(&site.key())
    }

    /// What is at every site, to be changed.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.values_mut()
    }
}

/// Where an ARN points and the name in it; `None` for those without account or Region.
pub(crate) fn locate(arn: &str) -> Option<(Site, String)> {
    let arn: Arn = arn.parse().ok()?;
    let site = Site {
        account: arn.account().parse().ok()?,
        region: arn.region().parse().ok()?,
    };
    Some((site, arn.resource().to_owned()))
}

/// The account that an ARN names.
pub(crate) fn account_in(arn: &str) -> Option<AccountId> {
    arn.split(':').nth(4)?.parse().ok()
}
