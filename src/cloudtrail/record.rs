//! The record of a call as CloudTrail writes it, and the event that EventBridge makes of it.

use serde_json::{Map, Value, json};

use super::call_kinds::{self, GLOBAL_SERVICES, is_read_only};
use super::calls;
use super::categories::data_event;
use super::envelope::wrap;
use super::identity::Identity;
use super::setting::Setting;
use crate::place::Region;

/// A realistic event of an API, as it comes to EventBridge. The service is the event source without
/// `.amazonaws.com`, the name as CloudTrail records it.
pub fn like(service: &str, name: &str, identity: Identity, setting: &Setting<'_>) -> Value {
    wrap(record(service, name, identity, setting), setting)
}

/// A realistic record of an API, without EventBridge's envelope. Addresses, names and ids are those reserved for documentation.
/// Source: CloudTrail user guide, "CloudTrail record contents".
pub fn record(service: &str, name: &str, identity: Identity, setting: &Setting<'_>) -> Value {
    let name = call_kinds::as_recorded(service, name);
    let region = call_kinds::recorded_in(service, setting.region);
    let here = Setting {
        region: &region,
        ..*setting
    };
    let sign_in = service == "signin";
    let mut record = Map::new();
    let mut put = |key: &str, value: Value| record.insert(key.to_owned(), value);
    put("eventVersion", json!("1.11"));
    put("userIdentity", identity.recorded(sign_in, &here));
    put("eventTime", json!(here.time));
    put("eventSource", json!(format!("{service}.amazonaws.com")));
    put("eventName", json!(name));
    put("awsRegion", json!(region));
    put("sourceIPAddress", json!(identity.address()));
    put("userAgent", json!(identity.agent(sign_in)));
    put("requestParameters", Value::Null);
    put("responseElements", Value::Null);
    put("requestID", json!(here.id));
    put("eventID", json!(here.id));
    put("readOnly", json!(is_read_only(service, &name)));
    put(
        "eventType",
        json!(if sign_in {
            "AwsConsoleSignIn"
        } else {
            "AwsApiCall"
        }),
    );
    let is_data = data_event(service, &name).is_some();
    put("managementEvent", json!(!is_data));
    put("recipientAccountId", json!(here.account));
    let category = if is_data { "Data" } else { "Management" };
    put("eventCategory", json!(category));
    if identity != Identity::Service {
        put("tlsDetails", tls(service, &region));
    }
    if sign_in && name == "ConsoleLogin" {
        identity.signs_in(&mut record, &here);
    }
    if let Some(own) = calls::known(service, &name) {
        record.extend(calls::filled(own, &here));
    }
    if record.get("eventType") == Some(&json!("AwsServiceEvent")) {
        // Nobody called anything.
        record.remove("tlsDetails");
    }
    Value::Object(record)
}

fn tls(service: &str, region: &Region) -> Value {
    let host = match service {
        "signin" => format!("{region}.signin.aws.amazon.com"),
        _ if GLOBAL_SERVICES.contains(&service) => format!("{service}.amazonaws.com"),
        _ => format!("{service}.{region}.amazonaws.com"),
    };
    json!({
        "tlsVersion": "TLSv1.3",
        "cipherSuite": "TLS_AES_128_GCM_SHA256",
        "clientProvidedHostHeader": host,
    })
}
