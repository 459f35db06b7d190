//! How EventBridge reads and writes connections.
//!
//! Connections take no tags: whose one is stands at the beginning of its description, and behind it what shows that its
//! secret changed. Source: EventBridge API, `CreateConnection`, which has no tags.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_eventbridge::operation::describe_connection::DescribeConnectionOutput;
use aws_sdk_eventbridge::types as sdk;
use aws_sdk_eventbridge::types::{
    ConnectionAuthorizationType, ConnectionOAuthHttpMethod, ConnectionState,
};

use super::{Authorization, Connection, Where};
use crate::aws::{Call, CallError, Cause, Clients, all_pages, calls};
use crate::place::{Arn, Place, StackName};
use crate::resources::aws::creation::Creation;
use crate::resources::model::Owner;
use crate::resources::names;
use crate::resources::resource::{Live, Resource};
use crate::secrets::Secrets;

/// What a description of ours begins with.
const MARK: &str = "iamwatch:";

/// The key of connections whose secret stands elsewhere: it is none.
const NO_SECRET: &str = "iamwatch";

/// The longest key, password or secret of a client. Source: EventBridge API, `CreateConnection`.
const LONGEST_SECRET: usize = 512;

/// How long to wait, between looks, until a connection can be used: of OAuth a token is fetched first.
fn delays() -> impl Iterator<Item = Duration> {
    let soon = std::iter::repeat_n(Duration::from_millis(500), 20);
    soon.chain(std::iter::repeat_n(Duration::from_secs(2), 25))
}

/// Reads the connections of our names: a list shows neither description nor parameters.
pub(crate) async fn read(
    clients: &Clients,
    stack: &StackName,
    place: &Place,
) -> Result<Vec<Live>, CallError> {
    let client = &clients.events;
    let prefix = names::connections_prefix(stack);
    let prefix = prefix.as_str();
    let listed = all_pages(|token| async move {
        let request = client.list_connections().name_prefix(prefix);
        let request = request.set_next_token(token);
        let page = calls::LIST_CONNECTIONS.send("*", request.send()).await?;
        Ok((page.connections.unwrap_or_default(), page.next_token))
    });
    let mut live = Vec::new();
    for listed in listed.await? {
        let Some(name) = listed.name() else { continue };
        let Some(found) = look(client, name).await? else {
            continue;
        };
        if is_going(&found) {
            continue;
        }
        let (marker, connection) = shown(name, &found);
        let owner = Owner::of(marker.as_deref(), stack, true);
        let handle = found.connection_arn().map(str::to_owned);
        let resource = Resource::Connection(connection);
        live.push(Live::new(place, resource, owner, handle));
    }
    Ok(live)
}

/// The ARN of a connection, with the id that AWS gave it; `None`: there is none of that name.
pub(crate) async fn arn_of(
    client: &aws_sdk_eventbridge::Client,
    name: &str,
) -> Result<Option<Arn>, CallError> {
    let found = look(client, name).await?;
    let found = found.filter(|found| !is_going(found));
    let arn = found.and_then(|found| found.connection_arn().map(str::to_owned));
    arn.map(|arn| arn.parse::<Arn>())
        .transpose()
        .map_err(|error| CallError::unexpected(&calls::DESCRIBE_CONNECTION, error.to_string()))
}

/// One that is going keeps its name for a moment.
fn is_going(found: &DescribeConnectionOutput) -> bool {
    found.connection_state() == Some(&ConnectionState::Deleting)
}

