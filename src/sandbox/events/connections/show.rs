//! What does AWS tell of a connection? Never a password, a key's value, a client secret or a secret parameter.

use serde_json::{Map, Value, json};

use super::state::{Authorization, AuthorizationType, Connection, HttpParameters, Parameter};

/// The parts of a connection that calls answer with. What is not there is left out.
pub(super) fn part(connection: &Connection, fields: &[&str]) -> Value {
    let all = [
        ("ConnectionArn", json!(connection.arn)),
        ("ConnectionState", json!(connection.state.word())),
        ("StateReason", json!(connection.reason)),
        ("AuthorizationType", json!(connection.kind)),
        ("Description", json!(connection.description)),
        ("SecretArn", json!(connection.secret)),
        ("CreationTime", json!(connection.created / 1000)),
        ("LastModifiedTime", json!(connection.modified / 1000)),
        (
            "LastAuthorizedTime",
            json!(connection.authorized.map(|at| at / 1000)),
        ),
    ];
    let shown = all
        .into_iter()
        .filter(|(name, value)| fields.contains(name) && !value.is_null());
    let shown = shown.map(|(name, value)| (name.to_owned(), value));
    Value::Object(shown.collect::<Map<_, _>>())
}

/// What every call that changes a connection answers.
pub(super) fn changed(connection: &Connection) -> Value {
    part(
        connection,
        &[
            "ConnectionArn",
            "ConnectionState",
            "CreationTime",
            "LastModifiedTime",
            "LastAuthorizedTime",
        ],
    )
}

/// A connection in a list: without description, secret and parameters.
pub(super) fn listed(name: &str, connection: &Connection) -> Value {
    let fields = [
        "ConnectionArn",
        "ConnectionState",
        "StateReason",
        "AuthorizationType",
        "CreationTime",
        "LastModifiedTime",
        "LastAuthorizedTime",
    ];
    named(name, part(connection, &fields))
}

/// A connection whole.
pub(super) fn described(name: &str, connection: &Connection) -> Value {
    let fields = [
        "ConnectionArn",
        "ConnectionState",
        "StateReason",
        "AuthorizationType",
        "Description",
        "SecretArn",
        "CreationTime",
        "LastModifiedTime",
        "LastAuthorizedTime",
    ];
    let mut shown = named(name, part(connection, &fields));
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("AuthParameters".to_owned(), parameters(connection));
    }
    shown
}

fn named(name: &str, mut shown: Value) -> Value {
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("Name".to_owned(), json!(name));
    }
    shown
}

fn parameters(connection: &Connection) -> Value {
    let mut shown = match &connection.authorization {
        None => json!({}),
        Some(Authorization::Basic { user, .. }) => {
            json!({"BasicAuthParameters": {"Username": user}})
        }
        Some(Authorization::ApiKey { name, .. }) => {
            json!({"ApiKeyAuthParameters": {"ApiKeyName": name}})
        }
        Some(Authorization::OAuth(client)) => {
            let mut oauth = json!({
                "ClientParameters": {"ClientID": client.client_id},
                "AuthorizationEndpoint": client.endpoint,
                "HttpMethod": client.method,
            });
            put(&mut oauth, "OAuthHttpParameters", &client.parameters);
            json!({"OAuthParameters": oauth})
        }
    };
    put(
        &mut shown,
        "InvocationHttpParameters",
        &connection.parameters,
    );
    shown
}

/// Puts parameters under a name, if there are any; the values of secret ones are left out.
fn put(shown: &mut Value, name: &str, parameters: &HttpParameters) {
    let pair = |one: &Parameter| match one.is_secret {
        true => json!({"Key": one.key, "IsValueSecret": true}),
        false => json!({"Key": one.key, "Value": one.value.reveal(), "IsValueSecret": false}),
    };
    let kinds = [
        ("HeaderParameters", &parameters.headers),
        ("QueryStringParameters", &parameters.query),
        ("BodyParameters", &parameters.body),
    ];
    let some = kinds.into_iter().filter(|(_, list)| !list.is_empty());
    let fields = some.map(|(kind, list)| {
        let list: Vec<Value> = list.iter().map(pair).collect();
        (kind.to_owned(), Value::Array(list))
    });
    let fields: Map<_, _> = fields.collect();
    if let Some(shown) = shown.as_object_mut().filter(|_| !fields.is_empty()) {
        shown.insert(name.to_owned(), Value::Object(fields));
    }
}

/// The type of authorization that the wire names.
pub(super) fn kind(word: &str) -> Option<AuthorizationType> {
    serde_json::from_value(json!(word)).ok()
}
