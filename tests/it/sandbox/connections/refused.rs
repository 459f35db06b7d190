//! What connections are refused, and that no refusal repeats a secret.

use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use aws_sdk_eventbridge::types::{ConnectionHeaderParameter, ConnectionHttpParameters};

use super::with_key;
use crate::sandbox::{Aws, aws};

async fn error(aws: &Aws, name: &str, key: &str, value: &str) -> (String, String) {
    let error = with_key(aws, name, key, value, None).send().await;
    let error = error.unwrap_err();
    let code = error.code().unwrap().to_owned();
    (code, error.message().unwrap().to_owned())
}

#[tokio::test(start_paused = true)]
async fn names_and_secrets_are_of_certain_characters() {
    let aws = aws();
    let long = "x".repeat(513);
    for (name, key, value) in [
        ("a b", "k", "hunter2"),
        ("c", "k", "hunter2:colon"),
        ("c", "k:colon", "hunter2"),
        ("c", "k", "hunter2\nline"),
        ("c", "k", long.as_str()),
    ] {
        let (code, message) = error(&aws, name, key, value).await;
        assert_eq!(code, "ValidationException", "{name} {key}");
        assert!(
            message.starts_with("1 validation error detected: "),
            "{message}"
        );
        assert!(!message.contains("hunter2"), "{message}");
    }
    let (_, message) = error(&aws, "a b", "k:", "v:").await;
    assert!(
        message.starts_with("3 validation errors detected: "),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_header_may_hold_a_colon_and_there_are_a_hundred() {
    let aws = aws();
    let headers = |count: usize| {
        let header = ConnectionHeaderParameter::builder().value("a:b");
        let headers = (0..count).map(|n| header.clone().key(format!("X-{n}")).build());
        let list = Some(headers.collect());
        Some(
            ConnectionHttpParameters::builder()
                .set_header_parameters(list)
                .build(),
        )
    };
    let create = with_key(&aws, "c", "k", "v", headers(100));
    create.send().await.unwrap();
    let create = with_key(&aws, "d", "k", "v", headers(101)).send().await;
    assert_eq!(create.unwrap_err().code(), Some("ValidationException"));
}

#[tokio::test(start_paused = true)]
async fn a_name_is_taken_once() {
    let aws = aws();
    with_key(&aws, "c", "k", "v", None).send().await.unwrap();
    let (code, _) = error(&aws, "c", "k", "v").await;
    assert_eq!(code, "ResourceAlreadyExistsException");
}
