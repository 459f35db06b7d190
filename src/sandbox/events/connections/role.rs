//! The service-linked role with which EventBridge keeps the secrets of connections.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/using-service-linked-roles.html>

use serde_json::json;

use crate::place::AccountId;
use crate::sandbox::iam::roles::plant_role;
use crate::sandbox::world::World;

/// Whom the role is for: `iam:AWSServiceName` in policies.
pub(super) const SERVICE: &str = "apidestinations.events.amazonaws.com";

const NAME: &str = "AWSServiceRoleForAmazonEventBridgeApiDestinations";

/// The ARN of the role in an account.
pub(super) fn arn(account: &AccountId) -> String {
    format!("arn:aws:iam::{account}:role/aws-service-role/{SERVICE}/{NAME}")
}

/// Whether an account has the role already: it is made with the first connection.
pub(super) fn is_there(world: &World, account: &AccountId) -> bool {
    let iam = world.iam.accounts.get(account);
    iam.is_some_and(|iam| iam.roles.contains_key(NAME))
}

/// Makes the role, if the account does not have it yet. It is allowed nothing here, since nobody acts with it.
pub(super) fn ensure(world: &mut World, account: &AccountId) {
    if is_there(world, account) {
        return;
    }
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}]});
    plant_role(world, account, NAME, trust.to_string());
    let iam = world.iam.accounts.get_mut(account);
    if let Some(role) = iam.and_then(|iam| iam.roles.get_mut(NAME)) {
        role.path = format!("/aws-service-role/{SERVICE}/");
        role.attached.clear();
    }
}
