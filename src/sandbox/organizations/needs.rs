//! What the operations of Organizations are called in IAM, and what they are about.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html>

use serde_json::Value;

use crate::sandbox::access::{Access, Needs, unknown};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

pub(super) fn needs(
    world: &World,
    site: &Site,
    operation: &str,
    input: &Value,
) -> Result<Needs, ApiError> {
    let access = access(operation).ok_or_else(|| unknown("organizations", operation))?;
    let resource = resource(world, site, operation, input);
    Ok(Needs::one(
        access,
        format!("organizations:{operation}"),
        resource,
    ))
}

/// Whether an operation changes anything; `None` if it is not known here.
fn access(operation: &str) -> Option<Access> {
    match operation {
        "DescribeOrganization"
        | "DescribeAccount"
        | "DescribeOrganizationalUnit"
        | "ListAccounts"
        | "ListRoots"
        | "ListOrganizationalUnitsForParent"
        | "ListAccountsForParent"
        | "ListParents"
        | "ListTagsForResource"
        | "ListDelegatedAdministrators"
        | "ListAWSServiceAccessForOrganization" => Some(Access::Read),
        "EnableAWSServiceAccess" | "DisableAWSServiceAccess" => Some(Access::Write),
        _ => None,
    }
}

/// The ARN of what an operation is about.
fn resource(world: &World, site: &Site, operation: &str, input: &Value) -> String {
    let field = match operation {
        "DescribeAccount" => "AccountId",
        "DescribeOrganizationalUnit" => "OrganizationalUnitId",
        "ListOrganizationalUnitsForParent" | "ListAccountsForParent" => "ParentId",
        "ListParents" => "ChildId",
        "ListTagsForResource" => "ResourceId",
        _ => "",
    };
    let id = input.get(field).and_then(Value::as_str);
    let organization = world.organizations.of(&site.account);
    match (organization, id) {
        (Some(organization), Some(id)) => organization.arn(id),
        _ => "*".to_owned(),
    }
}
