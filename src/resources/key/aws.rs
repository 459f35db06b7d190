//! How KMS reads and writes the key that encrypts our topics.

use aws_sdk_kms::types::{KeyManagerType, KeyMetadata, KeyState, Tag};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::{EncryptionKey, Step, steps};
use crate::aws::{CallError, Cause, Clients, all_pages, calls};
use crate::place::{Arn, Place, StackName};
use crate::resources::aws::answers::{gone_is_fine, seen};
use crate::resources::aws::creation::Creation;
use crate::resources::model::{Owner, STACK_TAG};
use crate::resources::resource::{Live, Resource};
use crate::resources::{names, policy};

/// How many keys are looked at at once.
const CONCURRENCY: usize = 8;

/// Days between the order to delete a key and its end: as long as AWS allows.
const DELETION_DAYS: i32 = 30;
/// Days until the end of a key that was never used: as few as AWS allows.
const SHORTEST_DELETION_DAYS: i32 = 7;

/// Reads the key that our alias names.
pub(crate) async fn read(
    client: &aws_sdk_kms::Client,
    stack: &StackName,
    place: &Place,
) -> Result<Vec<Live>, CallError> {
    let name = names::whole(stack);
    let Some(id) = behind(client, &format!("alias/{name}")).await? else {
        return Ok(Vec::new());
    };
    let request = client.describe_key().key_id(&id);
    let answer = match calls::DESCRIBE_KEY.send(&id, request.send()).await {
        Ok(answer) => answer,
        Err(error) if error.cause == Cause::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let Some(metadata) = answer.key_metadata else {
        return Ok(Vec::new());
    };
    let owner = owner(client, stack, &id).await?;
    let enabled = metadata.key_state() == Some(&KeyState::Enabled);
    let details = futures::try_join!(key_policy(client, &id), rotation(client, &id));
    let (policy, rotated) = seen(&owner, details)?;
    let resource = Resource::EncryptionKey(EncryptionKey {
        name,
        description: metadata.description().unwrap_or_default().to_owned(),
        policy,
        rotated,
        enabled,
    });
    Ok(vec![Live::new(place, resource, owner, Some(id))])
}

/// The id of the key that an alias names. Listed, because what is denied and what is not there look
/// alike for a single key.
async fn behind(client: &aws_sdk_kms::Client, alias: &str) -> Result<Option<String>, CallError> {
    let mut marker = None;
    loop {
        let request = client.list_aliases().limit(100).set_marker(marker);
        let page = calls::LIST_ALIASES.send("*", request.send()).await?;
        let found = page
            .aliases()
            .iter()
            .find(|listed| listed.alias_name() == Some(alias));
        if let Some(found) = found {
            return Ok(found.target_key_id().map(str::to_owned));
        }
        marker = page.next_marker().map(str::to_owned);
        if marker.is_none() {
            return Ok(None);
        }
    }
}

/// Whether a key carries our tag.
async fn is_tagged(
    client: &aws_sdk_kms::Client,
    stack: &StackName,
    id: &str,
) -> Result<bool, CallError> {
    Ok(owner(client, stack, id).await? == Owner::Ours)
}

/// Whose the key behind our alias is.
async fn owner(
    client: &aws_sdk_kms::Client,
    stack: &StackName,
    id: &str,
) -> Result<Owner, CallError> {
    let request = client.list_resource_tags().key_id(id);
    let tags = calls::LIST_KEY_TAGS.send(id, request.send()).await?;
    let tag = tags.tags().iter().find(|tag| tag.tag_key() == STACK_TAG);
    Ok(Owner::of(tag.map(Tag::tag_value), stack, true))
}

async fn key_policy(client: &aws_sdk_kms::Client, id: &str) -> Result<Value, CallError> {
    let request = client.get_key_policy().key_id(id).policy_name("default");
    let answer = calls::GET_KEY_POLICY.send(id, request.send()).await?;
    let stored = serde_json::from_str(answer.policy().unwrap_or_default());
    Ok(policy::canonical(&stored.unwrap_or(Value::Null)))
}

async fn rotation(client: &aws_sdk_kms::Client, id: &str) -> Result<bool, CallError> {
    let request = client.get_key_rotation_status().key_id(id);
    let answer = calls::KEY_ROTATION.send(id, request.send()).await;
    match answer {
        Ok(answer) => Ok(answer.key_rotation_enabled()),
        // A key that waits for its deletion has no rotation to speak of.
        Err(error) if error.code.as_deref() == Some("KMSInvalidStateException") => Ok(false),
        Err(error) => Err(error),
    }
}

/// Creates the key and its alias.
///
/// CreateKey knows no name, so that a second call makes a second key: it is never sent again, and a key
/// of ours that lost its alias, or never got one, is found again.
pub(crate) async fn create(at: &Creation<'_>, key: &EncryptionKey) -> Result<(), CallError> {
    let (client, stack) = (&at.clients.kms, at.stack);
    let stray = stray(client, stack, key).await?;
    // One that waited for its deletion nobody used: it is as good as new. One that somebody disabled may be in use.
    let is_new = match &stray {
        Some((id, _)) => is_pending(client, id).await?,
        None => true,
    };
    let id = match &stray {
        Some((id, found)) => {
            take(client, id, key, steps(found, key)).await?;
            id.clone()
        }
        None => fresh(client, stack, key).await?,
    };
    let alias = format!("alias/{}", key.name);
    let request = client.create_alias().alias_name(&alias).target_key_id(&id);
    let named = calls::CREATE_ALIAS.send(&alias, request.send()).await;
    if let Err(error) = &named
        && error.code.as_deref() == Some("AlreadyExistsException")
        && is_new
        && behind(client, &alias).await?.as_deref() != Some(id.as_str())
    {
        // Another apply was quicker: its key stays, and ours, which nobody uses, goes.
        let request = client
            .schedule_key_deletion()
            .key_id(&id)
            .pending_window_in_days(SHORTEST_DELETION_DAYS);
        calls::SCHEDULE_KEY_DELETION
            .send(&id, request.send())
            .await?;
    }
    named.map(drop)
}

/// A new key. Its creation is never sent twice.
async fn fresh(
    client: &aws_sdk_kms::Client,
    stack: &StackName,
    key: &EncryptionKey,
) -> Result<String, CallError> {
    let once = aws_sdk_kms::config::Builder::new()
        .retry_config(aws_sdk_kms::config::retry::RetryConfig::disabled());
    let request = client
        .create_key()
        .description(&key.description)
        .policy(key.policy.to_string())
        .set_tags(tag(stack).map(|tag| vec![tag]))
        .customize()
        .config_override(once);
    let created = calls::CREATE_KEY.send("*", request.send()).await?;
    let metadata = created.key_metadata;
    let id = metadata.map(|m| m.key_id().to_owned()).unwrap_or_default();
    rotate(client, &id).await?;
    Ok(id)
}

/// A key of ours without our alias, as a look at it shows.
async fn found(
    client: &aws_sdk_kms::Client,
    id: &str,
    name: &str,
) -> Result<EncryptionKey, CallError> {
    let request = client.describe_key().key_id(id);
    let answer = calls::DESCRIBE_KEY.send(id, request.send()).await?;
    let metadata = answer.key_metadata.as_ref();
    let description = metadata.and_then(|m| m.description());
    let state = metadata.and_then(|m| m.key_state());
    Ok(EncryptionKey {
        name: name.to_owned(),
        description: description.unwrap_or_default().to_owned(),
        policy: key_policy(client, id).await?,
        rotated: rotation(client, id).await?,
        enabled: state == Some(&KeyState::Enabled),
    })
}

/// A key that we made for these rules and that has no alias: an interrupted run never named it, or a deletion took its
/// alias. The tag alone proves nothing, since whoever may tag a key could hand over a company's: it must be, policy and
/// description included, just what we make, and nobody may have named it.
async fn stray(
    client: &aws_sdk_kms::Client,
    stack: &StackName,
    key: &EncryptionKey,
) -> Result<Option<(String, EncryptionKey)>, CallError> {
    let listed = all_pages(|marker| async move {
        let request = client.list_keys().set_marker(marker).limit(1000);
        let page = calls::LIST_KEYS.send("*", request.send()).await?;
        Ok((page.keys.unwrap_or_default(), page.next_marker))
    });
    let ids = listed.await?.into_iter().filter_map(|key| key.key_id);
    let mut tagged = stream::iter(ids)
        .map(|id| async move {
            let tagged = match is_tagged(client, stack, &id).await {
                Err(error) if is_hidden(&error) => false,
                tagged => tagged?,
            };
            Ok::<_, CallError>(tagged.then_some(id))
        })
        .buffered(CONCURRENCY);
    while let Some(id) = tagged.try_next().await? {
        let Some(id) = id else { continue };
        let found = match found(client, &id, &key.name).await {
            Err(error) if is_hidden(&error) => continue,
            found => found?,
        };
        let is_as_made = found.policy == key.policy && found.description == key.description;
        if is_as_made && !is_named(client, &id).await? {
            return Ok(Some((id, found)));
        }
    }
    Ok(None)
}

/// A key that does not show itself to us is not ours: our policy shows it.
fn is_hidden(error: &CallError) -> bool {
    matches!(error.cause, Cause::Denied | Cause::NotFound)
}

/// Whether any alias names a key.
async fn is_named(client: &aws_sdk_kms::Client, id: &str) -> Result<bool, CallError> {
    let request = client.list_aliases().key_id(id).limit(1);
    let page = calls::LIST_ALIASES.send(id, request.send()).await?;
    Ok(!page.aliases().is_empty())
}

async fn rotate(client: &aws_sdk_kms::Client, id: &str) -> Result<(), CallError> {
    let request = client.enable_key_rotation().key_id(id);
    calls::ENABLE_ROTATION
        .send(id, request.send())
        .await
        .map(drop)
}

fn tag(stack: &StackName) -> Option<Tag> {
    let tag = Tag::builder().tag_key(STACK_TAG).tag_value(stack.as_str());
    tag.build().ok()
}

pub(crate) async fn update(
    clients: &Clients,
    id: &str,
    before: &EncryptionKey,
    key: &EncryptionKey,
) -> Result<(), CallError> {
    take(&clients.kms, id, key, steps(before, key)).await
}

/// Carries out the steps towards a key.
async fn take(
    client: &aws_sdk_kms::Client,
    id: &str,
    key: &EncryptionKey,
    steps: Vec<Step>,
) -> Result<(), CallError> {
    for step in steps {
        let call = step.call();
        match step {
            Step::Enable => {
                keep(client, id).await?;
                let request = client.enable_key().key_id(id);
                call.send(id, request.send()).await?;
            }
            Step::Policy => {
                let request = client.put_key_policy().key_id(id).policy_name("default");
                let request = request.policy(key.policy.to_string());
                call.send(id, request.send()).await?;
            }
            Step::Description => {
                let request = client.update_key_description().key_id(id);
                let request = request.description(&key.description);
                call.send(id, request.send()).await?;
            }
            Step::Rotation => rotate(client, id).await?,
        }
    }
    Ok(())
}

/// Whether a key waits for its deletion.
async fn is_pending(client: &aws_sdk_kms::Client, id: &str) -> Result<bool, CallError> {
    let request = client.describe_key().key_id(id);
    let answer = calls::DESCRIBE_KEY.send(id, request.send()).await?;
    let state = answer.key_metadata.and_then(|metadata| metadata.key_state);
    Ok(state == Some(KeyState::PendingDeletion))
}

/// Takes back the deletion of a key that waits for it.
async fn keep(client: &aws_sdk_kms::Client, id: &str) -> Result<(), CallError> {
    if !is_pending(client, id).await? {
        return Ok(());
    }
    let request = client.cancel_key_deletion().key_id(id);
    match calls::CANCEL_KEY_DELETION.send(id, request.send()).await {
        // Another apply was quicker.
        Err(error) if error.code.as_deref() == Some("KMSInvalidStateException") => Ok(()),
        kept => kept.map(drop),
    }
}

/// What is wrong with a key of somebody's own that encrypts what a service of AWS sends to.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyProblem {
    /// A clause about the key.
    pub problem: String,
    /// The statement that its policy lacks.
    pub statement: Option<Value>,
}

