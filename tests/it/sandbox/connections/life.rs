//! How connections come, change and go.

use std::time::Duration;

use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use aws_sdk_eventbridge::types::{
    ConnectionAuthorizationType, ConnectionHeaderParameter, ConnectionHttpParameters,
    ConnectionOAuthHttpMethod, ConnectionState, CreateConnectionAuthRequestParameters,
    CreateConnectionOAuthClientRequestParameters, CreateConnectionOAuthRequestParameters,
    UpdateConnectionApiKeyAuthRequestParameters, UpdateConnectionAuthRequestParameters,
};
use serde_json::Value;

use super::with_key;
use crate::sandbox::{Aws, aws, queue_arn, target};

/// The types of what EventBridge said of connections.
async fn told(aws: &Aws) -> Vec<String> {
    let bodies = aws.bodies("told").await;
    let events = bodies
        .iter()
        .map(|body| serde_json::from_str(body).unwrap());
    events
        .map(|event: Value| event["detail-type"].as_str().unwrap().to_owned())
        .collect()
}

async fn listening() -> Aws {
    let aws = aws();
    aws.open_queue("told").await;
    aws.rule("told", r#"{"source":["aws.events"]}"#).await;
    let queue = target("told", &queue_arn("told")).build().unwrap();
    aws.target("told", queue).await;
    aws
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_made_described_listed_changed_and_deleted() {
    let aws = listening().await;
    let header = ConnectionHeaderParameter::builder();
    let header = header.key("X-Token").value("sesame").is_value_secret(true);
    let parameters = ConnectionHttpParameters::builder();
    let parameters = parameters.header_parameters(header.build()).build();
    let create = with_key(
        &aws,
        "slack",
        "Authorization",
        "Bearer hunter2",
        Some(parameters),
    );
    let made = create.description("d").send().await.unwrap();
    let arn = made.connection_arn.unwrap();
    let prefix = "arn:aws:events:us-east-1:111122223333:connection/slack/";
    assert!(arn.starts_with(prefix), "{arn}");
    assert_eq!(made.connection_state, Some(ConnectionState::Authorized));

    let describe = || aws.events.describe_connection().name("slack").send();
    let found = describe().await.unwrap();
    assert_eq!(found.connection_arn.as_deref(), Some(arn.as_str()));
    assert_eq!(found.description.as_deref(), Some("d"));
    assert!(found.last_authorized_time.is_some());
    let secret = found.secret_arn.clone().unwrap();
    let of_secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:events!connection/slack/";
    assert!(secret.starts_with(of_secret), "{secret}");
    let auth = found.auth_parameters.clone().unwrap();
    let key = auth.api_key_auth_parameters.unwrap();
    assert_eq!(key.api_key_name.as_deref(), Some("Authorization"));
    let http = auth.invocation_http_parameters.unwrap();
    assert_eq!(http.header_parameters()[0].key.as_deref(), Some("X-Token"));
    assert_eq!(http.header_parameters()[0].value, None);

    let key = UpdateConnectionApiKeyAuthRequestParameters::builder().api_key_value("Bearer other");
    let auth = UpdateConnectionAuthRequestParameters::builder();
    let auth = auth.api_key_auth_parameters(key.build()).build();
    let update = aws.events.update_connection().name("slack");
    let changed = update.auth_parameters(auth).send().await.unwrap();
    assert_eq!(changed.connection_arn.as_deref(), Some(arn.as_str()));
    let found = describe().await.unwrap();
    // What was left out stays.
    assert_eq!(found.description.as_deref(), Some("d"));
    assert_eq!(found.secret_arn, Some(secret));

    let listed = aws.events.list_connections().name_prefix("sl").send().await;
    assert_eq!(listed.unwrap().connections().len(), 1);

    let delete = aws.events.delete_connection().name("slack").send().await;
    assert_eq!(
        delete.unwrap().connection_state,
        Some(ConnectionState::Deleting)
    );
    aws.sandbox.advance(Duration::from_secs(10));
    let error = describe().await.unwrap_err();
    assert_eq!(error.code(), Some("ResourceNotFoundException"));
    let message = "Failed to describe the connection(s). Connection 'slack' does not exist.";
    assert_eq!(error.message(), Some(message));

    let again = with_key(&aws, "slack", "k", "v", None)
        .send()
        .await
        .unwrap();
    assert_ne!(again.connection_arn, Some(arn));
    let told = told(&aws).await;
    for what in [
        "Connection Creation Started",
        "Connection Authorized",
        "Connection Update Started",
        "Connection Deletion Started",
    ] {
        assert!(told.iter().any(|one| one == what), "{what}: {told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_deauthorized_stays_and_can_be_authorized_again() {
    let aws = listening().await;
    with_key(&aws, "c", "k", "v", None).send().await.unwrap();
    let ended = aws.events.deauthorize_connection().name("c").send().await;
    let state = ended.unwrap().connection_state;
    assert_eq!(state, Some(ConnectionState::Deauthorizing));
    aws.sandbox.advance(Duration::from_secs(10));
    let describe = || aws.events.describe_connection().name("c").send();
    let found = describe().await.unwrap();
    assert_eq!(found.connection_state, Some(ConnectionState::Deauthorized));
    assert!(
        told(&aws)
            .await
            .iter()
            .any(|one| one == "Connection Deauthorized")
    );
    let update = aws.events.update_connection().name("c").description("e");
    update.send().await.unwrap();
    let found = describe().await.unwrap();
    assert_eq!(found.connection_state, Some(ConnectionState::Deauthorized));
    let key = UpdateConnectionApiKeyAuthRequestParameters::builder();
    let key = key.api_key_name("k").api_key_value("w").build();
    let auth = UpdateConnectionAuthRequestParameters::builder().api_key_auth_parameters(key);
    let update = aws.events.update_connection().name("c");
    update.auth_parameters(auth.build()).send().await.unwrap();
    let found = describe().await.unwrap();
    assert_eq!(found.connection_state, Some(ConnectionState::Authorized));
}

#[tokio::test(start_paused = true)]
async fn an_oauth_client_is_authorized_later_or_not_at_all() {
    let aws = listening().await;
    aws.sandbox.receiver_knows("acme.zendesk.com", "right");
    for (name, secret) in [("good", "right"), ("bad", "wrong")] {
        let client = CreateConnectionOAuthClientRequestParameters::builder();
        let client = client
            .client_id("id")
            .client_secret(secret)
            .build()
            .unwrap();
        let grant = aws_sdk_eventbridge::types::ConnectionBodyParameter::builder();
        let grant = grant.key("grant_type").value("client_credentials").build();
        let http = ConnectionHttpParameters::builder().body_parameters(grant);
        let oauth = CreateConnectionOAuthRequestParameters::builder()
            .client_parameters(client)
            .authorization_endpoint("https://acme.zendesk.com/oauth/tokens")
            .http_method(ConnectionOAuthHttpMethod::Post)
            .o_auth_http_parameters(http.build())
            .build()
            .unwrap();
        let auth = CreateConnectionAuthRequestParameters::builder().o_auth_parameters(oauth);
        let create = aws.events.create_connection().name(name);
        let create = create.authorization_type(ConnectionAuthorizationType::OauthClientCredentials);
        let made = create.auth_parameters(auth.build()).send().await.unwrap();
        assert_eq!(made.connection_state, Some(ConnectionState::Authorizing));
    }
    aws.sandbox.advance(Duration::from_secs(10));
    let describe = |name: &str| aws.events.describe_connection().name(name).send();
    let good = describe("good").await.unwrap();
    assert_eq!(good.connection_state, Some(ConnectionState::Authorized));
    let bad = describe("bad").await.unwrap();
    assert_eq!(bad.connection_state, Some(ConnectionState::Deauthorized));
    assert!(bad.state_reason.unwrap().contains("401"));
}

#[tokio::test(start_paused = true)]
async fn connections_are_listed_in_small_pages() {
    let aws = aws();
    for n in 0..12 {
        let name = format!("c{n:02}");
        with_key(&aws, &name, "k", "v", None).send().await.unwrap();
    }
    let first = aws.events.list_connections().send().await.unwrap();
    assert_eq!(first.connections().len(), 10);
    let rest = aws
        .events
        .list_connections()
        .set_next_token(first.next_token);
    assert_eq!(rest.send().await.unwrap().connections().len(), 2);
    let none = aws.events.list_connections();
    let none = none
        .connection_state(ConnectionState::Deauthorized)
        .send()
        .await;
    assert_eq!(none.unwrap().connections().len(), 0);
}
