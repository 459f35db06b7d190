//! The organization that a caller is in, and whom it trusts.

use super::model::Organization;
use crate::aws::{CallError, Cause, Clients, calls};

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
