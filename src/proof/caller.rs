//! How does CloudTrail write a caller?

use serde_json::{Value, json};

/// How CloudTrail writes a caller, by its ARN.
pub(super) fn identity(caller: &str, account: &str) -> Value {
    let name = caller.rsplit('/').next().unwrap_or_default();
    let resource = caller.splitn(6, ':').nth(5).unwrap_or_default();
    let partition = caller.split(':').nth(1).unwrap_or("aws");
    match resource.split('/').collect::<Vec<_>>().as_slice() {
        ["root"] => json!({
            "type": "Root", "principalId": account, "arn": caller, "accountId": account,
        }),
        ["assumed-role", role, session] => json!({
            "type": "AssumedRole",
            "principalId": format!("AROAIAMWATCHEXAMPLE:{session}"),
            "arn": caller,
            "accountId": account,
            "accessKeyId": "ASIAIAMWATCHEXAMPLE",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": "AROAIAMWATCHEXAMPLE",
                    "arn": format!("arn:{partition}:iam::{account}:role/{role}"),
                    "accountId": account,
                    "userName": role,
                },
                "attributes": { "mfaAuthenticated": "false" },
            },
        }),
        ["federated-user", _] => json!({
            "type": "FederatedUser", "arn": caller, "accountId": account,
            "accessKeyId": "ASIAIAMWATCHEXAMPLE",
        }),
        _ => json!({
            "type": "IAMUser",
            "principalId": "AIDAIAMWATCHEXAMPLE",
            "arn": caller,
            "accountId": account,
            "accessKeyId": "AKIAIAMWATCHEXAMPLE",
            "userName": name,
        }),
    }
}
