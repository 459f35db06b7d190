//! What each operation is called in IAM, and on which trail.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html>

use serde_json::Value;

use super::names::trail_arn;
use crate::sandbox::access::{Access, Needs, unknown};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;

pub(super) fn needs(site: &Site, operation: &str, input: &Value) -> Result<Needs, ApiError> {
    let text = |key: &str| input.get(key).and_then(Value::as_str);
    let arn = |given: Option<&str>| match given.unwrap_or_default() {
        given if given.starts_with("arn:") => given.to_owned(),
        given => trail_arn(site, given),
    };
    let items = |key: &str| {
        input
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let (access, resources) = match operation {
        "CreateTrail" | "UpdateTrail" | "DeleteTrail" | "StartLogging" | "StopLogging" => {
            (Access::Write, vec![arn(text("Name"))])
        }
        "PutEventSelectors" => (Access::Write, vec![arn(text("TrailName"))]),
        "AddTags" | "RemoveTags" => (Access::Write, vec![arn(text("ResourceId"))]),
        "GetTrail" | "GetTrailStatus" => (Access::Read, vec![arn(text("Name"))]),
        "GetEventSelectors" => (Access::Read, vec![arn(text("TrailName"))]),
        "DescribeTrails" | "ListTrails" | "LookupEvents" => (Access::Read, vec!["*".to_owned()]),
        "ListTags" => {
            let listed = items("ResourceIdList").map(|given| arn(given.as_str()));
            (Access::Read, listed.collect())
        }
        _ => return Err(unknown("cloudtrail", operation)),
    };
    let action = format!("cloudtrail:{operation}");
    let mut permissions: Vec<(String, String)> = resources
        .into_iter()
        .map(|resource| (action.clone(), resource))
        .collect();
    if operation == "CreateTrail" && items("TagsList").next().is_some() {
        permissions.push(("cloudtrail:AddTags".to_owned(), arn(text("Name"))));
    }
    // The role with which CloudTrail writes to CloudWatch Logs is passed to it.
    if let Some(role) = text("CloudWatchLogsRoleArn").filter(|role| !role.is_empty()) {
        permissions.push(("iam:PassRole".to_owned(), role.to_owned()));
    }
    if input.get("IsOrganizationTrail") == Some(&Value::Bool(true)) {
        permissions.extend(of_organization(site));
    }
    Ok(Needs {
        permissions,
        ..Needs::nothing(access)
    })
}

/// What the maker of an organization trail needs besides: those permissions of AWS's minimum policy
/// that the call itself can use. The role is the one with which CloudTrail looks at the accounts.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-an-organizational-trail-prepare.html>
fn of_organization(site: &Site) -> Vec<(String, String)> {
    let role = format!(
        "arn:aws:iam::{}:role/aws-service-role/cloudtrail.amazonaws.com/AWSServiceRoleForCloudTrail",
        site.account
    );
    let needed = [
        ("organizations:DescribeOrganization", "*"),
        ("organizations:ListAWSServiceAccessForOrganization", "*"),
        ("iam:GetRole", &role),
        ("iam:CreateServiceLinkedRole", &role),
    ];
    let needed = needed.into_iter();
    needed
        .map(|(action, resource)| (action.to_owned(), resource.to_owned()))
        .collect()
}
