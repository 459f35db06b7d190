//! EventBridge connections: their life, what is refused, what is told of them.

mod allowed;
mod life;
mod refused;

use aws_sdk_eventbridge::operation::create_connection::builders::CreateConnectionFluentBuilder;
use aws_sdk_eventbridge::types::{
    ConnectionAuthorizationType, ConnectionHttpParameters,
    CreateConnectionApiKeyAuthRequestParameters, CreateConnectionAuthRequestParameters,
};

use super::Aws;

/// The call that makes a connection with an API key and these parameters.
fn with_key(
    aws: &Aws,
    name: &str,
    key: &str,
    value: &str,
    parameters: Option<ConnectionHttpParameters>,
) -> CreateConnectionFluentBuilder {
    let key = CreateConnectionApiKeyAuthRequestParameters::builder()
        .api_key_name(key)
        .api_key_value(value)
        .build()
        .unwrap();
    let auth = CreateConnectionAuthRequestParameters::builder()
        .api_key_auth_parameters(key)
        .set_invocation_http_parameters(parameters)
        .build();
    aws.events
        .create_connection()
        .name(name)
        .authorization_type(ConnectionAuthorizationType::ApiKey)
        .auth_parameters(auth)
}
