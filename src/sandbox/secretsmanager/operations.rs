//! What can be asked of secrets.

use serde::Deserialize;
use serde_json::{Value, json};

use super::state::Entry;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Named {
    secret_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Get {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Delete {
    secret_id: String,
    recovery_window_in_days: Option<i64>,
    force_delete_without_recovery: Option<bool>,
}

/// The ARN of the secret that a name or an ARN means.
pub(super) fn arn_of(world: &World, site: &Site, id: &str) -> Option<String> {
    let secrets = &world.secretsmanager.secrets;
    if id.starts_with("arn:") {
        return secrets.contains_key(id).then(|| id.to_owned());
    }
    let here = site.arn("secretsmanager", "secret:");
    let mut of_site = secrets.iter().filter(|(arn, _)| arn.starts_with(&here));
    let (arn, _) = of_site.find(|(_, entry)| entry.name == id)?;
    Some(arn.clone())
}

fn missing() -> ApiError {
    let message = "Secrets Manager can't find the specified secret.";
    ApiError::new("ResourceNotFoundException", message)
}

fn entry<'w>(
    world: &'w mut World,
    site: &Site,
    id: &str,
) -> Result<(String, &'w mut Entry), ApiError> {
    let arn = arn_of(world, site, id).ok_or_else(missing)?;
    let entry = world.secretsmanager.secrets.get_mut(&arn);
    entry.map(|entry| (arn, entry)).ok_or_else(missing)
}

/// A secret without its value.
pub(super) fn describe(world: &mut World, site: &Site, named: &Named) -> Result<Value, ApiError> {
    let (arn, entry) = entry(world, site, &named.secret_id)?;
    let version = entry.version.as_str();
    let mut shown = json!({
        "ARN": arn,
        "Name": entry.name,
        "OwningService": entry.owner,
        "CreatedDate": entry.created / 1000,
        "LastChangedDate": entry.changed / 1000,
        "VersionIdsToStages": {version: ["AWSCURRENT"]},
    });
    if let (Some(deleted), Some(fields)) = (entry.deleted, shown.as_object_mut()) {
        fields.insert("DeletedDate".to_owned(), json!(deleted / 1000));
    }
    Ok(shown)
}

pub(super) fn get(world: &mut World, site: &Site, get: &Get) -> Result<Value, ApiError> {
    let (arn, entry) = entry(world, site, &get.secret_id)?;
    if entry.deleted.is_some() {
        return Err(marked());
    }
    let is_current = get.version_stage.as_deref().unwrap_or("AWSCURRENT") == "AWSCURRENT";
    let is_this = get
        .version_id
        .as_ref()
        .is_none_or(|id| *id == entry.version);
    if !is_current || !is_this {
        return Err(missing());
    }
    Ok(json!({
        "ARN": arn,
        "Name": entry.name,
        "VersionId": entry.version,
        "SecretString": entry.value.reveal(),
        "VersionStages": ["AWSCURRENT"],
        "CreatedDate": entry.changed / 1000,
    }))
}

fn marked() -> ApiError {
    let message = "You can't perform this operation on the secret because it was marked for \
        deletion.";
    ApiError::new("InvalidRequestException", message)
}

/// Marks a secret for deletion, or deletes it at once.
/// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html>
pub(super) fn delete(world: &mut World, site: &Site, delete: &Delete) -> Result<Value, ApiError> {
    let now = world.now();
    let forced = delete.force_delete_without_recovery == Some(true);
    let days = delete.recovery_window_in_days.unwrap_or(30);
    if (forced && delete.recovery_window_in_days.is_some()) || !(7..=30).contains(&days) {
        let message = "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive), \
            and cannot be given together with ForceDeleteWithoutRecovery.";
        return Err(ApiError::new("InvalidParameterException", message));
    }
    let (arn, entry) = entry(world, site, &delete.secret_id)?;
    if entry.deleted.is_some() {
        return Err(marked());
    }
    let gone = if forced {
        now
    } else {
        now.saturating_add(days.saturating_mul(DAY))
    };
    entry.deleted = Some(gone);
    let answer = json!({"ARN": arn, "Name": entry.name, "DeletionDate": gone / 1000});
    if forced {
        world.secretsmanager.secrets.remove(&arn);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::clock::Clock;
    use crate::sandbox::secret::Secret;
    use crate::sandbox::secretsmanager::managed;

    #[test]
    fn a_secret_is_described_read_renewed_and_deleted() {
        let site = Site {
            account: "111122223333".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        };
        let mut world = World::new(site.account.clone(), site.region.clone(), Clock::FIXED);
        let name = "events!connection/c/1";
        let arn = managed::make(&mut world, &site, "events", name, Secret::new("hunter2"));
        let named = || Named {
            secret_id: name.to_owned(),
        };
        let asked = || Get {
            secret_id: arn.clone(),
            version_id: None,
            version_stage: None,
        };
        let shown = describe(&mut world, &site, &named()).unwrap();
        assert_eq!(shown["ARN"], json!(arn));
        assert_eq!(shown["OwningService"], "events");
        assert!(!shown.to_string().contains("hunter2"));
        let read = get(&mut world, &site, &asked()).unwrap();
        assert_eq!(read["SecretString"], "hunter2");
        assert!(managed::renew(&mut world, &arn, Secret::new("other")));
        let renewed = get(&mut world, &site, &asked()).unwrap();
        assert_eq!(renewed["SecretString"], "other");
        assert_ne!(renewed["VersionId"], read["VersionId"]);
        let ends = Delete {
            secret_id: name.to_owned(),
            recovery_window_in_days: Some(7),
            force_delete_without_recovery: None,
        };
        delete(&mut world, &site, &ends).unwrap();
        assert!(!managed::is_there(&world, &arn));
        let error = get(&mut world, &site, &asked()).unwrap_err();
        assert_eq!(error.code, "InvalidRequestException");
        managed::remove(&mut world, &arn);
        let error = describe(&mut world, &site, &named()).unwrap_err();
        assert_eq!(error.code, "ResourceNotFoundException");
    }
}
