//! KMS: customer-managed keys. Aliases and tags are in `names`, permissions in `permissions`, and
//! what other services do with keys in `using`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::policy::Policy;
use super::sqs::locate;
use super::wire::{ApiError, input};
use super::world::{Key, Site, World};

mod names;
mod permissions;
mod using;

pub(super) use permissions::{kind, permissions, policy_of};
pub(super) use using::send_encrypted;

const DAY: i64 = 24 * 3_600_000;
/// AWS lists 50 or 100 a page; few here, so that paging is exercised.
const PAGE: usize = 10;
/// Bytes in a key policy. <https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html>
const POLICY: usize = 32 * 1024;

pub(crate) fn handle(
    world: &mut World,
    site: &Site,
    operation: &str,
    value: Value,
) -> Result<Value, ApiError> {
    expire(world, site);
    match operation {
        "CreateKey" => create(world, site, input(operation, value)?),
        "DescribeKey" => {
            let asked: ById = input(operation, value)?;
            let id = find(world, site, &asked.key_id, true)?;
            let key = key(world, site, &id)?;
            Ok(json!({"KeyMetadata": metadata(site, &id, key)}))
        }
        "ListKeys" => list(world, site, &input(operation, value)?),
        "GetKeyPolicy" => policy(world, site, &input(operation, value)?),
        "PutKeyPolicy" => put_policy(world, site, input(operation, value)?),
        "EnableKey" | "DisableKey" => {
            let asked: ById = input(operation, value)?;
            let id = find(world, site, &asked.key_id, false)?;
            let key = living(world, site, &id)?;
            key.enabled = operation == "EnableKey";
            Ok(json!({}))
        }
        "EnableKeyRotation" | "DisableKeyRotation" => {
            rotate(world, site, operation, &input(operation, value)?)
        }
        "GetKeyRotationStatus" => rotation(world, site, &input(operation, value)?),
        "ScheduleKeyDeletion" => schedule_deletion(world, site, &input(operation, value)?),
        "CancelKeyDeletion" => {
            let asked: ById = input(operation, value)?;
            let id = find(world, site, &asked.key_id, false)?;
            let arn = arn(site, &id);
            let key = key(world, site, &id)?;
            if key.deletion.take().is_none() {
                return Err(invalid_state(format!("{arn} is not pending deletion.")));
            }
            // It does not work again by itself.
            key.enabled = false;
            Ok(json!({"KeyId": arn}))
        }
        "UpdateKeyDescription" => {
            let asked: Describe = input(operation, value)?;
            let id = find(world, site, &asked.key_id, false)?;
            living(world, site, &id)?.description = asked.description;
            Ok(json!({}))
        }
        _ => names::handle(world, site, operation, value),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Create {
    policy: Option<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    tags: Vec<names::Tag>,
    key_usage: Option<String>,
    key_spec: Option<String>,
    origin: Option<String>,
    #[serde(default)]
    multi_region: bool,
    #[serde(default, rename = "BypassPolicyLockoutSafetyCheck")]
    _bypass: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ById {
    key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Describe {
    key_id: String,
    description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfPolicy {
    key_id: String,
    policy_name: Option<String>,
    policy: Option<String>,
    #[serde(default, rename = "BypassPolicyLockoutSafetyCheck")]
    _bypass: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Rotate {
    key_id: String,
    rotation_period_in_days: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Schedule {
    key_id: String,
    pending_window_in_days: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Page {
    limit: Option<usize>,
    marker: Option<String>,
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}

fn invalid_state(message: String) -> ApiError {
    ApiError::new("KMSInvalidStateException", message)
}

fn not_found(message: String) -> ApiError {
    ApiError::new("NotFoundException", message)
}

fn arn(site: &Site, id: &str) -> String {
    site.arn("kms", &format!("key/{id}"))
}

/// Keys whose waiting time is over are gone, and their aliases with them.
fn expire(world: &mut World, site: &Site) {
    let now = world.now();
    let local = world.at(site);
    local
        .keys
        .retain(|_, key| key.deletion.is_none_or(|when| when > now));
    let keys = &local.keys;
    local
        .aliases
        .retain(|_, alias| keys.contains_key(&alias.key));
}

/// The id of a key that is given by id or ARN, or where it may be by alias name or alias ARN.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html>
fn find(world: &mut World, site: &Site, given: &str, by_alias: bool) -> Result<String, ApiError> {
    let missing = || not_found(format!("Invalid keyId '{given}'"));
    let resource = match locate(given) {
        Some((at, resource)) if at == *site => resource,
        Some(_) => return Err(missing()),
        None if given.starts_with("alias/") => given.to_owned(),
        None => format!("key/{given}"),
    };
    let local = world.at(site);
    let id = match resource.strip_prefix("key/") {
        Some(id) => Some(id.to_owned()),
        None if by_alias => local.aliases.get(&resource).map(|alias| alias.key.clone()),
        None => None,
    };
    id.filter(|id| local.keys.contains_key(id))
        .ok_or_else(missing)
}

/// The ARN of a key that a service is told to use, and the key.
pub(super) fn told<'w>(
    world: &'w mut World,
    site: &Site,
    given: &str,
) -> Result<(String, &'w Key), ApiError> {
    let id = find(world, site, given, true)?;
    Ok((arn(site, &id), key(world, site, &id)?))
}

fn key<'w>(world: &'w mut World, site: &Site, id: &str) -> Result<&'w mut Key, ApiError> {
    let missing = || not_found(format!("Key '{}' does not exist", arn(site, id)));
    world.at(site).keys.get_mut(id).ok_or_else(missing)
}

/// A key that is not about to be deleted.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
fn living<'w>(world: &'w mut World, site: &Site, id: &str) -> Result<&'w mut Key, ApiError> {
    let key = key(world, site, id)?;
    if key.deletion.is_some() {
        return Err(invalid_state(format!(
            "{} is pending deletion.",
            arn(site, id)
        )));
    }
    Ok(key)
}

fn state(key: &Key) -> &'static str {
    match key.deletion {
        Some(_) => "PendingDeletion",
        None if key.enabled => "Enabled",
        None => "Disabled",
    }
}

/// Seconds since 1970.
fn seconds(milliseconds: i64) -> Value {
    let number = milliseconds.div_euclid(1000);
    json!(number)
}

fn metadata(site: &Site, id: &str, key: &Key) -> Value {
    let mut metadata = json!({
        "AWSAccountId": site.account,
        "KeyId": id,
        "Arn": arn(site, id),
        "CreationDate": seconds(key.created),
        "Enabled": state(key) == "Enabled",
        "Description": key.description,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": state(key),
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": false,
    });
    if let (Some(when), Some(fields)) = (key.deletion, metadata.as_object_mut()) {
        fields.insert("DeletionDate".to_owned(), seconds(when));
    }
    metadata
}

fn check_policy(text: &str) -> Result<(), ApiError> {
    let malformed = |reason: &str| {
        let message = format!("The new key policy is malformed: {reason}");
        ApiError::new("MalformedPolicyDocumentException", message)
    };
    if text.len() > POLICY {
        return Err(ApiError::new(
            "LimitExceededException",
            "the key policy is too large",
        ));
    }
    match Policy::parse(text) {
        Err(reason) if reason.contains("sandbox") => Err(ApiError::unsupported(reason)),
        Err(reason) => Err(malformed(&reason)),
        Ok(policy) if !policy.names_principals() => Err(malformed("a statement has no principal")),
        Ok(policy) if !policy.has_resources() => Err(malformed("a statement has no resource")),
        Ok(_) => Ok(()),
    }
}

/// What a key has whose creator gives no policy: the account decides by IAM.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
fn default_policy(site: &Site) -> String {
    let root = format!("arn:{}:iam::{}:root", site.region.partition(), site.account);
    json!({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [{
        "Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": {"AWS": root},
        "Action": "kms:*", "Resource": "*",
    }]})
    .to_string()
}

fn create(world: &mut World, site: &Site, create: Create) -> Result<Value, ApiError> {
    let others = [
        (create.key_usage.as_deref(), "ENCRYPT_DECRYPT"),
        (create.key_spec.as_deref(), "SYMMETRIC_DEFAULT"),
        (create.origin.as_deref(), "AWS_KMS"),
        (create.multi_region.then_some("multi-Region"), ""),
    ];
    for (given, known) in others {
        if let Some(other) = given.filter(|given| *given != known) {
            return Err(ApiError::unsupported(format_args!(
                "keys of kind `{other}`"
            )));
        }
    }
    let policy = create.policy.unwrap_or_else(|| default_policy(site));
    check_policy(&policy)?;
    let key = Key {
        policy,
        description: create.description,
        tags: names::collect(create.tags)?,
        created: world.now(),
        enabled: true,
        deletion: None,
        rotation: None,
    };
    let id = world.uuid();
    let answer = json!({"KeyMetadata": metadata(site, &id, &key)});
    world.at(site).keys.insert(id, key);
    Ok(answer)
}

/// A page of a list, in the words of KMS.
fn page(key: &str, all: Vec<Value>, asked: &Page) -> Result<Value, ApiError> {
    let start: usize = match &asked.marker {
        Some(marker) => marker
            .parse()
            .map_err(|_| ApiError::new("InvalidMarkerException", "Could not deserialize marker"))?,
        None => 0,
    };
    let size = asked.limit.unwrap_or(PAGE).clamp(1, 1000);
    let more = all.len() > start.saturating_add(size);
    let shown: Vec<Value> = all.into_iter().skip(start).take(size).collect();
    Ok(if more {
        json!({key: shown, "Truncated": true, "NextMarker": (start + size).to_string()})
    } else {
        json!({key: shown, "Truncated": false})
    })
}

fn list(world: &mut World, site: &Site, asked: &Page) -> Result<Value, ApiError> {
    let ids = world.at(site).keys.keys();
    let all = ids
        .map(|id| json!({"KeyId": id, "KeyArn": arn(site, id)}))
        .collect();
    page("Keys", all, asked)
}

fn named_default(name: Option<&String>) -> Result<(), ApiError> {
    match name {
        Some(name) if name != "default" => Err(not_found("No such policy exists".to_owned())),
        _ => Ok(()),
    }
}

fn policy(world: &mut World, site: &Site, asked: &OfPolicy) -> Result<Value, ApiError> {
    named_default(asked.policy_name.as_ref())?;
    let id = find(world, site, &asked.key_id, false)?;
    let text = &key(world, site, &id)?.policy;
    // KMS answers in its own spacing.
    let parsed: Option<Value> = serde_json::from_str(text).ok();
    let spaced = parsed.and_then(|value| serde_json::to_string_pretty(&value).ok());
    Ok(json!({"Policy": spaced.as_ref().unwrap_or(text), "PolicyName": "default"}))
}

fn put_policy(world: &mut World, site: &Site, put: OfPolicy) -> Result<Value, ApiError> {
    named_default(put.policy_name.as_ref())?;
    let id = find(world, site, &put.key_id, false)?;
    let policy = put.policy.ok_or_else(|| invalid("Policy is missing"))?;
    check_policy(&policy)?;
    key(world, site, &id)?.policy = policy;
    Ok(json!({}))
}

fn rotate(
    world: &mut World,
    site: &Site,
    operation: &str,
    asked: &Rotate,
) -> Result<Value, ApiError> {
    let id = find(world, site, &asked.key_id, false)?;
    let days = asked.rotation_period_in_days.unwrap_or(365);
    if !(90..=2560).contains(&days) {
        return Err(invalid("RotationPeriodInDays must be between 90 and 2560"));
    }
    let key = living(world, site, &id)?;
    if !key.enabled {
        let message = format!("{} is disabled.", arn(site, &id));
        return Err(ApiError::new("DisabledException", message));
    }
    key.rotation = (operation == "EnableKeyRotation").then_some(days);
    Ok(json!({}))
}

fn rotation(world: &mut World, site: &Site, asked: &ById) -> Result<Value, ApiError> {
    let id = find(world, site, &asked.key_id, false)?;
    let key = key(world, site, &id)?;
    let arn = arn(site, &id);
    Ok(match key.rotation.filter(|_| key.deletion.is_none()) {
        Some(days) => json!({"KeyId": arn, "KeyRotationEnabled": true,
            "RotationPeriodInDays": days,
            "NextRotationDate": seconds(key.created.saturating_add(days.saturating_mul(DAY)))}),
        None => json!({"KeyId": arn, "KeyRotationEnabled": false}),
    })
}

fn schedule_deletion(world: &mut World, site: &Site, asked: &Schedule) -> Result<Value, ApiError> {
    let id = find(world, site, &asked.key_id, false)?;
    let days = asked.pending_window_in_days.unwrap_or(30);
    if !(7..=30).contains(&days) {
        return Err(invalid("PendingWindowInDays must be between 7 and 30"));
    }
    let when = world.now().saturating_add(days.saturating_mul(DAY));
    living(world, site, &id)?.deletion = Some(when);
    Ok(
        json!({"KeyId": arn(site, &id), "DeletionDate": seconds(when),
        "KeyState": "PendingDeletion", "PendingWindowInDays": days}),
    )
}
