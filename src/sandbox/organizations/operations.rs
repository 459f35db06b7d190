//! One account, one unit, and the services that are trusted.

use serde::Deserialize;
use serde_json::{Value, json};

use super::page::{account_id, invalid, missing};
use super::show::{account, unit};
use super::state::Org;
use crate::sandbox::wire::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfAccount {
    account_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfUnit {
    organizational_unit_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfService {
    service_principal: String,
}

pub(super) fn describe_account(organization: &Org, asked: &OfAccount) -> Result<Value, ApiError> {
    account_id(&asked.account_id)?;
    let (id, member) = organization
        .account(&asked.account_id)
        .ok_or_else(|| missing("AccountNotFound", "an account"))?;
    Ok(json!({"Account": account(organization, id, member)}))
}

pub(super) fn describe_unit(organization: &Org, asked: &OfUnit) -> Result<Value, ApiError> {
    let id = &asked.organizational_unit_id;
    let valid = id.starts_with("ou-").then_some(()).ok_or_else(invalid);
    let known = || missing("OrganizationalUnitNotFound", "an organizational unit");
    let found = valid.and(organization.units.get(id).ok_or_else(known))?;
    Ok(json!({"OrganizationalUnit": unit(organization, id, found)}))
}

/// Lets a service work across the organization from now on.
pub(super) fn enable(
    organization: &mut Org,
    asked: OfService,
    now: i64,
) -> Result<Value, ApiError> {
    let trusted = &mut organization.trusted;
    trusted.entry(asked.service_principal).or_insert(now);
    Ok(json!({}))
}

pub(super) fn disable(organization: &mut Org, asked: &OfService) -> Result<Value, ApiError> {
    organization.trusted.remove(&asked.service_principal);
    Ok(json!({}))
}
