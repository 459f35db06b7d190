//! The fields at the top of CloudTrail's events, to warn of names that no event has.

use super::codes;
use super::report::{Report, nearest, shown};
use super::source::Span;

/// Source: CloudTrail user guide, "CloudTrail record contents", and the sign-in event reference.
const TOP: &[&str] = &[
    "additionalEventData",
    "addendum",
    "annotation",
    "apiVersion",
    "awsRegion",
    "edgeDeviceDetails",
    "errorCode",
    "errorMessage",
    "eventCategory",
    "eventContext",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "insightDetails",
    "managementEvent",
    "readOnly",
    "recipientAccountId",
    "requestID",
    "requestParameters",
    "resources",
    "responseElements",
    "serviceEventDetails",
    "sessionCredentialFromConsole",
    "sharedEventID",
    "sourceIPAddress",
    "tlsDetails",
    "userAgent",
    "userIdentity",
    "vpcEndpointAccountId",
    "vpcEndpointId",
];

/// What the event's envelope calls a thing, and what CloudTrail calls it.
const ENVELOPE: &[(&str, &str)] = &[
    ("account", "recipientAccountId"),
    ("region", "awsRegion"),
    ("source", "eventSource"),
    ("time", "eventTime"),
];

/// Warns of a first part that is nearly the name of a field. Others may be new to us.
pub(super) fn warn_of_name(first: &str, span: Span, report: &mut Report) {
    if TOP.contains(&first) {
        return;
    }
    let meant = ENVELOPE
        .iter()
        .find(|(envelope, _)| *envelope == first)
        .map(|(_, field)| *field)
        .or_else(|| nearest(first, TOP.iter().copied()));
    if let Some(meant) = meant {
        report
            .warning(codes::FIELD_NAME, span)
            .message(format!(
                "CloudTrail's events have no field {}",
                shown(first)
            ))
            .label("no event has it")
            .help(format!("did you mean `{meant}`?"));
    }
}
