//! A realistic CloudTrail event for a pattern, marked as a test.

use serde_json::{Map, Value, json};

use crate::cloudtrail::{self, Identity};
use crate::compile::{Compiled, Forwarder, TEST_MARK, test_source};
use crate::pattern::EventPattern;
use crate::place::{AccountId, Place, Region, StackName};

/// A test event, ready for PutEvents.
#[derive(Debug, Clone, PartialEq)]
pub struct Synthetic {
    /// The source of the event, `iamwatch.test.<name>` with the name of the rules file.
    pub source: String,
    /// The `detail-type` that CloudTrail's own event would have.
    pub detail_type: String,
    /// A CloudTrail record that the pattern matches.
    pub detail: Value,
}

impl Synthetic {
    /// The event as it will stand on the bus of a place.
    pub fn envelope(&self, place: &Place) -> Value {
        let (account, region) = match place {
            Place::Regional { account, region } => (account.as_str(), region.as_str()),
            Place::Global { account } => (account.as_str(), ""),
        };
        json!({
            "version": "0",
            "id": "00000000-0000-0000-0000-000000000000",
            "detail-type": self.detail_type,
            "source": self.source,
            "account": account,
            "time": "1970-01-01T00:00:00Z",
            "region": region,
            "resources": [],
            "detail": self.detail,
        })
    }
}

/// Where, when and under which id a test event claims to have happened.
#[derive(Debug, Clone)]
pub struct Setting<'a> {
    /// The rules file's name.
    pub stack: &'a StackName,
    /// The account that the event claims to have happened in.
    pub account: &'a AccountId,
    /// The Region that the event claims to have happened in.
    pub region: &'a Region,
    /// `detail.eventTime`, ISO 8601 in UTC.
    pub time: &'a str,
    /// `detail.eventID`, by which the alert is recognised.
    pub id: &'a str,
}

/// Calls that make a familiar picture, tried in this order before one is made up from the pattern.
const FAMILIAR: &[(&str, &str)] = &[
    ("signin", "ConsoleLogin"),
    ("iam", "CreateUser"),
    ("iam", "AttachRolePolicy"),
    ("iam", "PutUserPolicy"),
    ("iam", "CreateAccessKey"),
    ("iam", "DeactivateMFADevice"),
    ("iam", "UpdateAssumeRolePolicy"),
    ("sts", "AssumeRole"),
    ("cloudtrail", "StopLogging"),
    ("organizations", "LeaveOrganization"),
    ("kms", "ScheduleKeyDeletion"),
];

/// At most so many services of a rule are tried.
const MOST_SERVICES: usize = 40;

/// An event that the pattern matches, and one of the forwarders of its Region if there are some; `None` if
/// none could be found, and then none is sent.
pub fn synthetic(
    compiled: &Compiled,
    forwarders: &[Forwarder],
    setting: &Setting<'_>,
) -> Option<Synthetic> {
    let pattern = EventPattern::from_value(&compiled.at_home(setting.account)).ok()?;
    let covers: Vec<EventPattern> = forwarders
        .iter()
        .filter_map(|forwarder| EventPattern::parse(&forwarder.pattern.to_string()).ok())
        .collect();
    let place = Place::Regional {
        account: setting.account.clone(),
        region: setting.region.clone(),
    };
    let attempt = |service: &str, name: &str| {
        let detail = detail(service, name, setting);
        let base = Synthetic {
            source: test_source(setting.stack),
            detail_type: cloudtrail::detail_type(&detail).to_owned(),
            detail,
        };
        let event = pattern.witness_over(&base.envelope(&place))?;
        let text = |key: &str| event.get(key).and_then(Value::as_str).map(str::to_owned);
        let mut found = Synthetic {
            source: text("source")?,
            detail_type: text("detail-type")?,
            detail: event.get("detail")?.clone(),
        };
        // Without the test source AWS would refuse the event.
        if found.source != base.source {
            return None;
        }
        let plausible = identity_made_plausible(&found.detail, setting.account);
        let candidate = Synthetic {
            detail: plausible,
            ..found.clone()
        };
        if matches(&pattern, &candidate, &place) {
            found = candidate;
        }
        let passed = covers.is_empty() || covers.iter().any(|c| matches(c, &found, &place));
        (passed && matches(&pattern, &found, &place)).then_some(found)
    };
    let kept = |event: &Synthetic, service: &str, name: &str| {
        event.detail.get("eventName") == Some(&json!(name))
            && event.detail.get("eventSource") == Some(&json!(format!("{service}.amazonaws.com")))
    };
    FAMILIAR
        .iter()
        .find_map(|(service, name)| attempt(service, name).filter(|e| kept(e, service, name)))
        .or_else(|| attempt("iam", "CreateUser"))
        .or_else(|| {
            // A rule of several services, and the first of them is not recorded in this Region.
            let spelt_out = sources(&compiled.pattern);
            let services = spelt_out
                .iter()
                .filter_map(|source| source.strip_suffix(".amazonaws.com"));
            services
                .take(MOST_SERVICES)
                .find_map(|service| attempt(service, "CreateUser"))
        })
}

