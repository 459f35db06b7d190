//! CloudTrail's record of the role reading the secret of a connection.
//!
//! That it is the role that reads, for Step Functions, follows from the permissions that it needs; the form is that of
//! other calls that services make with a role.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html>

use serde_json::json;

use crate::sandbox::clock::iso;
use crate::sandbox::iam::policies::role_at;
use crate::sandbox::recorder::publish;
use crate::sandbox::site::Site;
use crate::sandbox::world::World;

/// The service that acts with the role.
const STATES: &str = "states.amazonaws.com";

pub(super) fn read_secret(world: &mut World, site: &Site, role: &str, secret: &str) {
    let Some(id) = role_at(world, role).map(|role| role.id.clone()) else {
        return;
    };
    let (request, event) = (world.uuid(), world.uuid());
    let name = role.rsplit('/').next().unwrap_or_default();
    let (account, session) = (&site.account, request.replace('-', ""));
    let now = iso(world.now());
    let arn = format!("arn:aws:sts::{account}:assumed-role/{name}/{session}");
    let record = json!({
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.secretsmanager",
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": format!("{id}:{session}"),
                "arn": arn,
                "accountId": account,
                "sessionContext": {"sessionIssuer": {
                    "type": "Role",
                    "principalId": id,
                    "arn": role,
                    "accountId": account,
                    "userName": name,
                }},
                "invokedBy": STATES,
            },
            "eventTime": now,
            "eventSource": "secretsmanager.amazonaws.com",
            "eventName": "GetSecretValue",
            "awsRegion": site.region,
            "sourceIPAddress": STATES,
            "userAgent": STATES,
            "requestParameters": {"secretId": secret},
            "responseElements": null,
            "requestID": request,
            "eventID": event,
            "readOnly": true,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": account,
            "eventCategory": "Management",
        },
    });
    publish(world, site, "secretsmanager", record);
}
