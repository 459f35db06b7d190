//! EventBridge: the tags of buses and rules.

use serde::Deserialize;
use serde_json::{Value, json};

use super::buses::bus;
use super::rules::rule;
use crate::sandbox::common::{Strings, Tag};
use crate::sandbox::site::{Site, locate};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tagging {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    #[serde(rename = "Tags")]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Untagging {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    #[serde(rename = "TagKeys", default)]
    tag_keys: Vec<String>,
}

/// The tags of a bus or a rule.
fn tagged<'w>(world: &'w mut World, site: &Site, arn: &str) -> Result<&'w mut Strings, ApiError> {
    if let Some(name) = arn.strip_prefix(&site.arn("events", "event-bus/")) {
        return bus(world, site, Some(name)).map(|bus| &mut bus.tags);
    }
    let rest = arn.strip_prefix(&site.arn("events", "rule/"));
    let (bus, name) = match rest.map(|rest| (rest, rest.rsplit_once('/'))) {
        Some((_, Some((bus, name)))) => (bus, name),
        Some((name, None)) => ("default", name),
        None => {
            let message = format!("{arn} does not exist.");
            return Err(ApiError::new("ResourceNotFoundException", message));
        }
    };
    rule(world, site, Some(bus), name).map(|rule| &mut rule.tags)
}

pub(super) fn tag(world: &mut World, site: &Site, tagging: Tagging) -> Result<Value, ApiError> {
    let tags = tagged(world, site, &tagging.resource_arn)?;
    tags.extend(Tag::collect(tagging.tags));
    Ok(json!({}))
}

pub(super) fn untag(
    world: &mut World,
    site: &Site,
    untagging: &Untagging,
) -> Result<Value, ApiError> {
    let tags = tagged(world, site, &untagging.resource_arn)?;
    tags.retain(|key, _| !untagging.tag_keys.contains(key));
    Ok(json!({}))
}

pub(super) fn tags(
    world: &mut World,
    site: &Site,
    untagging: &Untagging,
) -> Result<Value, ApiError> {
    let tags = tagged(world, site, &untagging.resource_arn)?;
    Ok(json!({"Tags": Tag::list(tags)}))
}

/// The tags of the bus or rule that an ARN names.
pub(super) fn at<'w>(world: &'w World, arn: &str) -> Option<&'w Strings> {
    let (site, name) = locate(arn)?;
    let local = world.events.local.look(&site)?;
    match name.split_once('/')? {
        ("event-bus", bus) => local.buses.get(bus).map(|bus| &bus.tags),
        ("rule", rule) => {
            let (bus, rule) = rule.rsplit_once('/').unwrap_or(("default", rule));
            let rule = local.rules.get(bus)?.get(rule)?;
            Some(&rule.tags)
        }
        _ => None,
    }
}