/// An event that a forwarder passes, with a mark of its own and a `requestID` common to a run.
pub(super) fn probing(
    forwarder: &EventPattern,
    mark: &str,
    run: &str,
    setting: &Setting<'_>,
) -> Option<Synthetic> {
    let place = Place::Regional {
        account: setting.account.clone(),
        region: setting.region.clone(),
    };
    let (service, name) = FAMILIAR.first()?;
    let mut detail = detail(service, name, setting);
    let fields = detail.as_object_mut()?;
    fields.insert("iamwatch".to_owned(), json!(mark));
    fields.insert("requestID".to_owned(), json!(run));
    let base = Synthetic {
        source: test_source(setting.stack),
        detail_type: cloudtrail::detail_type(&detail).to_owned(),
        detail,
    };
    let event = forwarder.witness_over(&base.envelope(&place))?;
    let found = Synthetic {
        source: event.get("source")?.as_str()?.to_owned(),
        detail_type: event.get("detail-type")?.as_str()?.to_owned(),
        detail: event.get("detail")?.clone(),
    };
    let kept = |field: &str| found.detail.get(field) == base.detail.get(field);
    let ours =
        found.source == base.source && ["iamwatch", "requestID", "eventID"].into_iter().all(kept);
    (ours && matches(forwarder, &found, &place)).then_some(found)
}

/// The values that a pattern tests `eventSource` for, wherever it does.
fn sources(pattern: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![pattern];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                let tests = fields.get("eventSource").and_then(Value::as_array);
                let texts = tests.into_iter().flatten().filter_map(Value::as_str);
                found.extend(texts.map(str::to_owned));
                open.extend(fields.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    found.sort();
    found.dedup();
    found
}

fn matches(pattern: &EventPattern, event: &Synthetic, place: &Place) -> bool {
    crate::pattern::Event::parse(&event.envelope(place).to_string())
        .is_ok_and(|event| pattern.matches(&event))
}

/// A CloudTrail record of that call, by whom and from where nobody acts in earnest.
fn detail(service: &str, name: &str, setting: &Setting<'_>) -> Value {
    let account = setting.account;
    let here = cloudtrail::Setting {
        account,
        region: setting.region,
        time: setting.time,
        id: setting.id,
    };
    let mut record = cloudtrail::record(service, name, Identity::IamUser, &here);
    if let Some(record) = record.as_object_mut() {
        let partition = setting.region.partition();
        let ours = [
            (
                "userIdentity",
                json!({
                    "type": "IAMUser",
                    "principalId": "AIDAIAMWATCHEXAMPLE",
                    "arn": format!("arn:{partition}:iam::{account}:user/iamwatch-test"),
                    "accountId": account,
                    "userName": "iamwatch-test",
                }),
            ),
            // The Region that it is sent from, whatever AWS would have made of it.
            ("awsRegion", json!(setting.region)),
            ("sourceIPAddress", json!("192.0.2.1")),
            ("userAgent", json!("iamwatch test-event")),
            ("readOnly", json!(false)),
            ("iamwatch", json!(TEST_MARK)),
        ];
        for (key, value) in ours {
            record.insert(key.to_owned(), value);
        }
        record.remove("tlsDetails");
    }
    record
}

/// Where the pattern wants root, the rest of the identity says so too.
fn identity_made_plausible(detail: &Value, account: &AccountId) -> Value {
    let mut detail = detail.clone();
    let identity = detail
        .get_mut("userIdentity")
        .and_then(Value::as_object_mut);
    if let Some(identity) = identity
        && identity.get("type") == Some(&json!("Root"))
    {
        let root: Map<String, Value> = [
            ("type", json!("Root")),
            ("principalId", json!(account)),
            ("arn", json!(format!("arn:aws:iam::{account}:root"))),
            ("accountId", json!(account)),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        *identity = root;
    }
    detail
}
