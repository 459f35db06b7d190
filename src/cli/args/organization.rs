//! Flags of commands that work in a whole organization.

use std::path::PathBuf;

use clap::Args;

use crate::engine::{AccountScope, AccountSource};
use crate::place::AccountId;

/// Flags of commands that work in a whole organization.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct OrgArgs {
    /// Watch the caller's whole organization, although the rules file does not say so
    #[arg(long)]
    org: bool,
    /// Only the home account of the organization
    #[arg(long, conflicts_with_all = ["account", "exclude_account", "accounts_file", "accounts_cache"])]
    home_only: bool,
    /// Besides home only this account; can be repeated
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) account: Vec<AccountId>,
    /// Not this account; can be repeated
    #[arg(long, value_name = "ID")]
    exclude_account: Vec<AccountId>,
    #[command(flatten)]
    accounts: AccountsArgs,
}

/// Flags that say where the accounts come from.
#[derive(Debug, Clone, Default, Args)]
struct AccountsArgs {
    /// Take the accounts from FILE, one id a line, in place of listing the organization
    #[arg(long, value_name = "FILE")]
    accounts_file: Option<PathBuf>,
    /// Keep the list of accounts in FILE, and take it from there while it is young; `coverage` only keeps it
    #[arg(long, value_name = "FILE", conflicts_with = "accounts_file")]
    accounts_cache: Option<PathBuf>,
    /// For how many minutes the kept list serves
    #[arg(
        long,
        value_name = "MINUTES",
        default_value_t = 60,
        requires = "accounts_cache"
    )]
    cache_minutes: u32,
}

impl OrgArgs {
    /// The accounts that the flags mean.
    pub(in crate::cli) fn scope(&self) -> AccountScope {
        AccountScope {
            whole: self.org,
            home_only: self.home_only,
            only: self.account.clone(),
            exclude: self.exclude_account.clone(),
            source: self.accounts.source(),
            ..AccountScope::default()
        }
    }

    /// The accounts that the flags mean, for a command that works in every one of them.
    pub(in crate::cli) fn listing(&self) -> AccountScope {
        AccountScope {
            lists: true,
            ..self.scope()
        }
    }
}

impl AccountsArgs {
    fn source(&self) -> AccountSource {
        match (&self.accounts_file, &self.accounts_cache) {
            (Some(path), _) => AccountSource::File(path.clone()),
            (None, Some(path)) => AccountSource::Kept {
                path: path.clone(),
                minutes: self.cache_minutes,
            },
            (None, None) => AccountSource::Organization,
        }
    }
}
