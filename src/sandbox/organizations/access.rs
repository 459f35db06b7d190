//! What the operations of Organizations are called in IAM, and what they are about.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html>

use serde_json::Value;

use crate::sandbox::access::Kind;
use crate::sandbox::world::{Site, World};

/// Whether an operation changes anything; `None` if it is not known here.
pub(crate) fn kind(operation: &str) -> Option<Kind> {
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
        | "ListAWSServiceAccessForOrganization" => Some(Kind::Read),
        "EnableAWSServiceAccess" | "DisableAWSServiceAccess" => Some(Kind::Write),
        _ => None,
    }
}

/// Actions and resource ARNs.
pub(crate) fn permissions(
    world: &World,
    site: &Site,
    operation: &str,
    input: &Value,
) -> Vec<(String, String)> {
    let field = match operation {
        "DescribeAccount" => "AccountId",
        "DescribeOrganizationalUnit" => "OrganizationalUnitId",
        "ListOrganizationalUnitsForParent" | "ListAccountsForParent" => "ParentId",
        "ListParents" => "ChildId",
        "ListTagsForResource" => "ResourceId",
        _ => "",
    };
    let id = input.get(field).and_then(Value::as_str);
    let organization = world.organization_of(&site.account);
    let resource = match (organization, id) {
        (Some(organization), Some(id)) => organization.arn(id),
        _ => "*".to_owned(),
    };
    vec![(format!("organizations:{operation}"), resource)]
}
