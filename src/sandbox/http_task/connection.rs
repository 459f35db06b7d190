//! What does the connection of a task give, and to whom?
//!
//! The names of its errors:
//! <https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html#connect-http-task-errors>;
//! which of them is given when is unsourced.

use super::failure::{Failure, failure};
use super::permitted::may;
use super::recorded::read_secret;
use crate::sandbox::events::connections::{self, Connection, ConnectionState};
use crate::sandbox::secretsmanager::managed;
use crate::sandbox::site::Site;
use crate::sandbox::world::World;

fn error(name: &str, cause: impl Into<String>) -> Failure {
    failure(&format!("Events.ConnectionResource.{name}"), cause)
}

/// The connection, with all that is secret in it, if the role may have that and the connection is authorized.
pub(super) fn usable(
    world: &mut World,
    site: &Site,
    role: &str,
    arn: &str,
) -> Result<Connection, Failure> {
    let missing = || {
        error(
            "ResourceNotFound",
            format!("The connection {arn} does not exist."),
        )
    };
    let (there, name) = connections::place(arn).ok_or_else(missing)?;
    if there != *site {
        return Err(missing());
    }
    connections::settle(world, site);
    let denied = |cause| error("AccessDenied", cause);
    may(
        world,
        role,
        "events:RetrieveConnectionCredentials",
        arn,
        &[],
    )
    .map_err(denied)?;
    let connection = connections::find(world, arn).ok_or_else(missing)?.clone();
    match connection.state {
        ConnectionState::Authorized => {}
        ConnectionState::Authorizing => {
            let cause = format!("The connection {name} is being authorized.");
            return Err(error("AuthInProgress", cause));
        }
        ConnectionState::Deauthorized
        | ConnectionState::Deauthorizing
        | ConnectionState::Deleting => {
            let state = connection.state.word();
            let cause = format!("The connection {name} is in the state {state}.");
            return Err(error("InvalidConnectionState", cause));
        }
    }
    let secret = &connection.secret;
    for action in [
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
    ] {
        may(world, role, action, secret, &[]).map_err(denied)?;
    }
    if !managed::is_there(world, secret) {
        let reason = "The secret of the connection was deleted.";
        connections::deauthorize(world, site, &name, reason);
        return Err(error("InvalidConnectionState", reason));
    }
    read_secret(world, site, role, secret);
    Ok(connection)
}
