//! What comes to a bus, one event after the other.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::routing::deliver_all;
use crate::sandbox::clock::iso;
use crate::sandbox::delivery::Arrival;
use crate::sandbox::site::Site;
use crate::sandbox::world::World;

/// Puts an event of AWS on the default bus, its envelope completed.
pub(crate) fn emit(world: &mut World, site: &Site, event: Value) -> String {
    let id = world.uuid();
    let mut envelope = json!({
        "version": "0",
        "id": id,
        "detail-type": "",
        "source": "",
        "account": site.account,
        "time": iso(world.now()),
        "region": site.region,
        "resources": [],
    });
    if let (Some(envelope), Value::Object(given)) = (envelope.as_object_mut(), event) {
        envelope.extend(given);
    }
    let id = envelope.get("id").and_then(Value::as_str);
    let id = id.unwrap_or_default().to_owned();
    dispatch(world, site, "default", envelope);
    id
}

/// Puts an event on a bus.
pub(super) fn dispatch(world: &mut World, site: &Site, bus: &str, event: Value) {
    let arrival = Arrival {
        site: site.clone(),
        bus: bus.to_owned(),
        event,
        forwarded: false,
    };
    arrive(world, arrival);
}

/// Events cause events: what a delivery brings about waits until the delivery is done, so that
/// the stack does not grow with it. It ends, as nothing is forwarded twice and a role is assumed
/// once an hour.
pub(super) fn arrive(world: &mut World, arrival: Arrival) {
    if let Some(waiting) = &mut world.events.waiting {
        waiting.push_back(arrival);
        return;
    }
    world.events.waiting = Some(VecDeque::from([arrival]));
    while let Some(arrival) = world.events.waiting.as_mut().and_then(VecDeque::pop_front) {
        deliver_all(world, &arrival);
    }
    world.events.waiting = None;
}
