//! Organizations: the accounts of an organization and the units they are in, as its management
//! account and delegated administrators see them.
//!
//! <https://docs.aws.amazon.com/organizations/latest/APIReference/Welcome.html>

use std::ops::Bound;

use serde::Deserialize;
use serde_json::{Value, json};

use super::wire::{ApiError, input};
use super::world::{Site, World};
use crate::place::AccountId;

mod access;
mod build;
mod events;
mod model;
pub(crate) mod scp;

pub(crate) use access::{kind, permissions};
pub use build::{Organization, OrganizationError};
pub use model::AccountState;
pub(crate) use model::{Member, Org, Unit};

/// How many accounts a page holds: as many as on AWS, whose slow listing is what callers meet.
const ACCOUNTS: usize = 20;
/// Of other things a page holds few, so that paging is exercised.
const OTHERS: usize = 5;

/// What the management account does alone.
const FOR_MANAGEMENT: [&str; 2] = ["EnableAWSServiceAccess", "DisableAWSServiceAccess"];

pub(crate) fn handle(
    world: &mut World,
    site: &Site,
    operation: &str,
    value: Value,
) -> Result<Value, ApiError> {
    let now = world.now();
    let organization = world.organization.as_mut();
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
    match operation {
        "DescribeOrganization" => Ok(describe(organization)),
        "DescribeAccount" => {
            let asked: OfAccount = input(operation, value)?;
            account_id(&asked.account_id)?;
            let (id, member) = organization
                .account(&asked.account_id)
                .ok_or_else(|| missing("AccountNotFound", "an account"))?;
            Ok(json!({"Account": account(organization, id, member)}))
        }
        "DescribeOrganizationalUnit" => {
            let asked: OfUnit = input(operation, value)?;
            let id = &asked.organizational_unit_id;
            let valid = id.starts_with("ou-").then_some(()).ok_or_else(invalid);
            let known = || missing("OrganizationalUnitNotFound", "an organizational unit");
            let found = valid.and(organization.units.get(id).ok_or_else(known))?;
            Ok(json!({"OrganizationalUnit": unit(organization, id, found)}))
        }
        "ListAccounts" => list_accounts(organization, &input(operation, value)?),
        "ListRoots" => {
            let page: Page = input(operation, value)?;
            let root = json!({
                "Id": organization.root,
                "Arn": organization.arn(&organization.root),
                "Name": "Root",
                "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
            });
            page.of("Roots", OTHERS, vec![(organization.root.clone(), root)])
        }
        "ListAccountsForParent" => accounts_of(organization, input(operation, value)?),
        "ListOrganizationalUnitsForParent" => units_of(organization, input(operation, value)?),
        "ListParents" => parents(organization, input(operation, value)?),
        "ListTagsForResource" => tags(organization, &input(operation, value)?),
        "ListDelegatedAdministrators" => delegated(organization, input(operation, value)?),
        "ListAWSServiceAccessForOrganization" => {
            let page: Page = input(operation, value)?;
            let trusted = organization.trusted.iter().map(|(service, since)| {
                let shown = json!({"ServicePrincipal": service, "DateEnabled": seconds(*since)});
                (service.clone(), shown)
            });
            page.of("EnabledServicePrincipals", OTHERS, trusted.collect())
        }
        "EnableAWSServiceAccess" => {
            let asked: OfService = input(operation, value)?;
            organization
                .trusted
                .entry(asked.service_principal)
                .or_insert(now);
            Ok(json!({}))
        }
        "DisableAWSServiceAccess" => {
            let asked: OfService = input(operation, value)?;
            organization.trusted.remove(&asked.service_principal);
            Ok(json!({}))
        }
        _ => Err(ApiError::unsupported(operation)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfAccount {
    account_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfUnit {
    organizational_unit_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfService {
    service_principal: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfParent {
    parent_id: String,
    next_token: Option<String>,
    max_results: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfChild {
    child_id: String,
    next_token: Option<String>,
    max_results: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfResource {
    resource_id: String,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Administrators {
    service_principal: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Page {
    next_token: Option<String>,
    max_results: Option<usize>,
}

fn invalid() -> ApiError {
    ApiError::new("InvalidInputException", "You specified an invalid value.")
}

fn missing(what: &str, words: &str) -> ApiError {
    let message = format!("You specified {words} that doesn't exist.");
    ApiError::new(&format!("{what}Exception"), message)
}

fn account_id(given: &str) -> Result<AccountId, ApiError> {
    given.parse().map_err(|_| invalid())
}

/// Seconds since 1970.
fn seconds(milliseconds: i64) -> Value {
    #[allow(clippy::cast_precision_loss)] // Exact for some hundred thousand years.
    let seconds = milliseconds as f64 / 1000.0;
    json!(seconds)
}

impl Page {
    fn size(&self, most: usize) -> Result<usize, ApiError> {
        let asked = self.max_results.unwrap_or(most);
        let fits = (1..=20).contains(&asked).then_some(asked.min(most));
        fits.ok_or_else(invalid)
    }

    /// One page of a list whose entries have a name each; the token is the last name of the page
    /// before, so that what comes in between shifts nothing.
    fn of(&self, key: &str, most: usize, mut all: Vec<(String, Value)>) -> Result<Value, ApiError> {
        let size = self.size(most)?;
        all.sort_by(|one, other| one.0.cmp(&other.0));
        let after = |name: &String| self.next_token.as_ref().is_none_or(|token| name > token);
        let mut rest = all.into_iter().filter(|(name, _)| after(name));
        let page: Vec<(String, Value)> = rest.by_ref().take(size).collect();
        let last = page.last().map(|(name, _)| name.clone());
        let token = last.filter(|_| rest.next().is_some());
        let shown: Vec<Value> = page.into_iter().map(|(_, value)| value).collect();
        Ok(answer(key, shown, token))
    }
}

fn answer(key: &str, shown: Vec<Value>, token: Option<String>) -> Value {
    match token {
        Some(token) => json!({key: shown, "NextToken": token}),
        None => json!({key: shown}),
    }
}

/// The addresses of accounts are made up.
fn email(id: &AccountId) -> String {
    format!("aws+{id}@example.com")
}

fn describe(organization: &Org) -> Value {
    let management = &organization.management;
    json!({"Organization": {
        "Id": organization.id,
        "Arn": format!("arn:aws:organizations::{management}:organization/{}", organization.id),
        "FeatureSet": "ALL",
        "MasterAccountArn": organization.arn(management.as_str()),
        "MasterAccountId": management,
        "MasterAccountEmail": email(management),
        "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
    }})
}

/// An account with `State`, and with `Status` which that replaces.
fn account(organization: &Org, id: &AccountId, member: &Member) -> Value {
    let method = if member.created { "CREATED" } else { "INVITED" };
    json!({
        "Id": id,
        "Arn": organization.arn(id.as_str()),
        "Email": email(id),
        "Name": member.name,
        "Status": member.state.status(),
        "State": member.state,
        "Paths": [format!("{}{id}/", organization.path(id.as_str()))],
        "JoinedMethod": method,
        "JoinedTimestamp": seconds(member.joined),
    })
}

fn unit(organization: &Org, id: &str, unit: &Unit) -> Value {
    json!({
        "Id": id,
        "Arn": organization.arn(id),
        "Name": unit.name,
        "Path": organization.path(id),
    })
}

/// Ten thousand accounts are looked at twenty at a time.
fn list_accounts(organization: &Org, page: &Page) -> Result<Value, ApiError> {
    let size = page.size(ACCOUNTS)?;
    let after = match &page.next_token {
        Some(token) => Bound::Excluded(account_id(token)?),
        None => Bound::Unbounded,
    };
    let mut rest = organization.accounts.range((after, Bound::Unbounded));
    let shown: Vec<_> = rest.by_ref().take(size).collect();
    let last = shown.last().map(|(id, _)| id.to_string());
    let token = last.filter(|_| rest.next().is_some());
    let shown = shown
        .into_iter()
        .map(|(id, member)| account(organization, id, member));
    Ok(answer("Accounts", shown.collect(), token))
}

fn check_parent(organization: &Org, id: &str) -> Result<(), ApiError> {
    if !id.starts_with("r-") && !id.starts_with("ou-") {
        return Err(invalid());
    }
    let known = organization.is_parent(id).then_some(());
    known.ok_or_else(|| missing("ParentNotFound", "a parent"))
}

fn accounts_of(organization: &Org, asked: OfParent) -> Result<Value, ApiError> {
    check_parent(organization, &asked.parent_id)?;
    let inside = organization
        .accounts
        .iter()
        .filter(|(_, member)| member.parent == asked.parent_id)
        .map(|(id, member)| (id.to_string(), account(organization, id, member)));
    Page::from(asked.next_token, asked.max_results).of("Accounts", ACCOUNTS, inside.collect())
}

fn units_of(organization: &Org, asked: OfParent) -> Result<Value, ApiError> {
    check_parent(organization, &asked.parent_id)?;
    let inside = organization
        .units
        .iter()
        .filter(|(_, unit)| unit.parent == asked.parent_id)
        .map(|(id, found)| (id.clone(), unit(organization, id, found)));
    let page = Page::from(asked.next_token, asked.max_results);
    page.of("OrganizationalUnits", OTHERS, inside.collect())
}

fn parents(organization: &Org, asked: OfChild) -> Result<Value, ApiError> {
    let parent = organization.parent(&asked.child_id);
    let parent = parent.ok_or_else(|| missing("ChildNotFound", "a child"))?;
    let kind = match parent == organization.root {
        true => "ROOT",
        false => "ORGANIZATIONAL_UNIT",
    };
    let shown = json!({"Id": parent, "Type": kind});
    let page = Page::from(asked.next_token, asked.max_results);
    page.of("Parents", OTHERS, vec![(parent.to_owned(), shown)])
}

fn tags(organization: &Org, asked: &OfResource) -> Result<Value, ApiError> {
    let id = &asked.resource_id;
    let known = organization.is_parent(id) || organization.account(id).is_some();
    known
        .then_some(())
        .ok_or_else(|| missing("TargetNotFound", "a target"))?;
    let tags = organization.tags.get(id).into_iter().flatten();
    let tags = tags.map(|(key, value)| (key.clone(), json!({"Key": key, "Value": value})));
    Page::from(asked.next_token.clone(), None).of("Tags", OTHERS, tags.collect())
}

fn delegated(organization: &Org, asked: Administrators) -> Result<Value, ApiError> {
    let service = asked.service_principal;
    let mut all = Vec::new();
    for (id, services) in &organization.delegated {
        let since = match &service {
            Some(service) => services.get(service),
            None => services.values().min(),
        };
        let (Some(since), Some(member)) = (since, organization.accounts.get(id)) else {
            continue;
        };
        let mut shown = account(organization, id, member);
        if let Some(fields) = shown.as_object_mut() {
            fields.remove("Paths");
            fields.insert("DelegationEnabledDate".to_owned(), seconds(*since));
        }
        all.push((id.to_string(), shown));
    }
    let page = Page::from(asked.next_token, asked.max_results);
    page.of("DelegatedAdministrators", OTHERS, all)
}

impl Page {
    fn from(next_token: Option<String>, max_results: Option<usize>) -> Self {
        Self {
            next_token,
            max_results,
        }
    }
}
