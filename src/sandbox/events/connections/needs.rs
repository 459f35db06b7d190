//! What calls about connections need: EventBridge's own action, and what is done with the secret in the caller's name.
//!
//! The statements are those of AmazonEventBridgeFullAccess
//! (<https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEventBridgeFullAccess.html>) and of the
//! handlers of CloudFormation. Calls name a connection without the id at the end of its ARN: that IAM sees the ARN of
//! the Service Authorization Reference, which has none either, is an assumption.

use serde_json::Value;

use super::role;
use crate::sandbox::access::{Access, Needs, Refused, text};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// What is done with the secret, in the words of Secrets Manager.
const MAKES: &[&str] = &["CreateSecret", "GetSecretValue", "PutSecretValue"];
const CHANGES: &[&str] = &["UpdateSecret", "GetSecretValue", "PutSecretValue"];
const REMOVES: &[&str] = &["DeleteSecret"];
const NOTHING: &[&str] = &[];

/// What a call needs; `None` if it is not about connections.
pub(crate) fn needs(world: &World, site: &Site, operation: &str, input: &Value) -> Option<Needs> {
    let name = text(input, "Name");
    let connection = site.arn("events", &format!("connection/{name}"));
    let (access, on, secret) = match operation {
        "CreateConnection" => (Access::Write, connection, MAKES),
        "UpdateConnection" => (Access::Write, connection, CHANGES),
        "DeleteConnection" | "DeauthorizeConnection" => (Access::Write, connection, REMOVES),
        "DescribeConnection" => (Access::Read, connection, NOTHING),
        "ListConnections" => (Access::Read, "*".to_owned(), NOTHING),
        _ => return None,
    };
    let local = world.events.local.look(site);
    let found = local.and_then(|local| local.connections.get(name));
    let of_secret = found.map_or_else(
        || {
            let new = format!("secret:events!connection/{name}/*");
            site.arn("secretsmanager", &new)
        },
        |found| found.secret.clone(),
    );
    let mut needs = Needs::one(access, format!("events:{operation}"), on);
    let first = operation == "CreateConnection" && !role::is_there(world, &site.account);
    if first {
        let role = role::arn(&site.account);
        needs = needs.and("iam:CreateServiceLinkedRole".to_owned(), role);
    }
    let each = |needs: Needs, action: &&str| {
        needs.and(format!("secretsmanager:{action}"), of_secret.clone())
    };
    Some(secret.iter().fold(needs, each))
}

/// The condition keys that policies see of calls about connections.
pub(crate) fn context() -> Vec<(&'static str, String)> {
    vec![("iam:awsservicename", role::SERVICE.to_owned())]
}

/// The refusal of whoever may do something with connections, but not with what is behind them; `None` for others. The
/// words are those that users report.
pub(crate) fn denied(refused: &Refused<'_>) -> Option<ApiError> {
    let message = match refused.action {
        "iam:CreateServiceLinkedRole" => {
            "Failed to create service linked role because the caller does not have sufficient \
             permissions"
        }
        "secretsmanager:CreateSecret" => {
            "Failed to create the secret because the user is not authorized"
        }
        _ => return None,
    };
    let why = refused.error((400, "AccessDeniedException"), refused.action);
    let message = format!("{message}: {}", why.message);
    Some(ApiError::new("AccessDeniedException", message))
}
