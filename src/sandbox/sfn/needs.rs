//! What calls of Step Functions need.
//!
//! Actions and resource types are those of the Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html>).

use serde_json::Value;

use super::names::machine_arn;
use crate::sandbox::access::{Access, Needs, is_tagged, text, unknown};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;

pub(super) fn needs(site: &Site, operation: &str, input: &Value) -> Result<Needs, ApiError> {
    use Access::{Read, Write};
    let machine = text(input, "stateMachineArn");
    let execution = text(input, "executionArn");
    let resource = text(input, "resourceArn");
    let (access, resource) = match operation {
        "CreateStateMachine" => (Write, machine_arn(site, text(input, "name"))),
        "UpdateStateMachine" | "DeleteStateMachine" | "StartExecution" => {
            (Write, machine.to_owned())
        }
        "DescribeStateMachine" | "ListExecutions" => (Read, machine.to_owned()),
        "StopExecution" => (Write, execution.to_owned()),
        "DescribeExecution" | "GetExecutionHistory" => (Read, execution.to_owned()),
        "TagResource" | "UntagResource" => (Write, resource.to_owned()),
        "ListTagsForResource" => (Read, resource.to_owned()),
        // These name no resource at all.
        "ListStateMachines" | "ValidateStateMachineDefinition" => (Read, "*".to_owned()),
        _ => return Err(unknown("states", operation)),
    };
    let tags = operation == "CreateStateMachine" && is_tagged(input);
    let needs = Needs::one(access, format!("states:{operation}"), resource.clone());
    let needs = needs.and_if(tags, "states:TagResource", &resource);
    let role = input.get("roleArn").and_then(Value::as_str);
    Ok(needs.and_pass(role.into_iter()))
}
