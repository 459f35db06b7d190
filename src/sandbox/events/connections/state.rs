//! What a connection is.

use serde::{Deserialize, Serialize};

use crate::sandbox::secret::Secret;

/// A connection. Times are milliseconds since 1970.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Connection {
    pub(crate) arn: String,
    pub(crate) description: Option<String>,
    pub(crate) kind: AuthorizationType,
    /// Nothing after `DeauthorizeConnection`.
    pub(crate) authorization: Option<Authorization>,
    /// What is added to each request.
    pub(crate) parameters: HttpParameters,
    pub(crate) state: ConnectionState,
    pub(crate) reason: Option<String>,
    /// The ARN of the secret in Secrets Manager.
    pub(crate) secret: String,
    /// What the authorization endpoint gave.
    pub(crate) token: Option<Secret>,
    pub(crate) created: i64,
    pub(crate) modified: i64,
    pub(crate) authorized: Option<i64>,
    /// When a state that passes by itself is over.
    pub(crate) settles: Option<i64>,
}

/// How a connection is authorized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AuthorizationType {
    Basic,
    OauthClientCredentials,
    ApiKey,
}

/// The states that a connection to the public network has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ConnectionState {
    Authorizing,
    Authorized,
    Deauthorizing,
    Deauthorized,
    Deleting,
}

impl ConnectionState {
    /// The state as the wire spells it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Authorizing => "AUTHORIZING",
            Self::Authorized => "AUTHORIZED",
            Self::Deauthorizing => "DEAUTHORIZING",
            Self::Deauthorized => "DEAUTHORIZED",
            Self::Deleting => "DELETING",
        }
    }
}

/// With what a connection is authorized.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Authorization {
    Basic { user: String, password: Secret },
    ApiKey { name: String, value: Secret },
    OAuth(OAuth),
}

/// An OAuth client, and how it asks for its token.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OAuth {
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    pub(crate) endpoint: String,
    pub(crate) method: String,
    pub(crate) parameters: HttpParameters,
}

/// What a connection adds to requests.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpParameters {
    pub(crate) headers: Vec<Parameter>,
    pub(crate) query: Vec<Parameter>,
    pub(crate) body: Vec<Parameter>,
}

impl HttpParameters {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Parameter> {
        self.headers.iter().chain(&self.query).chain(&self.body)
    }
}

/// One header, query parameter or member of the body.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameter {
    pub(crate) key: String,
    pub(crate) value: Secret,
    pub(crate) is_secret: bool,
}
