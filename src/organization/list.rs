//! Listing: page after page, each account handed on as soon as it is known.

use aws_sdk_organizations::types;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};

use super::{Member, State};
use crate::aws::{CallError, Clients, calls};

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

pub(super) fn member(account: &types::Account) -> Option<Member> {
    // `Status` is being retired for `State`, which tells more; emulators and older partitions have the
    // one alone. Source: Organizations API reference, `Account`.
    let state = account.state().map(types::AccountState::as_str);
    #[allow(deprecated)]
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
