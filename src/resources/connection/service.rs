//! Which secret of a service goes where?
//!
//! A connection authorizes by a header, by user name and password, or by OAuth; further parameters go into the query or
//! the body of each request. Source: EventBridge API, `CreateConnection`. What each service asks for stands with its form,
//! in `src/dispatcher/channels/`.

use std::collections::BTreeMap;

use super::{AUTHORIZED, Authorization, Connection, Part, Where};
use crate::place::StackName;
use crate::resources::names;
use crate::rules::{ChannelName, Login, OAuthClient, Secret, Service};

/// The header of connections whose secret stands elsewhere in the request: a connection must have one that authorizes.
const NO_KEY: &str = "X-Iamwatch";

impl Connection {
    /// The connection of a channel. What is known of its secret is said by [`super::settle`].
    pub fn of(stack: &StackName, channel: &ChannelName, service: &Service) -> Self {
        let name = names::connection(stack, channel);
        let (authorization, parts, parameters) = match service {
            Service::Slack { token, .. } => key("Authorization", "Bearer ", token),
            Service::JiraServiceManagement { key: secret, .. } => {
                key("Authorization", "GenieKey ", secret)
            }
            Service::Teams { sig, .. } => parameters(Where::Query, &[("sig", sig)]),
            Service::GoogleChat {
                key: secret, token, ..
            } => parameters(Where::Query, &[("key", secret), ("token", token)]),
            Service::PagerDuty { routing_key, .. } => {
                parameters(Where::Body, &[("routing_key", routing_key)])
            }
            Service::Jira { user, token, .. } => basic(user, token),
            Service::Zendesk { client, .. } => oauth(client),
            Service::ServiceNow { login, .. } | Service::Webhook { login, .. } => match login {
                Login::Basic { user, password } => basic(user, password),
                Login::Header { name, value } => key(name, "", value),
                Login::OAuth(client) => oauth(client),
            },
        };
        Self {
            name,
            stack: stack.to_string(),
            authorization,
            parameters,
            state: AUTHORIZED.to_owned(),
            kms_key: None,
            private: None,
            secret: String::new(),
            variables: parts,
        }
    }
}

type Parts = (Authorization, Vec<Part>, BTreeMap<String, Where>);

fn part(secret: &Secret, prefix: &str, parameter: Option<&str>) -> Part {
    Part {
        variable: secret.variable.clone(),
        prefix: prefix.to_owned(),
        parameter: parameter.map(str::to_owned),
    }
}

fn key(header: &str, prefix: &str, secret: &Secret) -> Parts {
    let authorization = Authorization::ApiKey {
        header: header.to_owned(),
    };
    (
        authorization,
        vec![part(secret, prefix, None)],
        BTreeMap::new(),
    )
}

fn basic(user: &str, password: &Secret) -> Parts {
    let authorization = Authorization::Basic {
        user: user.to_owned(),
    };
    (
        authorization,
        vec![part(password, "", None)],
        BTreeMap::new(),
    )
}

/// Source of the form: RFC 6749, section 4.4.2.
fn oauth(client: &OAuthClient) -> Parts {
    let mut body = BTreeMap::from([("grant_type".to_owned(), "client_credentials".to_owned())]);
    body.extend(
        client
            .scope
            .iter()
            .map(|scope| ("scope".to_owned(), scope.clone())),
    );
    let authorization = Authorization::OAuth {
        endpoint: client.token_url.clone(),
        client_id: client.client_id.clone(),
        body,
    };
    let parts = vec![part(&client.client_secret, "", None)];
    (authorization, parts, BTreeMap::new())
}

fn parameters(place: Where, secrets: &[(&str, &Secret)]) -> Parts {
    let authorization = Authorization::ApiKey {
        header: NO_KEY.to_owned(),
    };
    let parts = secrets
        .iter()
        .map(|(name, secret)| part(secret, "", Some(name)));
    let places = secrets.iter().map(|(name, _)| ((*name).to_owned(), place));
    (authorization, parts.collect(), places.collect())
}
