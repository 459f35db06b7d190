//! What other services do with the secrets that they manage.
//!
//! <https://docs.aws.amazon.com/secretsmanager/latest/userguide/service-linked-secrets.html>

use super::state::Entry;
use crate::sandbox::secret::Secret;
use crate::sandbox::site::Site;
use crate::sandbox::world::World;

/// Makes a secret of a service. Its ARN ends in six characters that nobody can foresee.
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html>
pub(crate) fn make(
    world: &mut World,
    site: &Site,
    owner: &str,
    name: &str,
    value: Secret,
) -> String {
    let tail: String = world.key_id("").chars().take(6).collect();
    let arn = site.arn("secretsmanager", &format!("secret:{name}-{tail}"));
    let now = world.now();
    let entry = Entry {
        name: name.to_owned(),
        value,
        version: world.uuid(),
        owner: owner.to_owned(),
        created: now,
        changed: now,
        deleted: None,
    };
    world.secretsmanager.secrets.insert(arn.clone(), entry);
    arn
}

/// Gives a secret another value: the ARN stays, the version is a new one. The answer is whether it is there.
pub(crate) fn renew(world: &mut World, arn: &str, value: Secret) -> bool {
    let (now, version) = (world.now(), world.uuid());
    match world.secretsmanager.secrets.get_mut(arn) {
        Some(entry) if entry.deleted.is_none() => {
            (entry.value, entry.version, entry.changed) = (value, version, now);
            true
        }
        _ => false,
    }
}

/// Removes a secret at once.
pub(crate) fn remove(world: &mut World, arn: &str) {
    world.secretsmanager.secrets.remove(arn);
}

/// Whether a secret can be read.
pub(crate) fn is_there(world: &World, arn: &str) -> bool {
    let entry = world.secretsmanager.secrets.get(arn);
    entry.is_some_and(|entry| entry.deleted.is_none())
}
