//! What can be asked of connections.

use serde_json::Value;

use super::check::check;
use super::life::{at, begin, forget, settle, tell};
use super::merged::authorization;
use super::state::{Authorization, AuthorizationType, Connection, ConnectionState, HttpParameters};
use super::wire::{List, Named, Put};
use super::{role, show, stored};
use crate::sandbox::common::page;
use crate::sandbox::events::error::invalid;
use crate::sandbox::secret::Secret;
use crate::sandbox::secretsmanager::managed;
use crate::sandbox::site::Site;
use crate::sandbox::wire::ApiError;
use crate::sandbox::world::World;

/// Connections per Region: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const MOST: usize = 3_000;

/// The words are AWS's, recorded by LocalStack's tests.
fn missing(name: &str) -> ApiError {
    let message =
        format!("Failed to describe the connection(s). Connection '{name}' does not exist.");
    ApiError::new("ResourceNotFoundException", message)
}

/// A connection that is there and not on its way out.
fn lasting<'w>(
    world: &'w mut World,
    site: &Site,
    name: &str,
) -> Result<&'w mut Connection, ApiError> {
    let found = at(world, site, name).ok_or_else(|| missing(name))?;
    match found.state {
        ConnectionState::Deleting => {
            let message = format!("Connection '{name}' is being deleted.");
            Err(ApiError::new("ConcurrentModificationException", message))
        }
        _ => Ok(found),
    }
}

pub(super) fn create(world: &mut World, site: &Site, put: Put) -> Result<Value, ApiError> {
    check(&put)?;
    settle(world, site);
    let word = put.authorization_type.as_deref().unwrap_or_default();
    let missing = |what: &str| invalid(format!("Parameter {what} is missing."));
    let kind = show::kind(word).ok_or_else(|| missing("AuthorizationType"))?;
    let given = put
        .auth_parameters
        .ok_or_else(|| missing("AuthParameters"))?;
    let authorization = authorization(kind, &given, None)?;
    let none = HttpParameters::default;
    let parameters = match &given.invocation_http_parameters {
        Some(given) => given.over(none()),
        None => none(),
    };
    let value = secret_of(&authorization, &parameters)?;
    let name = put.name;
    let connections = &world.events.local.at(site).connections;
    if connections.contains_key(&name) {
        let message = format!("Connection {name} already exists.");
        return Err(ApiError::new("ResourceAlreadyExistsException", message));
    }
    if connections.len() >= MOST {
        let message = "The requested resource exceeds the maximum number allowed.";
        return Err(ApiError::new("LimitExceededException", message));
    }
    role::ensure(world, &site.account);
    let secret_name = format!("events!connection/{name}/{}", world.uuid());
    let secret = managed::make(world, site, "events", &secret_name, value);
    let (id, now) = (world.uuid(), world.now());
    let mut connection = Connection {
        arn: site.arn("events", &format!("connection/{name}/{id}")),
        description: put.description,
        kind,
        authorization: Some(authorization),
        parameters,
        state: ConnectionState::Authorized,
        reason: None,
        secret,
        token: None,
        created: now,
        modified: now,
        authorized: None,
        settles: None,
    };
    authorize(&mut connection, now);
    let answer = show::changed(&connection);
    let connections = &mut world.events.local.at(site).connections;
    connections.insert(name.clone(), connection);
    tell(world, site, &name, "Connection Creation Started");
    told_of_authorization(world, site, &name, kind);
    Ok(answer)
}

/// The value of the secret, if it is not too large.
fn secret_of(
    authorization: &Authorization,
    parameters: &HttpParameters,
) -> Result<Secret, ApiError> {
    let value = stored::value(authorization, parameters);
    match value.reveal().len() > stored::LARGEST {
        true => Err(invalid(
            "The parameters of the connection are larger than 64 KB together.",
        )),
        false => Ok(value),
    }
}

/// Basic and API key are taken at once and unchecked; an OAuth client asks for its token first.
fn authorize(connection: &mut Connection, now: i64) {
    connection.token = None;
    if connection.kind == AuthorizationType::OauthClientCredentials {
        begin(connection, now, ConnectionState::Authorizing);
    } else {
        connection.state = ConnectionState::Authorized;
        connection.reason = None;
        connection.settles = None;
        connection.authorized = Some(now);
    }
}

