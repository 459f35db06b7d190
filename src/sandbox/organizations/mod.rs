//! Organizations: the accounts of an organization and the units they are in, as its management
//! account and delegated administrators see them.
//!
//! <https://docs.aws.amazon.com/organizations/latest/APIReference/Welcome.html>
//!
//! | question | room |
//! |---|---|
//! | what can be asked of it? | `operations`, `list`; how it is shown `show`, `page` |
//! | what may its members do at most? | `scp` |
//! | how do people make and change it? | `build`; what it tells by itself `events` |

mod build;
mod events;
mod list;
mod needs;
mod operations;
mod page;
pub(crate) mod scp;
mod show;
mod state;

use serde_json::Value;

pub use build::{Organization, OrganizationError};
pub use state::AccountState;
pub(crate) use state::State;

use super::access::{Access, Needs};
use super::principal::Principal;
use super::service::{Errors, Facts, Limit, Reach, Service};
use super::site::Site;
use super::wire::{ApiError, JSON_1_1, Protocol, input};
use super::world::World;
use crate::place::AccountId;
use state::Org;

/// Organizations: one organization at most.
pub(crate) struct Organizations;

/// How often accounts may be listed: 8 times a second, 13 at once.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
static LIST_ACCOUNTS: Limit = Limit {
    name: "ListAccounts",
    rate: 8.0,
    burst: 13.0,
    regional: false,
};

/// What the management account does alone.
const FOR_MANAGEMENT: [&str; 2] = ["EnableAWSServiceAccess", "DisableAWSServiceAccess"];

impl Service for Organizations {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "organizations",
            protocol: Protocol::Json(JSON_1_1),
            reach: Reach::Global,
            errors: Errors {
                throttled: (400, "TooManyRequestsException", "Rate exceeded"),
                ..Errors::JSON
            },
        }
    }

    fn needs(
        &self,
        world: &World,
        site: &Site,
        operation: &str,
        input: &Value,
    ) -> Result<Needs, ApiError> {
        needs::needs(world, site, operation, input)
    }

    fn handle(
        &self,
        world: &mut World,
        site: &Site,
        _: &Principal,
        operation: &str,
        value: Value,
    ) -> Result<Value, ApiError> {
        let now = world.now();
        let org = seen(world, site, operation)?;
        match operation {
            "DescribeOrganization" => Ok(show::describe(org)),
            "DescribeAccount" => operations::describe_account(org, &input(operation, value)?),
            "DescribeOrganizationalUnit" => {
                operations::describe_unit(org, &input(operation, value)?)
            }
            "ListAccounts" => list::list_accounts(org, &input(operation, value)?),
            "ListRoots" => list::roots(org, &input(operation, value)?),
            "ListAccountsForParent" => list::accounts_of(org, input(operation, value)?),
            "ListOrganizationalUnitsForParent" => list::units_of(org, input(operation, value)?),
            "ListParents" => list::parents(org, input(operation, value)?),
            "ListTagsForResource" => list::tags(org, &input(operation, value)?),
            "ListDelegatedAdministrators" => list::delegated(org, input(operation, value)?),
            "ListAWSServiceAccessForOrganization" => list::trusted(org, &input(operation, value)?),
            "EnableAWSServiceAccess" => operations::enable(org, input(operation, value)?, now),
            "DisableAWSServiceAccess" => operations::disable(org, &input(operation, value)?),
            _ => Err(ApiError::unsupported(operation)),
        }
    }

    fn limit(&self, operation: &str, _: Access) -> Option<&'static Limit> {
        (operation == "ListAccounts").then_some(&LIST_ACCOUNTS)
    }

    /// What belongs to an organization has rules of its own.
    fn owner(&self, _: &World, _: &str) -> Option<AccountId> {
        None
    }
}

/// The organization of the account, if it may ask this of it.
fn seen<'w>(world: &'w mut World, site: &Site, operation: &str) -> Result<&'w mut Org, ApiError> {
    let organization = world.organizations.organization.as_mut();
    let organization = organization.filter(|org| org.accounts.contains_key(&site.account));
    let organization = organization.ok_or_else(|| {
        let message = "Your account is not a member of an organization.";
        ApiError::new("AWSOrganizationsNotInUseException", message)
    })?;
    let may = match operation {
        "DescribeOrganization" => true,
        operation if FOR_MANAGEMENT.contains(&operation) => site.account == organization.management,
        _ => organization.shows_itself_to(&site.account),
    };
    if !may {
        let message = "You don't have permissions to access this resource.";
        return Err(ApiError::new("AccessDeniedException", message));
    }
    Ok(organization)
}
