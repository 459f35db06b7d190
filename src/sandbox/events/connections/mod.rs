//! EventBridge: connections, which hold what HTTP endpoints ask of their callers.
//!
//! | question | room |
//! |---|---|
//! | what can be asked of connections? | `operations`, in the form of `wire`, checked by `check` and `merged` |
//! | what do calls need? | `needs`, and once in an account `role` |
//! | what is told of a connection? | `show` |
//! | what stands in its secret? | `stored` |
//! | what happens by itself? | `life`, with `exchange` for tokens |

mod check;
mod exchange;
mod life;
mod merged;
mod needs;
mod operations;
mod role;
mod show;
mod state;
mod stored;
mod wire;

use serde_json::Value;

pub(crate) use life::{deauthorize, settle};
pub(crate) use needs::{context, denied, needs};
pub(crate) use state::{Authorization, Connection, ConnectionState};

use crate::sandbox::site::{Site, locate};
use crate::sandbox::wire::{ApiError, input};
use crate::sandbox::world::World;

/// Does what is asked of connections.
pub(crate) fn handle(
    world: &mut World,
    site: &Site,
    operation: &str,
    value: Value,
) -> Result<Value, ApiError> {
    match operation {
        "CreateConnection" => operations::create(world, site, input(operation, value)?),
        "UpdateConnection" => operations::update(world, site, input(operation, value)?),
        "DescribeConnection" => operations::describe(world, site, &input(operation, value)?),
        "DeleteConnection" => operations::delete(world, site, &input(operation, value)?),
        "DeauthorizeConnection" => operations::deauthorize(world, site, &input(operation, value)?),
        "ListConnections" => operations::list(world, site, &input(operation, value)?),
        _ => Err(ApiError::unsupported(operation)),
    }
}

/// Where a connection of that ARN can be, and its name.
pub(crate) fn place(arn: &str) -> Option<(Site, String)> {
    let (site, resource) = locate(arn)?;
    let (name, _) = resource.strip_prefix("connection/")?.split_once('/')?;
    Some((site, name.to_owned()))
}

/// The connection of exactly that ARN.
pub(crate) fn find<'w>(world: &'w World, arn: &str) -> Option<&'w Connection> {
    let (site, name) = place(arn)?;
    let found = world.events.local.look(&site)?.connections.get(&name)?;
    (found.arn == arn).then_some(found)
}