fn told_of_authorization(world: &mut World, site: &Site, name: &str, kind: AuthorizationType) {
    let what = match kind {
        AuthorizationType::OauthClientCredentials => "Connection Authorization Started",
        AuthorizationType::Basic | AuthorizationType::ApiKey => "Connection Authorized",
    };
    tell(world, site, name, what);
}

/// What is left out stays. Whether AWS does so with every field is unsourced; that a connection which lost its
/// authorization gets it back only with what authorizes it is an assumption of ours.
pub(super) fn update(world: &mut World, site: &Site, put: Put) -> Result<Value, ApiError> {
    check(&put)?;
    settle(world, site);
    let name = put.name;
    let now = world.now();
    let old = lasting(world, site, &name)?.clone();
    let kind = match put.authorization_type.as_deref() {
        Some(word) => show::kind(word).ok_or_else(|| invalid("Unknown AuthorizationType."))?,
        None => old.kind,
    };
    let given = put.auth_parameters.unwrap_or_default();
    let again = given.authorizes() || kind != old.kind;
    let authorization = match again {
        true => Some(authorization(kind, &given, old.authorization.as_ref())?),
        false => old.authorization.clone(),
    };
    let parameters = match &given.invocation_http_parameters {
        Some(given) => given.over(old.parameters.clone()),
        None => old.parameters.clone(),
    };
    let mut new = Connection {
        description: put.description.or(old.description),
        kind,
        authorization,
        parameters,
        modified: now,
        ..old
    };
    if let Some(authorization) = &new.authorization {
        let value = secret_of(authorization, &new.parameters)?;
        if !managed::renew(world, &new.secret, value.clone()) {
            let secret = format!("events!connection/{name}/{}", world.uuid());
            new.secret = managed::make(world, site, "events", &secret, value);
        }
    }
    if again {
        authorize(&mut new, now);
    }
    let answer = show::changed(&new);
    let connections = &mut world.events.local.at(site).connections;
    connections.insert(name.clone(), new);
    tell(world, site, &name, "Connection Update Started");
    if again {
        told_of_authorization(world, site, &name, kind);
    }
    Ok(answer)
}

pub(super) fn describe(world: &mut World, site: &Site, named: &Named) -> Result<Value, ApiError> {
    settle(world, site);
    let name = &named.name;
    let found = at(world, site, name).ok_or_else(|| missing(name))?;
    Ok(show::described(name, found))
}

/// The connection answers DELETING and is gone a little later; its secret goes at once.
pub(super) fn delete(world: &mut World, site: &Site, named: &Named) -> Result<Value, ApiError> {
    let what = "Connection Deletion Started";
    end(world, site, &named.name, ConnectionState::Deleting, what)
}

/// Takes away all that authorizes a connection, which stays.
pub(super) fn deauthorize(
    world: &mut World,
    site: &Site,
    named: &Named,
) -> Result<Value, ApiError> {
    let what = "Connection Deauthorization Started";
    end(
        world,
        site,
        &named.name,
        ConnectionState::Deauthorizing,
        what,
    )
}

fn end(
    world: &mut World,
    site: &Site,
    name: &str,
    state: ConnectionState,
    what: &str,
) -> Result<Value, ApiError> {
    settle(world, site);
    let now = world.now();
    let connection = lasting(world, site, name)?;
    begin(connection, now, state);
    let answer = show::changed(connection);
    forget(world, site, name);
    tell(world, site, name, what);
    Ok(answer)
}

pub(super) fn list(world: &mut World, site: &Site, list: &List) -> Result<Value, ApiError> {
    settle(world, site);
    let prefix = list.name_prefix.as_deref().unwrap_or_default();
    let wanted = list.connection_state.as_deref();
    let is_wanted = |one: &Connection| wanted.is_none_or(|wanted| wanted == one.state.word());
    let connections = world.events.local.at(site).connections.iter();
    let found: Vec<Value> = connections
        .filter(|(name, one)| name.starts_with(prefix) && is_wanted(one))
        .map(|(name, one)| show::listed(name, one))
        .collect();
    page("Connections", found, list.next_token.as_deref(), list.limit)
}
