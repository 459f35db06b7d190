//! What Organizations keeps: a tree of units with accounts as its leaves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::place::AccountId;
use crate::sandbox::common::Strings;

/// The part of the world that Organizations keeps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) organization: Option<Org>,
}

impl State {
    /// The organization that an account belongs to.
    pub(crate) fn of(&self, account: &AccountId) -> Option<&Org> {
        let organization = self.organization.as_ref();
        organization.filter(|org| org.accounts.contains_key(account))
    }

    /// Whether an account can be used at all.
    pub(crate) fn is_usable(&self, account: &AccountId) -> bool {
        let member = self.organization.as_ref();
        let member = member.and_then(|org| org.accounts.get(account));
        member.is_none_or(|member| member.state == AccountState::Active)
    }
}

/// An organization with all features. Times are milliseconds since 1970.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Org {
    /// The id of the organization, `o-…`.
    pub(crate) id: String,
    /// The id of the root, `r-…`.
    pub(crate) root: String,
    pub(crate) management: AccountId,
    /// Units by id, `ou-…`.
    pub(crate) units: BTreeMap<String, Unit>,
    /// The management account is one of them.
    pub(crate) accounts: BTreeMap<AccountId, Member>,
    /// Service control policies by the id of the root, unit or account; where nothing stands,
    /// everything is allowed.
    pub(crate) policies: BTreeMap<String, Vec<String>>,
    /// Service principals with trusted access, and since when.
    pub(crate) trusted: BTreeMap<String, i64>,
    /// The service principals for which an account is the delegated administrator, and since when.
    pub(crate) delegated: BTreeMap<AccountId, BTreeMap<String, i64>>,
    /// By the id of the root, unit or account.
    pub(crate) tags: BTreeMap<String, Strings>,
    /// Whether members are refused the event selectors of organization trails.
    pub(crate) hides_selectors: bool,
}

/// An organizational unit, somewhere below the root.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unit {
    pub(crate) name: String,
    /// The id of the root or of a unit.
    pub(crate) parent: String,
}

/// An account of the organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) parent: String,
    pub(crate) state: AccountState,
    pub(crate) joined: i64,
    /// Whether it was created in the organization, and not invited.
    pub(crate) created: bool,
}

/// Where an account is in its life.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountState {
    /// Its sign-up was never finished.
    PendingActivation,
    /// It can be used.
    Active,
    /// AWS has stopped it.
    Suspended,
    /// It is being closed.
    PendingClosure,
    /// It is closed and can be reopened for 90 days.
    Closed,
}

impl AccountState {
    /// The field that this one replaces knows three values; which of them stands for the two new
    /// states is not documented.
    pub(crate) fn status(self) -> Self {
        match self {
            Self::PendingActivation | Self::Closed => Self::Suspended,
            state => state,
        }
    }
}

impl Org {
    /// An organization of one account.
    pub(crate) fn new(id: String, root: String, management: AccountId, now: i64) -> Self {
        let account = Member {
            name: "management".to_owned(),
            parent: root.clone(),
            state: AccountState::Active,
            joined: now,
            created: false,
        };
        Self {
            id,
            root,
            accounts: BTreeMap::from([(management.clone(), account)]),
            management,
            units: BTreeMap::new(),
            policies: BTreeMap::new(),
            trusted: BTreeMap::new(),
            delegated: BTreeMap::new(),
            tags: BTreeMap::new(),
            hides_selectors: false,
        }
    }

    /// The account of that id, written as text.
    pub(crate) fn account(&self, id: &str) -> Option<(&AccountId, &Member)> {
        let id: AccountId = id.parse().ok()?;
        self.accounts.get_key_value(&id)
    }

    /// The id of the root or unit above a unit or an account.
    pub(crate) fn parent(&self, id: &str) -> Option<&str> {
        match self.units.get(id) {
            Some(unit) => Some(&unit.parent),
            None => self.account(id).map(|(_, member)| member.parent.as_str()),
        }
    }

    /// Whether accounts and units can be under this.
    pub(crate) fn is_parent(&self, id: &str) -> bool {
        id == self.root || self.units.contains_key(id)
    }

    /// From the root down to what is asked for, both included.
    pub(crate) fn line(&self, id: &str) -> Vec<String> {
        let mut line = vec![id.to_owned()];
        let mut here = id;
        while let Some(above) = self.parent(here) {
            line.push(above.to_owned());
            here = above;
        }
        line.reverse();
        line
    }

    /// `o-…/r-…/ou-…/`: the path to the parent of an account, or to a unit.
    pub(crate) fn path(&self, id: &str) -> String {
        let line = self.line(id);
        let units = line.iter().filter(|id| self.is_parent(id));
        units.fold(format!("{}/", self.id), |path, id| format!("{path}{id}/"))
    }

    /// The ARN of the root, a unit or an account. All belong to the management account.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html>
    pub(crate) fn arn(&self, id: &str) -> String {
        let kind = match id.split_once('-') {
            Some(("r", _)) => "root",
            Some(("ou", _)) => "ou",
            _ => "account",
        };
        let (management, organization) = (&self.management, &self.id);
        format!("arn:aws:organizations::{management}:{kind}/{organization}/{id}")
    }

    /// Whether the account may look at the organization: the management account, and whoever is
    /// the delegated administrator of any service.
    pub(crate) fn shows_itself_to(&self, account: &AccountId) -> bool {
        *account == self.management || self.delegated.contains_key(account)
    }

    /// Whether an account acts for a service in the name of the organization.
    pub(crate) fn administers(&self, account: &AccountId, service: &str) -> bool {
        let delegated = self.delegated.get(account);
        *account == self.management || delegated.is_some_and(|of| of.contains_key(service))
    }
}