async fn look(
    client: &aws_sdk_eventbridge::Client,
    name: &str,
) -> Result<Option<DescribeConnectionOutput>, CallError> {
    let request = client.describe_connection().name(name);
    match calls::DESCRIBE_CONNECTION.send(name, request.send()).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.cause == Cause::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The rules file that a connection says it belongs to, and the connection.
fn shown(name: &str, found: &DescribeConnectionOutput) -> (Option<String>, Connection) {
    let description = found.description().unwrap_or_default();
    let marker = description.strip_prefix(MARK);
    let (stack, secret) = marker.map_or((None, ""), |marker| {
        let (stack, secret) = marker.split_once(' ').unwrap_or((marker, ""));
        (Some(stack.to_owned()), secret)
    });
    let given = found.auth_parameters();
    let http = given.and_then(|given| given.invocation_http_parameters());
    let state = found.connection_state().map_or("", ConnectionState::as_str);
    // Requests are led over one private resource, those for tokens perhaps over another.
    let of_requests = found.invocation_connectivity_parameters();
    let of_tokens = given.and_then(|given| given.connectivity_parameters());
    let mut private = of_requests.into_iter().chain(of_tokens);
    let private = private.find_map(|private| private.resource_parameters());
    let connection = Connection {
        name: name.to_owned(),
        stack: stack.clone().unwrap_or_default(),
        authorization: authorization(found),
        parameters: http.map(parameters).unwrap_or_default(),
        state: state.to_owned(),
        kms_key: found
            .kms_key_identifier()
            .filter(|key| !key.is_empty())
            .map(str::to_owned),
        private: private.map(|private| private.resource_configuration_arn().to_owned()),
        secret: secret.to_owned(),
        variables: Vec::new(),
    };
    (stack, connection)
}

fn authorization(found: &DescribeConnectionOutput) -> Authorization {
    let given = found.auth_parameters();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    if let Some(basic) = given.and_then(|given| given.basic_auth_parameters()) {
        return Authorization::Basic {
            user: text(basic.username()),
        };
    }
    if let Some(oauth) = given.and_then(|given| given.o_auth_parameters()) {
        let http = oauth.o_auth_http_parameters();
        let body = http.map_or(&[][..], |http| http.body_parameters());
        let client = oauth.client_parameters();
        return Authorization::OAuth {
            endpoint: text(oauth.authorization_endpoint()),
            client_id: text(client.and_then(|client| client.client_id())),
            body: body
                .iter()
                .map(|parameter| (text(parameter.key()), text(parameter.value())))
                .collect(),
        };
    }
    let key = given.and_then(|given| given.api_key_auth_parameters());
    Authorization::ApiKey {
        header: text(key.and_then(|key| key.api_key_name())),
    }
}

/// Headers count as parameters of the body that nobody wants: ours have none.
fn parameters(http: &sdk::ConnectionHttpParameters) -> BTreeMap<String, Where> {
    let query = http.query_string_parameters().iter();
    let query = query.filter_map(|parameter| Some((parameter.key()?, Where::Query)));
    let body = http.body_parameters().iter();
    let body = body.filter_map(|parameter| Some((parameter.key()?, Where::Body)));
    let headers = http.header_parameters().iter();
    let headers = headers.filter_map(|parameter| Some((parameter.key()?, Where::Header)));
    query
        .chain(body)
        .chain(headers)
        .map(|(name, place)| (name.to_owned(), place))
        .collect()
}

/// The secrets of a connection, looked up.
struct Values<'a> {
    connection: &'a Connection,
    /// By parameter; `None`: what authorizes.
    values: BTreeMap<Option<&'a str>, String>,
}

impl<'a> Values<'a> {
    /// Looks them up, and refuses what EventBridge would: its error would repeat the secret.
    fn of(
        call: &'static Call,
        connection: &'a Connection,
        secrets: &Secrets,
    ) -> Result<Self, CallError> {
        let mut values = BTreeMap::new();
        let refused = |message: String| Err(CallError::unexpected(call, message));
        for part in &connection.variables {
            let variable = &part.variable;
            let Some(secret) = secrets.get(variable) else {
                return refused(format!(
                    "the variable {variable} is not set, which {} needs",
                    connection.name
                ));
            };
            let value = format!("{}{}", part.prefix, secret.reveal());
            if value.chars().count() > LONGEST_SECRET {
                return refused(format!(
                    "the value of {variable} has more than {LONGEST_SECRET} characters"
                ));
            }
            // Source: EventBridge API, the patterns of the parameters of authorization.
            let is_refused = |c: char| c.is_control() || (part.parameter.is_none() && c == ':');
            if value.chars().any(is_refused) {
                return refused(format!(
                    "the value of {variable} has a colon, a line end or another control character, which EventBridge \
                     does not take"
                ));
            }
            values.insert(part.parameter.as_deref(), value);
        }
        Ok(Self { connection, values })
    }

    /// A text of AWS's, or of whoever gives out tokens, without the secrets that it may repeat.
    fn hidden(&self, text: &str) -> String {
        let mut hidden = text.to_owned();
        for part in &self.connection.variables {
            let value = self.values.get(&part.parameter.as_deref());
            let secret = value.and_then(|value| value.strip_prefix(&part.prefix));
            if let Some(secret) = secret.filter(|secret| !secret.is_empty()) {
                hidden = hidden.replace(secret, "(hidden)");
            }
        }
        hidden
    }

    fn hide(&self, error: CallError) -> CallError {
        CallError {
            message: self.hidden(&error.message),
            ..error
        }
    }

