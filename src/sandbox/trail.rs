//! What CloudTrail records: a management call that a trail logs becomes an event on a default bus.

use serde_json::{Map, Value, json};

use super::access::Kind;
use super::clock::iso;
use super::cloudtrail::selectors::Selectors;
use super::cloudtrail::{bucket, find, history};
use super::delivery;
use super::principal::Principal;
use super::wire::{ApiError, Call, Service};
use super::world::{Recorded, Site, World};
use crate::place::{AccountId, Region};

mod assumed;

/// EventBridge takes no larger event, in bytes.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html>
const LARGEST: usize = 256 * 1024;

/// How often what was delivered may cause more to be delivered, at one look.
const MOST_ROUNDS: usize = 100;

/// A call that was answered or refused.
pub(super) struct Done<'a> {
    pub call: &'a Call,
    pub kind: Kind,
    pub outcome: &'a Result<Value, ApiError>,
    pub request_id: &'a str,
}

/// Where a call is recorded, and the trails that log there.
pub(super) struct Watchers {
    region: Region,
    trails: Vec<(String, Selectors)>,
}

/// The trails that would log a call made now: the call itself may stop or remove them.
pub(super) fn watchers(world: &World, site: &Site, service: Service) -> Watchers {
    // IAM and Organizations are global: their events are recorded in us-east-1 alone.
    // https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html
    let global = match service {
        Service::Iam | Service::Organizations => "us-east-1".parse().ok(),
        _ => None,
    };
    let there = Site {
        account: site.account.clone(),
        region: global.clone().unwrap_or_else(|| site.region.clone()),
    };
    let trails = find::seen(world, &there)
        .filter(|(_, trail)| trail.logging)
        .filter(|(_, trail)| global.is_none() || trail.settings.global_services)
        .map(|(arn, trail)| (arn.clone(), trail.selectors.clone()))
        .collect();
    Watchers {
        region: there.region,
        trails,
    }
}

/// Records a call as CloudTrail does, for the trails that log it.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
pub(super) fn record(
    world: &mut World,
    site: &Site,
    caller: &Principal,
    watchers: &Watchers,
    done: Done<'_>,
) {
    let Done {
        call,
        kind,
        outcome,
        request_id,
    } = done;
    let service = call.service.name();
    let site = Site {
        account: site.account.clone(),
        region: watchers.region.clone(),
    };
    let event_id = world.uuid();
    let assumed = assumed::role(call, outcome.is_ok());
    if watchers.trails.is_empty() && assumed.is_none() && kind != Kind::Write {
        // Nobody logs it, and the history keeps it not: most calls of a large organization without a trail.
        return;
    }
    let mut detail = json!({
        "eventVersion": "1.11",
        "userIdentity": caller.identity(&call.access_key_id),
        "eventTime": iso(world.now()),
        "eventSource": format!("{service}.amazonaws.com"),
        "eventName": super::s3::event_name(&call.operation),
        "awsRegion": site.region,
        "sourceIPAddress": "203.0.113.12",
        "userAgent": call.user_agent,
    });
    let Some(fields) = detail.as_object_mut() else {
        return;
    };
    let answer = match outcome {
        Ok(answer) => answer,
        Err(error) => {
            let code = match error.code.as_str() {
                "AuthorizationError" | "AccessDeniedException" => "AccessDenied",
                code => code,
            };
            fields.insert("errorCode".to_owned(), json!(code));
            fields.insert("errorMessage".to_owned(), json!(error.message));
            &Value::Null
        }
    };
    // What was denied is recorded without its parameters; what failed otherwise keeps them.
    let denied = fields
        .get("errorCode")
        .is_some_and(|code| code == "AccessDenied");
    let parameters = if denied {
        Value::Null
    } else {
        camel(&call.input)
    };
    let response = match kind {
        _ if assumed.is_some() => camel(answer),
        Kind::Write => camel(answer),
        _ => Value::Null,
    };
    let empty = |value: Value| match value {
        Value::Object(fields) if fields.is_empty() => Value::Null,
        value => value,
    };
    for (name, value) in [
        ("requestParameters", empty(parameters)),
        ("responseElements", empty(response)),
        ("requestID", json!(request_id)),
        ("eventID", json!(event_id)),
        ("readOnly", json!(kind == Kind::Read)),
        ("eventType", json!("AwsApiCall")),
        ("managementEvent", json!(true)),
        ("recipientAccountId", json!(site.account)),
        ("eventCategory", json!("Management")),
    ] {
        fields.insert(name.to_owned(), value);
    }
    let mut event = json!({
        "detail-type": "AWS API Call via CloudTrail",
        "source": format!("aws.{service}"),
        "time": iso(world.now()),
        "detail": detail,
    });
    if let Some(role) = assumed {
        assumed::share(world, &site, caller, role, &mut event);
    }
    keep(world, site.account, watchers, event);
    release(world);
}

