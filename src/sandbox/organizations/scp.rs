//! Service control policies: what the members of an organization may do at most.
//!
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>

use super::state::State;
use crate::place::AccountId;
use crate::sandbox::policy::{Decision, Policy, Request, Tags};
use crate::sandbox::wire::ApiError;

/// What the policies say to a principal of that account: a denial anywhere outweighs everything,
/// and on every level, from the root to the account, something must allow. The management account
/// and service-linked roles are not subject to any.
pub(crate) fn decide(
    organizations: &State,
    account: &AccountId,
    iam_arn: &str,
    request: &Request<'_>,
    tags: &Tags,
) -> Result<Decision, ApiError> {
    let Some(organization) = organizations.of(account) else {
        return Ok(Decision::Allow);
    };
    let exempt = *account == organization.management || iam_arn.contains(":role/aws-service-role/");
    if exempt || organization.policies.is_empty() {
        return Ok(Decision::Allow);
    }
    let mut silent = false;
    for id in organization.line(account.as_str()) {
        let Some(documents) = organization.policies.get(&id) else {
            continue;
        };
        let mut level = Decision::Silent;
        for document in documents {
            let policy = Policy::parse(document).map_err(ApiError::unsupported)?;
            match policy.decide_with(request, tags) {
                Decision::Deny => return Ok(Decision::Deny),
                Decision::Allow => level = Decision::Allow,
                Decision::Silent => {}
            }
        }
        silent |= level == Decision::Silent;
    }
    Ok(if silent {
        Decision::Silent
    } else {
        Decision::Allow
    })
}
