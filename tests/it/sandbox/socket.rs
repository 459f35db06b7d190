//! The sandbox behind a socket, for clients in other processes.

use std::time::{Duration, Instant};

use aws_sdk_sts::error::ProvideErrorMetadata;
use iamwatch::sandbox::{self, Fault, FaultKind, Sandbox};
use serde_json::json;

use super::members::{PAYMENTS, SECURITY, access_role, acme, credentials};
use super::{Aws, configured};

/// Clients that reach the sandbox over the network of this machine.
async fn over_http(sandbox: &Sandbox, latency: Duration) -> impl Fn(&str, &str) -> Aws {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(sandbox::serve(sandbox.clone(), listener, latency));
    let http = aws_smithy_http_client::Builder::new().build_http();
    let sandbox = sandbox.clone();
    move |account, region| {
        let caller = sandbox.admin_in(&account.parse().unwrap());
        let config = sandbox.sdk_config(&region.parse().unwrap(), caller);
        let config = config.to_builder().http_client(http.clone());
        configured(sandbox.clone(), &config.endpoint_url(&endpoint).build())
    }
}

#[tokio::test]
async fn every_protocol_is_spoken_over_a_socket() {
    let acme = acme();
    let at = over_http(&acme.aws.sandbox, Duration::ZERO).await;
    let aws = at(super::ACCOUNT, "us-east-1");
    let accounts = aws.organizations.list_accounts().send().await.unwrap();
    assert_eq!(accounts.accounts().len(), 3);
    aws.rule("r", r#"{"source":["app"]}"#).await;
    aws.sns.create_topic().name("t").send().await.unwrap();
    let queue = aws.sqs.create_queue().queue_name("q").send().await.unwrap();
    let send = aws.sqs.send_message().set_queue_url(queue.queue_url);
    send.message_body("m".repeat(200_000)).send().await.unwrap();
    aws.account.list_regions().send().await.unwrap();
    aws.kms.create_key().send().await.unwrap();
    assert!(aws.s3.head_bucket().bucket("logs").send().await.is_err());
    let policy = json!({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": "arn:aws:s3:::logs/*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]});
    aws.bucket("logs", Some(&policy.to_string())).await;
    let kept = aws.s3.get_bucket_policy().bucket("logs").send().await;
    assert_eq!(kept.unwrap().policy(), Some(policy.to_string().as_str()));
    let trails = aws.trail.describe_trails().send().await.unwrap();
    assert!(trails.trail_list().is_empty());
    let far = at(super::ACCOUNT, "eu-west-1");
    assert!(
        far.events
            .list_rules()
            .send()
            .await
            .unwrap()
            .rules()
            .is_empty()
    );

    let given = aws.assume(&access_role(PAYMENTS)).send().await.unwrap();
    let session = credentials(given.credentials().unwrap());
    let config = aws.sts.config();
    let builder = config.to_builder().credentials_provider(session);
    let there = aws_sdk_sts::Client::from_conf(builder.build());
    let me = there.get_caller_identity().send().await.unwrap();
    assert_eq!(me.account(), Some(PAYMENTS));
    let error = aws.assume(&access_role("999988887777")).send().await;
    assert_eq!(error.unwrap_err().code(), Some("AccessDenied"));
}

#[tokio::test]
async fn answers_take_their_time_all_at_once() {
    let acme = acme();
    let latency = Duration::from_millis(100);
    let at = over_http(&acme.aws.sandbox, latency).await;
    let aws = at(SECURITY, "us-east-1");
    let begun = Instant::now();
    let calls = (0..50).map(|_| aws.events.list_rules().send());
    let all = futures::future::join_all(calls).await;
    assert!(all.iter().all(Result::is_ok));
    let took = begun.elapsed();
    assert!(took >= latency && took < 10 * latency, "{took:?}");
}

#[tokio::test]
async fn a_broken_connection_is_broken_there_too() {
    let acme = acme();
    let at = over_http(&acme.aws.sandbox, Duration::ZERO).await;
    let aws = at(SECURITY, "us-east-1");
    let lost = Fault::on("sns", "CreateTopic", FaultKind::LoseResponseAfterEffect);
    acme.aws.sandbox.fault(lost);
    // The SDK tries again over a new connection.
    aws.sns.create_topic().name("t").send().await.unwrap();
    let calls = acme.aws.sandbox.calls();
    let made = calls.iter().filter(|call| call.operation == "CreateTopic");
    assert_eq!(made.count(), 2);
}
