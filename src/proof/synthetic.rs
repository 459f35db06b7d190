//! A realistic CloudTrail event for a pattern, marked as a test.

use serde_json::{Map, Value, json};

use super::candidates;
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

/// Who acts in a test event, tried in this order: the first whom the pattern takes as he is.
const CALLERS: [Identity; 6] = [
    Identity::IamUser,
    Identity::Root,
    Identity::AssumedRole,
    Identity::IdentityCenter,
    Identity::Federated,
    Identity::Service,
];

/// An event that the pattern matches, and one of the forwarders of its Region if there are some; `None` if
/// none could be found, and then none is sent. Of the calls that the rule is about it is the one whose realistic record
/// has to be changed least.
pub fn synthetic(
    compiled: &Compiled,
    forwarders: &[Forwarder],
    setting: &Setting<'_>,
) -> Option<Synthetic> {
    let pattern = EventPattern::from_value(&compiled.at_home(setting.account)).ok()?;
    // An event that says what was asked for looks like the ones that a person will see.
    let meant = Compiled {
        pattern: compiled.with_parameters(),
        ..compiled.clone()
    };
    let meant = EventPattern::from_value(&meant.at_home(setting.account)).ok()?;
    let covers: Vec<EventPattern> = forwarders
        .iter()
        .filter_map(|forwarder| EventPattern::parse(&forwarder.pattern.to_string()).ok())
        .collect();
    let place = Place::Regional {
        account: setting.account.clone(),
        region: setting.region.clone(),
    };
    let attempt = |service: &str, name: &str, caller: Identity| {
        let detail = detail(service, name, caller, setting);
        let base = Synthetic {
            source: test_source(setting.stack),
            detail_type: cloudtrail::detail_type(&detail).to_owned(),
            detail,
        };
        let event = meant.witness_over(&base.envelope(&place))?;
        let text = |key: &str| event.get(key).and_then(Value::as_str).map(str::to_owned);
        let found = Synthetic {
            source: text("source")?,
            detail_type: text("detail-type")?,
            detail: event.get("detail")?.clone(),
        };
        // Without the test source AWS would refuse the event.
        if found.source != base.source {
            return None;
        }
        let passes = |event: &Synthetic| {
            matches(&pattern, event, &place)
                && (covers.is_empty() || covers.iter().any(|c| matches(c, event, &place)))
        };
        let better = |found: Synthetic, detail: Value| {
            let candidate = Synthetic {
                detail,
                ..found.clone()
            };
            if passes(&candidate) { candidate } else { found }
        };
        let plausible = identity_made_plausible(&found.detail, setting);
        let found = better(found, plausible);
        let whole = completed(&base.detail, &found.detail);
        let found = better(found, whole);
        let changes = differences(&base.detail, &found.detail);
        passes(&found).then_some((changes, found))
    };
    let kept = |event: &Synthetic, service: &str, name: &str| {
        event.detail.get("eventName") == Some(&json!(name))
            && event.detail.get("eventSource") == Some(&json!(format!("{service}.amazonaws.com")))
    };
    let mut best: Option<(usize, Synthetic)> = None;
    for (service, name) in candidates::calls(&pattern) {
        for caller in CALLERS {
            let Some((changes, event)) = attempt(&service, &name, caller) else {
                continue;
            };
            if !kept(&event, &service, &name) {
                continue;
            }
            if best.as_ref().is_none_or(|(least, _)| changes < *least) {
                best = Some((changes, event));
            }
            if changes == 0 {
                return best.map(|(_, event)| event);
            }
        }
    }
    let found = best.or_else(|| attempt("iam", "CreateUser", Identity::IamUser));
    found.map(|(_, event)| event).or_else(|| {
        // A rule of several services, and the first of them is not recorded in this Region.
        let spelt_out = sources(&compiled.pattern);
        let services = spelt_out
            .iter()
            .filter_map(|source| source.strip_suffix(".amazonaws.com"));
        services.take(MOST_SERVICES).find_map(|service| {
            let (_, event) = attempt(service, "CreateUser", Identity::IamUser)?;
            Some(event)
        })
    })
}

/// At most so many services of a rule are tried.
const MOST_SERVICES: usize = 40;

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
    let (service, name) = candidates::SIGN_IN;
    let mut detail = detail(service, name, Identity::IamUser, setting);
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

