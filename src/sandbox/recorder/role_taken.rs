//! The record of a service of AWS that takes a role on.

use serde_json::json;

use super::keep::publish;
use crate::sandbox::clock::iso;
use crate::sandbox::site::Site;
use crate::sandbox::world::World;

/// Records that a service (`by`, such as `events.amazonaws.com`) takes on the role with that ARN and that id, until
/// `ends`, in milliseconds since 1970. The answer is the access key of the session, and its name.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>
pub(crate) fn record_role_taken(
    world: &mut World,
    site: &Site,
    by: &str,
    role: &str,
    id: &str,
    ends: i64,
) -> (String, String) {
    let (request, event, shared) = (world.uuid(), world.uuid(), world.uuid());
    let key = world.key_id("ASIA");
    let session = request.replace('-', "");
    let name = role.rsplit('/').next().unwrap_or_default();
    let account = &site.account;
    let record = json!({
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.sts",
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": {"type": "AWSService", "invokedBy": by},
            "eventTime": iso(world.now()),
            "eventSource": "sts.amazonaws.com",
            "eventName": "AssumeRole",
            "awsRegion": site.region,
            "sourceIPAddress": by,
            "userAgent": by,
            "requestParameters": {"roleArn": role, "roleSessionName": session},
            "responseElements": {
                "credentials": {"accessKeyId": key, "expiration": iso(ends)},
                "assumedRoleUser": {
                    "assumedRoleId": format!("{id}:{session}"),
                    "arn": format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
                },
            },
            "requestID": request,
            "eventID": event,
            "readOnly": true,
            "resources": [{"accountId": account, "type": "AWS::IAM::Role", "ARN": role}],
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": account,
            "sharedEventID": shared,
            "eventCategory": "Management",
        },
    });
    publish(world, site, "sts", record);
    (key, session)
}
