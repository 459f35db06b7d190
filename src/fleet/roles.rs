//! Roles that are taken on ahead: while home is looked at, AWS would wait for us.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::stream::{Stream, StreamExt};
use tokio::task::JoinHandle;

use crate::aws::{CallError, Cloud};
use crate::place::AccountId;

/// How many are taken on at once.
const AT_ONCE: usize = 64;

/// The roles of accounts that are known before anything can be done in them.
#[derive(Debug, Default)]
pub struct RolesAhead {
    shared: Arc<Shared>,
    taking: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    taken: Mutex<HashMap<AccountId, Result<Cloud, CallError>>>,
    enough: AtomicBool,
}

impl RolesAhead {
    /// Begins to take them on, in the order of the accounts. It ends with the last, with [`Self::enough`], or when
    /// nobody wants them any more.
    pub fn begin(
        caller: &Cloud,
        role: &str,
        accounts: impl Stream<Item = AccountId> + Send + 'static,
    ) -> Self {
        let shared = Arc::<Shared>::default();
        let (caller, role, to) = (caller.clone(), role.to_owned(), Arc::clone(&shared));
        let taking = tokio::spawn(async move {
            let goes_on = |_: &AccountId| std::future::ready(!to.enough.load(Ordering::Relaxed));
            let taking = accounts.take_while(goes_on).map(|account| async {
                let taken = caller.member(&account, &role).await;
                (account, taken)
            });
            let mut taking = std::pin::pin!(taking.buffer_unordered(AT_ONCE));
            while let Some((account, taken)) = taking.next().await {
                to.taken().insert(account, taken);
            }
        });
        Self {
            shared,
            taking: Some(taking),
        }
    }

    /// Begins no more: from now on each account takes on its own when its turn comes.
    pub fn enough(&self) {
        self.shared.enough.store(true, Ordering::Relaxed);
    }

    /// How an account was entered, if it was; once.
    pub fn take(&self, account: &AccountId) -> Option<Result<Cloud, CallError>> {
        self.shared.taken().remove(account)
    }
}

impl Shared {
    fn taken(&self) -> std::sync::MutexGuard<'_, HashMap<AccountId, Result<Cloud, CallError>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RolesAhead {
    fn drop(&mut self) {
        if let Some(taking) = &self.taking {
            taking.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::stream;

    use super::*;
    use crate::sandbox::{Clock, Options, Sandbox};

    #[tokio::test]
    async fn each_account_is_entered_once_and_nobody_waits_for_one_that_is_not() {
        let sandbox = Sandbox::new(Options {
            account: "111122223333".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            clock: Clock::FIXED,
        });
        let organization = sandbox.organize().unwrap();
        let root = organization.root();
        let member = organization.create_account(&root, "member").unwrap();
        let stranger: AccountId = "999999999999".parse().unwrap();
        let config = sandbox.sdk_config(&sandbox.region(), sandbox.admin());
        let caller = Cloud::with_config(config).await.unwrap();
        let role = "OrganizationAccountAccessRole";
        let wanted = stream::iter([member.clone(), stranger.clone()]);
        let ahead = RolesAhead::begin(&caller, role, wanted);
        let both = async {
            while ahead.shared.taken().len() < 2 {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), both).await;
        assert!(waited.is_ok(), "they are not taken on");
        let entered = ahead.take(&member).unwrap().unwrap();
        assert_eq!(entered.account, member);
        assert!(ahead.take(&stranger).unwrap().is_err());
        assert!(ahead.take(&member).is_none());
        let none = RolesAhead::begin(&caller, role, stream::iter([member.clone()]));
        none.enough();
        tokio::task::yield_now().await;
        assert!(none.take(&member).is_none(), "there was enough");
    }
}