/// What a service does on behalf of another is recorded too, and delivered in its turn.
pub(super) fn publish(world: &mut World, site: &Site, service: Service, event: Value) {
    let watchers = watchers(world, site, service);
    keep(world, site.account.clone(), &watchers, event);
}

/// Keeps an event in the history and, if a trail logs it at all, until CloudTrail delivers it.
fn keep(world: &mut World, account: AccountId, watchers: &Watchers, event: Value) {
    let detail = event.get("detail").unwrap_or(&Value::Null);
    history::remember(world, &account, &watchers.region, detail);
    let trails: Vec<String> = watchers
        .trails
        .iter()
        .filter(|(_, selectors)| selectors.pass(detail))
        .map(|(arn, _)| arn.clone())
        .collect();
    if !trails.is_empty() {
        world.recorded.push(Recorded {
            due: world.now().saturating_add(world.trail_delay),
            account,
            region: watchers.region.clone(),
            trails,
            event,
        });
    }
}

/// Delivers what is due, oldest first: once to the bus, and to the bucket of every trail that logs
/// it. The bus does not depend on the buckets. The answer is whether anything was.
pub(super) fn release(world: &mut World) -> bool {
    let mut any = false;
    // Delivering makes further records; a world that never comes to rest goes on at the next look.
    for _ in 0..MOST_ROUNDS {
        if !release_due(world) {
            break;
        }
        any = true;
    }
    any
}

fn release_due(world: &mut World) -> bool {
    let now = world.now();
    let mut due: Vec<Recorded> = world.recorded.extract_if(.., |r| r.due <= now).collect();
    due.sort_by_key(|recorded| recorded.due);
    let any = !due.is_empty();
    for recorded in due {
        let site = Site {
            account: recorded.account,
            region: recorded.region,
        };
        for trail in &recorded.trails {
            bucket::deliver(world, trail, &site);
        }
        if recorded.event.to_string().len() <= LARGEST {
            delivery::emit(world, &site, recorded.event);
        }
    }
    any
}

/// A call that one AWS service makes to another.
pub(super) struct ServiceCall<'a> {
    /// The principal that calls, such as `events.amazonaws.com`.
    pub by: &'a str,
    /// The service that is called, and what it is asked.
    pub service: Service,
    pub operation: &'a str,
    pub parameters: Value,
    pub resources: Value,
}

/// Records a call of a service, which changes nothing. It is made in the middle of a delivery, and
/// delivered in its turn.
pub(super) fn record_service(world: &mut World, site: &Site, done: ServiceCall<'_>) {
    let service = done.service.name();
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

/// Field names begin with a small letter, secrets are left out, dates are written as IAM does.
fn camel(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let named = fields.iter().filter_map(|(key, value)| {
                let mut letters = key.chars();
                let first = letters.next()?.to_ascii_lowercase();
                let key: String = std::iter::once(first).chain(letters).collect();
                let value = match (key.as_str(), value) {
                    ("secretAccessKey", _) => return None,
                    // Names inside these are the caller's.
                    ("attributes" | "tags", Value::Object(_)) => value.clone(),
                    ("createDate" | "expiration", Value::String(date)) => json!(long_date(date)),
                    _ => camel(value),
                };
                Some((key, value))
            });
            Value::Object(named.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(camel).collect(),
        other => other.clone(),
    }
}

/// `Mar 24, 2014 9:11:59 PM`
pub(super) fn long_date(iso: &str) -> String {
    match iso.parse::<jiff::Timestamp>() {
        Ok(time) => time.strftime("%b %-d, %Y %-I:%M:%S %p").to_string(),
        Err(_) => iso.to_owned(),
    }
}