/// A CloudTrail record of that call, by a user and from an address of whom nobody acts in earnest; by whoever else the
/// pattern asks for as `like` has it.
fn detail(service: &str, name: &str, caller: Identity, setting: &Setting<'_>) -> Value {
    let account = setting.account;
    let here = cloudtrail::Setting {
        account,
        region: setting.region,
        time: setting.time,
        id: setting.id,
    };
    let mut record = cloudtrail::record(service, name, caller, &here);
    if let Some(record) = record.as_object_mut() {
        let mut put = |key: &str, value: Value| record.insert(key.to_owned(), value);
        // The Region that it is sent from, whatever AWS would have made of it.
        put("awsRegion", json!(setting.region));
        put("iamwatch", json!(TEST_MARK));
        if caller != Identity::Service {
            put("sourceIPAddress", json!("192.0.2.1"));
            put("userAgent", json!("iamwatch test-event"));
        }
        if caller == Identity::IamUser {
            let partition = setting.region.partition();
            let user = json!({
                "type": "IAMUser",
                "principalId": "AIDAIAMWATCHEXAMPLE",
                "arn": format!("arn:{partition}:iam::{account}:user/iamwatch-test"),
                "accountId": account,
                "userName": "iamwatch-test",
            });
            put("userIdentity", user);
        }
    }
    record
}

/// Where the pattern wants root, the rest of the identity says so too.
fn identity_made_plausible(detail: &Value, setting: &Setting<'_>) -> Value {
    let (account, partition) = (setting.account, setting.region.partition());
    let mut detail = detail.clone();
    let identity = detail
        .get_mut("userIdentity")
        .and_then(Value::as_object_mut);
    if let Some(identity) = identity
        && identity.get("type") == Some(&json!("Root"))
        && identity.get("principalId") != Some(&json!(account))
    {
        let root: Map<String, Value> = [
            ("type", json!("Root")),
            ("principalId", json!(account)),
            ("arn", json!(format!("arn:{partition}:iam::{account}:root"))),
            ("accountId", json!(account)),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        *identity = root;
    }
    detail
}

/// What a pattern only gives the end of, such as `:policy/AdministratorAccess`, completed by what stands before the
/// same place in the realistic record.
fn completed(base: &Value, changed: &Value) -> Value {
    match (base, changed) {
        (Value::Object(base), Value::Object(changed)) => {
            let fields = changed.iter().map(|(key, value)| {
                let before = base.get(key).unwrap_or(&Value::Null);
                (key.clone(), completed(before, value))
            });
            Value::Object(fields.collect())
        }
        (Value::String(base), Value::String(end)) if base != end => {
            let shared = |at: usize| {
                let rest = base.get(at..).unwrap_or_default();
                let same = rest.chars().zip(end.chars());
                same.take_while(|(one, other)| one == other).count()
            };
            let places = base.char_indices().map(|(at, _)| at).skip(1);
            // One letter in common says nothing.
            let place = places
                .map(|at| (shared(at), at))
                .filter(|(shared, _)| *shared > 1)
                .max_by_key(|(shared, at)| (*shared, std::cmp::Reverse(*at)));
            let before = place.and_then(|(_, at)| base.get(..at));
            json!(format!("{}{end}", before.unwrap_or_default()))
        }
        (_, changed) => changed.clone(),
    }
}

/// How many values differ between a record and what was made of it.
fn differences(base: &Value, changed: &Value) -> usize {
    match (base, changed) {
        (Value::Object(base), Value::Object(changed)) => {
            let gone = base.keys().filter(|key| !changed.contains_key(*key));
            let others = changed.iter().map(|(key, value)| {
                let before = base.get(key).unwrap_or(&Value::Null);
                differences(before, value)
            });
            gone.count() + others.sum::<usize>()
        }
        (Value::Null, Value::Object(changed)) => changed
            .values()
            .map(|value| differences(&Value::Null, value))
            .sum(),
        (base, changed) => usize::from(base != changed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_completed_as_the_realistic_value_begins() {
        for (base, end, whole) in [
            (
                "arn:aws:iam::aws:policy/ReadOnlyAccess",
                ":policy/AdministratorAccess",
                "arn:aws:iam::aws:policy/AdministratorAccess",
            ),
            (
                "arn:aws:iam::111122223333:role/Deployer",
                "role/Admin",
                "arn:aws:iam::111122223333:role/Admin",
            ),
            ("alice", "scanner", "scanner"),
            ("203.0.113.10", "192.0.2.7", "192.0.2.7"),
        ] {
            let found = completed(&json!({ "a": base }), &json!({ "a": end, "b": 1 }));
            assert_eq!(found, json!({ "a": whole, "b": 1 }));
        }
    }

    #[test]
    fn only_what_was_changed_is_counted() {
        let base = json!({ "a": 1, "b": { "c": "x", "d": true }, "e": null });
        assert_eq!(differences(&base, &base), 0);
        let changed = json!({ "a": 2, "b": { "c": "x" }, "e": { "f": 1, "g": 2 } });
        assert_eq!(differences(&base, &changed), 4);
    }
}
