//! KMS: customer-managed keys, their policies, rotation and deletion.

use serde::Deserialize;
use serde_json::{Value, json};

use super::find::{
    Page, arn, find, invalid, invalid_state, key, living, not_found, page, seconds, state,
};
use super::state::Key;
use super::tags;
use crate::sandbox::policy::Policy;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

const DAY: i64 = 24 * 3_600_000;

/// Bytes in a key policy. <https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html>
const POLICY: usize = 32 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Create {
    policy: Option<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    tags: Vec<tags::Tag>,
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
pub(super) struct ById {
    key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Describe {
    key_id: String,
    description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfPolicy {
    key_id: String,
    policy_name: Option<String>,
    policy: Option<String>,
    #[serde(default, rename = "BypassPolicyLockoutSafetyCheck")]
    _bypass: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Rotate {
    key_id: String,
    rotation_period_in_days: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Schedule {
    key_id: String,
    pending_window_in_days: Option<i64>,
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

pub(super) fn create(world: &mut World, site: &Site, create: Create) -> Result<Value, ApiError> {
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
        tags: tags::collect(create.tags)?,
        created: world.now(),
        enabled: true,
        deletion: None,
        rotation: None,
    };
    let id = world.uuid();
    let answer = json!({"KeyMetadata": metadata(site, &id, &key)});
    world.kms.local.at(site).keys.insert(id, key);
    Ok(answer)
}

pub(super) fn list(world: &mut World, site: &Site, asked: &Page) -> Result<Value, ApiError> {
    let ids = world.kms.local.at(site).keys.keys();
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

pub(super) fn policy(world: &mut World, site: &Site, asked: &OfPolicy) -> Result<Value, ApiError> {
    named_default(asked.policy_name.as_ref())?;
    let id = find(world, site, &asked.key_id, false)?;
    let text = &key(world, site, &id)?.policy;
    // KMS answers in its own spacing.
    let parsed: Option<Value> = serde_json::from_str(text).ok();
    let spaced = parsed.and_then(|value| serde_json::to_string_pretty(&value).ok());
    Ok(json!({"Policy": spaced.as_ref().unwrap_or(text), "PolicyName": "default"}))
}

pub(super) fn put_policy(world: &mut World, site: &Site, put: OfPolicy) -> Result<Value, ApiError> {
    named_default(put.policy_name.as_ref())?;
    let id = find(world, site, &put.key_id, false)?;
    let policy = put.policy.ok_or_else(|| invalid("Policy is missing"))?;
    check_policy(&policy)?;
    key(world, site, &id)?.policy = policy;
    Ok(json!({}))
}

pub(super) fn rotate(
    world: &mut World,
    site: &Site,
    on: bool,
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
    key.rotation = on.then_some(days);
    Ok(json!({}))
}

pub(super) fn rotation(world: &mut World, site: &Site, asked: &ById) -> Result<Value, ApiError> {
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

pub(super) fn schedule_deletion(
    world: &mut World,
    site: &Site,
    asked: &Schedule,
) -> Result<Value, ApiError> {
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

pub(super) fn describe(world: &mut World, site: &Site, asked: &ById) -> Result<Value, ApiError> {
    let id = find(world, site, &asked.key_id, true)?;
    let key = key(world, site, &id)?;
    Ok(json!({"KeyMetadata": metadata(site, &id, key)}))
}

pub(super) fn enable(
    world: &mut World,
    site: &Site,
    on: bool,
    asked: &ById,
) -> Result<Value, ApiError> {
    let id = find(world, site, &asked.key_id, false)?;
    living(world, site, &id)?.enabled = on;
    Ok(json!({}))
}

pub(super) fn cancel_deletion(
    world: &mut World,
    site: &Site,
    asked: &ById,
) -> Result<Value, ApiError> {
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

pub(super) fn set_description(
    world: &mut World,
    site: &Site,
    asked: Describe,
) -> Result<Value, ApiError> {
    let id = find(world, site, &asked.key_id, false)?;
    living(world, site, &id)?.description = asked.description;
    Ok(json!({}))
}
