//! Files of format 3, in which all services kept what they have in one place.

use serde_json::{Map, Value, json};

use crate::sandbox::world::FORMAT;

/// Which parts of what an account had in a Region belong to which service, as what.
const LOCAL: [(&str, &str, &[&str]); 2] = [
    ("events", "local", &["buses", "rules"]),
    ("kms", "local", &["keys", "aliases", "data_keys"]),
];
/// The parts that a service kept alone.
const ALONE: [(&str, &str, &str); 2] = [("sns", "topics", "topics"), ("sqs", "queues", "queues")];
/// The other parts of a world, with the service that they belong to and their name there.
const OTHERS: [(&str, &str, &str); 12] = [
    ("regions", "account_service", "enabled"),
    ("trails", "cloudtrail", "trails"),
    ("trail_delay", "cloudtrail", "delay"),
    ("recorded", "cloudtrail", "recorded"),
    ("history", "cloudtrail", "history"),
    ("lost", "events", "lost"),
    ("assumed", "events", "assumed"),
    ("iam", "iam", "accounts"),
    ("organization", "organizations", "organization"),
    ("buckets", "s3", "buckets"),
    ("outbox", "sns", "outbox"),
    ("locals", "", ""),
];

/// Makes a world of format 3 one of today. A field that is not known stays, and is refused then.
pub(super) fn renew(world: &mut Value) {
    let Some(fields) = world.as_object_mut() else {
        return;
    };
    fields.insert("format".to_owned(), json!(FORMAT));
    let mut services: Map<String, Value> = Map::new();
    let mut put = |service: &str, part: &str, value: Value| {
        let kept = services.entry(service).or_insert_with(|| json!({}));
        if let Some(kept) = kept.as_object_mut() {
            kept.insert(part.to_owned(), value);
        }
    };
    for (old, service, part) in OTHERS {
        match fields.remove(old) {
            Some(locals) if service.is_empty() => split(locals, &mut put),
            Some(value) => put(service, part, value),
            None => {}
        }
    }
    fields.extend(services);
}

/// Gives each service what it had at every site.
fn split(locals: Value, put: &mut impl FnMut(&str, &str, Value)) {
    let Value::Object(mut locals) = locals else {
        return;
    };
    for (service, name, parts) in LOCAL {
        let sites = locals.iter_mut().map(|(site, local)| {
            let parts = parts.iter().filter_map(|part| {
                let value = local.as_object_mut()?.remove(*part)?;
                Some(((*part).to_owned(), value))
            });
            (site.clone(), Value::Object(parts.collect()))
        });
        put(service, name, Value::Object(sites.collect()));
    }
    for (service, name, part) in ALONE {
        let sites = locals.iter_mut().filter_map(|(site, local)| {
            let value = local.as_object_mut()?.remove(part)?;
            Some((site.clone(), value))
        });
        put(service, name, Value::Object(sites.collect()));
    }
}