/// Looks at the key of somebody's own that encrypts our topics; `None` if EventBridge can use it.
///
/// # Errors
/// What AWS says, except that the key is not there.
pub async fn problem(
    client: &aws_sdk_kms::Client,
    key: &Arn,
) -> Result<Option<KeyProblem>, CallError> {
    usable(client, key.as_str(), &EVENTBRIDGE).await
}

/// EventBridge does not say for which rule it encrypts. Source: EventBridge, `eb-encryption`.
pub(in crate::resources) const EVENTBRIDGE: User = User {
    name: "EventBridge",
    principal: "events.amazonaws.com",
    meets: None,
};

/// The ARN of a key that a queue or topic names by id, ARN or alias: where no ARN says otherwise, it is of the same account
/// and Region.
pub(in crate::resources) fn named_beside(named: &str, beside: &Arn) -> String {
    if named.contains(':') {
        return named.to_owned();
    }
    let kind = match named.starts_with("alias/") {
        true => "",
        false => "key/",
    };
    let (partition, region, account) = (beside.partition(), beside.region(), beside.account());
    format!("arn:{partition}:kms:{region}:{account}:{kind}{named}")
}

/// A service of AWS that encrypts.
#[derive(Debug)]
pub(in crate::resources) struct User {
    /// What people call it.
    pub(in crate::resources) name: &'static str,
    /// Its principal in policies.
    pub(in crate::resources) principal: &'static str,
    /// A condition that every request of it meets.
    pub(in crate::resources) meets: Option<Value>,
}

