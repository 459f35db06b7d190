//! EventBridge: event buses, and the operations on them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::invalid;
use super::names::{bus_arn, bus_name, is_plain};
use super::state::{Bus, DeadLetterConfig};
use crate::sandbox::common::{Tag, page};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// Buses per Region: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const BUSES: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Create {
    name: String,
    description: Option<String>,
    kms_key_identifier: Option<String>,
    dead_letter_config: Option<DeadLetterConfig>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Update {
    name: Option<String>,
    description: Option<String>,
    kms_key_identifier: Option<String>,
    dead_letter_config: Option<DeadLetterConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Named {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct List {
    name_prefix: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

/// The name of a bus that exists here.
pub(super) fn existing(
    world: &mut World,
    site: &Site,
    given: Option<&str>,
) -> Result<String, ApiError> {
    bus(world, site, given)?;
    Ok(bus_name(given.unwrap_or_default()).to_owned())
}

/// The bus of that name or ARN; nothing means `default`.
pub(super) fn bus<'w>(
    world: &'w mut World,
    site: &Site,
    given: Option<&str>,
) -> Result<&'w mut Bus, ApiError> {
    let given = given.unwrap_or_default();
    let name = bus_name(given);
    if given.starts_with("arn:") && given != bus_arn(site, name) {
        let what = format!("a call on the bus `{given}` of another account or Region");
        return Err(ApiError::unsupported(what));
    }
    find(world, site, name).ok_or_else(|| {
        ApiError::new(
            "ResourceNotFoundException",
            format!("Event bus {name} does not exist."),
        )
    })
}

/// Every account has the default bus in every Region.
pub(super) fn find<'w>(world: &'w mut World, site: &Site, name: &str) -> Option<&'w mut Bus> {
    let buses = &mut world.events.local.at(site).buses;
    if name == "default" {
        return Some(buses.entry(name.to_owned()).or_default());
    }
    buses.get_mut(name)
}

fn check(description: Option<&String>, letters: Option<&DeadLetterConfig>) -> Result<(), ApiError> {
    if description.is_some_and(|text| text.chars().count() > 512) {
        return Err(invalid(
            "1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 512",
        ));
    }
    let queue = letters.and_then(|letters| letters.arn.as_ref());
    if queue.is_some_and(|arn| !arn.contains(":sqs:")) {
        return Err(invalid(
            "Parameter DeadLetterConfig is not valid. Reason: Provided Arn is not an SQS queue.",
        ));
    }
    Ok(())
}

pub(super) fn create(world: &mut World, site: &Site, create: Create) -> Result<Value, ApiError> {
    let name = create.name;
    // Names with a slash are those of partners' buses.
    // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
    let fits = (1..=256).contains(&name.len()) && is_plain(&name);
    if !fits {
        return Err(invalid(format!(
            "Parameter Name is not valid. Reason: `{name}` is no name of a custom event bus."
        )));
    }
    check(
        create.description.as_ref(),
        create.dead_letter_config.as_ref(),
    )?;
    if find(world, site, &name).is_some() {
        return Err(ApiError::new(
            "ResourceAlreadyExistsException",
            format!("Event bus {name} already exists."),
        ));
    }
    let now = world.now();
    let buses = &mut world.events.local.at(site).buses;
    if buses.keys().filter(|known| *known != "default").count() + 1 >= BUSES {
        return Err(ApiError::new(
            "LimitExceededException",
            "The requested resource exceeds the maximum number allowed.",
        ));
    }
    let bus = Bus {
        description: create.description,
        dead_letter_config: create.dead_letter_config,
        kms_key: create.kms_key_identifier,
        policy: None,
        tags: Tag::collect(create.tags),
        created: now,
        modified: now,
    };
    let answer = json!({
        "EventBusArn": bus_arn(site, &name),
        "Description": bus.description,
        "KmsKeyIdentifier": bus.kms_key,
        "DeadLetterConfig": bus.dead_letter_config,
    });
    buses.insert(name, bus);
    Ok(answer)
}

fn shown(site: &Site, name: &str, bus: &Bus) -> Value {
    json!({
        "Name": name,
        "Arn": bus_arn(site, name),
        "Description": bus.description,
        "Policy": bus.policy,
        // The default bus was there before the sandbox's time began.
        "CreationTime": (bus.created > 0).then_some(bus.created / 1000),
        "LastModifiedTime": (bus.modified > 0).then_some(bus.modified / 1000),
    })
}

pub(super) fn describe(world: &mut World, site: &Site, named: &Named) -> Result<Value, ApiError> {
    let given = named.name.as_deref();
    let bus = bus(world, site, given)?;
    let mut answer = shown(site, bus_name(given.unwrap_or_default()), bus);
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("KmsKeyIdentifier".to_owned(), json!(bus.kms_key));
        let letters = json!(bus.dead_letter_config);
        answer.insert("DeadLetterConfig".to_owned(), letters);
    }
    Ok(answer)
}

/// What is left out stays; empty values take away.
pub(super) fn update(world: &mut World, site: &Site, update: Update) -> Result<Value, ApiError> {
    check(
        update.description.as_ref(),
        update.dead_letter_config.as_ref(),
    )?;
    let now = world.now();
    let given = update.name.as_deref();
    let name = bus_name(given.unwrap_or_default());
    let bus = bus(world, site, given)?;
    bus.modified = now;
    if let Some(description) = update.description {
        bus.description = Some(description).filter(|text| !text.is_empty());
    }
    if let Some(key) = update.kms_key_identifier {
        bus.kms_key = Some(key).filter(|key| !key.is_empty());
    }
    if let Some(letters) = update.dead_letter_config {
        bus.dead_letter_config = Some(letters).filter(|letters| letters.arn.is_some());
    }
    Ok(json!({
        "Name": name,
        "Arn": bus_arn(site, name),
        "Description": bus.description,
        "KmsKeyIdentifier": bus.kms_key,
        "DeadLetterConfig": bus.dead_letter_config,
    }))
}

pub(super) fn delete(world: &mut World, site: &Site, named: &Named) -> Result<Value, ApiError> {
    let name = bus_name(named.name.as_deref().unwrap_or_default());
    if name == "default" {
        return Err(invalid("Cannot delete event bus default."));
    }
    let local = world.events.local.at(site);
    // The API reference and users' reports agree on this; the user guide says that the rules go
    // with the bus.
    if local.rules.get(name).is_some_and(|rules| !rules.is_empty()) {
        return Err(invalid("EventBus can't be deleted since it has rules."));
    }
    // Deleting what does not exist succeeds.
    local.buses.remove(name);
    local.rules.remove(name);
    Ok(json!({}))
}

pub(super) fn list(world: &mut World, site: &Site, list: &List) -> Result<Value, ApiError> {
    let prefix = list.name_prefix.as_deref().unwrap_or_default();
    find(world, site, "default");
    let buses = world.events.local.at(site).buses.iter();
    let found = buses
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, bus)| shown(site, name, bus))
        .collect();
    page("EventBuses", found, list.next_token.as_deref(), list.limit)
}
