//! What Organizations tells the management account by itself, over CloudTrail.

use serde_json::{Value, json};

use super::state::{Member, Org};
use crate::place::AccountId;
use crate::sandbox::clock::{iso, long_date};
use crate::sandbox::recorder::publish;
use crate::sandbox::site::Site;
use crate::sandbox::world::World;

const SOURCE: &str = "organizations.amazonaws.com";

/// An account that was asked for is there.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_cloudtrail-integration.html>
pub(super) fn created(world: &mut World, id: &AccountId) {
    let request: String = world.uuid().replace('-', "");
    let now = long_date(&iso(world.now()));
    let details = json!({"createAccountStatus": {
        "id": format!("car-{request}"),
        "state": "SUCCEEDED",
        // Names are hidden.
        "accountName": "****",
        "accountId": id,
        "requestedTimestamp": now,
        "completedTimestamp": now,
    }});
    tell(world, "CreateAccountResult", details);
}

/// An account belongs to the organization from now on. What the event is called, and that it tells
/// how and when, is announced; the names of its fields are an assumption of ours.
/// <https://aws.amazon.com/about-aws/whats-new/2026/05/>
pub(super) fn joined(world: &mut World, id: &AccountId, member: &Member) {
    let method = if member.created { "CREATED" } else { "INVITED" };
    let details = json!({
        "accountId": id,
        "joinedMethod": method,
        "joinedTimestamp": long_date(&iso(member.joined)),
    });
    tell(world, "AccountJoinedOrganization", details);
}

/// An account does not belong to the organization any more; see [`joined`].
pub(super) fn departed(world: &mut World, id: &AccountId) {
    let now = long_date(&iso(world.now()));
    let details = json!({
        "accountId": id,
        "departedMethod": "REMOVED",
        "departedTimestamp": now,
    });
    tell(world, "AccountDepartedOrganization", details);
}

fn tell(world: &mut World, name: &str, details: Value) {
    let Some(Org { management, .. }) = &world.organizations.organization else {
        return;
    };
    let site = Site {
        account: management.clone(),
        region: world.region.clone(),
    };
    let event_id = world.uuid();
    let event = json!({
        "detail-type": "AWS Service Event via CloudTrail",
        "source": "aws.organizations",
        "time": iso(world.now()),
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": {"accountId": site.account, "invokedBy": SOURCE},
            "eventTime": iso(world.now()),
            "eventSource": SOURCE,
            "eventName": name,
            "awsRegion": "us-east-1",
            "sourceIPAddress": SOURCE,
            "userAgent": SOURCE,
            "requestParameters": null,
            "responseElements": null,
            "eventID": event_id,
            "readOnly": false,
            "eventType": "AwsServiceEvent",
            "managementEvent": true,
            "recipientAccountId": site.account,
            "serviceEventDetails": details,
            "eventCategory": "Management",
        },
    });
    publish(world, &site, "organizations", event);
}
