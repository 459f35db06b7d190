//! The organization is looked up, and its accounts begin to be listed and entered ahead.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use futures::stream::{self, Stream};
use tokio::sync::mpsc;

use super::super::accounts::{AccountScope, Given};
use super::super::error::{Code, Error};
use super::super::host::Host;
use super::advice::unit_error;
use crate::aws::Cloud;
use crate::fleet::RolesAhead;
use crate::organization::{self, Listing, Member, Organization, Selection};
use crate::place::AccountId;
use crate::rules;

/// The organization that a run works in.
pub struct Org {
    /// The organization itself: its id and its management account.
    pub organization: Organization,
    /// Who lists it and takes on roles.
    pub(in crate::engine) caller: Cloud,
    pub(in crate::engine) wanted: rules::Organization,
    pub(super) selection: Arc<Selection>,
    /// The accounts, where they need not be listed.
    pub(super) given: Given,
    /// Else the list that was begun ahead, until somebody takes it.
    pub(super) listing: RefCell<Option<Listing>>,
    /// The roles of those that are known, taken on ahead.
    pub(in crate::engine) roles: Arc<RolesAhead>,
    /// Whether the other accounts are left alone.
    pub home_only: bool,
}

impl Org {
    /// Looks up what the rules file names of the caller's organization, which is `found`. `home` is entered by others.
    pub(in crate::engine) async fn open(
        found: Option<Organization>,
        home: Option<&AccountId>,
        wanted: &rules::Organization,
        scope: &AccountScope,
        caller: &Cloud,
        host: &mut dyn Host,
    ) -> Result<Self, Error> {
        let clients = caller.global();
        let Some(organization) = found else {
            let message = format!("account {} is in no organization", caller.account);
            return Err(Error::new(Code::NotForRules, message).help(
                "remove `watch.organization`, or use credentials of the organization's management account",
            ));
        };
        let given = scope.given(&organization, &caller.account, host)?;
        let everywhere = scope.lists && !scope.home_only;
        let filters = [&wanted.include, &wanted.exclude];
        let named: Vec<&str> = filters
            .iter()
            .flat_map(|filter| &filter.units)
            .map(|(unit, _)| unit.as_str())
            .collect();
        let units = organization::units(&clients, &named).await;
        let units = units.map_err(|error| unit_error(error, caller, &organization))?;
        let selection = Selection::new(wanted, units, &scope.only, &scope.exclude);
        let selection = Arc::new(selection);
        let (sure, known) = mpsc::unbounded_channel();
        let (home, deciding) = (home.cloned(), Arc::clone(&selection));
        let tell = move |member: &Member| {
            if deciding.is_sure(member) && Some(&member.account) != home.as_ref() {
                // Whoever takes roles on has enough some time.
                let _ = sure.send(member.account.clone());
            }
        };
        let listing = match &given.members {
            Some(members) => {
                members.iter().for_each(tell);
                None
            }
            None => everywhere.then(|| organization::list_ahead(&clients, tell)),
        };
        let roles = match everywhere {
            true => RolesAhead::begin(caller, &wanted.member_role, unfolded(known)),
            false => RolesAhead::default(),
        };
        Ok(Self {
            roles: Arc::new(roles),
            organization,
            caller: caller.clone(),
            wanted: wanted.clone(),
            selection,
            listing: RefCell::new(listing),
            given,
            home_only: scope.home_only,
        })
    }

    /// The file that names the accounts, where the organization was not asked for them.
    pub fn accounts_file(&self) -> Option<&Path> {
        self.given.file.as_deref()
    }

    /// Whether the command line names accounts: a slip in those must be told before anything is changed.
    pub(in crate::engine) fn is_narrowed(&self) -> bool {
        self.selection.is_narrowed()
    }
}

/// What comes through a channel, until nobody sends any more.
fn unfolded<T>(receiver: mpsc::UnboundedReceiver<T>) -> impl Stream<Item = T> {
    stream::unfold(receiver, async |mut receiver| {
        let next = receiver.recv().await?;
        Some((next, receiver))
    })
}
