//! What happens to a connection by itself, and what EventBridge tells of it on the default bus.

use serde_json::json;

use super::exchange;
use super::state::{Authorization, Connection, ConnectionState, HttpParameters};
use crate::sandbox::clock::iso;
use crate::sandbox::events::arrivals::emit;
use crate::sandbox::secretsmanager::managed;
use crate::sandbox::site::Site;
use crate::sandbox::world::World;

/// How long a state lasts that passes by itself, in milliseconds: an assumption of ours. On AWS it is some seconds.
pub(super) const PASSING: i64 = 500;

/// Brings to an end what is due at a site: clients get their tokens, what was deauthorized or deleted is so.
pub(crate) fn settle(world: &mut World, site: &Site) {
    let now = world.now();
    let Some(local) = world.events.local.look(site) else {
        return;
    };
    let due: Vec<(String, Connection)> = local
        .connections
        .iter()
        .filter(|(_, one)| one.settles.is_some_and(|at| at <= now))
        .map(|(name, one)| (name.clone(), one.clone()))
        .collect();
    for (name, connection) in due {
        match connection.state {
            ConnectionState::Deleting => {
                let connections = &mut world.events.local.at(site).connections;
                connections.remove(&name);
            }
            ConnectionState::Deauthorizing => {
                enter(world, site, &name, ConnectionState::Deauthorized, None);
                tell(world, site, &name, "Connection Deauthorized");
            }
            ConnectionState::Authorizing => authorize(world, site, &name, &connection),
            ConnectionState::Authorized | ConnectionState::Deauthorized => {}
        }
    }
}

/// Fetches the token of an OAuth client.
fn authorize(world: &mut World, site: &Site, name: &str, connection: &Connection) {
    let Some(Authorization::OAuth(client)) = &connection.authorization else {
        return;
    };
    match exchange::token(world, client) {
        Ok(token) => {
            let now = world.now();
            if let Some(connection) = at(world, site, name) {
                connection.token = Some(token);
                connection.authorized = Some(now);
            }
            enter(world, site, name, ConnectionState::Authorized, None);
            tell(world, site, name, "Connection Authorized");
        }
        Err(reason) => deauthorize(world, site, name, &reason),
    }
}

/// EventBridge takes the authorization of a connection away by itself.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection-deauthorize.html>
pub(crate) fn deauthorize(world: &mut World, site: &Site, name: &str, reason: &str) {
    enter(
        world,
        site,
        name,
        ConnectionState::Deauthorized,
        Some(reason),
    );
    tell(world, site, name, "Connection Deauthorized");
}

/// The connection of that name at a site.
pub(super) fn at<'w>(world: &'w mut World, site: &Site, name: &str) -> Option<&'w mut Connection> {
    let local = world.events.local.look_mut(site)?;
    local.connections.get_mut(name)
}

fn enter(world: &mut World, site: &Site, name: &str, state: ConnectionState, reason: Option<&str>) {
    if let Some(connection) = at(world, site, name) {
        connection.state = state;
        connection.reason = reason.map(str::to_owned);
        connection.settles = None;
    }
}

/// Begins what ends by itself a little later.
pub(super) fn begin(connection: &mut Connection, now: i64, state: ConnectionState) {
    connection.state = state;
    connection.modified = now;
    connection.settles = Some(now.saturating_add(PASSING));
    connection.reason = None;
}

/// Forgets what authorizes a connection, and removes its secret.
pub(super) fn forget(world: &mut World, site: &Site, name: &str) {
    let Some(connection) = at(world, site, name) else {
        return;
    };
    connection.authorization = None;
    connection.parameters = HttpParameters::default();
    connection.token = None;
    let secret = connection.secret.clone();
    managed::remove(world, &secret);
}

/// Says on the default bus what became of a connection. Which of the events come with which call is not documented,
/// but for their names and fields, which EventBridge's reference of events has.
pub(super) fn tell(world: &mut World, site: &Site, name: &str, what: &str) {
    let now = world.now();
    let Some(connection) = at(world, site, name) else {
        return;
    };
    let event = json!({
        "detail-type": what,
        "source": "aws.events",
        "resources": [connection.arn],
        "detail": {
            "ConnectionName": name,
            "StateReason": connection.reason.as_deref().unwrap_or_default(),
            "Timestamp": iso(now),
        },
    });
    emit(world, site, event);
}
