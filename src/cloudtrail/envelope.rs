//! From a CloudTrail record to the event that EventBridge makes of it.

use serde_json::{Value, json};

use super::call_kinds;
use super::categories::{INSIGHT, NETWORK_ACTIVITY};
use super::fields::Fields;
use super::setting::Setting;

const API_CALL: &str = "AWS API Call via CloudTrail";
const SIGN_IN: &str = "AWS Console Sign In via CloudTrail";

/// `eventType` of a record, and the `detail-type` of its event.
/// Source: EventBridge user guide, "AWS service events delivered via CloudTrail"; CloudTrail user guide, "CloudTrail
/// record contents", which writes `AwsVpceEvents` where its examples have `AwsVpceEvent`.
const BY_TYPE: &[(&str, &str)] = &[
    ("AwsApiCall", API_CALL),
    ("AwsServiceEvent", "AWS Service Event via CloudTrail"),
    ("AwsConsoleAction", "AWS Console Action via CloudTrail"),
    ("AwsConsoleSignIn", SIGN_IN),
    ("AwsCloudTrailInsight", INSIGHT),
    ("AwsVpceEvent", NETWORK_ACTIVITY),
    ("AwsVpceEvents", NETWORK_ACTIVITY),
];

/// `eventCategory` of a record where that alone decides, and the `detail-type` of its event.
const BY_CATEGORY: &[(&str, &str)] = &[("Insight", INSIGHT), ("NetworkActivity", NETWORK_ACTIVITY)];

/// `eventCategory` of records of which `eventType` says the rest.
const OF_CALLS: [&str; 2] = ["Management", "Data"];

/// `eventType` or `eventCategory` of what no trail sends to EventBridge, and one of them in words.
/// Source: CloudTrail user guide, "CloudTrail record contents for aggregated events", and the schemas of event data
/// stores.
const UNSENT: &[(&str, &str)] = &[
    ("AwsAggregatedEvent", AGGREGATED),
    ("Aggregated", AGGREGATED),
    ("ActivityLog", INTEGRATION),
    ("ActivityAuditLog", INTEGRATION),
    ("ConfigurationItem", "configuration item"),
    ("Evidence", "Audit Manager item"),
];
const AGGREGATED: &str = "aggregated event";
const INTEGRATION: &str = "integration event";
/// What services other than CloudTrail write in the same form, such as the notifications of S3: their `eventSource` is
/// `aws:s3` and the like. Source: Lambda developer guide, event source mappings.
const OF_OTHERS: &str = "non-CloudTrail notification";

/// The `detail-type` of a record of which EventBridge gets no event.
const NO_EVENT: &str = "no event of EventBridge";

/// The largest event that EventBridge is sent, in bytes. Source: `eb-troubleshooting`.
pub const MAX_EVENT: usize = 256 * 1024;

/// What EventBridge makes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordKind {
    /// An event with this `detail-type`.
    Event(&'static str),
    /// Nothing, since such records are not sent to it: one of them in words.
    Unsent(&'static str),
    /// That is not known: no record has had this `eventType` or `eventCategory` so far.
    Unknown(String),
}

impl RecordKind {
    /// The kind of a record whose texts are read by their names.
    pub fn of<'r>(text: impl Fn(&str) -> Option<&'r str>) -> Self {
        let source = text("eventSource").unwrap_or_default();
        if source.starts_with("aws:") {
            return Self::Unsent(OF_OTHERS);
        }
        // Made-up records have dots or nothing there.
        let says = |word: &&str| word.bytes().any(|byte| byte.is_ascii_alphanumeric());
        let of_type = text("eventType").filter(says);
        let category = text("eventCategory").filter(says);
        let mut words = [of_type, category].into_iter().flatten();
        if let Some(what) = words.find_map(|word| named(UNSENT, word)) {
            return Self::Unsent(what);
        }
        if let Some(detail_type) = category.and_then(|word| named(BY_CATEGORY, word)) {
            return Self::Event(detail_type);
        }
        let detail_type = match of_type {
            Some(word) => match named(BY_TYPE, word) {
                Some(detail_type) => detail_type,
                None => return Self::Unknown(word.to_owned()),
            },
            // Old and shortened records do not say.
            None if service_of(source) == "signin" => SIGN_IN,
            None => API_CALL,
        };
        let of_calls = |word: &&str| {
            OF_CALLS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(word))
        };
        match category.filter(|word| !of_calls(word)) {
            Some(word) => Self::Unknown(word.to_owned()),
            None => Self::Event(detail_type),
        }
    }

    fn detail_type(&self) -> &'static str {
        match self {
            Self::Event(detail_type) => detail_type,
            Self::Unsent(_) | Self::Unknown(_) => NO_EVENT,
        }
    }
}

/// AWS's own pages differ in the case.
fn named(table: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    let found = table.iter().find(|(of, _)| of.eq_ignore_ascii_case(word));
    found.map(|(_, means)| *means)
}

/// Whether a value is a record of which EventBridge makes an event, as CloudTrail's log files hold it: without the
/// envelope.
pub fn is_record(value: &Value) -> bool {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    if value.get("detail").is_some() {
        return false;
    }
    match RecordKind::of(text) {
        RecordKind::Event(INSIGHT) => true,
        RecordKind::Event(_) => text("eventSource").is_some() && text("eventName").is_some(),
        RecordKind::Unsent(_) | RecordKind::Unknown(_) => false,
    }
}

/// Whether a value says of itself that CloudTrail wrote it, whatever kind of record it is.
pub(super) fn is_of_cloudtrail(value: &Value) -> bool {
    let text = |name: &str| value.get(name).is_some_and(Value::is_string);
    value.get("detail").is_none()
        && (text("eventType")
            || text("eventCategory")
            || (text("eventSource") && text("eventName")))
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
        let detail_type = RecordKind::of(|name| text(&[name])).detail_type();
        let source = text(&["eventSource"]);
        // CloudTrail itself reports a statistic; the service that it is about stands deeper.
        let source = source.unwrap_or(if detail_type == INSIGHT {
            "cloudtrail.amazonaws.com"
        } else {
            ""
        });
        let account =
            text(&["recipientAccountId"]).or_else(|| text(&["userIdentity", "accountId"]));
        Self {
            id: text(&["eventID"]).unwrap_or(setting.id).to_owned(),
            detail_type,
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

/// The event that EventBridge makes of a record. The setting stands in for what the record does not say. Whether it
/// makes one at all is for [`is_record`] to say.
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

/// The `detail-type` of the event of a record of which EventBridge makes one.
pub fn detail_type(record: &Value) -> &'static str {
    RecordKind::of(|name| record.get(name).and_then(Value::as_str)).detail_type()
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
