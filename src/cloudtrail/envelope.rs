//! From a CloudTrail record to the event that EventBridge makes of it.

use serde_json::{Value, json};

use super::Setting;

/// `eventType` of a record, and the `detail-type` of its event.
/// Source: EventBridge user guide, "AWS service events delivered via CloudTrail".
pub const DETAIL_TYPES: &[(&str, &str)] = &[
    ("AwsApiCall", "AWS API Call via CloudTrail"),
    ("AwsServiceEvent", "AWS Service Event via CloudTrail"),
    ("AwsConsoleAction", "AWS Console Action via CloudTrail"),
    ("AwsConsoleSignIn", "AWS Console Sign In via CloudTrail"),
    ("AwsCloudTrailInsight", "AWS Insight via CloudTrail"),
];

/// Whether a value is a record as CloudTrail's log files hold it, without EventBridge's envelope.
pub fn is_record(value: &Value) -> bool {
    let text = |name: &str| value.get(name).is_some_and(Value::is_string);
    text("eventSource") && text("eventName") && value.get("detail").is_none()
}

/// The event that EventBridge makes of a record. The setting stands in for what the record does not say.
pub fn wrap(record: Value, setting: &Setting<'_>) -> Value {
    let text = |path: &str| record.pointer(path).and_then(Value::as_str);
    let source = text("/eventSource").unwrap_or_default();
    let service = source
        .split_once(".amazonaws.com")
        .map_or(source, |(s, _)| s);
    let kind = text("/eventType").unwrap_or_default();
    let detail_type = DETAIL_TYPES
        .iter()
        .find(|(of, _)| of.eq_ignore_ascii_case(kind))
        .map_or_else(|| by_service(service), |(_, detail_type)| detail_type);
    let account = text("/recipientAccountId").or(text("/userIdentity/accountId"));
    json!({
        "version": "0",
        "id": text("/eventID").unwrap_or(setting.id),
        "detail-type": detail_type,
        "source": format!("aws.{service}"),
        "account": account.unwrap_or(setting.account.as_str()),
        "time": text("/eventTime").unwrap_or(setting.time),
        "region": text("/awsRegion").unwrap_or(setting.region.as_str()),
        "resources": [],
        "detail": record,
    })
}

/// For records without an `eventType` that we know.
fn by_service(service: &str) -> &'static str {
    match service {
        "signin" => "AWS Console Sign In via CloudTrail",
        _ => "AWS API Call via CloudTrail",
    }
}
