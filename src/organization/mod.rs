//! The organization that the caller's account is in, and which of its accounts are watched.
//!
//! Listing is slow (20 accounts a page, throttled, one page after the other), so accounts are handed on
//! while it goes on, and a file of account ids can take its place.

mod cache;
mod file;
mod list;
mod select;
mod trust;
mod units;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::aws::{CallError, Cause, Clients, calls};
use crate::place::AccountId;

pub use cache::Cache;
pub use file::{AccountsFile, FileProblem};
pub use list::{Listing, account_tags, list, list_ahead};
pub use select::{Choice, Left, Selection, Unmatched};
pub use trust::{NoPrincipal, Trusted};
pub use units::{UnitError, Units, units};

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// `o-` and ten or more letters and digits.
    pub id: String,
    /// The account that pays, and that service control policies do not bind.
    pub management: AccountId,
}

/// An account of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The account.
    pub account: AccountId,
    /// What people call it; empty where only its id is known.
    pub name: String,
    /// Whether it can be worked in.
    pub state: State,
    /// When it joined, in Unix seconds, if that is known.
    pub joined: Option<i64>,
}

/// The state of an account in its organization.
/// Source: Organizations user guide, `orgs_manage_accounts_account_state`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It can be worked in; or nobody said.
    Active,
    /// AWS has restricted it.
    Suspended,
    /// It is being closed.
    PendingClosure,
    /// It was closed.
    Closed,
    /// It was made a moment ago and is not ready.
    PendingActivation,
    /// A state that this version does not know: worked in, since a failure says more than a guess.
    Other(String),
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::PendingClosure => "pending closure",
            Self::Closed => "closed",
            Self::PendingActivation => "pending activation",
            Self::Other(word) => word,
        })
    }
}

impl State {
    /// Whether there is any use in trying.
    pub fn is_workable(&self) -> bool {
        matches!(self, Self::Active | Self::Other(_))
    }
}

impl Member {
    /// An account of which only the id is known.
    pub fn known_by_id(account: AccountId) -> Self {
        Self {
            account,
            name: String::new(),
            state: State::Active,
            joined: None,
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.account)?;
        if !self.name.is_empty() {
            write!(f, " ({})", crate::diagnostic::printable(&self.name))?;
        }
        Ok(())
    }
}

/// The caller's organization; `None` if its account is in none.
///
/// # Errors
/// What AWS says otherwise.
pub async fn organization(clients: &Clients) -> Result<Option<Organization>, CallError> {
    let request = clients.organizations.describe_organization();
    let answer = calls::DESCRIBE_ORGANIZATION.send("*", request.send()).await;
    let found = match answer {
        Ok(answer) => answer.organization,
        Err(error) if error.code.as_deref() == Some("AWSOrganizationsNotInUseException") => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let known = found.and_then(|found| {
        Some(Organization {
            id: found.id?,
            management: found.master_account_id?.parse().ok()?,
        })
    });
    match known {
        Some(organization) => Ok(Some(organization)),
        None => Err(CallError::unexpected(
            &calls::DESCRIBE_ORGANIZATION,
            "the answer names no management account".to_owned(),
        )),
    }
}

/// Whether a service of AWS has trusted access to the caller's organization.
///
/// # Errors
/// What AWS says.
pub async fn trusts(clients: &Clients, service: &str) -> Result<bool, CallError> {
    let mut token = None;
    loop {
        let request = clients
            .organizations
            .list_aws_service_access_for_organization()
            .set_next_token(token);
        let page = calls::LIST_SERVICE_ACCESS.send("*", request.send()).await?;
        let mut enabled = page.enabled_service_principals().iter();
        if enabled.any(|enabled| enabled.service_principal() == Some(service)) {
            return Ok(true);
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(false);
        }
    }
}

/// Whether a refusal says that the caller's account may not ask about the organization: only the
/// management account and delegated administrators may list it.
pub fn is_outsider(error: &CallError) -> bool {
    error.cause == Cause::Denied
}
