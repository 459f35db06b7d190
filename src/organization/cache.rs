//! A list of accounts that is kept for a while, so that not every run asks for it page by page.

use serde::{Deserialize, Serialize};

use super::Member;

/// The version of the file.
const FORMAT_VERSION: u32 = 1;

/// Every account of an organization, as it was listed at some time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cache {
    format_version: u32,
    /// The organization's id: another one's accounts are never taken.
    organization: String,
    /// When it was listed, in Unix seconds.
    listed_at: i64,
    /// Its accounts, whatever their state.
    accounts: Vec<Member>,
}

impl Cache {
    /// What was listed just now; `now` in Unix seconds.
    pub fn of(organization: &str, now: i64, accounts: Vec<Member>) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            organization: organization.to_owned(),
            listed_at: now,
            accounts,
        }
    }

    /// The accounts and their age in seconds, if they are of this organization and not older than `limit`
    /// seconds. One from the future is as good as none.
    pub fn fresh(self, organization: &str, now: i64, limit: i64) -> Option<(Vec<Member>, i64)> {
        let age = now.checked_sub(self.listed_at)?;
        let good = self.format_version == FORMAT_VERSION
            && self.organization == organization
            && (0..=limit).contains(&age);
        good.then_some((self.accounts, age))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_serves_its_own_organization_for_its_time() {
        let member = Member::known_by_id("111122223333".parse().unwrap());
        let cache = Cache::of("o-aaaaaaaaaa", 1_000, vec![member.clone()]);
        let text = serde_json::to_string(&cache).unwrap();
        let fresh = |organization: &str, now| {
            let cache: Cache = serde_json::from_str(&text).unwrap();
            cache.fresh(organization, now, 60)
        };
        assert_eq!(fresh("o-aaaaaaaaaa", 1_060), Some((vec![member], 60)));
        assert_eq!(fresh("o-aaaaaaaaaa", 1_061), None);
        assert_eq!(fresh("o-aaaaaaaaaa", 999), None);
        assert_eq!(fresh("o-bbbbbbbbbb", 1_001), None);
    }
}
