//! What an organization and its accounts are.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::place::AccountId;

/// An organization of AWS accounts, with its management account.
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
    /// The id of the account.
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
    /// It was closed and cannot be worked in.
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
