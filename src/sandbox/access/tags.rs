//! The tags that a call is about, for the conditions of policies.

use serde_json::Value;

use super::super::iam;
use super::super::policy::Tags;
use super::super::sqs::locate;
use super::super::wire::Call;
use super::super::world::{Strings, World};

/// What the call gives, takes away, and finds on the resource.
pub(super) fn of(world: &World, call: &Call, resource: &str) -> Tags {
    let mut request = Strings::new();
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    for field in ["Tags", "tags"] {
        match call.input.get(field) {
            Some(Value::Object(tags)) => request.extend(
                tags.iter()
                    .filter_map(|(key, value)| Some((key.clone(), text(Some(value))?))),
            ),
            Some(Value::Array(tags)) => request.extend(tags.iter().filter_map(|tag| {
                // KMS has names of its own for the two halves.
                let half = |one, other| text(tag.get(one).or_else(|| tag.get(other)));
                Some((half("Key", "TagKey")?, half("Value", "TagValue")?))
            })),
            _ => {}
        }
    }
    let taken = call.input.get("TagKeys").and_then(Value::as_array);
    let taken = taken.into_iter().flatten();
    let taken = taken.filter_map(|key| text(Some(key)));
    Tags {
        resource: on(world, resource).cloned().unwrap_or_default(),
        keys: request.keys().cloned().chain(taken).collect(),
        request,
    }
}

/// The tags of a resource, where AWS lets policies see them.
fn on<'w>(world: &'w World, arn: &str) -> Option<&'w Strings> {
    if let Some(tags) = iam::tags_at(world, arn) {
        return Some(tags);
    }
    let (site, name) = locate(arn)?;
    let local = world.look(&site)?;
    match arn.split(':').nth(2)? {
        "sns" => local.topics.get(&name).map(|topic| &topic.tags),
        "sqs" => local.queues.get(&name).map(|queue| &queue.tags),
        // https://docs.aws.amazon.com/kms/latest/developerguide/tag-authorization.html
        "kms" => {
            let key = local.keys.get(name.strip_prefix("key/")?);
            key.map(|key| &key.tags)
        }
        "events" => match name.split_once('/')? {
            ("event-bus", bus) => local.buses.get(bus).map(|bus| &bus.tags),
            ("rule", rule) => {
                let (bus, rule) = rule.rsplit_once('/').unwrap_or(("default", rule));
                let rule = local.rules.get(bus)?.get(rule)?;
                Some(&rule.tags)
            }
            _ => None,
        },
        _ => None,
    }
}
