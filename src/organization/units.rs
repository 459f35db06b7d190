//! Which accounts stand below the units that a rules file names.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{CallError, Cause, Clients, all_pages, calls};
use crate::place::AccountId;

/// Deeper than organizations go: five levels below the root. Source: Organizations quotas.
const DEEPEST: usize = 8;

/// The accounts below each unit, at any depth.
pub type Units = BTreeMap<String, BTreeSet<AccountId>>;

/// Why the accounts of a unit are not known.
#[derive(Debug)]
pub enum UnitError {
    /// There is no such unit; with those that there are, as `id name`.
    Unknown {
        /// The id of the unit, as the rules file names it.
        unit: String,
        /// Those that there are: id and name.
        known: Vec<(String, String)>,
    },
    /// A call failed, with what AWS says.
    Call(CallError),
}

impl From<CallError> for UnitError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

/// Looks up the accounts of units, nested ones included.
///
/// # Errors
/// A unit that does not exist, or what AWS says.
pub async fn units(clients: &Clients, wanted: &[&str]) -> Result<Units, UnitError> {
    let mut found = Units::new();
    for unit in wanted {
        if found.contains_key(*unit) {
            continue;
        }
        let mut accounts = BTreeSet::new();
        let mut open = vec![((*unit).to_owned(), 0)];
        while let Some((parent, depth)) = open.pop() {
            let listed = accounts_of(clients, &parent, &mut accounts).await;
            match listed {
                Err(error) if depth == 0 && error.cause == Cause::NotFound => {
                    return Err(UnitError::Unknown {
                        unit: parent,
                        known: all(clients).await?,
                    });
                }
                other => other?,
            }
            if depth < DEEPEST {
                let below = children(clients, &parent).await?;
                open.extend(below.into_iter().map(|(id, _)| (id, depth + 1)));
            }
        }
        found.insert((*unit).to_owned(), accounts);
    }
    Ok(found)
}

async fn accounts_of(
    clients: &Clients,
    parent: &str,
    accounts: &mut BTreeSet<AccountId>,
) -> Result<(), CallError> {
    let listed = all_pages(|token| async move {
        let request = clients.organizations.list_accounts_for_parent();
        let request = request.parent_id(parent).set_next_token(token);
        let page = calls::LIST_ACCOUNTS_FOR_PARENT
            .send(parent, request.send())
            .await?;
        Ok((page.accounts.unwrap_or_default(), page.next_token))
    });
    let listed = listed.await?;
    let ids = listed.iter().filter_map(|account| account.id());
    accounts.extend(ids.filter_map(|id| id.parse::<AccountId>().ok()));
    Ok(())
}

/// Id and name of the units right below another, or below the root.
async fn children(clients: &Clients, parent: &str) -> Result<Vec<(String, String)>, CallError> {
    let listed = all_pages(|token| async move {
        let request = clients.organizations.list_organizational_units_for_parent();
        let request = request.parent_id(parent).set_next_token(token);
        let page = calls::LIST_UNITS.send(parent, request.send()).await?;
        Ok((
            page.organizational_units.unwrap_or_default(),
            page.next_token,
        ))
    });
    let named = listed
        .await?
        .into_iter()
        .filter_map(|unit| Some((unit.id?, unit.name.unwrap_or_default())));
    Ok(named.collect())
}

/// Every unit of the organization.
async fn all(clients: &Clients) -> Result<Vec<(String, String)>, CallError> {
    let request = clients.organizations.list_roots();
    let answer = calls::LIST_ROOTS.send("*", request.send()).await?;
    let mut found = Vec::new();
    let roots = answer.roots().iter().filter_map(|root| root.id());
    let mut open: Vec<(String, usize)> = roots.map(|id| (id.to_owned(), 0)).collect();
    while let Some((parent, depth)) = open.pop() {
        let below = children(clients, &parent).await?;
        if depth < DEEPEST {
            open.extend(below.iter().map(|(id, _)| (id.clone(), depth + 1)));
        }
        found.extend(below);
    }
    found.sort();
    Ok(found)
}