/// Looks at a key by its id, ARN or alias; `None` if a service can encrypt with it.
///
/// # Errors
/// What AWS says, except that the key is not there.
pub(in crate::resources) async fn usable(
    client: &aws_sdk_kms::Client,
    key: &str,
    user: &User,
) -> Result<Option<KeyProblem>, CallError> {
    let User {
        name,
        principal,
        meets,
    } = user;
    let wrong = |problem: String, statement| Ok(Some(KeyProblem { problem, statement }));
    let metadata = match described(client, key).await? {
        Ok(metadata) => metadata,
        Err(problem) => return wrong(problem.to_owned(), None),
    };
    // Nobody can change what the keys that AWS keeps for a service let in: they let other services in nowhere.
    // Source: SQS, `sqs-key-management`, permissions for AWS services.
    if metadata.key_manager == Some(KeyManagerType::Aws) {
        let problem =
            format!("it is AWS's own key, which {name} cannot use: choose a key of yours");
        return wrong(problem, None);
    }
    // GetKeyPolicy takes no alias.
    let id = metadata.arn.as_deref().unwrap_or(&metadata.key_id);
    if policy::admits_service(
        &key_policy(client, id).await?,
        id,
        principal,
        meets.as_ref(),
    ) {
        return Ok(None);
    }
    wrong(
        format!("its policy does not let {name} use it"),
        Some(match meets {
            None => policy::key_statement(),
            Some(meets) => policy::key_statement_for(principal, meets),
        }),
    )
}

