//! CloudTrail: the tags of trails.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::error;
use super::names::{self, own};
use super::organization;
use super::page::PAGE;
use super::state::Trail;
use crate::sandbox::common::{Strings, Tag};
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// How many tags a trail may have.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AddTags.html>
const TAGS: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tagging {
    resource_id: String,
    tags_list: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Untagging {
    resource_id: String,
    tags_list: Vec<Key>,
}

/// A tag to remove; only its key counts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Key {
    key: String,
    #[serde(rename = "Value")]
    _value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListTags {
    resource_id_list: Vec<String>,
    next_token: Option<String>,
}

/// Tags by key, after the rules that AWS has for them.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Tag.html>
pub(super) fn checked(given: Vec<Tag>) -> Result<Strings, ApiError> {
    let count = given.len();
    let tags = Tag::collect(given);
    let long = |text: &str, most: usize| text.chars().count() > most;
    let bad = |(key, value): (&String, &String)| {
        key.is_empty() || long(key, 128) || long(value, 256) || key.starts_with("aws:")
    };
    if tags.len() < count || tags.iter().any(bad) {
        let message = "Tag keys must be unique and valid.";
        return Err(error("InvalidTagParameterException", message));
    }
    check_count(&tags)?;
    Ok(tags)
}

fn check_count(tags: &Strings) -> Result<(), ApiError> {
    if tags.len() > TAGS {
        let message = format!("A trail has at most {TAGS} tags.");
        return Err(error("TagsLimitExceededException", message));
    }
    Ok(())
}

/// Only ARNs are taken, and trails are tagged in their home Region alone.
fn tagged<'a>(world: &'a mut World, site: &Site, arn: &str) -> Result<&'a mut Strings, ApiError> {
    if !arn.starts_with("arn:") {
        let message = format!("The CloudTrail ARN is not valid: {arn}.");
        return Err(error("CloudTrailARNInvalidException", message));
    }
    let arn = names::arn(site, arn)?;
    let administers = organization::administers(world, &site.account);
    let ours = |trail: &Trail| {
        trail.account == site.account || (administers && trail.settings.organization)
    };
    if !world.cloudtrail.trails.get(&arn).is_some_and(ours) {
        own(site, &arn)?;
    }
    let home = |trail: &&mut Trail| ours(trail) && trail.home == site.region;
    match world.cloudtrail.trails.get_mut(&arn).filter(home) {
        Some(trail) => Ok(&mut trail.tags),
        None => {
            let message = format!("Unknown resource: {arn}");
            Err(error("ResourceNotFoundException", message))
        }
    }
}

pub(super) fn add(world: &mut World, site: &Site, input: Tagging) -> Result<Value, ApiError> {
    let given = checked(input.tags_list)?;
    let tags = tagged(world, site, &input.resource_id)?;
    let mut after = tags.clone();
    after.extend(given);
    check_count(&after)?;
    *tags = after;
    Ok(json!({}))
}

pub(super) fn remove(world: &mut World, site: &Site, input: &Untagging) -> Result<Value, ApiError> {
    let tags = tagged(world, site, &input.resource_id)?;
    for tag in &input.tags_list {
        tags.remove(&tag.key);
    }
    Ok(json!({}))
}

pub(super) fn list(world: &mut World, site: &Site, input: &ListTags) -> Result<Value, ApiError> {
    let from = match input.next_token.as_deref().map(str::parse::<usize>) {
        None => 0,
        Some(Ok(from)) => from,
        Some(Err(_)) => return Err(error("InvalidTokenException", "The token is not valid.")),
    };
    let mut listed = Vec::new();
    for arn in input.resource_id_list.iter().skip(from).take(PAGE) {
        let tags = tagged(world, site, arn)?;
        listed.push(json!({"ResourceId": arn, "TagsList": Tag::list(tags)}));
    }
    let mut answer = json!({"ResourceTagList": listed});
    let next = from.saturating_add(PAGE);
    if let (true, Some(fields)) = (next < input.resource_id_list.len(), answer.as_object_mut()) {
        fields.insert("NextToken".to_owned(), json!(next.to_string()));
    }
    Ok(answer)
}
