//! What other services do with keys.

use std::collections::BTreeMap;

use serde_json::json;

use super::find::{arn, expire, find, key, state};
use super::needs::policy_of;
use crate::sandbox::delivery::{Refusal, Source};
use crate::sandbox::policy::{Decision, Policy, Request, Who};
use crate::sandbox::recorder::{ServiceCall, record_service};
use crate::sandbox::site::{Site, locate};
use crate::sandbox::world::World;

/// How long SNS uses one data key, and SQS where a queue does not say otherwise.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>
const DATA_KEY: i64 = 5 * 60_000;

/// What a service needs that sends to something encrypted.
pub(crate) const ACTIONS: [&str; 2] = ["kms:GenerateDataKey", "kms:Decrypt"];

/// The ARN of a customer-managed key that something at a place names, if it is there.
pub(crate) fn arn_of(world: &World, at: &Site, given: &str) -> Option<String> {
    let site = locate(given).map_or_else(|| at.clone(), |(site, _)| site);
    let id = find(world, &site, given, true).ok()?;
    Some(arn(&site, &id))
}

/// The state of a key, if it is there.
pub(crate) fn state_of(world: &mut World, arn: &str) -> Option<&'static str> {
    let (site, resource) = locate(arn)?;
    let id = resource.strip_prefix("key/")?;
    key(world, &site, id).ok().map(|key| state(key))
}

/// Whether a service may send to a topic or queue that a customer-managed key encrypts. That a
/// data key is asked for is an event of its own.
pub(crate) fn send_encrypted(
    world: &mut World,
    to: &str,
    given: &str,
    from: &Source<'_>,
) -> Result<(), Refusal> {
    let refused = |message: String| ("NO_PERMISSIONS", message);
    let missing = || refused(format!("The key {given} does not exist."));
    let (at, _) = locate(to).ok_or_else(missing)?;
    let site = locate(given).map_or_else(|| at.clone(), |(site, _)| site);
    expire(world, &site);
    let id = find(world, &site, given, true).map_err(|_| missing())?;
    let arn = arn(&site, &id);
    for action in ACTIONS {
        let context = match from.service {
            // What SNS sends to a queue it sends for a topic, and says so.
            "sns.amazonaws.com" => sent_for(from.arn),
            _ => BTreeMap::new(),
        };
        if !key_lets(world, &arn, from.service, action, context) {
            return Err(refused(from.no_key(action, &arn)));
        }
    }
    match state(key(world, &site, &id).map_err(|_| missing())?) {
        "Enabled" => {}
        state => return Err(refused(format!("The key {arn} is in state {state}."))),
    }
    ask_for_data_key(world, &at, to, &site, &arn, from.service);
    Ok(())
}

/// The condition keys about what a service acts for.
fn sent_for(arn: &str) -> BTreeMap<&'static str, String> {
    let account = arn.split(':').nth(4).unwrap_or_default();
    BTreeMap::from([
        ("aws:sourcearn", arn.to_owned()),
        ("aws:sourceaccount", account.to_owned()),
    ])
}

/// Whether the policy of a key lets a service do this; `context` holds condition keys in lower
/// case. Other services that publish do not say for whom: `aws:SourceArn` and `aws:SourceAccount` are
/// not there to be compared.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html>
fn key_lets(
    world: &World,
    key: &str,
    service: &str,
    action: &str,
    mut context: BTreeMap<&'static str, String>,
) -> bool {
    context.insert("aws:securetransport", "true".to_owned());
    let request = Request {
        who: Who::Service(service),
        action,
        resource: key,
        context,
    };
    policy_of(world, key)
        .and_then(|text| Policy::parse(&text).ok())
        .is_some_and(|policy| policy.decide(&request) == Decision::Allow)
}

/// Asks KMS, unless the last data key is still in use.
fn ask_for_data_key(world: &mut World, at: &Site, to: &str, site: &Site, key: &str, service: &str) {
    let now = world.now();
    let pair = format!("{to} {key}");
    let asked = &mut world.kms.local.at(at).data_keys;
    if asked
        .get(&pair)
        .is_some_and(|when| when.saturating_add(DATA_KEY) > now)
    {
        return;
    }
    asked.insert(pair, now);
    let context = match to.contains(":sqs:") {
        true => json!({"aws:sqs:arn": to}),
        false => json!({"aws:sns:topicArn": to}),
    };
    let done = ServiceCall {
        by: service,
        service: "kms",
        operation: "GenerateDataKey",
        parameters: json!({"keyId": key, "keySpec": "AES_256", "encryptionContext": context}),
        resources: json!([{"accountId": site.account, "type": "AWS::KMS::Key", "ARN": key}]),
    };
    record_service(world, site, done);
}
