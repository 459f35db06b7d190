//! Lists: accounts, units, parents, tags, delegated administrators, trusted services.

use std::ops::Bound;

use serde::Deserialize;
use serde_json::{Value, json};

use super::page::{OTHERS, Page, account_id, answer, invalid, missing, seconds};
use super::show::{account, unit};
use super::state::Org;
use crate::sandbox::wire::ApiError;

/// How many accounts a page holds: as many as on AWS, whose slow listing is what callers meet.
const ACCOUNTS: usize = 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfParent {
    parent_id: String,
    next_token: Option<String>,
    max_results: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfChild {
    child_id: String,
    next_token: Option<String>,
    max_results: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfResource {
    resource_id: String,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Administrators {
    service_principal: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

/// Ten thousand accounts are looked at twenty at a time.
pub(super) fn list_accounts(organization: &Org, page: &Page) -> Result<Value, ApiError> {
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

pub(super) fn accounts_of(organization: &Org, asked: OfParent) -> Result<Value, ApiError> {
    check_parent(organization, &asked.parent_id)?;
    let inside = organization
        .accounts
        .iter()
        .filter(|(_, member)| member.parent == asked.parent_id)
        .map(|(id, member)| (id.to_string(), account(organization, id, member)));
    Page::from(asked.next_token, asked.max_results).of("Accounts", ACCOUNTS, inside.collect())
}

pub(super) fn units_of(organization: &Org, asked: OfParent) -> Result<Value, ApiError> {
    check_parent(organization, &asked.parent_id)?;
    let inside = organization
        .units
        .iter()
        .filter(|(_, unit)| unit.parent == asked.parent_id)
        .map(|(id, found)| (id.clone(), unit(organization, id, found)));
    let page = Page::from(asked.next_token, asked.max_results);
    page.of("OrganizationalUnits", OTHERS, inside.collect())
}

pub(super) fn parents(organization: &Org, asked: OfChild) -> Result<Value, ApiError> {
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

pub(super) fn tags(organization: &Org, asked: &OfResource) -> Result<Value, ApiError> {
    let id = &asked.resource_id;
    let known = organization.is_parent(id) || organization.account(id).is_some();
    known
        .then_some(())
        .ok_or_else(|| missing("TargetNotFound", "a target"))?;
    let tags = organization.tags.get(id).into_iter().flatten();
    let tags = tags.map(|(key, value)| (key.clone(), json!({"Key": key, "Value": value})));
    Page::from(asked.next_token.clone(), None).of("Tags", OTHERS, tags.collect())
}

pub(super) fn delegated(organization: &Org, asked: Administrators) -> Result<Value, ApiError> {
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

pub(super) fn roots(organization: &Org, page: &Page) -> Result<Value, ApiError> {
    let root = json!({
        "Id": organization.root,
        "Arn": organization.arn(&organization.root),
        "Name": "Root",
        "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
    });
    page.of("Roots", OTHERS, vec![(organization.root.clone(), root)])
}

pub(super) fn trusted(organization: &Org, page: &Page) -> Result<Value, ApiError> {
    let trusted = organization.trusted.iter().map(|(service, since)| {
        let shown = json!({"ServicePrincipal": service, "DateEnabled": seconds(*since)});
        (service.clone(), shown)
    });
    page.of("EnabledServicePrincipals", OTHERS, trusted.collect())
}
