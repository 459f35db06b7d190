//! A list of accounts that is kept for a while, so that not every run asks for it page by page.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Member;
use crate::diagnostic::shown;
use crate::place::AccountId;

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

/// Why a kept list does not serve.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unfit {
    /// Its time is over. That is no news.
    #[error("it is {0} minutes old")]
    Old(i64),
    /// It cannot have been listed at that time.
    #[error("it says that it was listed in the future")]
    Early,
    /// It was written by another release.
    #[error("it has format {0}, and this release keeps format {FORMAT_VERSION}")]
    Format(u32),
    /// It is of another organization.
    #[error("it lists the organization {}", shown(.0))]
    Organization(String),
    /// It lacks an account that must be there.
    #[error("account {0} is not in it")]
    Lacks(AccountId),
    /// Nobody lists an account twice.
    #[error("account {0} is in it twice")]
    Twice(AccountId),
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

    /// The accounts and their age in seconds, if they are of this organization, not older than `limit` seconds, and hold
    /// the accounts that are known to be `there`.
    ///
    /// # Errors
    /// Why they do not serve.
    pub fn fresh<'a>(
        self,
        organization: &str,
        there: impl IntoIterator<Item = &'a AccountId>,
        now: i64,
        limit: i64,
    ) -> Result<(Vec<Member>, i64), Unfit> {
        if self.format_version != FORMAT_VERSION {
            return Err(Unfit::Format(self.format_version));
        }
        if self.organization != organization {
            return Err(Unfit::Organization(self.organization));
        }
        let age = now.saturating_sub(self.listed_at);
        if age < 0 {
            return Err(Unfit::Early);
        }
        if age > limit {
            return Err(Unfit::Old(age / 60));
        }
        let mut listed = BTreeSet::new();
        for member in &self.accounts {
            if !listed.insert(&member.account) {
                return Err(Unfit::Twice(member.account.clone()));
            }
        }
        match there.into_iter().find(|account| !listed.contains(account)) {
            Some(account) => Err(Unfit::Lacks(account.clone())),
            None => Ok((self.accounts, age)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str) -> AccountId {
        id.parse().unwrap()
    }

    #[test]
    fn a_list_serves_its_own_organization_for_its_time() {
        let id = account("111122223333");
        let member = Member::known_by_id(id.clone());
        let cache = Cache::of("o-aaaaaaaaaa", 1_000, vec![member.clone()]);
        let text = serde_json::to_string(&cache).unwrap();
        let fresh = |organization: &str, now| {
            let cache: Cache = serde_json::from_str(&text).unwrap();
            cache.fresh(organization, [&id], now, 60)
        };
        assert_eq!(fresh("o-aaaaaaaaaa", 1_060), Ok((vec![member], 60)));
        assert_eq!(fresh("o-aaaaaaaaaa", 1_061), Err(Unfit::Old(1)));
        assert_eq!(fresh("o-aaaaaaaaaa", 999), Err(Unfit::Early));
        let other = Unfit::Organization("o-aaaaaaaaaa".to_owned());
        assert_eq!(fresh("o-bbbbbbbbbb", 1_001), Err(other));
    }

    #[test]
    fn a_list_that_contradicts_what_is_known_does_not_serve() {
        let (one, two) = (account("111122223333"), account("222233334444"));
        let of = |ids: &[&AccountId]| {
            let members = ids.iter().map(|id| Member::known_by_id((*id).clone()));
            Cache::of("o-aaaaaaaaaa", 0, members.collect())
        };
        let fresh = |cache: Cache, there: &[&AccountId]| {
            let there = there.iter().copied();
            cache.fresh("o-aaaaaaaaaa", there, 0, 60).map(|_| ())
        };
        assert_eq!(fresh(of(&[&one, &two]), &[&two]), Ok(()));
        assert_eq!(fresh(of(&[&one]), &[&one, &two]), Err(Unfit::Lacks(two)));
        assert_eq!(fresh(of(&[&one, &one]), &[]), Err(Unfit::Twice(one)));
    }
}
