//! Listing: page after page, each account handed on as soon as it is known.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_organizations::types;
use futures::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};
use tokio::sync::mpsc;

use super::{Member, State};
use crate::aws::{CallError, Clients, all_pages, calls};
use crate::place::AccountId;

/// Every account of the organization, whatever its state. A page of 20 is asked for when the accounts
/// before it have been taken.
pub fn list(clients: &Clients) -> impl Stream<Item = Result<Member, CallError>> + use<> {
    let client = clients.organizations.clone();
    let pages = stream::try_unfold(Some(None::<String>), move |token| {
        let client = client.clone();
        async move {
            let Some(token) = token else {
                return Ok::<_, CallError>(None);
            };
            let request = client.list_accounts().set_next_token(token);
            let page = calls::LIST_ACCOUNTS.send("*", request.send()).await?;
            let next = page.next_token.map(Some);
            let accounts = page.accounts.unwrap_or_default();
            Ok(Some((accounts, next)))
        }
    });
    pages
        .map_ok(|accounts| stream::iter(accounts.into_iter().filter_map(|a| member(&a)).map(Ok)))
        .try_flatten()
        .boxed()
}

/// What the organization calls its accounts.
///
/// # Errors
/// What AWS says.
pub async fn names(clients: &Clients) -> Result<BTreeMap<AccountId, String>, CallError> {
    let named = list(clients).map_ok(|member| (member.account, member.name));
    named.try_collect().await
}

/// The tags of an account.
///
/// # Errors
/// What AWS says.
pub async fn account_tags(
    clients: &Clients,
    account: &AccountId,
) -> Result<BTreeMap<String, String>, CallError> {
    let listed = all_pages(|token| async move {
        let request = clients.organizations.list_tags_for_resource();
        let request = request.resource_id(account.as_str()).set_next_token(token);
        let page = calls::LIST_ACCOUNT_TAGS.send(account.as_str(), request.send());
        let page = page.await?;
        Ok((page.tags.unwrap_or_default(), page.next_token))
    });
    let tags = listed.await?.into_iter();
    Ok(tags.map(|tag| (tag.key, tag.value)).collect())
}

/// A list that is being read while other work goes on: what it waits for, AWS's rate, is lost otherwise.
pub struct Listing {
    /// The accounts, whatever their state.
    pub members: BoxStream<'static, Result<Member, CallError>>,
    /// How many there are so far.
    pub so_far: Arc<AtomicUsize>,
}

/// Begins to list; `tell` hears of each account as soon as it is known. It ends with the list, with an error, or when
/// nobody takes the accounts any more.
pub fn list_ahead(clients: &Clients, tell: impl Fn(&Member) + Send + 'static) -> Listing {
    let mut members = Box::pin(list(clients));
    // Every account that there can be fits: tens of thousands, of a few words each.
    let (listed, mut taken) = mpsc::unbounded_channel();
    let so_far = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&so_far);
    tokio::spawn(async move {
        loop {
            let next = tokio::select! {
                next = members.next() => next,
                () = listed.closed() => None,
            };
            let Some(next) = next else { break };
            if let Ok(member) = &next {
                count.fetch_add(1, Ordering::Relaxed);
                tell(member);
            }
            if listed.send(next).is_err() {
                break;
            }
        }
    });
    Listing {
        members: stream::poll_fn(move |context| taken.poll_recv(context)).boxed(),
        so_far,
    }
}

pub(super) fn member(account: &types::Account) -> Option<Member> {
    // `Status` is being retired for `State`, which tells more; emulators and older partitions have the
    // one alone. Source: Organizations API reference, `Account`.
    let state = account.state().map(types::AccountState::as_str);
    #[allow(
        deprecated,
        reason = "the field that takes its place is not in every answer"
    )]
    let status = account.status().map(types::AccountStatus::as_str);
    Some(Member {
        account: account.id()?.parse().ok()?,
        name: account.name().unwrap_or_default().to_owned(),
        state: match state.or(status).unwrap_or("ACTIVE") {
            "ACTIVE" => State::Active,
            "SUSPENDED" => State::Suspended,
            "PENDING_CLOSURE" => State::PendingClosure,
            "CLOSED" => State::Closed,
            "PENDING_ACTIVATION" => State::PendingActivation,
            other => State::Other(other.to_ascii_lowercase().replace('_', " ")),
        },
        joined: account.joined_timestamp().map(|time| time.secs()),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::aws::Cloud;
    use crate::sandbox::{Clock, Fault, FaultKind, Options, Sandbox};

    /// An organization of 46 accounts: three pages.
    async fn caller() -> (Sandbox, Cloud) {
        let sandbox = Sandbox::new(Options {
            account: "111122223333".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            clock: Clock::FIXED,
        });
        let organization = sandbox.organize().unwrap();
        for _ in 0..45 {
            let root = organization.root();
            organization.create_account(&root, "member").unwrap();
        }
        let config = sandbox.sdk_config(&sandbox.region(), sandbox.admin());
        (sandbox, Cloud::with_config(config).await.unwrap())
    }

    #[tokio::test]
    async fn a_list_goes_on_while_nobody_takes_from_it() {
        let (_, cloud) = caller().await;
        let (told, heard) = mpsc::unbounded_channel();
        let listing = list_ahead(&cloud.global(), move |member| {
            told.send(member.account.clone()).unwrap();
        });
        let all = async {
            while listing.so_far.load(Ordering::Relaxed) < 46 {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), all).await;
        assert!(waited.is_ok(), "it stands still");
        let members: Vec<_> = listing.members.collect().await;
        assert_eq!(members.len(), 46);
        assert!(members.iter().all(Result::is_ok));
        assert_eq!(heard.len(), 46, "each is told");
    }

    #[tokio::test]
    async fn a_page_that_fails_ends_the_list_with_its_error() {
        let (sandbox, cloud) = caller().await;
        let refused = FaultKind::Refuse {
            code: "AccessDeniedException".to_owned(),
            status: 400,
        };
        sandbox.fault(Fault {
            after: 1,
            ..Fault::on("organizations", "ListAccounts", refused)
        });
        let members: Vec<_> = list_ahead(&cloud.global(), |_| ()).members.collect().await;
        assert_eq!(members.iter().filter(|member| member.is_ok()).count(), 20);
        assert!(members.last().is_some_and(Result::is_err));
    }
}