    fn main(&self) -> &str {
        self.values.get(&None).map_or(NO_SECRET, String::as_str)
    }

    /// All kinds are said, since what is left out of a change stays as it was.
    fn http(&self) -> sdk::ConnectionHttpParameters {
        let at = |place: Where| {
            let parameters = self.connection.parameters.iter();
            parameters.filter_map(move |(name, at)| {
                let value = self.values.get(&Some(name.as_str()))?;
                (*at == place).then_some((name, value))
            })
        };
        let query = at(Where::Query).map(|(key, value)| {
            sdk::ConnectionQueryStringParameter::builder()
                .key(key)
                .value(value)
                .is_value_secret(true)
                .build()
        });
        let body = at(Where::Body).map(|(key, value)| {
            sdk::ConnectionBodyParameter::builder()
                .key(key)
                .value(value)
                .is_value_secret(true)
                .build()
        });
        sdk::ConnectionHttpParameters::builder()
            .set_header_parameters(Some(Vec::new()))
            .set_query_string_parameters(Some(query.collect()))
            .set_body_parameters(Some(body.collect()))
            .build()
    }
}

/// What is sent to get a token, none of which is secret.
fn token_request(body: &BTreeMap<String, String>) -> sdk::ConnectionHttpParameters {
    let parameters = body.iter().map(|(key, value)| {
        sdk::ConnectionBodyParameter::builder()
            .key(key)
            .value(value)
            .is_value_secret(false)
            .build()
    });
    sdk::ConnectionHttpParameters::builder()
        .set_body_parameters(Some(parameters.collect()))
        .build()
}

fn kind(connection: &Connection) -> ConnectionAuthorizationType {
    match connection.authorization {
        Authorization::ApiKey { .. } => ConnectionAuthorizationType::ApiKey,
        Authorization::Basic { .. } => ConnectionAuthorizationType::Basic,
        Authorization::OAuth { .. } => ConnectionAuthorizationType::OauthClientCredentials,
    }
}

fn description(connection: &Connection) -> String {
    format!("{MARK}{} {}", connection.stack, connection.secret)
}

/// The parameters of a call. The API has the same types twice; `$built` is what becomes of each that was built.
macro_rules! auth_parameters {
    ($values:expr, $all:ident, $basic:ident, $key:ident, $oauth:ident, $client:ident, |$made:ident| $built:expr) => {{
        let values: &Values<'_> = $values;
        let all = sdk::$all::builder().invocation_http_parameters(values.http());
        let all = match &values.connection.authorization {
            Authorization::Basic { user } => {
                let basic = sdk::$basic::builder()
                    .username(user)
                    .password(values.main());
                let $made = basic.build();
                all.basic_auth_parameters($built)
            }
            Authorization::ApiKey { header } => {
                let key = sdk::$key::builder().api_key_name(header);
                let $made = key.api_key_value(values.main()).build();
                all.api_key_auth_parameters($built)
            }
            Authorization::OAuth {
                endpoint,
                client_id,
                body,
            } => {
                let client = sdk::$client::builder().client_id(client_id);
                let $made = client.client_secret(values.main()).build();
                let client = $built;
                let $made = sdk::$oauth::builder()
                    .client_parameters(client)
                    .authorization_endpoint(endpoint)
                    .http_method(ConnectionOAuthHttpMethod::Post)
                    .o_auth_http_parameters(token_request(body))
                    .build();
                all.o_auth_parameters($built)
            }
        };
        all.build()
    }};
}

pub(crate) async fn create(at: &Creation<'_>, connection: &Connection) -> Result<(), CallError> {
    let call = &calls::CREATE_CONNECTION;
    let values = Values::of(call, connection, &at.clients.secrets)?;
    let unbuilt = |error: aws_sdk_eventbridge::error::BuildError| {
        CallError::unexpected(call, error.to_string())
    };
    let parameters = auth_parameters!(
        &values,
        CreateConnectionAuthRequestParameters,
        CreateConnectionBasicAuthRequestParameters,
        CreateConnectionApiKeyAuthRequestParameters,
        CreateConnectionOAuthRequestParameters,
        CreateConnectionOAuthClientRequestParameters,
        |made| made.map_err(unbuilt)?
    );
    let (client, name) = (&at.clients.events, connection.name.as_str());
    let request = client
        .create_connection()
        .name(name)
        .description(description(connection))
        .authorization_type(kind(connection))
        .auth_parameters(parameters);
    let mut delays = delays();
    while let Err(error) = call.send(name, request.clone().send()).await {
        if error.cause != Cause::Conflict {
            return Err(values.hide(error));
        }
        // One of that name may be on its way out.
        let found = look(client, name).await?;
        let is_taken = found.is_some_and(|found| !is_going(&found));
        match delays.next().filter(|_| !is_taken) {
            Some(delay) => tokio::time::sleep(delay).await,
            None => return Err(values.hide(error)),
        }
    }
    usable(client, call, &values).await
}

