//! The records of a role that is assumed: one where the caller is, one where the role is.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>

use serde_json::{Value, json};

use super::{Call, Principal, Service, Site, World, publish};
use crate::place::AccountId;

/// The role that a call has assumed.
pub(super) fn role(call: &Call, done: bool) -> Option<&str> {
    let assumes = call.service == Service::Sts && call.operation == "AssumeRole";
    let role = call.input.get("RoleArn").filter(|_| assumes && done)?;
    role.as_str()
}

/// Says in the record of the call which role it is about. If that is another account's, the record
/// is also made there, where of the caller only account and id are known.
pub(super) fn share(
    world: &mut World,
    site: &Site,
    caller: &Principal,
    role: &str,
    event: &mut Value,
) {
    let Some(account) = role
        .split(':')
        .nth(4)
        .and_then(|a| a.parse::<AccountId>().ok())
    else {
        return;
    };
    let detail = |event: &mut Value, fields: Vec<(&str, Value)>| {
        if let Some(detail) = event.get_mut("detail").and_then(Value::as_object_mut) {
            let fields = fields.into_iter();
            detail.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        }
    };
    let resources = json!([{"accountId": account, "type": "AWS::IAM::Role", "ARN": role}]);
    detail(event, vec![("resources", resources)]);
    if account == site.account {
        return;
    }
    let shared = json!(world.uuid());
    detail(event, vec![("sharedEventID", shared)]);
    let mut copy = event.clone();
    let identity = json!({
        "type": "AWSAccount",
        "principalId": caller.user_id(),
        "accountId": caller.account,
    });
    let fields = vec![
        ("userIdentity", identity),
        ("eventID", json!(world.uuid())),
        ("recipientAccountId", json!(account)),
    ];
    detail(&mut copy, fields);
    let there = Site {
        account,
        region: site.region.clone(),
    };
    publish(world, &there, Service::Sts, copy);
}