/// Why nobody can use a key, by its id, ARN or alias, as far as its state tells; `None`: it is enabled.
///
/// # Errors
/// What AWS says, except that the key is not there.
pub(in crate::resources) async fn unusable(
    client: &aws_sdk_kms::Client,
    key: &str,
) -> Result<Option<&'static str>, CallError> {
    Ok(described(client, key).await?.err())
}

/// What a key is, or why nobody can use it.
async fn described(
    client: &aws_sdk_kms::Client,
    key: &str,
) -> Result<Result<KeyMetadata, &'static str>, CallError> {
    const GONE: &str = "it does not exist";
    let request = client.describe_key().key_id(key);
    let metadata = match calls::DESCRIBE_KEY.send(key, request.send()).await {
        Err(error) if error.cause == Cause::NotFound => return Ok(Err(GONE)),
        described => described?.key_metadata,
    };
    Ok(match metadata {
        None => Err(GONE),
        Some(metadata) if metadata.key_state != Some(KeyState::Enabled) => {
            Err("it is disabled, or waits to be deleted")
        }
        Some(metadata) => Ok(metadata),
    })
}

/// Schedules the key's deletion and frees the alias. Until the last day it can be taken back.
pub(crate) async fn delete(
    clients: &Clients,
    id: &str,
    key: &EncryptionKey,
) -> Result<(), CallError> {
    let client = &clients.kms;
    let request = client
        .schedule_key_deletion()
        .key_id(id)
        .pending_window_in_days(DELETION_DAYS);
    let scheduled = calls::SCHEDULE_KEY_DELETION.send(id, request.send()).await;
    match scheduled {
        // It is scheduled already.
        Err(error) if error.code.as_deref() == Some("KMSInvalidStateException") => {}
        other => gone_is_fine(other.map(drop))?,
    }
    let alias = format!("alias/{}", key.name);
    let request = client.delete_alias().alias_name(&alias);
    let deleted = calls::DELETE_ALIAS.send(&alias, request.send()).await;
    deleted.map(drop)
}

pub(crate) async fn adopt(
    clients: &Clients,
    stack: &StackName,
    id: &str,
    _: &EncryptionKey,
) -> Result<(), CallError> {
    let request = clients.kms.tag_resource().key_id(id);
    let request = request.set_tags(tag(stack).map(|tag| vec![tag]));
    let tagged = calls::TAG_KEY.send(id, request.send()).await;
    tagged.map(drop)
}