/// Whatever differs, all of it is said again, the secret included.
pub(crate) async fn update(
    clients: &Clients,
    _: &str,
    before: &Connection,
    connection: &Connection,
) -> Result<(), CallError> {
    if before == connection {
        return Ok(());
    }
    let call = &calls::UPDATE_CONNECTION;
    if before.private.is_some() {
        let message = format!(
            "the requests of {} are led over a private resource, and EventBridge has no call that ends that: delete the \
             connection by hand, and run the same command again",
            connection.name
        );
        return Err(CallError::unexpected(call, message));
    }
    let values = Values::of(call, connection, &clients.secrets)?;
    let parameters = auth_parameters!(
        &values,
        UpdateConnectionAuthRequestParameters,
        UpdateConnectionBasicAuthRequestParameters,
        UpdateConnectionApiKeyAuthRequestParameters,
        UpdateConnectionOAuthRequestParameters,
        UpdateConnectionOAuthClientRequestParameters,
        |made| made
    );
    let request = clients
        .events
        .update_connection()
        .name(&connection.name)
        .description(description(connection))
        .authorization_type(kind(connection))
        // An empty text takes the key away.
        .set_kms_key_identifier(before.kms_key.as_ref().map(|_| String::new()))
        .auth_parameters(parameters);
    let changed = call.send(&connection.name, request.send()).await;
    changed.map_err(|error| values.hide(error))?;
    usable(&clients.events, call, &values).await
}

/// Waits until a connection can be used, or says why it cannot. What is seen first may be the state before.
async fn usable(
    client: &aws_sdk_eventbridge::Client,
    call: &'static Call,
    values: &Values<'_>,
) -> Result<(), CallError> {
    let name = values.connection.name.as_str();
    let mut reason = String::new();
    for (attempt, delay) in delays().enumerate() {
        let Some(found) = look(client, name).await? else {
            return Ok(());
        };
        reason = values.hidden(found.state_reason().unwrap_or_default());
        match found.connection_state() {
            Some(
                ConnectionState::Creating
                | ConnectionState::Updating
                | ConnectionState::Authorizing,
            ) => {}
            Some(ConnectionState::Authorized | ConnectionState::Active) | None => return Ok(()),
            Some(_) if attempt == 0 => {}
            Some(state) => {
                let message = format!("the connection {name} is {state}: {reason}");
                return Err(CallError::unexpected(call, message));
            }
        }
        tokio::time::sleep(delay).await;
    }
    let message = format!("the connection {name} cannot be used yet: {reason}");
    Err(CallError::unexpected(call, message))
}

pub(crate) async fn delete(
    clients: &Clients,
    _: &str,
    connection: &Connection,
) -> Result<(), CallError> {
    let request = clients.events.delete_connection().name(&connection.name);
    let deleted = calls::DELETE_CONNECTION
        .send(&connection.name, request.send())
        .await;
    deleted.map(drop)
}

/// None can be taken over: no tag could say that it was.
pub(crate) async fn adopt(
    _: &Clients,
    _: &StackName,
    _: &str,
    connection: &Connection,
) -> Result<(), CallError> {
    let message = format!("the connection {} is somebody else's", connection.name);
    Err(CallError::unexpected(&calls::UPDATE_CONNECTION, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;
    use crate::rules::{ChannelName, Secret, Service};

    #[test]
    fn what_aws_repeats_of_a_secret_is_hidden() {
        let (stack, channel) = ("acme".parse().unwrap(), ChannelName("soc".to_owned()));
        let token = Secret {
            variable: "TOKEN".to_owned(),
            span: Span::default(),
        };
        let service = Service::Slack {
            channel: "C0123456789".to_owned(),
            token,
        };
        let connection = Connection::of(&stack, &channel, &service);
        let secrets = Secrets::given([("TOKEN", "hunter2")]);
        let values = Values::of(&calls::CREATE_CONNECTION, &connection, &secrets).unwrap();
        let said = values.hidden("Value 'Bearer hunter2' is refused: hunter2");
        assert_eq!(said, "Value 'Bearer (hidden)' is refused: (hidden)");
    }
}
