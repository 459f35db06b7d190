//! CloudTrail: every management call becomes an event on a default bus.

use serde_json::{Map, Value, json};

use super::access::Kind;
use super::clock::iso;
use super::delivery;
use super::wire::{ApiError, Call, Service};
use super::world::{Principal, Site, World};

/// Records a call that was answered, or refused, as CloudTrail does.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
pub(super) fn record(
    world: &mut World,
    site: &Site,
    caller: &Principal,
    call: &Call,
    kind: Kind,
    outcome: &Result<Value, ApiError>,
    request_id: &str,
) {
    let service = call.service.name();
    // IAM is global: its events are seen in us-east-1 alone.
    let region = match call.service {
        Service::Iam => "us-east-1".to_owned(),
        _ => site.region.to_string(),
    };
    let Ok(region) = region.parse() else { return };
    let site = Site {
        account: site.account.clone(),
        region,
    };
    let event_id = world.uuid();
    let key = &call.access_key_id;
    let mut detail = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": caller.user_id,
            "arn": caller.arn(),
            "accountId": caller.account,
            "accessKeyId": key,
            "userName": caller.user,
        },
        "eventTime": iso(world.now()),
        "eventSource": format!("{service}.amazonaws.com"),
        "eventName": call.operation,
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
    let event = json!({
        "detail-type": "AWS API Call via CloudTrail",
        "source": format!("aws.{service}"),
        "detail": detail,
    });
    delivery::emit(world, &site, event);
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
                    ("createDate", Value::String(date)) => json!(long_date(date)),
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
fn long_date(iso: &str) -> String {
    match iso.parse::<jiff::Timestamp>() {
        Ok(time) => time.strftime("%b %-d, %Y %-I:%M:%S %p").to_string(),
        Err(_) => iso.to_owned(),
    }
}
