//! From a CloudTrail record to the event that EventBridge makes of it.

use serde_json::{Value, json};

use super::call_kinds;
use super::fields::Fields;
use super::setting::Setting;

const API_CALL: &str = "AWS API Call via CloudTrail";
const SIGN_IN: &str = "AWS Console Sign In via CloudTrail";
/// `eventType` of a record, and the `detail-type` of its event.
/// Source: EventBridge user guide, "AWS service events delivered via CloudTrail".
const DETAIL_TYPES: &[(&str, &str)] = &[
    ("AwsApiCall", API_CALL),
    ("AwsServiceEvent", "AWS Service Event via CloudTrail"),
    ("AwsConsoleAction", "AWS Console Action via CloudTrail"),
    ("AwsConsoleSignIn", SIGN_IN),
    ("AwsCloudTrailInsight", "AWS Insight via CloudTrail"),
];

/// The largest event that EventBridge is sent, in bytes. Source: `eb-troubleshooting`.
pub const MAX_EVENT: usize = 256 * 1024;

/// Whether a value is a record as CloudTrail's log files hold it, without EventBridge's envelope.
pub fn is_record(value: &Value) -> bool {
    let text = |name: &str| value.get(name).is_some_and(Value::is_string);
    text("eventSource") && text("eventName") && value.get("detail").is_none()
}

/// What EventBridge writes around a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The envelope's `id`: that of the record.
    pub id: String,
    /// The envelope's `detail-type`, such as `AWS API Call via CloudTrail`.
    pub detail_type: &'static str,
    /// The envelope's `source`, such as `aws.iam`.
    pub source: String,
    /// The envelope's `account`: twelve digits.
    pub account: String,
    /// The envelope's `time`, ISO 8601 in UTC.
    pub time: String,
    /// The envelope's `region`, such as `us-east-1`.
    pub region: String,
}

impl Envelope {
    /// The envelope of a record whose texts are read by their path. The setting stands in for what the record
    /// does not say.
    pub fn of<'r>(text: impl Fn(&[&str]) -> Option<&'r str>, setting: &Setting<'_>) -> Self {
        let source = text(&["eventSource"]).unwrap_or_default();
        let account =
            text(&["recipientAccountId"]).or_else(|| text(&["userIdentity", "accountId"]));
        Self {
            id: text(&["eventID"]).unwrap_or(setting.id).to_owned(),
            detail_type: kind(text(&["eventType"]).unwrap_or_default(), source),
            source: source_of(source),
            account: account.unwrap_or(setting.account.as_str()).to_owned(),
            time: text(&["eventTime"]).unwrap_or(setting.time).to_owned(),
            region: match text(&["awsRegion"]) {
                Some(region) => region.to_owned(),
                None => call_kinds::recorded_in(service_of(source), setting.region).into(),
            },
        }
    }
}

/// The event that EventBridge makes of a record. The setting stands in for what the record does not say.
pub fn wrap(record: Value, setting: &Setting<'_>) -> Value {
    let envelope = Envelope::of(|path| record.text(path), setting);
    json!({
        "version": "0",
        "id": envelope.id,
        "detail-type": envelope.detail_type,
        "source": envelope.source,
        "account": envelope.account,
        "time": envelope.time,
        "region": envelope.region,
        "resources": [],
        "detail": record,
    })
}

/// The `detail-type` of a record's event.
pub fn detail_type(record: &Value) -> &'static str {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    kind(text("eventType"), text("eventSource"))
}

fn kind(event_type: &str, event_source: &str) -> &'static str {
    // AWS's own pages differ in the case.
    let known = DETAIL_TYPES
        .iter()
        .find(|(of, _)| of.eq_ignore_ascii_case(event_type));
    match known {
        Some((_, detail_type)) => detail_type,
        // Old and shortened records do not say.
        None if service_of(event_source) == "signin" => SIGN_IN,
        None => API_CALL,
    }
}

/// Whether a record says in which Region it appears, or its service does.
pub fn names_its_region(record: &Value) -> bool {
    let text = |path: &str| record.pointer(path).and_then(Value::as_str);
    let service = service_of(text("/eventSource").unwrap_or_default());
    // Root signs in at us-east-1. Source: CloudTrail user guide, "AWS Management Console sign-in events".
    let root = service == "signin" && text("/userIdentity/type") == Some("Root");
    text("/awsRegion").is_some() || call_kinds::GLOBAL_SERVICES.contains(&service) || root
}

/// The envelope's `source` of an `eventSource`.
pub fn source_of(event_source: &str) -> String {
    format!("aws.{}", service_of(event_source))
}

fn service_of(source: &str) -> &str {
    source
        .split_once(".amazonaws.com")
        .map_or(source, |(service, _)| service)
}
