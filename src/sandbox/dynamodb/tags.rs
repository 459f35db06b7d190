//! DynamoDB: the tags of tables.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::sandbox::common::{Strings, Tag, page};
use crate::sandbox::site::{Site, locate};
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tagging {
    resource_arn: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Untagging {
    resource_arn: String,
    tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Listing {
    resource_arn: String,
    next_token: Option<String>,
}

/// The tags of a table here.
fn tagged<'w>(world: &'w mut World, site: &Site, arn: &str) -> Result<&'w mut Strings, ApiError> {
    let missing = || {
        // The missing letter is AWS's.
        let message = format!("Requested resource not found: ResourcArn: {arn} not found");
        ApiError::new("ResourceNotFoundException", message)
    };
    let prefix = site.arn("dynamodb", "table/");
    let name = arn.strip_prefix(&prefix).ok_or_else(missing)?;
    let tables = world.dynamodb.tables.look_mut(site);
    let table = tables.and_then(|tables| tables.get_mut(name));
    table.map(|table| &mut table.tags).ok_or_else(missing)
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

pub(super) fn tags(world: &mut World, site: &Site, listing: &Listing) -> Result<Value, ApiError> {
    let tags = tagged(world, site, &listing.resource_arn)?;
    let all = tags
        .iter()
        .map(|(key, value)| json!({"Key": key, "Value": value}));
    page("Tags", all.collect(), listing.next_token.as_deref(), None)
}

/// The tags of the table that an ARN names.
pub(super) fn at<'w>(world: &'w World, arn: &str) -> Option<&'w Strings> {
    let (site, resource) = locate(arn)?;
    let tables = world.dynamodb.tables.look(&site)?;
    let table = tables.get(resource.strip_prefix("table/")?)?;
    Some(&table.tags)
}
