//! The tags that a call is about, for the conditions of policies.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::sandbox::common::Strings;
use crate::sandbox::policy::Tags;
use crate::sandbox::world::World;

/// What the call gives, takes away, and finds on the resource.
pub(super) fn of(world: &World, input: &Value, resource: &str) -> Tags {
    let mut request = Strings::new();
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    for field in ["Tags", "tags"] {
        match input.get(field) {
            Some(Value::Object(tags)) => request.extend(
                tags.iter()
                    .filter_map(|(key, value)| Some((key.clone(), text(Some(value))?))),
            ),
            Some(Value::Array(tags)) => request.extend(tags.iter().filter_map(|tag| {
                // KMS and Step Functions have names of their own for the two halves.
                let half = |names: [&str; 3]| {
                    let mut found = names.into_iter().filter_map(|name| tag.get(name));
                    text(found.next())
                };
                let key = half(["Key", "TagKey", "key"])?;
                Some((key, half(["Value", "TagValue", "value"])?))
            })),
            _ => {}
        }
    }
    let taken = input.get("TagKeys").or_else(|| input.get("tagKeys"));
    let taken = taken.and_then(Value::as_array);
    let taken = taken.into_iter().flatten();
    let taken = taken.filter_map(|key| text(Some(key)));
    Tags {
        resource: {
            let service = world.services.of_arn(resource);
            let tags = service.and_then(|service| service.tags(world, resource));
            tags.cloned().unwrap_or_default()
        },
        keys: request.keys().cloned().chain(taken).collect(),
        request,
        lists: BTreeMap::new(),
    }
}
