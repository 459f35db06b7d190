//! The record of a call: one where the caller is and, of a role that is assumed, one where the role
//! is.

use serde_json::{Map, Value, json};

use super::keep::{Watchers, keep, publish};
use crate::sandbox::access::Access;
use crate::sandbox::call::Call;
use crate::sandbox::clock::{iso, long_date};
use crate::sandbox::principal::Principal;
use crate::sandbox::site::{Site, account_in};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// A call that was answered or refused.
pub(crate) struct Done<'a> {
    pub(crate) call: &'a Call,
    pub(crate) access: Access,
    /// Of a data event, the type of its resource and how its ARN begins.
    pub(crate) data: Option<(&'static str, String)>,
    pub(crate) outcome: &'a Result<Value, ApiError>,
    pub(crate) request_id: &'a str,
    /// The service of AWS that makes the call in the name of the caller, if one does.
    pub(crate) by: Option<&'a str>,
}

/// Records a call as CloudTrail does, for the trails that log it.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
pub(crate) fn record(
    world: &mut World,
    site: &Site,
    caller: &Principal,
    watchers: &Watchers,
    done: Done<'_>,
) {
    let Done {
        call,
        access,
        data,
        outcome,
        request_id,
        by,
    } = done;
    if data.is_some() && !watchers.trails.iter().any(|(_, s)| s.has_data()) {
        // Most calls about messages: nobody logs them.
        return;
    }
    let service = call.name();
    let site = Site {
        account: site.account.clone(),
        region: watchers.region.clone(),
    };
    let event_id = world.uuid();
    let assumed = call
        .service
        .assumes(&call.operation, &call.input)
        .filter(|_| outcome.is_ok());
    if watchers.trails.is_empty() && assumed.is_none() && access != Access::Write {
        // Nobody logs it, and the history keeps it not: most calls of a large organization without a trail.
        return;
    }
    let mut detail = json!({
        "eventVersion": "1.11",
        "userIdentity": caller.identity(&call.access_key_id),
        "eventTime": iso(world.now()),
        "eventSource": format!("{service}.amazonaws.com"),
        "eventName": call.service.event_name(&call.operation),
        "awsRegion": site.region,
        "sourceIPAddress": "203.0.113.12",
        "userAgent": call.user_agent,
    });
    let Some(fields) = detail.as_object_mut() else {
        return;
    };
    if let Some(by) = by {
        invoked(fields, by);
    }
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
    let mut parameters = if denied {
        Value::Null
    } else {
        camel(&call.input)
    };
    if data.is_some() {
        hide(&mut parameters, MESSAGES);
    }
    hide(&mut parameters, call.service.hides());
    let response = match access {
        _ if assumed.is_some() => camel(answer),
        Access::Write | Access::WriteData => camel(answer),
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
        ("readOnly", json!(!access.writes())),
        ("eventType", json!("AwsApiCall")),
        ("managementEvent", json!(data.is_none())),
        ("recipientAccountId", json!(site.account)),
        ("eventCategory", json!(category(data.is_some()))),
    ] {
        fields.insert(name.to_owned(), value);
    }
    if let Some((kind, arn)) = data {
        let resource = json!({"accountId": site.account, "type": kind, "ARN": arn});
        fields.insert("resources".to_owned(), json!([resource]));
    }
    let mut event = json!({
        "detail-type": "AWS API Call via CloudTrail",
        "source": format!("aws.{service}"),
        "time": iso(world.now()),
        "detail": detail,
    });
    if let Some(role) = assumed {
        share(world, &site, caller, call.name(), role, &mut event);
    }
    keep(world, site.account, watchers, event);
}

fn category(data: bool) -> &'static str {
    if data { "Data" } else { "Management" }
}

/// What messages say is kept out of the records about them.
/// <https://docs.aws.amazon.com/sns/latest/dg/logging-using-cloudtrail.html>
const MESSAGES: &[&str] = &["message", "subject", "messageBody"];

/// Says which service made the call: of the caller only the session is left.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html> shows such a record.
fn invoked(fields: &mut Map<String, Value>, by: &str) {
    let identity = fields.get_mut("userIdentity");
    if let Some(identity) = identity.and_then(Value::as_object_mut) {
        identity.insert("invokedBy".to_owned(), json!(by));
    }
    for name in ["sourceIPAddress", "userAgent"] {
        fields.insert(name.to_owned(), json!(by));
    }
}

fn hide(parameters: &mut Value, names: &[&str]) {
    for name in names {
        if let Some(text) = parameters.get_mut(*name) {
            *text = json!("HIDDEN_DUE_TO_SECURITY_REASONS");
        }
    }
}

/// Says in the record of a call that takes a role on which role that is. If that is another
/// account's, the record is also made there, where of the caller only account and id are known.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>
fn share(
    world: &mut World,
    site: &Site,
    caller: &Principal,
    service: &str,
    role: &str,
    event: &mut Value,
) {
    let Some(account) = account_in(role) else {
        return;
    };
    let detail = |event: &mut Value, fields: Vec<(&str, Value)>| {
        if let Some(detail) = event.get_mut("detail").and_then(Value::as_object_mut) {
            let fields = fields.into_iter();
            detail.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        }
    };
    let resources = json!([{"accountId": account, "type": "AWS::IAM::Role", "ARN": role}]);
    detail(event, vec![("resources", resources)]);
    if account == site.account {
        return;
    }
    let shared = json!(world.uuid());
    detail(event, vec![("sharedEventID", shared)]);
    let mut copy = event.clone();
    let identity = json!({
        "type": "AWSAccount",
        "principalId": caller.user_id(),
        "accountId": caller.account,
    });
    let fields = vec![
        ("userIdentity", identity),
        ("eventID", json!(world.uuid())),
        ("recipientAccountId", json!(account)),
    ];
    detail(&mut copy, fields);
    let there = Site {
        account,
        region: site.region.clone(),
    };
    publish(world, &there, service, copy);
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
