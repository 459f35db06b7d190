//! What is a connection authorized with, after somebody gave all or a part of it?

use super::state::{Authorization, AuthorizationType, HttpParameters, OAuth};
use super::wire::AuthParameters;
use crate::sandbox::events::error::invalid;
use crate::sandbox::wire::ApiError;

/// What is given, over what there was of the same kind.
pub(super) fn authorization(
    kind: AuthorizationType,
    given: &AuthParameters,
    old: Option<&Authorization>,
) -> Result<Authorization, ApiError> {
    match kind {
        AuthorizationType::Basic => basic(given, old),
        AuthorizationType::ApiKey => api_key(given, old),
        AuthorizationType::OauthClientCredentials => oauth(given, old).map(Authorization::OAuth),
    }
}

/// What is given, or else what there was; both may be missing.
fn either<T>(given: Option<T>, old: Option<T>, what: &str) -> Result<T, ApiError> {
    // The words are ours: AWS's are unsourced.
    given
        .or(old)
        .ok_or_else(|| invalid(format!("Parameter {what} is missing.")))
}

fn basic(given: &AuthParameters, old: Option<&Authorization>) -> Result<Authorization, ApiError> {
    let given = given.basic_auth_parameters.as_ref();
    let (old_user, old_password) = match old {
        Some(Authorization::Basic { user, password }) => {
            (Some(user.clone()), Some(password.clone()))
        }
        _ => (None, None),
    };
    let user = given.and_then(|given| given.username.clone());
    let password = given.and_then(|given| given.password.clone());
    Ok(Authorization::Basic {
        user: either(user, old_user, "BasicAuthParameters.Username")?,
        password: either(password, old_password, "BasicAuthParameters.Password")?,
    })
}

fn api_key(given: &AuthParameters, old: Option<&Authorization>) -> Result<Authorization, ApiError> {
    let given = given.api_key_auth_parameters.as_ref();
    let (old_name, old_value) = match old {
        Some(Authorization::ApiKey { name, value }) => (Some(name.clone()), Some(value.clone())),
        _ => (None, None),
    };
    let name = given.and_then(|given| given.api_key_name.clone());
    let value = given.and_then(|given| given.api_key_value.clone());
    Ok(Authorization::ApiKey {
        name: either(name, old_name, "ApiKeyAuthParameters.ApiKeyName")?,
        value: either(value, old_value, "ApiKeyAuthParameters.ApiKeyValue")?,
    })
}

fn oauth(given: &AuthParameters, old: Option<&Authorization>) -> Result<OAuth, ApiError> {
    let given = given.o_auth_parameters.as_ref();
    let client = given.and_then(|given| given.client_parameters.as_ref());
    let old = match old {
        Some(Authorization::OAuth(old)) => Some(old),
        _ => None,
    };
    let id = client.and_then(|client| client.client_id.clone());
    let secret = client.and_then(|client| client.client_secret.clone());
    let endpoint = given.and_then(|given| given.authorization_endpoint.clone());
    let method = given.and_then(|given| given.http_method.clone());
    let (old_id, old_secret) = (
        old.map(|old| old.client_id.clone()),
        old.map(|old| old.client_secret.clone()),
    );
    let (old_endpoint, old_method) = (
        old.map(|old| old.endpoint.clone()),
        old.map(|old| old.method.clone()),
    );
    let parameters = old.map_or_else(HttpParameters::default, |old| old.parameters.clone());
    let http = given.and_then(|given| given.o_auth_http_parameters.as_ref());
    Ok(OAuth {
        client_id: either(id, old_id, "OAuthParameters.ClientParameters.ClientID")?,
        client_secret: either(
            secret,
            old_secret,
            "OAuthParameters.ClientParameters.ClientSecret",
        )?,
        endpoint: https(either(
            endpoint,
            old_endpoint,
            "OAuthParameters.AuthorizationEndpoint",
        )?)?,
        method: either(method, old_method, "OAuthParameters.HttpMethod")?,
        parameters: match http {
            Some(http) => http.over(parameters),
            None => parameters,
        },
    })
}

/// The user guide wants https, the model has no scheme: that the service refuses others is an assumption.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection-auth.html>
fn https(endpoint: String) -> Result<String, ApiError> {
    match endpoint.starts_with("https://") {
        true => Ok(endpoint),
        false => Err(invalid(
            "The authorization endpoint must begin with https://.",
        )),
    }
}
