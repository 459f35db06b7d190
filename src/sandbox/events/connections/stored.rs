//! What stands in the secret of a connection, as AWS's answers recorded by LocalStack's tests have it.

use serde_json::{Map, Value, json};

use super::state::{Authorization, HttpParameters, Parameter};
use crate::sandbox::secret::Secret;

/// The most that a secret holds, in bytes.
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>
pub(super) const LARGEST: usize = 65_536;

/// The value of the secret.
pub(super) fn value(authorization: &Authorization, parameters: &HttpParameters) -> Secret {
    let mut value = match authorization {
        Authorization::Basic { user, password } => {
            json!({"username": user, "password": password.reveal()})
        }
        Authorization::ApiKey { name, value } => {
            json!({"api_key_name": name, "api_key_value": value.reveal()})
        }
        Authorization::OAuth(client) => json!({
            "client_id": client.client_id,
            "client_secret": client.client_secret.reveal(),
            "authorization_endpoint": client.endpoint,
            "http_method": client.method,
            "oauth_http_parameters": written(&client.parameters),
        }),
    };
    if let Some(fields) = value.as_object_mut() {
        let parameters = written(parameters);
        fields.insert("invocation_http_parameters".to_owned(), parameters);
        fields.retain(|_, value| *value != json!({}));
    }
    Secret::new(value.to_string())
}

/// Parameters of every kind that there are any of.
fn written(parameters: &HttpParameters) -> Value {
    let pair = |one: &Parameter| json!({"key": one.key, "value": one.value.reveal(), "is_value_secret": one.is_secret});
    let kinds = [
        ("header_parameters", &parameters.headers),
        ("query_string_parameters", &parameters.query),
        ("body_parameters", &parameters.body),
    ];
    let some = kinds.into_iter().filter(|(_, list)| !list.is_empty());
    let fields = some.map(|(kind, list)| {
        let list: Vec<Value> = list.iter().map(pair).collect();
        (kind.to_owned(), Value::Array(list))
    });
    Value::Object(fields.collect::<Map<_, _>>())
}
