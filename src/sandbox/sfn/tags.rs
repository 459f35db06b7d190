//! The tags of state machines.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::invalid;
use super::names::machine_in;
use super::state::StateMachine;
use crate::sandbox::common::Strings;
use crate::sandbox::site::{Site, locate};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// The most tags of a state machine.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const MOST: usize = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tag {
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Tagging {
    resource_arn: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Untagging {
    resource_arn: String,
    tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OfResource {
    resource_arn: String,
}

/// The tags that the wire lists, by key.
pub(super) fn collect(tags: Vec<Tag>) -> Result<Strings, ApiError> {
    let mut all = Strings::new();
    for tag in tags {
        let fits = (1..=128).contains(&tag.key.chars().count())
            && tag.value.chars().count() <= 256
            && !tag.key.starts_with("aws:");
        if !fits {
            return Err(invalid(format!("Invalid tag: '{}'", tag.key)));
        }
        all.insert(tag.key, tag.value);
    }
    few(&all)?;
    Ok(all)
}

fn few(tags: &Strings) -> Result<(), ApiError> {
    if tags.len() > MOST {
        let message = format!("A resource has at most {MOST} tags.");
        return Err(ApiError::new("TooManyTags", message));
    }
    Ok(())
}

fn tagged<'w>(
    world: &'w mut World,
    site: &Site,
    arn: &str,
) -> Result<&'w mut StateMachine, ApiError> {
    let name = machine_in(site, arn)?;
    let machine = world.sfn.machines.at(site).get_mut(&name);
    machine.ok_or_else(|| {
        let message = format!("Resource not found: '{arn}'");
        ApiError::new("ResourceNotFound", message)
    })
}

pub(super) fn tag(world: &mut World, site: &Site, asked: Tagging) -> Result<Value, ApiError> {
    let given = collect(asked.tags)?;
    let machine = tagged(world, site, &asked.resource_arn)?;
    let mut tags = machine.tags.clone();
    tags.extend(given);
    few(&tags)?;
    machine.tags = tags;
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, site: &Site, asked: &Untagging) -> Result<Value, ApiError> {
    let machine = tagged(world, site, &asked.resource_arn)?;
    machine.tags.retain(|key, _| !asked.tag_keys.contains(key));
    Ok(json!({}))
}

pub(super) fn list(world: &mut World, site: &Site, asked: &OfResource) -> Result<Value, ApiError> {
    let tags = tagged(world, site, &asked.resource_arn)?.tags.iter();
    let tags = tags.map(|(key, value)| json!({"key": key, "value": value}));
    Ok(json!({"tags": tags.collect::<Vec<_>>()}))
}

/// The tags of the state machine that an ARN names, by which policies can decide about it.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/tag-based-policies.html>
pub(super) fn at<'w>(world: &'w World, arn: &str) -> Option<&'w Strings> {
    let (site, resource) = locate(arn)?;
    let name = resource.strip_prefix("stateMachine:")?;
    let machine = world.sfn.machines.look(&site)?.get(name)?;
    Some(&machine.tags)
}
