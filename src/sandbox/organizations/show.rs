//! What Organizations shows of an organization, an account and a unit.

use serde_json::{Value, json};

use super::page::seconds;
use super::state::{Member, Org, Unit};
use crate::place::AccountId;

/// The addresses of accounts are made up.
fn email(id: &AccountId) -> String {
    format!("aws+{id}@example.com")
}

pub(super) fn describe(organization: &Org) -> Value {
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
pub(super) fn account(organization: &Org, id: &AccountId, member: &Member) -> Value {
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

pub(super) fn unit(organization: &Org, id: &str, unit: &Unit) -> Value {
    json!({
        "Id": id,
        "Arn": organization.arn(id),
        "Name": unit.name,
        "Path": organization.path(id),
    })
}
