//! The record of a call that one AWS service makes to another.

use serde_json::{Value, json};

use super::keep::publish;
use crate::sandbox::clock::iso;
use crate::sandbox::site::Site;
use crate::sandbox::world::World;

/// A call that one AWS service makes to another.
pub(crate) struct ServiceCall<'a> {
    /// The principal that calls, such as `events.amazonaws.com`.
    pub(crate) by: &'a str,
    /// The name of the service that is called, and what it is asked.
    pub(crate) service: &'static str,
    pub(crate) operation: &'a str,
    pub(crate) parameters: Value,
    pub(crate) resources: Value,
}

/// Records a call of a service, which changes nothing. It is made in the middle of a delivery, and
/// delivered in its turn.
pub(crate) fn record_service(world: &mut World, site: &Site, done: ServiceCall<'_>) {
    let service = done.service;
    let (request_id, event_id) = (world.uuid(), world.uuid());
    let detail = json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "AWSService", "invokedBy": done.by},
        "eventTime": iso(world.now()),
        "eventSource": format!("{service}.amazonaws.com"),
        "eventName": done.operation,
        "awsRegion": site.region,
        "sourceIPAddress": done.by,
        "userAgent": done.by,
        "requestParameters": done.parameters,
        "responseElements": null,
        "requestID": request_id,
        "eventID": event_id,
        "readOnly": true,
        "resources": done.resources,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": site.account,
        "eventCategory": "Management",
    });
    let event = json!({
        "detail-type": "AWS API Call via CloudTrail",
        "source": format!("aws.{service}"),
        "detail": detail,
    });
    publish(world, site, done.service, event);
}
