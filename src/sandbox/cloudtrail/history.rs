//! The event history, which every account has without a trail.
//!
//! AWS keeps all management events there. Here only those that change something are kept, and of all accounts
//! together only the latest: a sandbox of a thousand accounts, and its file, must stay small.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::error;
use super::state::Past;
use crate::place::{AccountId, Region};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// So many events are kept.
const KEPT: usize = 2_000;

/// How far back AWS's history reaches, in milliseconds.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>
const REACH: i64 = 90 * 86_400_000;

/// The most events of a page, and how many it has unless fewer are asked for.
const PAGE: usize = 50;

/// Keeps a record for those who look events up.
pub(crate) fn remember(world: &mut World, account: &AccountId, region: &Region, record: &Value) {
    if record.get("readOnly") == Some(&Value::Bool(true)) {
        return;
    }
    let now = world.now();
    let number = world
        .cloudtrail
        .history
        .back()
        .map_or(1, |last| last.number + 1);
    world.cloudtrail.history.push_back(Past {
        number,
        at: now,
        due: now.saturating_add(world.cloudtrail.delay),
        account: account.clone(),
        region: region.clone(),
        record: record.clone(),
    });
    if world.cloudtrail.history.len() > KEPT {
        world.cloudtrail.history.pop_front();
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Lookup {
    #[serde(default)]
    lookup_attributes: Vec<Attribute>,
    start_time: Option<f64>,
    end_time: Option<f64>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Attribute {
    attribute_key: Key,
    attribute_value: String,
}

/// What events are looked up by, as far as the records of the sandbox have it.
#[derive(Clone, Copy, Deserialize)]
enum Key {
    EventId,
    EventName,
    EventSource,
    ReadOnly,
    Username,
    AccessKeyId,
}

/// Events of this account and Region, the latest first.
pub(super) fn look_up(world: &World, site: &Site, asked: &Lookup) -> Result<Value, ApiError> {
    let attribute = match asked.lookup_attributes.as_slice() {
        [] => None,
        [one] => Some(one),
        _ => {
            let message = "You can specify only one attribute.";
            return Err(error("InvalidLookupAttributesException", message));
        }
    };
    let most = asked.max_results.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&most) {
        let message = "The MaxResults value must be between 1 and 50.";
        return Err(error("InvalidMaxResultsException", message));
    }
    if let (Some(start), Some(end)) = (asked.start_time, asked.end_time)
        && start > end
    {
        let message = "The start time must not be after the end time.";
        return Err(error("InvalidTimeRangeException", message));
    }
    let before = match &asked.next_token {
        None => u64::MAX,
        Some(token) => token
            .parse()
            .map_err(|_| error("InvalidNextTokenException", "The token is invalid."))?,
    };
    let now = world.now();
    let oldest = now.saturating_sub(REACH);
    let mut found = world.cloudtrail.history.iter().rev().filter(|past| {
        let second = past.at.div_euclid(1000) as f64;
        past.account == site.account
            && past.region == site.region
            && past.number < before
            && past.due <= now
            && past.at >= oldest
            // Both ends are included.
            && asked.start_time.is_none_or(|start| start <= second)
            && asked.end_time.is_none_or(|end| second <= end)
            && attribute.is_none_or(|attribute| attribute.fits(past))
    });
    let page: Vec<&Past> = found.by_ref().take(most).collect();
    let mut answer = json!({ "Events": page.iter().map(|past| past.answer()).collect::<Vec<_>>() });
    if let (Some(last), Some(_), Some(fields)) = (page.last(), found.next(), answer.as_object_mut())
    {
        fields.insert("NextToken".to_owned(), json!(last.number.to_string()));
    }
    Ok(answer)
}

impl Attribute {
    fn fits(&self, past: &Past) -> bool {
        past.value(self.attribute_key).as_deref() == Some(&self.attribute_value)
    }
}

impl Past {
    fn value(&self, key: Key) -> Option<String> {
        let identity = self.record.get("userIdentity");
        let text = |value: Option<&Value>| value?.as_str().map(str::to_owned);
        match key {
            Key::EventId => text(self.record.get("eventID")),
            Key::EventName => text(self.record.get("eventName")),
            Key::EventSource => text(self.record.get("eventSource")),
            Key::ReadOnly => self.record.get("readOnly").map(Value::to_string),
            Key::AccessKeyId => text(identity?.get("accessKeyId")),
            // Of a role it is the name of the session.
            Key::Username => text(identity?.get("userName")).or_else(|| {
                let arn = text(identity?.get("arn"))?;
                arn.rsplit('/').next().map(str::to_owned)
            }),
        }
    }

    fn answer(&self) -> Value {
        let mut answer = json!({
            "EventTime": self.at.div_euclid(1000),
            "Resources": [],
            "CloudTrailEvent": self.record.to_string(),
        });
        if let Some(fields) = answer.as_object_mut() {
            for (name, key) in [
                ("EventId", Key::EventId),
                ("EventName", Key::EventName),
                ("EventSource", Key::EventSource),
                ("ReadOnly", Key::ReadOnly),
                ("Username", Key::Username),
                ("AccessKeyId", Key::AccessKeyId),
            ] {
                if let Some(value) = self.value(key) {
                    fields.insert(name.to_owned(), json!(value));
                }
            }
        }
        answer
    }
}
